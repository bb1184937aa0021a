package transform

import (
	"fmt"
	"image"
	"strings"
)

// A plan is all that is known of a Task before a pixel is decoded.
type plan struct {
	stored      image.Point // size of the image as it is stored
	orientation int         // that is applied, 1 for none
	branches    []branch
	format      Format
	quality     int
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

// Need estimates the bytes of memory that Do will use at its peak for an image with header h, besides its file. It counts what the
// decoder needs, the decoded pixels, and the step and encoder that need most, at four bytes for a pixel. It does not trust the
// garbage collector to have taken the decoder's memory back by then.
func (s Spec) Need(h Header) int64 {
	px := int64(h.Width) * int64(h.Height)
	decode := int64(h.decode)
	if decode == 0 {
		decode = 12
	}
	need := px * (decode + 4)
	if !s.NoOrient && h.Orientation > 1 {
		need += 4 * px
	}
	const fixed = 1 << 20 // tables, windows and buffers, whatever the size
	p, err := s.plan(h, Limits{MaxPixels: 1 << 50})
	if err != nil {
		return need + fixed
	}
	var most, outputs int64
	for _, b := range p.branches {
		for i, op := range b.ops {
			in, out := b.sizes[i], b.sizes[i+1]
			step := 4 * int64(out.X) * int64(out.Y)
			if i > 0 {
				step += 4 * int64(in.X) * int64(in.Y)
			}
			if op.op.extra != nil {
				step += op.op.extra(args(op), in.X, in.Y)
			}
			most = max(most, step)
		}
		last := b.sizes[len(b.sizes)-1]
		out := int64(last.X) * int64(last.Y)
		perPixel := int64(6) // a copy without transparency, and a file that grows by doubling
		if p.format != JPEG {
			perPixel = 16 // the file may be as large as the pixels
		}
		most = max(most, perPixel*out)
		outputs += perPixel * out
	}
	return need + most + outputs + fixed
}

// Explain says in words what Do would do with an image that has header h: one line for each step. It is an error where Do would
// refuse the image, as far as its header tells.
func (s Spec) Explain(h Header, limits Limits) (string, error) {
	if err := limits.check(h.Width, h.Height); err != nil {
		return "", &Error{Kind: ClassTooLarge, Doing: "read header of " + string(h.Format), Err: err}
	}
	p, err := s.plan(h, limits)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "decode %s %dx%d\n", h.Format, h.Width, h.Height)
	if !s.NoOrient && h.Orientation > 1 {
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
