package icc

import (
	"math"
	"sync"
)

// A mixer makes bytes of sRGB of three linear values, by a matrix and the curve of sRGB, in integers.
type mixer struct {
	m      [9]int64 // in fractions of 1<<mixBits
	add    [3]int64 // with the half for rounding
	curves *[gammaTop + 1]byte
}

const (
	mixBits  = 20
	gammaTop = 1 << 14
	// mixerBytes is what a mixer takes, with the table that all share.
	mixerBytes = 24 << 10
)

// gammas is the curve of sRGB in steps so fine that none is left out: the steepest is a fifth of a level.
var gammas = sync.OnceValue(func() *[gammaTop + 1]byte {
	t := new([gammaTop + 1]byte)
	for i := range t {
		t[i] = toByte(gamma(float64(i) / gammaTop))
	}
	return t
})

func toByte(v float64) byte { return byte(unit(v)*255 + 0.5) }

// mix sets the matrix to that from values, of which top is 1, to what m makes of them. colors makes XYZ relative to
// white of such values, each from 0 to 1.
func (x *mixer) mix(m *model, top float64, colors func(v [3]float64) [3]float64) {
	x.curves = gammas()
	// All of it is linear: three unit vectors and the origin say everything.
	at := func(v [3]float64) [3]float64 {
		v = colors(v)
		for i := range v {
			v[i] *= white[i]
		}
		return m.linear(v)
	}
	origin := at([3]float64{})
	var rows [9]float64
	for k := range 3 {
		var v [3]float64
		v[k] = 1
		for i, value := range at(v) {
			rows[3*i+k] = value - origin[i]
		}
	}
	whiten(&rows, origin)
	for i := range rows {
		x.m[i] = int64(math.Round(bounded(rows[i]) * gammaTop / top * (1 << mixBits)))
	}
	for i := range origin {
		x.add[i] = int64(math.Round(bounded(origin[i])*gammaTop*(1<<mixBits))) + 1<<(mixBits-1)
	}
}

// bounded returns a factor that integers can hold. No real one is near the bound.
func bounded(v float64) float64 { return min(max(v, -1000), 1000) }

// whiten makes gray of equal values exactly, if they are so nearly: a profile's numbers are rounded, and a picture in
// gray should have no color afterwards.
func whiten(rows *[9]float64, origin [3]float64) {
	const near = 0.004
	for i := range 3 {
		sum := rows[3*i] + rows[3*i+1] + rows[3*i+2]
		if math.Abs(sum-1) > near || math.Abs(origin[i]) > near/10 {
			return
		}
	}
	for i := range 3 {
		row := rows[3*i:][:3]
		sum := row[0] + row[1] + row[2]
		for k := range row {
			row[k] /= sum
		}
	}
}

// put makes a pixel of three values.
func (x *mixer) put(pix []byte, a, b, c int64) {
	m, add, curves := &x.m, &x.add, x.curves
	pix[0] = curves[min(max((a*m[0]+b*m[1]+c*m[2]+add[0])>>mixBits, 0), gammaTop)]
	pix[1] = curves[min(max((a*m[3]+b*m[4]+c*m[5]+add[1])>>mixBits, 0), gammaTop)]
	pix[2] = curves[min(max((a*m[6]+b*m[7]+c*m[8]+add[2])>>mixBits, 0), gammaTop)]
}

// A mixed converts by a curve for each value and a mixer.
type mixed struct {
	light [3][256]int64 // what the curves make of a byte, of which lightTop is 1
	mixer
}

const lightTop = 1<<16 - 1

// mixed returns the conversion of a model that has curves and this matrix.
func (m *model) mixed(colors *matrix) *mixed {
	x := new(mixed)
	for i, c := range m.stages[0].(curves) {
		for v := range x.light[i] {
			x.light[i][v] = int64(c.at(float64(v)/255)*lightTop + 0.5)
		}
	}
	x.mix(m, lightTop, func(v [3]float64) [3]float64 {
		xyz := m.coding.xyz(colors.apply([4]float64{v[0], v[1], v[2]}))
		for i := range xyz {
			xyz[i] /= white[i]
		}
		return xyz
	})
	return x
}

func (x *mixed) convert(pix []byte) {
	for ; len(pix) >= 4; pix = pix[4:] {
		x.put(pix, x.light[0][pix[0]], x.light[1][pix[1]], x.light[2][pix[2]])
	}
}
