package vp8

import (
	"encoding/binary"
	"math/bits"
)

// A boolReader reads the bits of one partition (RFC 6386, section 7).
type boolReader struct {
	window
	data []byte // what the window does not have
	// short reports that a bit was read behind the last byte, where zeros are read.
	short bool
}

// A window is what has been read ahead and not yet used. It is apart from the rest so that a loop can hold it in
// registers.
type window struct {
	// value has the next bits from the top on. The first eight are compared. Behind the last one stands a 1, the mark,
	// and then zeros: so the value knows itself how many bits it has.
	value uint64
	most  uint64 // the width of the range less 1: 127 to 254
}

// start begins with data. The first range is 255 wide, so no partition begins with 255; what is read of one that does
// is of no meaning.
func (r *boolReader) start(data []byte) {
	*r = boolReader{data: data, window: window{value: 1 << 63, most: 254}}
}

// few reports whether w has fewer than eight bits, which a bit cannot be read from.
func (w window) few() bool { return w.value<<8 == 0 }

// low reports whether w has fewer than 32 bits. Otherwise three bits may be read whatever they are, since each uses at
// most seven, and a sign.
func (w window) low() bool { return uint32(w.value) == 0 }

// more returns w after reading on, as many bytes as there is room for. There must be room for one.
func (r *boolReader) more(w window) window {
	mark := bits.TrailingZeros64(w.value)
	w.value &= w.value - 1
	if len(r.data) >= 8 {
		rest := mark & 7
		next := binary.BigEndian.Uint64(r.data) >> (63 - mark)
		w.value |= (next>>rest | 1) << rest
		r.data = r.data[mark>>3:]
		return w
	}
	var next byte
	if len(r.data) == 0 {
		r.short = true
	} else {
		next, r.data = r.data[0], r.data[1:]
	}
	w.value |= uint64(next)<<(mark-7) | 1<<(mark-8)
	return w
}

// normal has, by the width of a range less 1, how far it has to be shifted to be 128 or more, and, 256 places further
// on, the width less 1 that it has then. That is faster than to count zeros and to shift.
var normal = func() (t [512]uint8) {
	for most := range 255 {
		t[most] = uint8(bits.LeadingZeros8(uint8(most + 1)))
		t[256+most] = uint8((most+1)<<t[most] - 1)
	}
	return t
}()

// split returns the width less 1 of the part of the range that stands for 0, for a bit that is 0 with a probability of
// prob in 256.
func (w window) split(prob uint8) uint64 { return w.most * uint64(prob) >> 8 }

// isZero reports whether the next bit is 0.
func (w window) isZero(split uint64) bool { return w.value < (split+1)<<56 }

// zero returns w after a bit that is 0.
func (w window) zero(split uint64) window {
	return window{w.value << (normal[split] & 63), uint64(normal[256+split])}
}

// one returns w after a bit that is 1.
func (w window) one(split uint64) window {
	most := w.most - 1 - split
	return window{(w.value - (split+1)<<56) << (normal[most] & 63), uint64(normal[256+most])}
}

// next returns w after the next bit, and that bit.
func (w window) next(prob uint8) (window, int) {
	split := w.split(prob)
	if w.isZero(split) {
		return w.zero(split), 0
	}
	return w.one(split), 1
}

// withSign returns w after a bit that is as likely 0 as 1, and v, negated if the bit is 1. It has no branch, as none
// could be foreseen. At least one bit must have been read before: the range is narrower than at first then, so that
// this bit always halves it.
func (w window) withSign(v int32) (window, int32) {
	half := w.most >> 1
	mask := int64(half-w.value>>56) >> 63 // all bits if the bit is 1
	w.value = (w.value - (half+1)<<56&uint64(mask)) << 1
	w.most = (w.most + uint64(mask)) | 1
	return w, (v ^ int32(mask)) - int32(mask)
}

// bit reads a bit that is 0 with a probability of prob in 256.
func (r *boolReader) bit(prob uint8) bool {
	w := r.window
	if w.few() {
		w = r.more(w)
	}
	w, one := w.next(prob)
	r.window = w
	return one != 0
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
