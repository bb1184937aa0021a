package vp8

import (
	"encoding/binary"
	"math/bits"
)

// A boolWriter writes the bits of one partition (RFC 6386, section 7).
type boolWriter struct {
	buf   []byte
	low   uint64 // of the range that is left, with 8+count bits and the carry
	width uint32 // of that range, 128 to 255
	count int    // how many bits have been shifted out of the eight that width measures, and are not in buf
}

func (w *boolWriter) start(buf []byte) { *w = boolWriter{buf: buf, width: 255} }

// bit writes a bit that is 0 with a probability of prob in 256.
func (w *boolWriter) bit(one bool, prob uint8) {
	split := (w.width-1)*uint32(prob)>>8 + 1
	if one {
		w.low += uint64(split)
		w.width -= split
	} else {
		w.width = split
	}
	shift := bits.LeadingZeros8(uint8(w.width))
	w.width <<= shift
	w.low <<= shift
	if w.count += shift; w.count >= 32 {
		w.emit()
	}
}

// emit moves four bytes to buf. A carry goes into the bytes before.
func (w *boolWriter) emit() {
	w.count -= 32
	at := w.count + 8
	v := w.low >> at
	w.low &= 1<<at - 1
	if v>>32 != 0 {
		w.carry()
	}
	w.buf = binary.BigEndian.AppendUint32(w.buf, uint32(v))
}

// carry adds 1 to the number that buf is. It never ends before the partition does, since the range lies within it.
func (w *boolWriter) carry() {
	i := len(w.buf) - 1
	for ; w.buf[i] == 255; i-- {
		w.buf[i] = 0
	}
	w.buf[i]++
}

// flush writes what is left.
func (w *boolWriter) flush() {
	pad := -w.count & 7
	w.low <<= pad
	n := w.count + pad + 8
	if w.low>>n != 0 {
		w.carry()
	}
	for n > 0 {
		n -= 8
		w.buf = append(w.buf, byte(w.low>>n))
	}
}

// flag writes a bit that is as likely 0 as 1.
func (w *boolWriter) flag(one bool) { w.bit(one, 128) }

// number writes an unsigned number of n bits.
func (w *boolWriter) number(v, n int) {
	for n--; n >= 0; n-- {
		w.flag(v>>n&1 != 0)
	}
}

// optional writes a number of n bits and its sign. Zero is left out.
func (w *boolWriter) optional(v, n int) {
	w.flag(v != 0)
	if v != 0 {
		w.number(max(v, -v), n)
		w.flag(v < 0)
	}
}
