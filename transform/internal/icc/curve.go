package icc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// A curve is a function from 0..1 to 0..1. What it is made of is read from the profile each time it is evaluated, so
// that a curve takes no memory.
type curve struct {
	table []byte // values of width bytes each, at equal distances; nil for a function
	width int
	kind  uint16 // of function (ICC.1:2022, table 68)
	p     [7]float64
}

// identity is the curve that changes nothing.
var identity = curve{p: [7]float64{1}}

// isIdentity reports whether c changes nothing, or rounds.
func (c *curve) isIdentity() bool {
	if c.table == nil {
		return c.kind == 0 && c.p[0] == 1
	}
	n := len(c.table) / c.width
	for i := range n {
		if math.Abs(number(c.table, i, c.width)-float64(i)/float64(n-1)) > 1.0/65535 {
			return false
		}
	}
	return true
}

// fixed reads a number with 16 binary digits behind the point.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

var errCurve = errors.New("one of its curves is cut short")

// parseCurve reads a curveType or a parametricCurveType (ICC.1:2022, 10.6 and 10.18). size is how many bytes it has.
func parseCurve(b []byte) (c curve, size int, err error) {
	const head = 12
	if len(b) < head {
		return c, 0, errCurve
	}
	switch string(b[:4]) {
	case "curv":
		n := uint64(binary.BigEndian.Uint32(b[8:]))
		if 2*n > uint64(len(b)-head) {
			return c, 0, errCurve
		}
		size = head + 2*int(n)
		switch n {
		case 0:
			return identity, size, nil
		case 1:
			return curve{p: [7]float64{float64(binary.BigEndian.Uint16(b[head:])) / 256}}, size, nil
		}
		return curve{table: b[head:size], width: 2}, size, nil
	case "para":
		counts := [...]int{1, 3, 4, 5, 7}
		c.kind = binary.BigEndian.Uint16(b[8:])
		if int(c.kind) >= len(counts) {
			return c, 0, fmt.Errorf("one of its curves is of the unknown kind %d", c.kind)
		}
		n := counts[c.kind]
		if len(b) < head+4*n {
			return c, 0, errCurve
		}
		for i := range n {
			c.p[i] = fixed(b[head+4*i:])
		}
		return c, head + 4*n, nil
	}
	return c, 0, fmt.Errorf("one of its curves is of the unknown type %q", b[:4])
}

// unit returns v within 0 and 1, and 0 if it is no number.
func unit(v float64) float64 {
	if !(v > 0) {
		return 0
	}
	return min(v, 1)
}

// at returns the value of c at x.
func (c *curve) at(x float64) float64 {
	x = unit(x)
	if c.table != nil {
		return c.look(x)
	}
	g, a, b := c.p[0], c.p[1], c.p[2]
	bent := func() float64 { return math.Pow(max(a*x+b, 0), g) }
	switch c.kind {
	case 0:
		return unit(math.Pow(x, g))
	case 1:
		if a*x+b < 0 {
			return 0
		}
		return unit(bent())
	case 2:
		if a*x+b < 0 {
			return unit(c.p[3])
		}
		return unit(bent() + c.p[3])
	}
	if x < c.p[4] {
		return unit(c.p[3]*x + c.p[6])
	}
	return unit(bent() + c.p[5])
}

// look returns the value of a table at x, between two of its entries in proportion.
func (c *curve) look(x float64) float64 {
	last := len(c.table)/c.width - 1
	at := x * float64(last)
	i := min(int(at), last-1)
	low, high := number(c.table, i, c.width), number(c.table, i+1, c.width)
	return low + (high-low)*(at-float64(i))
}

// number returns the i-th number of a table, from 0 to 1.
func number(table []byte, i, width int) float64 {
	if width == 1 {
		return float64(table[i]) / 255
	}
	return float64(binary.BigEndian.Uint16(table[2*i:])) / 65535
}
