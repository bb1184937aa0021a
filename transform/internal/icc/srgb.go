package icc

import (
	"encoding/binary"
	"math"
	"strings"
)

// SRGB reports whether the profile is that of sRGB, which pixels have without a profile: its name says so, and neither
// its curves nor its colors contradict that, as those of "GIMP built-in Linear sRGB" do.
func (p Profile) SRGB() bool {
	if p.Space != "RGB " || !strings.Contains(p.Name, "sRGB") {
		return false
	}
	for _, c := range []struct {
		letter  string
		x, y, z float64 // of the color at its strongest, adapted to D50
	}{
		{"r", 0.4361, 0.2225, 0.0139}, {"g", 0.3851, 0.7169, 0.0971}, {"b", 0.1431, 0.0606, 0.7141},
	} {
		if middle, ok := middle(p.tag(c.letter + "TRC")); ok && math.Abs(middle-0.2140) > 0.015 {
			return false
		}
		const near = 0.02
		color := p.tag(c.letter + "XYZ")
		if len(color) < 20 {
			continue
		}
		x, y, z := fixed(color[8:]), fixed(color[12:]), fixed(color[16:])
		if math.Abs(x-c.x) > near || math.Abs(y-c.y) > near || math.Abs(z-c.z) > near {
			return false
		}
	}
	return true
}

// fixed reads a number with 16 binary digits behind the point.
func fixed(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / 65536 }

// middle returns how light a curve makes a sample of one half; ok reports whether the curve is known.
func middle(d []byte) (v float64, ok bool) {
	if len(d) < 12 {
		return 0, false
	}
	switch string(d[:4]) {
	case "curv": // curveType
		n := uint64(binary.BigEndian.Uint32(d[8:]))
		switch table := d[12:]; {
		case n == 0:
			return 0.5, true
		case 2*n > uint64(len(table)):
			return 0, false
		case n == 1:
			return math.Pow(0.5, float64(binary.BigEndian.Uint16(table))/256), true
		default:
			low, high := binary.BigEndian.Uint16(table[(n-1)/2*2:]), binary.BigEndian.Uint16(table[n/2*2:])
			return (float64(low) + float64(high)) / 2 / 65535, true
		}
	case "para": // parametricCurveType
		return parametric(binary.BigEndian.Uint16(d[8:]), d[12:])
	}
	return 0, false
}

// parametric evaluates a function of the table in ICC.1:2022, 10.18, at one half, where that is not in the straight
// part of it.
func parametric(kind uint16, d []byte) (v float64, ok bool) {
	counts := [...]int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(d) < 4*counts[kind] {
		return 0, false
	}
	gamma, a, b, raised := fixed(d), 1.0, 0.0, 0.0
	if kind > 0 {
		a, b = fixed(d[4:]), fixed(d[8:])
	}
	switch kind {
	case 2:
		raised = fixed(d[12:])
	case 4:
		raised = fixed(d[20:])
	}
	if kind > 2 && fixed(d[16:]) > 0.5 {
		return 0, false
	}
	return math.Pow(max(a/2+b, 0), gamma) + raised, true
}
