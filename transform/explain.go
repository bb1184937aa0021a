package transform

import (
	"fmt"
	"image"
	"strings"
)

// Explain returns in words what Do would do with an image that has header h, as ReadHeader returned it: the path of
// its pixels and why they take it, the size at which they are decoded, and one line for each step. If Do would refuse
// the image for its header, Explain returns that error.
func (s Spec) Explain(h Header, limits Limits) (string, error) {
	if err := h.readable(); err != nil {
		return "", err
	}
	if err := limits.check(h.Width, h.Height); err != nil {
		return "", h.tooLarge(err)
	}
	if err := limits.wants(h); err != nil {
		return "", err
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
	if h.traits != nil && h.traits.colors.inks != nil {
		how += fmt.Sprintf(", its inks by %q to sRGB", h.traits.colors.inks.Name)
	}
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
		for _, step := range s.stepsOf(legs) {
			b.WriteString(indent + step + "\n")
		}
		last := l.size()
		if p.smallest {
			fmt.Fprintf(&b, "%skeep the smallest of these, as far as they suit the picture\n", indent)
		}
		for i := range legs {
			l := &legs[i]
			fmt.Fprintf(&b, "%sencode %s %dx%d%s\n", indent, l.row.name, last.X, last.Y, l.explain(way))
		}
	}
	for _, why := range p.notMade() {
		b.WriteString(why + "\n")
	}
	if why := p.rounded(); why != "" {
		b.WriteString(why + "\n")
	}
	return b.String(), nil
}

// light returns in words that an operation resizes in linear light, with a comma in front. sizes are those of the image
// before it and after it.
func (s Spec) light(op Op, sizes []image.Point) string {
	if !s.Linear || op.op.name != "resize" || args(op).text("filter") == "nearest" || sizes[0] == sizes[1] {
		return ""
	}
	return ", in linear light"
}

// stepsOf returns what is done to the pixels of one size, a line each. Colors may be converted for some of its formats
// alone.
func (s Spec) stepsOf(legs []leg) (lines []string) {
	base := &legs[0]
	var alone []string
	var converted Op
	for i := range legs {
		if l := &legs[i]; l.converted {
			alone, converted = append(alone, string(l.row.name)), l.rest[0]
		} else {
			base = l
		}
	}
	if base.converted {
		alone = nil // for all of them
	}
	at := len(base.ops) - len(base.rest)
	for i := range len(base.ops) + 1 {
		if i == at && len(alone) > 0 {
			lines = append(lines, fmt.Sprintf("%s, for %s: %dx%d", converted, inWords(alone, "and"), base.sizes[i].X,
				base.sizes[i].Y))
		}
		if i < len(base.ops) {
			light := s.light(base.ops[i], base.sizes[i:])
			lines = append(lines, fmt.Sprintf("%s: %dx%d%s", base.ops[i], base.sizes[i+1].X, base.sizes[i+1].Y, light))
		}
	}
	return lines
}

// explain returns in words what is asked of the encoder of l, with a space in front. It is empty if that is nothing.
func (l *leg) explain(way path) string {
	var list []string
	add := func(form string, v any) { list = append(list, fmt.Sprintf(form, v)) }
	e, heeds := l.enc, l.row.name.Heeds
	if l.deep {
		list = append(list, "16 bits a sample")
	}
	if heeds("quality") {
		add("quality %d", e.quality)
	}
	if heeds("chroma") {
		sub := e.subsampling(true)
		if p, ok := way.(*planesPath); ok {
			sub = p.written(*l)
		}
		switch sub {
		case 1:
			add("chroma %s", ChromaFull)
		case 2:
			add("chroma %s", ChromaHalf)
		}
	}
	if heeds("compression") && e.compression != 0 {
		add("compression %d", e.compression)
	}
	if heeds("colors") && e.colors != 0 {
		add("at most %d colors", e.colors)
	}
	if heeds("progressive") && e.inScans() {
		list = append(list, "several scans")
	}
	if len(list) == 0 {
		return ""
	}
	return " with " + strings.Join(list, ", ")
}
