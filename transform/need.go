package transform

import "image"

// Need estimates the bytes of memory that Do has in use at its peak for an image with header h, besides its file: what
// the way of its pixels takes until there are images of the sizes that are wanted, the step or encoder that needs most,
// and the outputs. What is no longer in use is the garbage collector's to take back, which it does in time where there
// is a limit (runtime/debug.SetMemoryLimit). h is what ReadHeader returned; of a Header that was made by hand, the
// general way is assumed, and that outputs do not get smaller than their pixels.
func (s Spec) Need(h Header) int64 {
	const fixed = 1 << 20 // tables, windows and buffers, whatever the size
	p, err := s.plan(h, Limits{MaxPixels: 1 << 50})
	n := needs{plan: p, header: h, clear: h.Alpha || s.Background.nrgba().A < 255}
	if err != nil {
		(&rgbPath{p, h}).need(&n) // Do will fail; this path takes most
	} else {
		p.path(h).need(&n)
	}
	total := n.held + n.most
	return total + total/16 + fixed // the collector is never quite up to date
}

// needs adds up the memory of one image.
type needs struct {
	plan   plan
	header Header
	clear  bool  // pixels may be transparent
	held   int64 // until the last output is there
	most   int64 // besides, at the peak
}

// during notes what is needed for a while, besides what is held.
func (n *needs) during(bytes int64) { n.most = max(n.most, bytes) }

// steps adds what it takes to do ops to an image of that size, which is held already, and to encode the result; more
// is needed all the time.
func (n *needs) steps(more int64, size image.Point, ops []Op) {
	var in int64 // what goes into a step, but for the first
	for _, op := range ops {
		before := size
		if op.op.size != nil {
			if w, h, err := op.op.size(args(op), size.X, size.Y); err == nil {
				size = image.Pt(w, h)
			}
		}
		out := imageBytes(args(op), size.X, size.Y)
		step := in + out
		if op.op.extra != nil {
			step += op.op.extra(args(op), before.X, before.Y)
		}
		n.during(more + step)
		in = out
	}
	n.output(more+in, size, true)
}

// output adds the encoding of an image of that size. more is needed besides; rgb says that it is not yet planes or
// gray.
func (n *needs) output(more int64, size image.Point, rgb bool) {
	pixels := int64(size.X) * int64(size.Y)
	row := n.plan.row
	need := row.need
	if need == nil {
		need = packedNeed
	}
	file, encoder := need(n, pixels)
	if rgb {
		encoder += row.copies * pixels
		if n.clear && row.alpha != alphaFull {
			encoder += 4 * pixels // laid over a background
		}
	}
	n.during(more + encoder)
	n.held += file
}

// packedNeed is the need of a format without loss that packs its pixels: no more bytes than the source had, of which a
// JPEG may become eight times as many. The file grows by doubling.
func packedNeed(n *needs, pixels int64) (file, encoder int64) {
	file = n.file(pixels, 4, 8)
	return file, 2 * file
}

// plainNeed is the need of a format that writes pixels as they are, into a file whose size is known.
func plainNeed(n *needs, pixels int64) (file, encoder int64) { return n.file(pixels, 4, 0), 0 }

// file estimates the bytes of an output that has perPixel at most, and no more than factor times its source in
// proportion; a factor of 0 is no bound. What a JPEG makes of a pattern, or of the dots of a palette, does not follow
// from their bytes.
func (n *needs) file(pixels, perPixel, factor int64) int64 {
	file := perPixel * pixels
	source := int64(n.header.Width) * int64(n.header.Height)
	if factor == 0 || n.header.price.bytes == 0 || source <= 0 {
		return file
	}
	ratio := float64(pixels) / float64(source)
	scale := max(ratio, min(1, 4*ratio)) // fewer pixels take more bytes each
	return int64(min(float64(file), float64(factor*n.header.price.bytes)*scale+float64(pixels/16+64<<10)))
}
