package transform

import "image"

// Need estimates the bytes of memory that Do uses at its peak for an image with header h, besides the file of the
// image. It adds up what the path takes until there are images of the sizes that are asked for, the step or encoder
// that takes most, and the outputs. Memory that is no longer used is not counted: the garbage collector takes it back
// in time if there is a limit (runtime/debug.SetMemoryLimit).
//
// h is what ReadHeader returned. For a Header that was made by hand, Need assumes that the whole image is decoded to
// RGB, and that outputs have as many bytes as their pixels.
func (s Spec) Need(h Header) int64 {
	const fixed = 1 << 20 // tables, windows and buffers, for any size
	p, err := s.plan(h, Limits{MaxPixels: 1 << 50})
	n := needs{plan: p, header: h, light: s.Linear, clear: h.Alpha || s.Background.nrgba().A < 255}
	if h.traits != nil {
		n.traits = *h.traits
	}
	if err != nil {
		(&rgbPath{p, h}).need(&n) // Do will fail; this path takes most
	} else {
		p.path(h).need(&n)
	}
	n.held += s.metadataNeed(h, max(len(p.legs), 1))
	if s.IfSmaller == IfSmallerCopy {
		n.during(n.most + n.price.bytes)
	}
	total := n.held + n.most + p.tables
	for _, a := range s.assets {
		if c := a.colors.profile; c != nil {
			total += c.tables
		}
	}
	return total + total/16 + fixed // the collector is never quite up to date
}

// needs adds up the memory of one image.
type needs struct {
	plan   plan
	header Header
	traits       // of header; zero if the header was made by hand
	clear  bool  // pixels may be transparent
	light  bool  // resizing is done in linear light
	held   int64 // bytes that are used until the last output is there
	most   int64 // bytes that are used besides, at the peak
}

// during counts bytes that are used for a while, besides those that are held.
func (n *needs) during(bytes int64) { n.most = max(n.most, bytes) }

// steps counts doing ops to an image of that size, which is already counted, and encoding the result for l. more bytes
// are used all the time. Legs that share a result are counted one by one: the peak is the same.
func (n *needs) steps(l *leg, more int64, size image.Point, ops []Op) {
	var in int64 // bytes of the image that goes into a step; that of the first is already counted
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
		if l.deep {
			// Samples have two bytes, and a smart crop is searched in a copy of 8 bits.
			out *= 2
			step = 2*step + imageBytes(args(op), before.X, before.Y)
		}
		if op.op.name == "resize" && (l.deep || n.light) {
			// Rows and weights of the resampler are wider.
			step += 600*int64(min(before.X, prescaleSide)) + 200*int64(before.Y+size.X+size.Y)
		}
		n.during(more + step)
		in = out
	}
	n.output(l, more+in, size, true)
}

// output counts the encoding of the output of l, an image of that size, while more bytes are used. rgb reports whether
// the image is in RGB, and not yet planes or gray.
func (n *needs) output(l *leg, more int64, size image.Point, rgb bool) {
	pixels := int64(size.X) * int64(size.Y)
	row := l.row
	need := row.need
	if need == nil {
		need = packedNeed
	}
	file, encoder := need(n, l, pixels)
	if rgb {
		encoder += row.copies * pixels
		if n.clear && row.alpha != alphaFull {
			encoder += 4 * pixels // laid over a background
		}
	}
	n.during(more + encoder)
	n.held += file
}

// packedNeed is the need of a format that packs its pixels without loss. The file has no more bytes in proportion than
// its source; a JPEG may become eight times as many. The file grows by doubling.
func packedNeed(n *needs, l *leg, pixels int64) (file, encoder int64) {
	perPixel := int64(4)
	if l.deep {
		perPixel = 8
	}
	file = n.file(pixels, perPixel, 8)
	return file, 2 * file
}

// plainNeed is the need of a format that writes pixels as they are, into a file whose size is known before.
func plainNeed(n *needs, _ *leg, pixels int64) (file, encoder int64) { return n.file(pixels, 4, 0), 0 }

// file estimates the bytes of an output: at most perPixel for each pixel, and in proportion at most factor times those
// of its source. A factor of 0 is no bound: the bytes of a pattern, or of the dots of a palette, do not tell those of
// a JPEG.
func (n *needs) file(pixels, perPixel, factor int64) int64 {
	file := perPixel * pixels
	source := int64(n.header.Width) * int64(n.header.Height)
	if factor == 0 || n.price.bytes == 0 || source <= 0 {
		return file
	}
	ratio := float64(pixels) / float64(source)
	scale := max(ratio, min(1, 4*ratio)) // fewer pixels take more bytes each
	return int64(min(float64(file), float64(factor*n.price.bytes)*scale+float64(pixels/16+64<<10)))
}
