package transform

import (
	"encoding/binary"
	"fmt"
)

// pngColors is what a PNG says about its colors besides a profile. None of it goes into outputs.
type pngColors struct {
	gamma, primaries []byte // chunks gAMA and cHRM, nil if there is none
	known            bool   // there is sRGB or a code, which overrule the others
}

func (c *pngColors) add(name string, body []byte) {
	switch {
	case name == "gAMA" && len(body) == 4:
		c.gamma = first(c.gamma, body)
	case name == "cHRM" && len(body) == 32:
		c.primaries = first(c.primaries, body)
	case name == "sRGB":
		c.known = true
	}
}

// remarks returns sentences about what was left out of the colors of a file without a profile, unless it is the same
// as in sRGB.
func (c *pngColors) remarks() (list []string) {
	if c.known {
		return nil
	}
	if c.gamma != nil {
		// 0.45 and 1/2.2 mean the same, and others within a twentieth as well.
		g, shown := float64(binary.BigEndian.Uint32(c.gamma))/100_000, ""
		switch {
		case g > 1.05/2.2:
			shown = "lighter"
		case g > 0 && g < 0.95/2.2:
			shown = "darker"
		}
		if shown != "" {
			const form = "its gamma of %.4g was left out: a viewer that applies it shows the file %s than its outputs"
			list = append(list, fmt.Sprintf(form, g, shown))
		}
	}
	// White, red, green and blue, each x and y, in the order of the chunk (IEC 61966-2-1).
	srgb := [8]int64{31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000}
	for i := 0; c.primaries != nil && i < len(srgb); i++ {
		v := int64(binary.BigEndian.Uint32(c.primaries[4*i:]))
		if v < srgb[i]-1000 || v > srgb[i]+1000 {
			return append(list, "its primaries (cHRM) were left out: a viewer that applies them shows other colors")
		}
	}
	return list
}
