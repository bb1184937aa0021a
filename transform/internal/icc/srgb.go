package icc

import (
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
		if curve, _, err := parseCurve(p.tag(c.letter + "TRC")); err == nil && math.Abs(curve.at(0.5)-0.2140) > 0.015 {
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
