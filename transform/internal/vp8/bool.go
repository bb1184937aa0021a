package vp8

import (
	"encoding/binary"
	"math/bits"
)

// A boolReader reads the bits of one partition (RFC 6386, section 7).
type boolReader struct {
	window
	data []byte
	// short reports that a bit was read behind the last byte, where zeros are read.
	short bool
}

// A window is what has been read and not yet used. It is apart from the rest so that a loop can hold it in registers.
type window struct {
	value uint64 // with count bits behind the eight that are compared
	count int
	width uint32 // of the range, 128 to 255
}

func (r *boolReader) start(data []byte) {
	*r = boolReader{data: data, window: window{count: -8, width: 255}}
}

// more returns w after reading on, as many bytes as there is room for.
func (r *boolReader) more(w window) window {
	if len(r.data) >= 8 {
		w.value = w.value<<56 | binary.BigEndian.Uint64(r.data)>>8
		w.count += 56
		r.data = r.data[7:]
		return w
	}
	w.value <<= 8
	w.count += 8
	if len(r.data) == 0 {
		r.short = true
		return w
	}
	w.value |= uint64(r.data[0])
	r.data = r.data[1:]
	return w
}

// shifts has the number of bits that a width is short of eight. It is faster than to count them.
var shifts = func() (t [256]uint8) {
	for width := range t {
		t[width] = uint8(bits.LeadingZeros8(uint8(width)))
	}
	return t
}()

// next returns w after a bit that is 0 with a probability of prob in 256, and the bit. There must be one: count may not
// be negative.
func (w window) next(prob uint8) (window, bool) {
	width := (w.width-1)*uint32(prob)>>8 + 1
	at := uint64(width) << (w.count & 63)
	one := w.value >= at
	if one {
		w.value -= at
		width = w.width - width
	}
	shift := shifts[uint8(width)]
	w.width = width << shift
	w.count -= int(shift)
	return w, one
}

// bit reads a bit that is 0 with a probability of prob in 256.
func (r *boolReader) bit(prob uint8) (one bool) {
	if r.count < 0 {
		r.window = r.more(r.window)
	}
	r.window, one = r.window.next(prob)
	return one
}

// flag reads a bit that is as likely 0 as 1.
func (r *boolReader) flag() bool { return r.bit(128) }

// number reads an unsigned number of n bits.
func (r *boolReader) number(n int) int32 {
	var v int32
	for range n {
		v <<= 1
		if r.flag() {
			v |= 1
		}
	}
	return v
}

// signed reads a number of n bits and its sign.
func (r *boolReader) signed(n int) int32 {
	v := r.number(n)
	if r.flag() {
		return -v
	}
	return v
}

// optional reads a signed number that may be left out, and is 0 then.
func (r *boolReader) optional(n int) int32 {
	if !r.flag() {
		return 0
	}
	return r.signed(n)
}
