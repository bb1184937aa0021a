package vp8

import (
	"encoding/binary"

	"imgpipe/transform/internal/pixel"
)

// A halver makes a plane of half the columns and rows while the rows of the whole one come in. Each sample is made of
// six columns and six rows, by weights of -3, 5, 30, 30, 5 and -3 in 64ths. Of weights without a fraction of a 64th,
// these are flat where the picture has no detail and at its finest one. They leave 0.95 of 0.135 periods per sample
// and 0.07 of 0.4. Samples beside the picture are those at its edge.
//
// Sixteen bits hold a sample on its way, so that a word has four of them: those of even columns in one word, those of
// odd ones in another.
type halver struct {
	from      *plane
	side      int // of a macroblock
	w, h      int // of the whole plane
	out       pixel.Plane
	next      int      // the row that is made next
	even, odd []uint64 // sums of rows, with a word more at both ends
}

// halverReach is how many rows above a macroblock the rows are made of that are not complete without it.
const halverReach = 4

// newHalver returns the halver of a plane of w × h samples.
func newHalver(from *plane, side, w, h int) *halver {
	words, rows := (w+7)/8, (h+1)/2
	return &halver{
		from: from, side: side, w: w, h: h,
		out:  pixel.Plane{Pix: make([]byte, 4*words*rows), Stride: 4 * words, W: (w + 1) / 2, H: rows},
		even: make([]uint64, words+2), odd: make([]uint64, words+2),
	}
}

// take makes the rows that are complete with row y of macroblocks.
func (v *halver) take(y int) {
	base, end := v.side*y, v.side*(y+1)
	for ; v.next < v.out.H && (2*v.next+3 < end || end >= v.h); v.next++ {
		var rows [6][]byte
		for k := range rows {
			row := min(max(2*v.next-2+k, 0), v.h-1) - base
			rows[k] = v.from.pix[v.from.origin+row*v.from.stride:][:8*(len(v.even)-2)]
		}
		v.sum(&rows)
		v.across(v.out.Pix[v.next*v.out.Stride:][:v.out.Stride])
	}
	v.from.advance(v.side)
}

const (
	halfShift = 6
	// sumRise keeps sums of rows positive, which can be short of 0 by a seventh of their range.
	sumRise = 32
	// acrossRise makes sums of columns 256 to 511 if they are within the range of a sample.
	acrossRise = 256
)

// sum makes the sums of six rows.
func (v *halver) sum(rows *[6][]byte) {
	const rise = (sumRise<<halfShift + 1<<(halfShift-1)) * ones
	const mask = 1<<(16-halfShift) - 1
	le := binary.LittleEndian
	n := len(rows[0])
	r0, r1, r2 := rows[0], rows[1][:n], rows[2][:n]
	r3, r4, r5 := rows[3][:n], rows[4][:n], rows[5][:n]
	even, odd := v.even[1:1+n/8], v.odd[1:1+n/8]
	for i := range even {
		a, b, c := le.Uint64(r0[8*i:]), le.Uint64(r1[8*i:]), le.Uint64(r2[8*i:])
		d, e, f := le.Uint64(r3[8*i:]), le.Uint64(r4[8*i:]), le.Uint64(r5[8*i:])
		even[i] = (30*(c&evenByte+d&evenByte) + 5*(b&evenByte+e&evenByte) + rise -
			3*(a&evenByte+f&evenByte)) >> halfShift & (mask * ones)
		odd[i] = (30*(c>>8&evenByte+d>>8&evenByte) + 5*(b>>8&evenByte+e>>8&evenByte) + rise -
			3*(a>>8&evenByte+f>>8&evenByte)) >> halfShift & (mask * ones)
	}
	first, last := v.column(0), v.column(v.w-1)
	v.setColumn(-2, first)
	v.setColumn(-1, first)
	for x := v.w; x < v.w+3; x++ {
		v.setColumn(x, last)
	}
}

// column returns the sum of column x.
func (v *halver) column(x int) uint64 {
	words := v.even
	if x&1 != 0 {
		words = v.odd
	}
	return words[(x+8)>>3] >> (x >> 1 & 3 * 16) & 0xffff
}

// setColumn sets the sum of column x.
func (v *halver) setColumn(x int, sum uint64) {
	words := v.even
	if x&1 != 0 {
		words = v.odd
	}
	w, shift := &words[(x+8)>>3], x>>1&3*16
	*w = *w&^(0xffff<<shift) | sum<<shift
}

// across makes a row from the sums of rows.
func (v *halver) across(to []byte) {
	const rise = ((acrossRise-sumRise)<<halfShift + 1<<(halfShift-1)) * ones
	const mask = 1<<(16-halfShift) - 1
	even, odd := v.even, v.odd[:len(v.even)]
	for i := 1; i < len(even)-1 && len(to) >= 4; i++ {
		e, o := even[i], odd[i]
		beforeEven, beforeOdd := e<<16|even[i-1]>>48, o<<16|odd[i-1]>>48
		behindEven, behindOdd := e>>16|even[i+1]<<48, o>>16|odd[i+1]<<48
		sum := (30*(e+o) + 5*(beforeOdd+behindEven) + rise - 3*(beforeEven+behindOdd)) >> halfShift & (mask * ones)
		within, over := sum>>8&ones, sum>>9&ones
		sum = sum&(within*255) | over*255
		sum = (sum | sum>>8) & evenLane
		binary.LittleEndian.PutUint32(to, uint32(sum|sum>>16))
		to = to[4:]
	}
}

// finish fills the rows from the first on with a value, as far as the picture misses them.
func (v *halver) finish(first int, value byte) {
	rest := v.out.Pix[min(first, v.next)*v.out.Stride:]
	for i := range rest {
		rest[i] = value
	}
}
