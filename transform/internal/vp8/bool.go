package vp8

import (
	"encoding/binary"
	"math/bits"
)

// A boolReader reads the bits of one partition (RFC 6386, section 7).
type boolReader struct {
	data  []byte
	value uint64 // what has been read and not yet used, with count bits behind the eight that are compared
	count int
	width uint32 // of the range, 128 to 255
	// short reports that a bit was read behind the last byte, where zeros are read.
	short bool
}

func (r *boolReader) start(data []byte) { *r = boolReader{data: data, count: -8, width: 255} }

// fill reads on, as many bytes as there is room for.
func (r *boolReader) fill() {
	if len(r.data) >= 8 {
		r.value = r.value<<56 | binary.BigEndian.Uint64(r.data)>>8
		r.count += 56
		r.data = r.data[7:]
		return
	}
	r.value <<= 8
	r.count += 8
	if len(r.data) == 0 {
		r.short = true
		return
	}
	r.value |= uint64(r.data[0])
	r.data = r.data[1:]
}

// bit reads a bit that is 0 with a probability of prob in 256.
func (r *boolReader) bit(prob uint8) bool {
	if r.count < 0 {
		r.fill()
	}
	split := (r.width-1)*uint32(prob)>>8 + 1
	at := uint64(split) << r.count
	one := r.value >= at
	if one {
		r.value -= at
		r.width -= split
	} else {
		r.width = split
	}
	shift := bits.LeadingZeros8(uint8(r.width))
	r.width <<= shift
	r.count -= shift
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
