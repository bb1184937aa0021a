package transform

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"imgpipe/transform/internal/icc"
)

// The color spaces of pixels, in the words of ICC profiles.
const (
	spaceRGB  = "RGB "
	spaceGray = "GRAY"
	spaceCMYK = "CMYK"
	spaceLab  = "Lab "
)

// maxProfile bounds the color profiles that are carried over: real ones have some hundred bytes to a few hundred
// thousand.
const maxProfile = 1 << 20

const tooLong = "it has over 1,048,576 bytes"

// A tornProfile is what is known of a color profile that is in a file and cannot be used.
type tornProfile struct {
	why  string // why it cannot be used; "" if there is no such profile
	name string // "" if the file has no name for it
	head []byte // its first bytes, as many as can be read
}

// takeProfile takes a profile that is in the file in one piece. The first counts.
func (m *meta) takeProfile(b []byte) {
	switch {
	case m.icc != nil || m.torn.why != "":
	case len(b) > maxProfile:
		m.torn = tornProfile{why: tooLong, head: b}
	default:
		m.icc = b
	}
}

// A profile is an ICC color profile that goes into the outputs, because pixels keep the values that it describes. Nil
// is sRGB, for which nothing is put into a file.
type profile struct {
	data []byte
	gray bool
	name string
}

// needsRGB reports whether p cannot be embedded in a file of gray pixels.
func (p *profile) needsRGB() bool { return p != nil && !p.gray }

// foundProfile returns the profile that goes into the outputs. It is nil if there is none, if it is sRGB, or if it
// cannot be used; why is a sentence about the last.
func foundProfile(m meta) (found *profile, why string) {
	space := cmp.Or(m.space, spaceRGB)
	if m.icc == nil && m.torn.why == "" {
		if space == spaceCMYK {
			return nil, "there is no color profile: the colors of CMYK come from a plain formula"
		}
		return nil, ""
	}
	if m.torn.why != "" {
		p, _ := icc.Parse(m.torn.head)
		return nil, leftOut(cmp.Or(p.Name, m.torn.name), ": "+m.torn.why)
	}
	p, err := icc.Parse(m.icc)
	switch {
	case err != nil:
		return nil, leftOut(p.Name, ": "+err.Error())
	case p.Space == space && space != spaceRGB && space != spaceGray:
		return nil, leftOut(p.Name, fmt.Sprintf(": the colors of %s come from a plain formula", spaceName(space)))
	case p.Space != space && (p.Space != spaceRGB || space != spaceGray): // a gray picture may have a profile for RGB
		why := fmt.Sprintf(": it is for %s, and the picture is %s", spaceName(p.Space), spaceName(space))
		return nil, leftOut(p.Name, why)
	case p.SRGB():
		return nil, ""
	}
	return &profile{data: p.Data, gray: p.Space == spaceGray, name: p.Name}, ""
}

// leftOut returns a sentence that a profile was left out. name is that of the profile, or "".
func leftOut(name, rest string) string {
	if name != "" {
		name = fmt.Sprintf(" %q", name)
	}
	return "the color profile" + name + " was left out" + rest
}

// spaceName returns the name of a color space for people. The letters may come from a stranger's file.
func spaceName(space string) string {
	if space == spaceGray {
		return "gray"
	}
	return strings.TrimSpace(fmt.Sprintf("%.4s", strings.ToValidUTF8(space, "?")))
}

// profile calls foundProfile, and notes why a profile is left out.
func (j *job) profile(m meta) *profile {
	p, why := foundProfile(m)
	j.color(why)
	j.kept = p
	return p
}

// color notes what was lost of the meaning of colors, once for all outputs.
func (j *job) color(why string) {
	if why != "" && !slices.Contains(j.colors, why) {
		j.colors = append(j.colors, why)
	}
}

// suiting returns p unless files of format f have no place for it, which is noted; then nil.
func (j *job) suiting(f *format, p *profile) *profile {
	if p == nil || f.profile {
		return p
	}
	others := keeping(func(r *format) bool { return r.profile })
	j.color(leftOut(p.name, fmt.Sprintf(" of the %s, where its colors look different: %s keep it", f.name, others)))
	return nil
}

// embed returns the bytes of p that go into a file of format f whose pixels are gray or not. It is nil if p does not
// suit them, which is noted.
func (j *job) embed(p *profile, f Format, gray bool) []byte {
	switch {
	case p == nil:
		return nil
	case p.gray && !gray:
		j.color(leftOut(p.name, fmt.Sprintf(" of the %s: it is for gray, and the picture has got colors", f)))
		return nil
	}
	return p.data
}
