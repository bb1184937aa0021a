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

// tooSmall says that op, a resize that was to fill a box, made only w × h pixels of an image of that size; "" for all else.
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

// Need estimates the bytes of memory that Do will use at its peak for an image with header h, besides its file: what the way of its pixels
// takes until there are images of the sizes that are wanted, what it does not know to be smaller in RGB, and the step and encoder
// that need most. It does not trust the garbage collector to have taken memory back by then. h is what ReadHeader gave; of a
// Header that was made by hand, the general way is assumed.
func (s Spec) Need(h Header) int64 {
	const fixed = 1 << 20 // tables, windows and buffers, whatever the size
	p, err := s.plan(h, Limits{MaxPixels: 1 << 50})
	if err == nil && h.planes != nil {
		r := newRoute(h, p)
		need := r.need() + fixed + h.copies
		for _, l := range r.legs {
			if !r.direct(l) {
				need += p.work(l.view.size, l.rest)
			}
		}
		return need
	}
	if err == nil && h.rows != nil {
		legs := p.legs()
		need := rowsNeed(h, legs) + fixed
		for _, l := range legs {
			need += p.work(l.view.size, l.inRGB())
		}
		return need
	}
	px := int64(h.Width) * int64(h.Height)
	decode := int64(h.decode)
	if decode == 0 {
		decode = 12
	}
	need := px*(decode+4) + fixed + h.copies
	if !s.NoOrient && h.Orientation > 1 {
		need += 4 * px
	}
	for _, b := range p.branches {
		need += p.work(b.sizes[0], b.ops)
	}
	return need
}

// work estimates the bytes that it takes to do ops to an image of that size and to encode the result, besides the image.
func (p plan) work(size image.Point, ops []Op) int64 {
	var most int64
	for i, op := range ops {
		in := size
		if op.op.size != nil {
			if w, h, err := op.op.size(args(op), in.X, in.Y); err == nil {
				size = image.Pt(w, h)
			}
		}
		step := imageBytes(args(op), size.X, size.Y)
		if i > 0 {
			step += imageBytes(args(op), in.X, in.Y)
		}
		if op.op.extra != nil {
			step += op.op.extra(args(op), in.X, in.Y)
		}
		most = max(most, step)
	}
	perPixel := int64(6) // a copy without transparency, and a file that grows by doubling
	if p.format != JPEG {
		perPixel = 16 // the file may be as large as the pixels
	}
	file := perPixel * int64(size.X) * int64(size.Y)
	return max(most, file) + file
}
