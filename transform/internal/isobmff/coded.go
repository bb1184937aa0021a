package isobmff

import (
	"errors"

	"imgpipe/transform/internal/codec"
)

// checkPixels checks an image that will be decoded: that its bytes are there, and that its coded images have the size
// that the file names. A decoder takes memory for the size in the coded image, which costs a stranger nothing.
func (f *file) checkPixels(h *Header, it *item) error {
	tiles := []*item{it}
	if it.kind == "grid" {
		var err error
		if tiles, err = f.grid(it); err != nil {
			return err
		}
	}
	w, ht, err := f.size(it)
	if err != nil {
		return err
	}
	if w != h.Width || ht != h.Height {
		return errorf("its alpha has %dx%d pixels where its picture has %dx%d", w, ht, h.Width, h.Height)
	}
	units := 0
	for _, t := range tiles {
		if t.kind != h.Codec {
			return errorf("its alpha is not coded as its picture is")
		}
		if w, ht, err = f.size(t); err != nil {
			return err
		}
		b, err := f.bytes(t)
		if errors.Is(err, codec.ErrCut) {
			h.Cut = true // which no decoder is asked to decode
			continue
		}
		if err != nil {
			return err
		}
		if t.place.n > 1 {
			if h.Joined += int64(len(b)); h.Joined > 4*int64(len(f.data)) {
				return errorf("its images overlap in the file")
			}
		}
		if h.Codec == "hvc1" {
			err = f.checkHEVC(h, t, b, w, ht, &units)
		} else {
			err = checkUnits(b, w, ht, &units)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// The types of OBUs that matter (AV1 Bitstream & Decoding Process Specification, 6.2.2).
const (
	obuSequence = 1
)

// checkUnits walks the units of a coded image (AV1, 5.3) and checks the size in each sequence header. units counts
// them, over all coded images of a file.
func checkUnits(b []byte, w, h int, units *int) error {
	found := false
	for len(b) > 0 {
		if *units++; *units > maxUnits {
			return errorf("its images have over %d parts", maxUnits)
		}
		c := cursor{b: b}
		head := c.number(1)
		if head&0x80 != 0 {
			return errorf("its coded image does not begin as a unit of AV1 does")
		}
		if head&4 != 0 {
			c.number(1)
		}
		size := uint64(len(c.b))
		if head&2 != 0 {
			size = c.leb128()
		}
		if c.bad || size > uint64(len(c.b)) {
			return errorf("its coded image ends in a unit of AV1")
		}
		if head>>3&15 == obuSequence {
			seqW, seqH, ok := sequenceSize(c.b[:size])
			if !ok {
				return errorf("its coded image has a header that is too short")
			}
			if seqW != w || seqH != h {
				return errorf("its coded image has %dx%d pixels where the file names %dx%d", seqW, seqH, w, h)
			}
			found = true
		}
		b = c.b[size:]
	}
	if !found {
		return errorf("its coded image has no header")
	}
	return nil
}

// leb128 takes a number of up to eight bytes, of seven bits each (AV1, 4.10.5).
func (c *cursor) leb128() (v uint64) {
	for i := range 8 {
		b := c.number(1)
		v |= b & 0x7f << (7 * i)
		if b&0x80 == 0 {
			return v
		}
	}
	c.bad = true
	return 0
}

// sequenceSize returns the largest frame that a sequence header allows (AV1, 5.5.1).
func sequenceSize(b []byte) (w, h int, ok bool) {
	r := bitReader{b: b}
	r.skip(3 + 1) // profile, still picture
	if r.bit() {  // reduced header
		r.skip(5)
	} else {
		r.operatingPoints()
	}
	wBits, hBits := r.bits(4)+1, r.bits(4)+1
	w, h = r.bits(wBits)+1, r.bits(hBits)+1
	return w, h, !r.bad
}

// operatingPoints skips what stands before the size in a sequence header that is not reduced.
func (r *bitReader) operatingPoints() {
	decoderModel, delay := false, 0
	if r.bit() { // timing
		r.skip(64)
		if r.bit() { // equal intervals
			zeros := 0
			for !r.bad && !r.bit() {
				zeros++
			}
			if zeros < 32 {
				r.skip(zeros)
			}
		}
		if decoderModel = r.bit(); decoderModel {
			delay = r.bits(5) + 1
			r.skip(32 + 5 + 5)
		}
	}
	displayDelay := r.bit()
	for range r.bits(5) + 1 {
		r.skip(12)
		if r.bits(5) > 7 {
			r.skip(1)
		}
		if decoderModel && r.bit() {
			r.skip(2*delay + 1)
		}
		if displayDelay && r.bit() {
			r.skip(4)
		}
	}
}

// A bitReader takes bits off the front of some bytes, the highest first. Once they are too short, bad is set and all
// bits are 0.
type bitReader struct {
	b   []byte
	at  int
	bad bool
}

func (r *bitReader) bit() bool { return r.bits(1) == 1 }

func (r *bitReader) skip(n int) { r.at += n }

// bits returns the next n bits, at most 32.
func (r *bitReader) bits(n int) int {
	if r.bad || r.at+n > 8*len(r.b) {
		r.bad = true
		return 0
	}
	v := 0
	for range n {
		v = v<<1 | int(r.b[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v
}
