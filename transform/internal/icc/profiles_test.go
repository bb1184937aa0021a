package icc

import (
	"encoding/binary"
	"math"
)

// The profiles of these tests are made here, of published primaries and of formulas, so that no file of anybody else is
// needed.

func tableCurve(n int, f func(x float64) float64) string {
	b := []byte("curv" + u32(0, uint32(n)))
	for i := range n {
		b = binary.BigEndian.AppendUint16(b, uint16(unit(f(float64(i)/float64(n-1)))*65535+0.5))
	}
	return string(b)
}

func gammaCurve(g float64) string {
	return string(binary.BigEndian.AppendUint16([]byte("curv"+u32(0, 1)), uint16(math.Round(g*256))))
}

func function(kind uint32, values ...float64) string {
	return "para" + u32(0, kind<<16) + numbers(values...)
}

func xyzTag(v [3]float64) string { return "XYZ \x00\x00\x00\x00" + numbers(v[:]...) }

// srgbFunction is the curve of IEC 61966-2-1.
var srgbFunction = function(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)

// primaries returns the XYZ of three colors and a white point given by their chromaticities, adapted to D50 with the
// Bradford transform (ICC.1:2022, annex E).
func primaries(r, g, b, w [2]float64) (colors [3][3]float64) {
	xyz := func(c [2]float64) [3]float64 { return [3]float64{c[0] / c[1], 1, (1 - c[0] - c[1]) / c[1]} }
	var p [9]float64
	for k, c := range [][2]float64{r, g, b} {
		for i, v := range xyz(c) {
			p[3*i+k] = v
		}
	}
	light := xyz(w)
	amounts := times(inverse(p), light)
	bradford := [9]float64{0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296}
	from, to := times(bradford, light), times(bradford, white)
	for k := range 3 {
		v := times(bradford, [3]float64{p[k] * amounts[k], p[3+k] * amounts[k], p[6+k] * amounts[k]})
		for i := range v {
			v[i] *= to[i] / from[i]
		}
		colors[k] = times(inverse(bradford), v)
	}
	return colors
}

func times(m [9]float64, v [3]float64) (out [3]float64) {
	for i := range out {
		out[i] = m[3*i]*v[0] + m[3*i+1]*v[1] + m[3*i+2]*v[2]
	}
	return out
}

func inverse(m [9]float64) (out [9]float64) {
	for i := range 3 {
		for k := range 3 {
			a, b, c, d := (k+1)%3, (k+2)%3, (i+1)%3, (i+2)%3
			out[3*i+k] = m[3*a+c]*m[3*b+d] - m[3*a+d]*m[3*b+c]
		}
	}
	det := m[0]*out[0] + m[1]*out[3] + m[2]*out[6]
	for i := range out {
		out[i] /= det
	}
	return out
}

var (
	d65 = [2]float64{0.3127, 0.3290}
	d50 = [2]float64{0.3457, 0.3585}
)

// matrixProfile is a profile for RGB of curves and three colors.
func matrixProfile(name string, colors [3][3]float64, r, g, b string) []byte {
	return made("RGB ", "desc", desc(name), "wtpt", xyzTag(white), "rXYZ", xyzTag(colors[0]), "gXYZ", xyzTag(colors[1]),
		"bXYZ", xyzTag(colors[2]), "rTRC", r, "gTRC", g, "bTRC", b)
}

// ofClass changes the class, the connection space and the version of a profile.
func ofClass(profile []byte, class, pcs string, version byte) []byte {
	copy(profile[12:], class)
	copy(profile[20:], pcs)
	profile[8] = version
	return profile
}

// oldTable is a lut8Type (width 1) or lut16Type of n nodes in each direction. f returns what a node becomes; before and
// behind are the curves.
func oldTable(width, in, n int, before, behind func(x float64) float64, f func(v []float64) []float64) string {
	put := func(b []byte, v float64) []byte {
		if width == 1 {
			return append(b, byte(unit(v)*255+0.5))
		}
		return binary.BigEndian.AppendUint16(b, uint16(unit(v)*65535+0.5))
	}
	out := len(f(make([]float64, in)))
	entries := 256
	b := append([]byte("mft1\x00\x00\x00\x00"), byte(in), byte(out), byte(n), 0)
	b = append(b, numbers(1, 0, 0, 0, 1, 0, 0, 0, 1)...)
	if width == 2 {
		b[3] = '2'
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, uint16(entries)), uint16(entries))
	}
	for range in {
		for i := range entries {
			b = put(b, before(float64(i)/float64(entries-1)))
		}
	}
	eachNode(in, n, func(v []float64) {
		for _, value := range f(v) {
			b = put(b, value)
		}
	})
	for range out {
		for i := range entries {
			b = put(b, behind(float64(i)/float64(entries-1)))
		}
	}
	return string(b)
}

// eachNode calls f for each node of a grid, the last value first.
func eachNode(in, n int, f func(v []float64)) {
	total := 1
	for range in {
		total *= n
	}
	v := make([]float64, in)
	for k := range total {
		rest := k
		for i := in - 1; i >= 0; i-- {
			v[i] = float64(rest%n) / float64(n-1)
			rest /= n
		}
		f(v)
	}
}

// newTable is a lutAToBType with all of its elements.
func newTable(in, n int, a, m, b string, matrix []float64, f func(v []float64) []float64) string {
	pad := func(s string) string { return s + "\x00\x00\x00"[:-len(s)&3] }
	repeat := func(s string, n int) (all string) {
		for range n {
			all += pad(s)
		}
		return all
	}
	sizes := make([]byte, 16)
	for i := range in {
		sizes[i] = byte(n)
	}
	clut := string(sizes) + "\x02\x00\x00\x00"
	eachNode(in, n, func(v []float64) {
		for _, value := range f(v) {
			clut += string(binary.BigEndian.AppendUint16(nil, uint16(unit(value)*65535+0.5)))
		}
	})
	parts, at := []string{repeat(b, 3), numbers(matrix...), repeat(m, 3), pad(clut), repeat(a, in)}, uint32(32)
	var offsets []uint32
	for _, part := range parts {
		offsets = append(offsets, at)
		at += uint32(len(part))
	}
	s := "mAB \x00\x00\x00\x00" + string([]byte{byte(in), 3, 0, 0}) + u32(offsets...)
	for _, part := range parts {
		s += part
	}
	return s
}

func same(x float64) float64 { return x }

// labOf returns L*, a* and b* of XYZ relative to D50.
func labOf(c [3]float64) (l, a, b float64) {
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x, y, z := f(c[0]/white[0]), f(c[1]/white[1]), f(c[2]/white[2])
	return 116*y - 16, 500 * (x - y), 200 * (y - z)
}

// coded returns L*a*b* as a table holds it: of 8 bits or of lutAToBType, or of lut16Type.
func coded(old bool, l, a, b float64) []float64 {
	if old {
		return []float64{l / 100 * 65280 / 65535, (a + 128) * 256 / 65535, (b + 128) * 256 / 65535}
	}
	return []float64{l / 100, (a + 128) / 255, (b + 128) / 255}
}

// printed returns the XYZ of inks on paper: their light is multiplied, as on a press of much dot gain whose black is
// not quite black (after Yule and Nielsen).
func printed(v []float64) [3]float64 {
	paper, gain := [3]float64{0.93 * 0.9642, 0.93, 0.93 * 0.8249}, 1.7
	inks := [4][3]float64{{0.15, 0.22, 0.65}, {0.33, 0.16, 0.17}, {0.75, 0.80, 0.08}, {0.015, 0.015, 0.015}}
	for i, amount := range v {
		amount = math.Pow(amount, 0.85)
		for c := range paper {
			left := 1 - amount + amount*math.Pow(inks[i][c], 1/gain)
			paper[c] *= math.Pow(left, gain)
		}
	}
	for c := range paper {
		paper[c] /= 0.93
	}
	return paper
}

// testProfiles are one of each kind that there is.
func testProfiles() map[string][]byte {
	p3 := primaries([2]float64{0.680, 0.320}, [2]float64{0.265, 0.690}, [2]float64{0.150, 0.060}, d65)
	adobe := primaries([2]float64{0.64, 0.33}, [2]float64{0.21, 0.71}, [2]float64{0.15, 0.06}, d65)
	pro := primaries([2]float64{0.7347, 0.2653}, [2]float64{0.1596, 0.8404}, [2]float64{0.0366, 0.0001}, d50)
	camera := primaries([2]float64{0.70, 0.31}, [2]float64{0.24, 0.78}, [2]float64{0.11, 0.02}, d50)
	film := func(x float64) float64 { return math.Pow(x, 1.9) * (1 - 0.15*math.Sin(math.Pi*x)) }
	g22 := gammaCurve(2.19921875)
	inRGB := func(old bool) func(v []float64) []float64 { // light of a display of Display P3
		return func(v []float64) []float64 {
			var c [3]float64
			for i := range c {
				for k, value := range v {
					c[i] += p3[k][i] * value
				}
			}
			l, a, b := labOf(c)
			return coded(old, l, a, b)
		}
	}
	display := func(x float64) float64 { return math.Pow(x, 2.2) }
	bent := func(old bool) func(v []float64) []float64 {
		return func(v []float64) []float64 {
			lin := make([]float64, 3)
			for i := range lin {
				lin[i] = 0.003 + 0.997*display(v[i]) // a black of some light
			}
			return inRGB(old)(lin)
		}
	}
	inks := func(old bool) func(v []float64) []float64 {
		return func(v []float64) []float64 {
			l, a, b := labOf(printed(v))
			return coded(old, 2+0.98*l, a, b) // lcms2 does nothing about a black that is darker
		}
	}
	separation := func(v []float64) []float64 { // from L*a*b* to inks, good enough for a black point
		l := min(v[0]*65535/65280, 1)
		return []float64{0.75 * (1 - l), 0.68 * (1 - l), 0.67 * (1 - l), 0.9 * (1 - l) * (1 - l)}
	}
	dots := func(x float64) float64 { return math.Pow(x, 0.8) }
	bright := func(v []float64) []float64 { // XYZ in place of L*a*b*
		var c [3]float64
		for i := range c {
			for k, value := range v {
				c[i] += adobe[k][i] * display(value)
			}
			c[i] /= most
		}
		return c[:]
	}
	table16, table8 := oldTable(2, 4, 9, dots, same, inks(true)), oldTable(1, 4, 7, same, same, inks(false))
	cmyk := made("CMYK", "desc", desc("Press"), "wtpt", xyzTag(white), "A2B0", table16, "A2B1", table16,
		"B2A0", oldTable(2, 3, 17, same, same, separation))
	scanner := oldTable(2, 3, 17, same, same, bent(true))
	steep := oldTable(2, 3, 33, display, same, inRGB(true))
	elements := newTable(3, 17, function(0, 1), function(0, 1), function(0, 1),
		[]float64{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, bent(false))
	linear := newTable(3, 13, gammaCurve(1), gammaCurve(1), gammaCurve(1),
		[]float64{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, bright)
	profile := func(space, name, table string) []byte {
		return made(space, "desc", desc(name), "wtpt", xyzTag(white), "A2B0", table, "A2B1", table)
	}
	behind := oldTable(2, 3, 9, same, func(x float64) float64 { return x * x }, func(v []float64) []float64 {
		list := bent(true)(v)
		for i := range list {
			list[i] = math.Sqrt(list[i])
		}
		return list
	})
	var toXYZ [12]float64
	for i := range 3 {
		for k := range 3 {
			toXYZ[3*i+k] = adobe[k][i] / most
		}
	}
	straight, cube := gammaCurve(1), function(0, 3)
	cubes := newTable(3, 2, straight, cube, straight, toXYZ[:], func(v []float64) []float64 { return v })
	gray := func(curve string) []byte { return made("GRAY", "desc", desc("Gray"), "kTRC", curve) }
	dotGain := tableCurve(256, func(x float64) float64 { return math.Pow(x, 1.75) })
	lights := func(name string, colors [3][3]float64, r, g, b string) []byte {
		return ofClass(matrixProfile(name, colors, r, g, b), "mntr", "XYZ ", 2)
	}
	eight := oldTable(1, 3, 33, same, same, bent(false))
	g18 := gammaCurve(1.8)
	return map[string][]byte{
		"p3":       ofClass(lights("Display P3", p3, srgbFunction, srgbFunction, srgbFunction), "mntr", "XYZ ", 4),
		"adobe":    lights("Adobe RGB (1998)", adobe, g22, g22, g22),
		"pro":      lights("ProPhoto", pro, g18, g18, g18),
		"camera":   lights("Camera", camera, tableCurve(1024, film), tableCurve(512, film), tableCurve(33, film)),
		"gray":     ofClass(gray(gammaCurve(2.2)), "mntr", "XYZ ", 2),
		"dots":     ofClass(gray(dotGain), "prtr", "XYZ ", 2),
		"graylab":  ofClass(gray(gammaCurve(1)), "mntr", "Lab ", 2),
		"press":    ofClass(cmyk, "prtr", "Lab ", 2),
		"press8":   ofClass(profile("CMYK", "Press of 8 bits", table8), "spac", "Lab ", 2),
		"scanner":  ofClass(profile("RGB ", "Scanner", scanner), "scnr", "Lab ", 2),
		"steep":    ofClass(profile("RGB ", "Steep", steep), "scnr", "Lab ", 2),
		"scanner8": ofClass(profile("RGB ", "Scanner of 8 bits", eight), "scnr", "Lab ", 2),
		"behind":   ofClass(profile("RGB ", "Curves behind", behind), "scnr", "Lab ", 2),
		"cubes":    ofClass(profile("RGB ", "Cubes", cubes), "scnr", "XYZ ", 4), // as XYB has them
		"elements": ofClass(profile("RGB ", "Elements", elements), "scnr", "Lab ", 4),
		"bright":   ofClass(profile("RGB ", "Bright", linear), "scnr", "XYZ ", 4),
	}
}
