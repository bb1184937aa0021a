package tiff

import (
	"math"
	"sync"
)

// lab makes n opaque pixels of out from row y of a block of CIE L*a*b* (TIFF 6.0, section 23), of which a* and b* are
// signed, or ICC L*a*b*, whose a* and b* begin at -128 and whose L* of 16 bits ends at ff00. White is white: as in
// ImageMagick and libvips, the white point is that of sRGB.
func (l *Layout) lab(out []byte, parts [][]byte, y, n int) {
	size, table := l.rowBytes(), srgb()
	var rows [3]source
	step := l.samples / len(parts)
	for c := range rows {
		rows[c] = source{l, parts[c%len(parts)][y*size:][:size]}
	}
	scale, top, flip := float32(1), float32(255), uint64(0)
	if l.bits == 16 {
		scale, top = 256, 65535
	}
	if l.photometric == iccLab {
		flip = 1 << (l.bits - 1)
		if l.bits == 16 {
			top = 0xff00
		}
	}
	for x := range n {
		var v [3]uint64
		for c := range v {
			i := x * step
			if len(parts) == 1 {
				i += c
			}
			v[c] = rows[c].raw(i)
		}
		// The sign comes from shifting the highest bit to that of 16 and back.
		signed := func(v uint64) float32 { return float32(int16((v^flip)<<(16-l.bits))>>(16-l.bits)) / scale }
		lightness := min(float32(v[0])*100/top, 100)
		fy := (lightness + 16) / 116
		X, Y, Z := 0.95047*cubed(fy+signed(v[1])/500), cubed(fy), 1.08883*cubed(fy-signed(v[2])/200)
		p := out[4*x:][:4]
		p[0] = table[index(3.2404542*X-1.5371385*Y-0.4985314*Z)]
		p[1] = table[index(-0.9692660*X+1.8760108*Y+0.0415560*Z)]
		p[2] = table[index(0.0556434*X-0.2040259*Y+1.0572252*Z)]
		p[3] = 255
	}
}

// cubed is the inverse of the function f of CIE 15, section 8.2.1.
func cubed(t float32) float32 {
	if t > 6.0/29 {
		return t * t * t
	}
	return 3 * (6.0 / 29) * (6.0 / 29) * (t - 4.0/29)
}

// linearLevels is how many values of linear light there are: at black, sixteen for a level of sRGB.
const linearLevels = 1 << 16

func index(v float32) int { return int(min(max(v, 0), 1)*(linearLevels-1) + 0.5) }

// srgb has the level of sRGB (IEC 61966-2-1) for each value of linear light.
var srgb = sync.OnceValue(func() *[linearLevels]uint8 {
	var t [linearLevels]uint8
	for i := range t {
		v := float64(i) / (linearLevels - 1)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		t[i] = uint8(v*255 + 0.5)
	}
	return &t
})
