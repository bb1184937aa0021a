package vp8

import (
	"errors"
	"fmt"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// A Header is what stands before the macroblocks of a picture.
type Header struct {
	// Width and Height are in pixels.
	Width, Height int

	first int // length of the first partition
	data  []byte
}

// Shape returns what Decode makes of the picture.
func (h *Header) Shape() pixel.Shape {
	return pixel.Shape{
		Width: h.Width, Height: h.Height, Kind: pixel.YCbCr, Video: true, Halves: true,
		Sampling: [4]pixel.Sampling{{H: 2, V: 2}, {H: 1, V: 1}, {H: 1, V: 1}},
	}
}

// ReadHeader reads the first ten bytes (RFC 6386, section 9.1).
func ReadHeader(data []byte) (Header, error) {
	if len(data) < 10 || data[0]&1 != 0 || string(data[3:6]) != "\x9d\x01\x2a" {
		return Header{}, errors.New("its lossy image has no header")
	}
	return Header{
		Width:  int(data[6]) | int(data[7]&0x3f)<<8,
		Height: int(data[8]) | int(data[9]&0x3f)<<8,
		first:  int(data[0])>>5 | int(data[1])<<3 | int(data[2])<<11,
		data:   data[10:],
	}, nil
}

// segments are groups of macroblocks with a quantizer and a filter level of their own (section 9.3).
type segments struct {
	on, mapped, absolute bool
	quantizer, level     [4]int32
	probs                [3]uint8
}

func (s *segments) read(r *boolReader) {
	// Without numbers, those of all segments are 0, in the readers that there are.
	s.probs, s.absolute = [3]uint8{255, 255, 255}, true
	if s.on = r.flag(); !s.on {
		return
	}
	s.mapped = r.flag()
	if r.flag() {
		s.absolute = r.flag()
		for i := range s.quantizer {
			s.quantizer[i] = r.optional(7)
		}
		for i := range s.level {
			s.level[i] = r.optional(6)
		}
	}
	if !s.mapped {
		return
	}
	for i := range s.probs {
		if r.flag() {
			s.probs[i] = uint8(r.number(8))
		}
	}
}

// of returns the value for segment i: v is that of the whole picture, own has those of the segments.
func (s *segments) of(i int, v int32, own *[4]int32) int32 {
	switch {
	case !s.on:
		return v
	case s.absolute:
		return own[i]
	}
	return v + own[i]
}

// filterHeader is how edges between blocks are smoothed (section 9.4).
type filterHeader struct {
	simple     bool
	level      int32
	sharpness  int32
	intra, sub int32 // what is added to the level in this kind of frame, and where subblocks are predicted
}

func (f *filterHeader) read(r *boolReader) {
	f.simple, f.level, f.sharpness = r.flag(), r.number(6), r.number(3)
	if differs := r.flag(); !differs {
		return
	}
	if changes := r.flag(); !changes {
		return
	}
	for i := range 8 {
		switch v := r.optional(6); i {
		case 0:
			f.intra = v
		case 4:
			f.sub = v
		}
	}
}

// steps are the quantizer steps of a segment: of the first coefficient of a block, and of the others.
type steps struct{ y1, y2, uv [2]int32 }

func readSteps(r *boolReader, s *segments) (all [4]steps) {
	base := r.number(7)
	var delta [5]int32
	for i := range delta {
		delta[i] = r.optional(4)
	}
	at := func(table *[128]int32, i, most int32) int32 { return table[min(max(i, 0), most)] }
	for i := range all {
		q := s.of(i, base, &s.quantizer)
		all[i] = steps{
			y1: [2]int32{at(&dcSteps, q+delta[0], 127), at(&acSteps, q, 127)},
			y2: [2]int32{2 * at(&dcSteps, q+delta[1], 127), max(155*at(&acSteps, q+delta[2], 127)/100, 8)},
			uv: [2]int32{at(&dcSteps, q+delta[3], 117), at(&acSteps, q+delta[4], 127)}, // at most 132: section 9.6
		}
	}
	return all
}

// readHeaders reads all of the first partition that stands before the macroblocks, and finds the other partitions
// (sections 9.2 to 9.11).
func (d *decoder) readHeaders(h *Header) error {
	if h.first > len(h.data) {
		return codec.ErrShort
	}
	r := &d.modes
	r.start(h.data[:h.first])
	r.number(2) // the color space, and whether samples may be out of range: neither changes anything
	d.segments.read(r)
	d.filter.read(r)
	d.parts = 1 << r.number(2)
	rest := h.data[h.first:]
	if len(rest) < 3*(d.parts-1) {
		return codec.ErrShort
	}
	sizes, rest := rest[:3*(d.parts-1)], rest[3*(d.parts-1):]
	for i := range d.parts {
		n := len(rest)
		if i < d.parts-1 {
			n = min(n, int(sizes[3*i])|int(sizes[3*i+1])<<8|int(sizes[3*i+2])<<16)
		}
		d.tokens[i].start(rest[:n])
		rest = rest[n:]
	}
	d.steps = readSteps(r, &d.segments)
	r.flag() // whether probabilities count for later frames, too
	probs := defaultProbs
	for i := range probs {
		for j := range probs[i] {
			for k := range probs[i][j] {
				for l, p := range updateProbs[i][j][k] {
					if r.bit(p) {
						probs[i][j][k][l] = uint8(r.number(8))
					}
				}
			}
		}
	}
	for kind := range d.probs {
		d.probs[kind] = spreadProbs(&probs[kind])
	}
	if d.skips = r.flag(); d.skips {
		d.skipProb = uint8(r.number(8))
	}
	if r.short {
		return fmt.Errorf("its first partition of %d bytes is too short", h.first)
	}
	return nil
}
