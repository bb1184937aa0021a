package transform

import (
	"fmt"
	"image"
)

// A plan is all that is known of a Task before a pixel is decoded.
type plan struct {
	stored      image.Point // size of the image as it is stored
	orientation int         // that is applied, 1 for none
	branches    []branch
	format      Format
	quality     int
	small       []string // a warning for each output that is smaller than the box which it was to fill
}

// A branch makes one output.
type branch struct {
	label string
	ops   []Op
	sizes []image.Point // of the image before each op, and after the last
}

// plan works out the steps for an image whose upright size and format are those of h, and checks that each is possible and within
// the limits.
func (s Spec) plan(h Header, limits Limits) (plan, error) {
	w, ht := h.Width, h.Height
	if !s.NoOrient && h.Orientation > 4 {
		w, ht = ht, w
	}
	p := plan{stored: image.Pt(h.Width, h.Height), orientation: 1, format: s.Output(h), quality: s.quality()}
	if !s.NoOrient {
		p.orientation = h.Orientation
	}
	for i, v := range s.Variants() {
		ops := s.Ops
		if len(s.Sizes) > 0 {
			ops = append([]Op{s.Sizes[i].op()}, ops...)
		}
		b := branch{label: v.Label, ops: ops, sizes: []image.Point{{X: w, Y: ht}}}
		bw, bh := w, ht
		for _, op := range ops {
			if op.op.size != nil {
				var err error
				if bw, bh, err = op.op.size(args(op), bw, bh); err != nil {
					return plan{}, &Error{Kind: ClassOperation, Doing: op.op.name, Err: err}
				}
				if why := tooSmall(op, b.sizes[len(b.sizes)-1], bw, bh); why != "" {
					p.small = append(p.small, why)
				}
				if err := limits.check(bw, bh); err != nil {
					return plan{}, &Error{Kind: ClassTooLarge, Doing: op.op.name, Err: err}
				}
			}
			b.sizes = append(b.sizes, image.Pt(bw, bh))
		}
		if err := encodable(p.format, bw, bh); err != nil {
			return plan{}, &Error{Kind: ClassEncode, Doing: "encode " + string(p.format), Err: err}
		}
		p.branches = append(p.branches, b)
	}
	return p, nil
}

// tooSmall says that op, a resize that was to fill a box, made only w × h pixels of an image of that size; "" for all
// else.
func tooSmall(op Op, size image.Point, w, h int) string {
	if op.op.name != "resize" {
		return ""
	}
	r := resizeOf(args(op))
	if r.Width == 0 || r.Height == 0 || or(string(r.Fit), string(FitInside)) == string(FitInside) || w >= r.Width && h >= r.Height {
		return ""
	}
	return fmt.Sprintf("smaller than the %dx%d that fit %s was to fill: %dx%d, as the image is only %dx%d and upscale is off",
		r.Width, r.Height, r.Fit, w, h, size.X, size.Y)
}
