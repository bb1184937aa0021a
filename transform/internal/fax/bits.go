package fax

import (
	"encoding/binary"
	"math/bits"

	"imgpipe/transform/internal/codec"
)

// A bitReader takes codes off the data, the highest bit of a byte first.
type bitReader struct {
	src []byte
	acc uint64 // the next bits, from the top; zeros follow the last
	n   int    // how many of them there are; it is negative once more were taken than the data has
}

// fill makes at least 56 bits ready, or all that are left.
func (r *bitReader) fill() {
	if len(r.src) >= 8 && r.n >= 0 {
		r.acc |= binary.BigEndian.Uint64(r.src) >> (r.n & 63)
		r.src = r.src[(63-r.n)>>3:]
		r.n |= 56
		return
	}
	for r.n >= 0 && r.n <= 56 && len(r.src) > 0 {
		r.acc |= uint64(r.src[0]) << (56 - r.n)
		r.src = r.src[1:]
		r.n += 8
	}
}

// take drops k bits, which must be ready.
func (r *bitReader) take(k int) {
	r.acc <<= uint(k)
	r.n -= k
}

// end reports whether nothing but zeros is left. If not, there are under 32 of these now.
func (r *bitReader) end() bool {
	for {
		if r.n < 32 {
			r.fill()
		}
		switch {
		case r.acc>>32 != 0:
			return false
		case r.n <= 32 && len(r.src) == 0:
			return true
		}
		r.take(32)
	}
}

// align drops the rest of a byte. What is left is a whole number of bytes at the end of each.
func (r *bitReader) align() { r.take(r.n & 7) }

const eolZeros = 11 // and a 1 make an End-of-Line

// atEOL reports whether an End-of-Line comes next, with any number of zeros before it, or nothing but zeros.
func (r *bitReader) atEOL() bool {
	if r.n < 16 {
		r.fill()
	}
	return r.acc>>(64-eolZeros) == 0
}

// eol takes an End-of-Line, and reports whether one came next.
func (r *bitReader) eol() bool {
	if !r.atEOL() || r.end() {
		return false
	}
	r.take(bits.LeadingZeros64(r.acc) + 1)
	return true
}

// seek drops bits until an End-of-Line comes next, or the end.
func (r *bitReader) seek() {
	for !r.atEOL() {
		r.take(bits.LeadingZeros64(r.acc) + 1)
	}
}

// run takes the codes of a run, of a width at most.
func (r *bitReader) run(t *runTable, width int) (int, error) {
	for total := 0; ; {
		if r.n < runBits {
			r.fill()
		}
		e := t[r.acc>>(64-runBits)]
		if e == 0 {
			return 0, r.bad()
		}
		r.acc <<= e & 15
		r.n -= int(e & 15)
		v := int(e >> 4)
		if total += v; total > width {
			return 0, r.unlessCut(errLong)
		}
		if v < 64 {
			return total, nil
		}
	}
}

// bad says what is wrong where no code is found.
func (r *bitReader) bad() error {
	switch {
	case r.n < runBits && len(r.src) == 0:
		return codec.ErrCut
	case r.acc>>(64-eolZeros) != 0:
		return errCode
	case r.end():
		return codec.ErrCut
	}
	return errEOL
}

// unlessCut returns the error, or that the data ended before it was found.
func (r *bitReader) unlessCut(err error) error {
	if r.n < 0 {
		return codec.ErrCut
	}
	return err
}
