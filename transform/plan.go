package transform

import (
	"cmp"
	"fmt"
	"image"
)

// A plan is everything that is decided about a Task before a pixel is decoded.
type plan struct {
	stored      image.Point // size of the image as it is stored
	orientation int         // EXIF orientation that is undone, 1 for none
	legs        []leg
	small       []string // a warning for each output that is smaller than the box that it was to fill
	colors      []string // a warning for each profile that is left out
	tables      int64    // bytes that converting colors takes besides pixels
}

// A leg is one output's part of a path: its operations, and the view that comes to the same as the first of them.
type leg struct {
	label string
	row   *format // of the output's format
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
	p := plan{stored: image.Pt(h.Width, h.Height), orientation: 1}
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
		for _, op := range ops {
			if op.op.size != nil {
				var err error
				if bw, bh, err = op.op.size(args(op), bw, bh); err != nil {
					return plan{}, &Error{Kind: ClassOperation, Doing: op.op.name, Err: err}
				}
				if why := tooSmall(op, l.size(), bw, bh); why != "" {
					p.small = append(p.small, why)
				}
				if err := limits.check(bw, bh); err != nil {
					return plan{}, &Error{Kind: ClassTooLarge, Doing: op.op.name, Err: err}
				}
			}
			l.sizes = append(l.sizes, image.Pt(bw, bh))
		}
		l.look(p.stored, p.orientation)
		for _, f := range s.Outputs(h) {
			l := l
			l.row = f.row()
			l.enc = s.encoding(l.row)
			if err := l.row.holds(bw, bh); err != nil {
				return plan{}, err
			}
			p.legs = append(p.legs, p.colored(l, s.ICC, h))
		}
	}
	return p, nil
}

// colored returns l with what is to be done about the colors of an image with header h, and notes it in p.
func (p *plan) colored(l leg, rule ProfileRule, h Header) leg {
	if h.traits == nil {
		return l
	}
	c := h.traits.colors
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
