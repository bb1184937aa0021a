package transform

import (
	"cmp"
	"fmt"
	"image"
	"iter"
	"slices"
)

// A plan is everything that is decided about a Task before a pixel is decoded.
type plan struct {
	stored      image.Point // size of the image as it is stored
	orientation int         // EXIF orientation that is undone, 1 for none
	legs        []leg       // in all formats of the first size, then in those of the next
	smallest    bool        // of each size only the smallest file is kept
	small       []string    // a warning for each output that is smaller than the box that it was to fill
	colors      []string    // a warning for each profile that is left out
	animated    bool        // some output has all frames of an animation
	tables      int64       // bytes that converting colors takes besides pixels
	eight       []string    // what is done with 8 bits a sample to pixels that have more
}

// bySize returns the legs of one size after the other. They have one view and the same operations, and differ in their
// formats: what they have in common is made once.
func (p *plan) bySize() iter.Seq[[]leg] {
	return func(yield func([]leg) bool) {
		for rest := p.legs; len(rest) > 0; {
			n := 1
			for n < len(rest) && rest[n].label == rest[0].label {
				n++
			}
			if !yield(rest[:n:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// A leg is one output's part of a path: its operations, and the view that comes to the same as the first of them.
type leg struct {
	label string
	same  []string // labels of sizes that would have the same pixels, and are not made
	row   *format  // of the output's format
	enc   encoding
	ops   []Op
	sizes []image.Point // of the image before each of ops, and after the last

	view view
	// gray reports whether a grayscale was among the operations that view stands for. Grayscale looks at each pixel
	// alone, so it commutes with geometry but for rounding. After it, planes need only Y.
	gray bool
	rest []Op // what is to be done to the view in RGB
	// pixels is the profile that the pixels have from the view on, nil for sRGB.
	pixels *profile
	// deep reports that samples have 16 bits, from the file to the output.
	deep bool
	// linear reports that view resizes in linear light.
	linear bool
	// converted reports that rest begins with a conversion to sRGB, for which no Spec asks.
	converted bool
}

// asked returns the operations of rest that the Spec asks for.
func (l *leg) asked() []Op {
	if l.converted {
		return l.rest[1:]
	}
	return l.rest
}

// size returns the size of the output.
func (l *leg) size() image.Point { return l.sizes[len(l.sizes)-1] }

// inRGB returns what is to be done to the view of an image that was decoded to RGB.
func (l *leg) inRGB() []Op {
	if !l.gray {
		return l.rest
	}
	return append([]Op{{op: findOperation("grayscale")}}, l.rest...)
}

// plan works out the steps for an image with header h, and checks that each is possible and within the limits.
func (s Spec) plan(h Header, limits Limits) (plan, error) {
	w, ht := h.Width, h.Height
	if !s.NoOrient && h.Orientation > 4 {
		w, ht = ht, w
	}
	p := plan{stored: image.Pt(h.Width, h.Height), orientation: 1, smallest: s.Smallest}
	if !s.NoOrient {
		p.orientation = h.Orientation
	}
	for i, label := range s.Labels() {
		ops := s.Ops
		if len(s.Sizes) > 0 {
			ops = append([]Op{s.Sizes[i].op()}, ops...)
		}
		l := leg{label: label, ops: ops, sizes: []image.Point{{X: w, Y: ht}}}
		bw, bh := w, ht
		var small []string
		for _, op := range ops {
			if op.op.size != nil {
				var err error
				if bw, bh, err = op.op.size(args(op), bw, bh); err != nil {
					return plan{}, &Error{Kind: ClassOperation, Doing: op.op.name, Err: err}
				}
				if why := tooSmall(op, l.size(), bw, bh); why != "" {
					small = append(small, why)
				}
				if err := limits.check(bw, bh); err != nil {
					return plan{}, &Error{Kind: ClassTooLarge, Doing: op.op.name, Err: err}
				}
			}
			l.sizes = append(l.sizes, image.Pt(bw, bh))
		}
		l.look(p.stored, p.orientation)
		l.linear = s.Linear && l.view.filter != "" && l.view.filter != "nearest"
		if p.has(&l) {
			continue
		}
		p.small = append(p.small, small...)
		if err := p.add(s, l, h); err != nil {
			return plan{}, err
		}
	}
	for i := range p.legs {
		p.deepen(s, &p.legs[i], h)
	}
	return p, nil
}

// add adds a leg of each format to p. The error is that of a format which cannot hold an image of that size. If the
// smallest file is asked for, such a format is left out unless none is left.
func (p *plan) add(s Spec, l leg, h Header) error {
	var failed error
	before, outputs := len(p.legs), s.Outputs(h)
	animated := s.Animate != AnimationFirst && h.traits != nil && h.traits.frames != nil
	some := animated && slices.ContainsFunc(outputs, Format.Animates)
	for _, f := range outputs {
		l := l
		l.row = f.row()
		l.enc = s.encoding(l.row)
		l.enc.animated = animated
		if p.smallest && some && !l.animates() {
			continue // one frame is no smaller file of an animation
		}
		p.animated = p.animated || l.animates()
		if err := l.row.holds(l.size().X, l.size().Y); err == nil {
			p.legs = append(p.legs, p.colored(l, s.ICC, h))
		} else if failed = err; !p.smallest {
			return err
		}
	}
	if len(p.legs) > before {
		return nil
	}
	return failed
}

// has reports whether an earlier size comes to the same pixels as l, and notes that with it. That is so where the image
// is smaller than both: one file serves both, and two would be equal.
func (p *plan) has(l *leg) bool {
	for legs := range p.bySize() {
		if first := &legs[0]; first.view == l.view && first.gray == l.gray &&
			slices.EqualFunc(first.asked(), l.asked(), func(a, b Op) bool { return a.String() == b.String() }) {
			for i := range legs {
				legs[i].same = append(legs[i].same, l.label)
			}
			return true
		}
	}
	return false
}

// tiniest returns the label of the size with the fewest pixels, the first of several.
func (p *plan) tiniest() string {
	pixels := func(l leg) int64 { return int64(l.size().X) * int64(l.size().Y) }
	return slices.MinFunc(p.legs, func(a, b leg) int { return cmp.Compare(pixels(a), pixels(b)) }).label
}

// notMade returns a warning for each size that has the pixels of others, which are not made.
func (p *plan) notMade() (list []string) {
	for legs := range p.bySize() {
		if l := &legs[0]; len(l.same) > 0 {
			list = append(list, fmt.Sprintf("not made: size %s, with the same %dx%d pixels as size %s",
				inWords(l.same, "and"), l.size().X, l.size().Y, l.label))
		}
	}
	return list
}

// colored returns l with what is to be done about the colors of an image with header h, and notes it in p.
func (p *plan) colored(l leg, rule ProfileRule, h Header) leg {
	if h.traits == nil {
		return l
	}
	c := h.traits.colors
	if l.enc.wantsChroma {
		p.colors = append(p.colors, fmt.Sprintf("color has half the resolution in %s, also with chroma %s",
			l.row.name, ChromaFull))
	}
	if c.why != "" && (rule != ProfileStrip || c.formula) {
		p.colors = append(p.colors, c.why)
	}
	ops := len(l.ops)
	if why := l.colored(c.profile, rule); why != "" {
		p.colors = append(p.colors, why)
	}
	switch {
	case c.inks != nil:
		p.tables = c.inks.tables
	case len(l.ops) > ops:
		p.tables = c.profile.tables
	}
	return l
}

// tooSmall returns a warning if op is a resize that was to fill a box and makes only w × h pixels of an image of that
// size. It returns "" for everything else.
func tooSmall(op Op, size image.Point, w, h int) string {
	if op.op.name != "resize" {
		return ""
	}
	r := resizeOf(args(op))
	inside := cmp.Or(r.Fit, FitInside) == FitInside
	if r.Width == 0 || r.Height == 0 || inside || w >= r.Width && h >= r.Height {
		return ""
	}
	const form = "smaller than the %dx%d that fit %s was to fill: %dx%d, as the image is only %dx%d and upscale is off"
	return fmt.Sprintf(form, r.Width, r.Height, r.Fit, w, h, size.X, size.Y)
}
