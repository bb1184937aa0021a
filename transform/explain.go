package transform

import (
	"fmt"
	"strings"

	"imgpipe/transform/internal/pixel"
)

// Explain says in words what Do would do with an image that has header h, as ReadHeader gave it: the way that its pixels go and why, at
// which size they are decoded, and one line for each step. It is an error where Do would refuse the image, as far as its header tells.
func (s Spec) Explain(h Header, limits Limits) (string, error) {
	if err := limits.check(h.Width, h.Height); err != nil {
		return "", &Error{Kind: ClassTooLarge, Doing: "read header of " + string(h.Format), Err: err}
	}
	p, err := s.plan(h, limits)
	if err != nil {
		return "", err
	}
	if err := h.affordable(p, limits); err != nil {
		return "", &Error{Kind: ClassTooLarge, Doing: "read header of " + string(h.Format), Err: err}
	}
	var b strings.Builder
	way, how := p.way(h)
	fmt.Fprintf(&b, "path %s\ndecode %s %dx%d%s\n", way, h.Format, h.Width, h.Height, how)
	if p.orientation > 1 {
		fmt.Fprintf(&b, "turn upright from orientation %d\n", h.Orientation)
	}
	for _, br := range p.branches {
		indent := ""
		if br.label != "" {
			fmt.Fprintf(&b, "output %s\n", br.label)
			indent = "  "
		}
		for i, op := range br.ops {
			fmt.Fprintf(&b, "%s%s: %dx%d\n", indent, op, br.sizes[i+1].X, br.sizes[i+1].Y)
		}
		last := br.sizes[len(br.sizes)-1]
		fmt.Fprintf(&b, "%sencode %s %dx%d", indent, p.format, last.X, last.Y)
		if p.format == JPEG {
			fmt.Fprintf(&b, " with quality %d", p.quality)
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// way names the Path of a Result and says why it is that; how is the size at which an image is decoded.
func (p plan) way(h Header) (way, how string) {
	if h.rows != nil {
		return rowsPath(h.rows, p.format, p.legs()) + ": row by row to the sizes wanted", ""
	}
	if h.planes == nil {
		if h.general == "" {
			return "rgba: " + string(h.Format) + " is decoded to RGB", ""
		}
		return "rgba: " + h.general, ""
	}
	r := newRoute(h, p)
	why := "planes from end to end"
	if r.shape.Kind == pixel.YCbCr && !r.colors() {
		why = "the plane of luma from end to end"
	}
	for _, l := range r.legs {
		if len(l.rest) > 0 {
			why = fmt.Sprintf("planes until %s, which is done in RGB", l.rest[0])
			break
		}
		if !r.direct(l) {
			why = fmt.Sprintf("planes until %s is written", p.format)
		}
	}
	if !r.shape.Scales {
		return r.name() + ": " + why, ""
	}
	how = fmt.Sprintf(" at %d/8: %dx%d", r.scale.Luma, (h.Width*r.scale.Luma+7)/8, (h.Height*r.scale.Luma+7)/8)
	if r.colors() && r.scale.Chroma != r.scale.Luma {
		how += fmt.Sprintf(", chroma at %d/8", r.scale.Chroma)
	}
	return r.name() + ": " + why, how
}
