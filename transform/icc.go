package transform

import (
	"cmp"
	"fmt"
	"image"
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

// inksWork is how many nanoseconds a pixel of CMYK takes to go through its profile.
const inksWork = 60

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

// A profile is an ICC color profile that says what pixels look like. Nil is sRGB, for which nothing is put into a file.
type profile struct {
	icc.Profile
	tables int64  // bytes that converting its pixels to sRGB takes besides them
	why    string // why they cannot be converted; "" if they can
}

// gray reports whether p is for gray pixels.
func (p *profile) gray() bool { return p.Space == spaceGray }

// needsRGB reports whether p cannot be embedded in a file of gray pixels.
func (p *profile) needsRGB() bool { return p != nil && !p.gray() }

// coloring is what is known of the colors of a file before a pixel is decoded.
type coloring struct {
	profile *profile // of the pixels when they are decoded; nil is sRGB
	inks    *profile // makes sRGB of CMYK while it is decoded; nil is the plain formula
	why     string   // a sentence on a profile that is left out, or on the plain formula; "" is nothing to say
	formula bool     // colors come from the plain formula
}

// foundColors works out what the profile in a file means for its pixels. One that is damaged or for other pixels is
// left out.
func foundColors(m *meta) coloring {
	space := cmp.Or(m.space, spaceRGB)
	if m.icc == nil && m.torn.why == "" {
		if space == spaceCMYK {
			return coloring{why: "there is no color profile: " + plainFormula(space), formula: true}
		}
		return coloring{}
	}
	if m.torn.why != "" {
		p, _ := icc.Parse(m.torn.head)
		return coloring{why: leftOut(cmp.Or(p.Name, m.torn.name), ": "+m.torn.why)}
	}
	p, err := icc.Parse(m.icc)
	switch {
	case err != nil:
		return coloring{why: leftOut(p.Name, ": "+err.Error())}
	case p.Space == space && space == spaceLab:
		return coloring{why: leftOut(p.Name, ": "+plainFormula(space)), formula: true}
	case p.Space != space && (p.Space != spaceRGB || space != spaceGray): // a gray picture may have a profile for RGB
		why := fmt.Sprintf(": it is for %s, and the picture is %s", spaceName(p.Space), spaceName(space))
		return coloring{why: leftOut(p.Name, why)}
	case p.SRGB():
		return coloring{}
	}
	found := &profile{Profile: p}
	if found.tables, err = p.Memory(); err != nil {
		found.why = err.Error()
	}
	switch {
	case space != spaceCMYK:
		return coloring{profile: found}
	case found.why != "":
		return coloring{why: leftOut(p.Name, ": "+found.why+": "+plainFormula(space)), formula: true}
	}
	return coloring{inks: found}
}

func plainFormula(space string) string {
	return fmt.Sprintf("the colors of %s come from a plain formula", spaceName(space))
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

// color notes what was lost of the meaning of colors, once for all outputs.
func (j *job) color(why string) {
	if why != "" && !slices.Contains(j.colors, why) {
		j.colors = append(j.colors, why)
	}
}

// colored settles what becomes of p, the profile of the pixels that l begins with: it is embedded, or they are
// converted to sRGB as soon as they are in the view of l. So all further operations work on sRGB. why is a sentence on
// a profile that is left out because of what it is.
func (l *leg) colored(p *profile, rule ProfileRule) (why string) {
	if p == nil || rule == ProfileStrip {
		l.pixels = p
		return ""
	}
	if (rule == "" || rule == ProfileKeep) && l.row.profile && !(p.gray() && (l.row.colored || l.animates())) {
		l.pixels, l.enc.profile = p, p
		return ""
	}
	if p.SRGBPixels() {
		return ""
	}
	if p.why != "" {
		return leftOut(p.Name, fmt.Sprintf(" of the %s: its colors cannot be converted: %s", l.row.name, p.why))
	}
	at := len(l.ops) - len(l.rest)
	l.ops = slices.Insert(slices.Clone(l.ops), at, conversion(p))
	l.sizes = slices.Insert(slices.Clone(l.sizes), at, l.sizes[at])
	l.rest = l.ops[at:]
	l.converted = true
	return ""
}

// conversion returns the operation that makes sRGB of pixels with profile p. No Spec has it.
func conversion(p *profile) Op {
	name := "conversion to sRGB"
	if p.Name != "" {
		name = fmt.Sprintf("conversion from %q to sRGB", p.Name)
	}
	return Op{op: &operation{
		name: name,
		apply: func(j *job, img *image.NRGBA, _ args) (*image.NRGBA, error) {
			out := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()))
			for y := range out.Rect.Dy() {
				copy(out.Pix[y*out.Stride:][:out.Stride], img.Pix[y*img.Stride:])
			}
			return out, j.convert(out, p)
		},
	}}
}

// convert makes sRGB of pixels with profile p, in their place.
func (j *job) convert(img *image.NRGBA, p *profile) error {
	transform, err := p.Transform()
	if err != nil {
		return err
	}
	const part = 1 << 18 // bytes between two looks at the clock
	for pix := range slices.Chunk(img.Pix, part) {
		if err := j.ended(); err != nil {
			return err
		}
		transform.Convert(pix)
	}
	return nil
}

// embed returns the bytes of p that go into a file of format f whose pixels are gray or not. It is nil if p does not
// suit them, which is noted.
func (j *job) embed(p *profile, f Format, gray bool) []byte {
	switch {
	case p == nil:
		return nil
	case p.gray() && !gray:
		j.color(leftOut(p.Name, fmt.Sprintf(" of the %s: it is for gray, and the picture has got colors", f)))
		return nil
	}
	return p.Data
}
