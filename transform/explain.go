package transform

import (
	"fmt"
	"strings"
)

// Explain returns in words what Do would do with an image that has header h, as ReadHeader returned it: the path of
// its pixels and why they take it, the size at which they are decoded, and one line for each step. If Do would refuse
// the image for its header, Explain returns that error.
func (s Spec) Explain(h Header, limits Limits) (string, error) {
	if err := limits.check(h.Width, h.Height); err != nil {
		return "", h.tooLarge(err)
	}
	p, err := s.plan(h, limits)
	if err != nil {
		return "", err
	}
	if err := h.affordable(p, limits); err != nil {
		return "", err
	}
	var b strings.Builder
	way := p.path(h)
	why, how := way.explain()
	fmt.Fprintf(&b, "path %s: %s\ndecode %s %dx%d%s\n", way.name(), why, h.Format, h.Width, h.Height, how)
	if p.orientation > 1 {
		fmt.Fprintf(&b, "turn upright from orientation %d\n", h.Orientation)
	}
	for legs := range p.bySize() {
		l, indent := &legs[0], ""
		if len(s.Sizes) > 1 {
			fmt.Fprintf(&b, "output %s\n", l.label)
			indent = "  "
		}
		for i, op := range l.ops {
			fmt.Fprintf(&b, "%s%s: %dx%d\n", indent, op, l.sizes[i+1].X, l.sizes[i+1].Y)
		}
		last := l.size()
		if p.smallest {
			fmt.Fprintf(&b, "%skeep the smallest of these, as far as they suit the picture\n", indent)
		}
		for _, l := range legs {
			fmt.Fprintf(&b, "%sencode %s %dx%d", indent, l.row.name, last.X, last.Y)
			if l.enc.quality != 0 {
				fmt.Fprintf(&b, " with quality %d", l.enc.quality)
			}
			b.WriteString("\n")
		}
	}
	for _, why := range p.notMade() {
		b.WriteString(why + "\n")
	}
	return b.String(), nil
}
