package vp8

import (
	"errors"
	"fmt"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// DefaultQuality is the quality of the zero EncodeOptions.
const DefaultQuality = 80

// The efforts of an Encoder. At equal structural similarity their files of 15 photographs of 800 pixels have 2, 7 and 8
// per cent fewer bytes than those of libwebp's default method, for 0.6, 1.3 and 3.9 of its CPU time.
const (
	Fast   = iota // modes by what prediction leaves, levels by rounding
	Normal        // modes and levels by squared errors and bits
	High          // more modes, and a second time with what tokens turned out to cost
)

// EncodeOptions say how to encode. The zero value means DefaultQuality and Fast.
type EncodeOptions struct {
	// Quality is 1 to 100, on the scale of libwebp; 0 means DefaultQuality.
	Quality int
	// Effort is Fast, Normal or High: more of it makes smaller files and takes longer.
	Effort int
	// Stop is called once for each row of macroblocks, and again while they are written.
	Stop codec.Stop
}

// MaxSide is the largest width and height of a picture (RFC 6386, section 9.1).
const MaxSide = 1<<14 - 1

// An Encoder encodes pictures one after the other. The zero value is ready. It keeps its buffers; it is not for
// concurrent use.
//
//	planes -> segments by details -> for each macroblock: predictions -> modes and levels -> reconstruction
//	       -> modes, and levels that are not 0, of the whole picture -> counts of tokens -> probabilities -> bytes
//
// What it keeps of a picture takes about half a byte for a pixel of a photograph, and at most four for noise.
type Encoder struct {
	width, height   int // in macroblocks
	luma, blue, red pixel.Plane
	effort          int

	segments     int
	quant        [maxSegments]segmentQuant
	segmentProbs [3]uint8
	detail       []uint8 // of each macroblock: the logarithm of its details, then its segment
	modeBudget

	mb     work
	above  [3][]byte // the last reconstructed row of each plane, from its corner on; four more samples of luma
	modes  []uint8   // the modes of the subblocks above
	left   [4]uint8  // and of those to the left
	around []context // of the macroblocks above

	// What is written in the end.
	records []record
	masks   []uint16 // which levels are not 0, for each block of the macroblocks that have any
	levels  []int16  // those that are not 0
	counts  tokenCounts
	skips   int // how many macroblocks have no levels

	// For tests: how much less than maxFirst the first partition may have, and what is called with each macroblock as
	// it was reconstructed.
	lessFirst int
	seen      func(x, y int, luma *[16]samples, chroma *[8]samples)
}

// A context is which blocks around have levels that are not 0, a bit for each: four of luma, two of each plane of
// chroma, and the block of first coefficients.
type context struct {
	luma, chroma [4]uint8
	second       uint8
}

// A record is what is written of a macroblock besides its levels.
type record struct {
	each   bool // each subblock has a mode of its own
	coded  bool // it has levels that are not 0
	luma   uint8
	chroma uint8
	modes  [16]uint8
}

// Append encodes the picture p, YCbCr 4:2:0 in the range of video, as a key frame of VP8 without a container, and
// appends it to dst. The first plane's W and H are the picture's size, 1 to MaxSide each; the other two have half of
// it, rounded up. p is only read; of each plane W×H samples count, and its Extent does not. The error is
// codec.ErrStopped, or says what is wrong with p or o; dst is returned as it was then.
func (e *Encoder) Append(dst []byte, p *pixel.Planes, o EncodeOptions) ([]byte, error) {
	if err := e.layOut(p); err != nil {
		return dst, err
	}
	makeTables()
	defer func() { e.luma, e.blue, e.red = pixel.Plane{}, pixel.Plane{}, pixel.Plane{} }()
	if o.Quality == 0 {
		o.Quality = DefaultQuality
	}
	if o.Quality < 1 || o.Quality > 100 {
		return dst, fmt.Errorf("quality is %d, 1 to 100 was expected", o.Quality)
	}
	if o.Effort < Fast || o.Effort > High {
		return dst, fmt.Errorf("effort is %d, %d to %d was expected", o.Effort, Fast, High)
	}
	if err := e.measure(int(qualities[o.Quality]), o.Stop); err != nil {
		return dst, err
	}
	e.effort = min(o.Effort, Normal)
	if err := e.encode(o.Stop); err != nil {
		return dst, err
	}
	if o.Effort == High {
		// Once more, with what tokens turned out to cost.
		e.effort = High
		e.rate()
		if err := e.encode(o.Stop); err != nil {
			return dst, err
		}
	}
	return e.write(dst, o)
}

// encode encodes all macroblocks.
func (e *Encoder) encode(stop codec.Stop) error {
	e.begin()
	for y := range e.height {
		if err := stop.Err(); err != nil {
			return err
		}
		if e.effort == Normal && (y%8 == 0 || y < 8 && y&(y-1) == 0) {
			e.rate() // from the rows above
		}
		e.row(y)
	}
	return nil
}

// rate sets what tokens cost from the counts so far.
func (e *Encoder) rate() {
	probs := e.counts.choose()
	for i := range e.quant[:e.segments] {
		e.quant[i].rates.set(&probs)
	}
}

// layOut takes over p.
func (e *Encoder) layOut(p *pixel.Planes) error {
	if p.Kind != pixel.YCbCr {
		return fmt.Errorf("the picture is %v, YCbCr was expected", p.Kind)
	}
	if !p.Video {
		return errors.New("the picture has the full range, that of video was expected")
	}
	w, h := p.Plane[0].W, p.Plane[0].H
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return fmt.Errorf("the picture has %d×%d pixels, 1 to %d were expected", w, h, MaxSide)
	}
	for i, q := range p.Plane[:3] {
		if q.Stride < q.W || q.H > 0 && len(q.Pix) < (q.H-1)*q.Stride+q.W {
			return fmt.Errorf("plane %d has %d samples and rows of %d, too few for %d×%d",
				i, len(q.Pix), q.Stride, q.W, q.H)
		}
		if i > 0 && (q.W != (w+1)/2 || q.H != (h+1)/2) {
			return fmt.Errorf("the chroma planes are %d×%d, %d×%d was expected", q.W, q.H, (w+1)/2, (h+1)/2)
		}
	}
	e.luma, e.blue, e.red = p.Plane[0], p.Plane[1], p.Plane[2]
	e.width, e.height = (w+15)/16, (h+15)/16
	e.modeBudget.start(e.width*e.height, e.lessFirst)
	return nil
}

// begin forgets what was encoded.
func (e *Encoder) begin() {
	for i := range e.above {
		n := 8*e.width + 1
		if i == 0 {
			n = 16*e.width + 5
		}
		e.above[i] = grown(e.above[i], n)
		for j := range e.above[i] {
			e.above[i][j] = 127
		}
	}
	e.modes = grown(e.modes, 4*e.width)
	clear(e.modes) // predictDC is what counts as the mode outside
	e.around = grown(e.around, e.width)
	clear(e.around)
	e.modeBudget.start(e.width*e.height, e.lessFirst)
	e.records, e.masks, e.levels, e.skips = e.records[:0], e.masks[:0], e.levels[:0], 0
	e.counts = tokenCounts{}
}

// grown returns s with n elements, whatever they are.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// write appends the file.
func (e *Encoder) write(dst []byte, o EncodeOptions) ([]byte, error) {
	probs := e.counts.choose()
	start := len(dst)
	var w boolWriter
	w.start(append(dst, make([]byte, 10)...))
	skipProb := e.header(&w, &probs)
	clear(e.modes)
	for y := range e.height {
		if err := o.Stop.Err(); err != nil {
			return dst, err
		}
		e.left = [4]uint8{}
		for x := range e.width {
			i := y*e.width + x
			e.writeSegment(&w, e.detail[i])
			e.writeModes(&w, x, &e.records[i], skipProb)
		}
	}
	w.flush()
	first := len(w.buf) - start - 10
	lw, lh := e.luma.W, e.luma.H
	// A key frame of version 0 that is shown, the length of the first partition, the start code and the size.
	copy(w.buf[start:], []byte{byte(first<<5) | 0x10, byte(first >> 3), byte(first >> 11), 0x9d, 1, 0x2a,
		byte(lw), byte(lw >> 8), byte(lh), byte(lh >> 8)})
	w.start(w.buf)
	clear(e.around)
	masks, levels := e.masks, e.levels
	for y := range e.height {
		if err := o.Stop.Err(); err != nil {
			return dst, err
		}
		var left context
		for x := range e.width {
			r := &e.records[y*e.width+x]
			if !r.coded {
				left.skip(r.each)
				e.around[x].skip(r.each)
				continue
			}
			levels = w.macroblock(&probs, r.each, &e.around[x], &left, masks, levels)
			masks = masks[blocks:]
		}
	}
	w.flush()
	return w.buf, nil
}

// header writes what stands before the macroblocks (RFC 6386, sections 9.2 to 9.11 and 19.2). It returns the
// probability that a macroblock has levels.
func (e *Encoder) header(w *boolWriter, probs *tokenProbs) uint8 {
	w.number(0, 2) // the color space; samples are clamped
	e.writeSegments(w)
	w.flag(false) // the normal filter
	w.number(e.quant[0].filter, 6)
	w.number(0, 3) // sharpness
	w.flag(false)  // the same for all modes
	w.number(0, 2) // one partition of coefficients
	w.number(e.quant[0].index, 7)
	for range 5 {
		w.optional(0, 4) // no steps differ from those of the index
	}
	w.flag(false) // no later frames
	for i := range probs {
		for j := range probs[i] {
			for k := range probs[i][j] {
				for l, p := range probs[i][j][k] {
					change := p != defaultProbs[i][j][k][l]
					w.bit(change, updateProbs[i][j][k][l])
					if change {
						w.number(int(p), 8)
					}
				}
			}
		}
	}
	if w.flag(!e.plain); e.plain {
		return 0
	}
	prob := probability(uint32(len(e.records)-e.skips), uint32(e.skips))
	w.number(int(prob), 8)
	return prob
}

// writeModes writes the modes of macroblock x of a row (sections 10 and 11).
func (e *Encoder) writeModes(w *boolWriter, x int, r *record, skipProb uint8) {
	if !e.plain {
		w.bit(!r.coded, skipProb)
	}
	above, left := (*[4]uint8)(e.modes[4*x:]), &e.left
	if r.each {
		w.bit(false, 145)
		for i, m := range r.modes {
			writeMode(w, m, &modeProbs[above[i%4]][left[i/4]])
			above[i%4], left[i/4] = m, m
		}
	} else {
		writeLuma(w, r.luma)
		m := r.luma
		*above, *left = [4]uint8{m, m, m, m}, [4]uint8{m, m, m, m}
	}
	writeChroma(w, r.chroma)
}

// blocks is how many blocks a macroblock has: the one of first coefficients, 16 of luma and eight of chroma.
const blocks = 25

// skip notes a macroblock without levels.
func (c *context) skip(each bool) {
	second := c.second
	*c = context{}
	if each {
		c.second = second
	}
}

// macroblock writes the levels of a macroblock, which are the first ones of masks and l. It returns the rest of l.
func (w *boolWriter) macroblock(probs *tokenProbs, each bool, above, left *context, masks []uint16, l []int16) []int16 {
	kind, first := lumaBlock, 0
	if !each {
		kind, first = lumaWithoutFirst, 1
		l = w.block(&probs[firstOfLuma], int(above.second+left.second), 0, masks[0], l)
		above.second = some(masks[0])
		left.second = above.second
	}
	for i, mask := range masks[1:17] {
		a, b := &above.luma[i%4], &left.luma[i/4]
		l = w.block(&probs[kind], int(*a+*b), first, mask, l)
		*a = some(mask)
		*b = *a
	}
	for i, mask := range masks[17:blocks] {
		a, b := &above.chroma[i/4*2+i%2], &left.chroma[i/4*2+i/2%2]
		l = w.block(&probs[chromaBlock], int(*a+*b), 0, mask, l)
		*a = some(mask)
		*b = *a
	}
	return l
}

// some returns 1 if there are levels that are not 0, and 0 otherwise.
func some(mask uint16) uint8 {
	if mask != 0 {
		return 1
	}
	return 0
}
