package jpeg

import "encoding/binary"

// The inverse DCT (T.81, A.3.3) of a block, or of its N×N lowest coefficients, in two passes: columns, then rows. The
// transform of eight is that of Loeffler, Ligtenberg and Moschytz ("Practical fast 1-D DCT algorithms with 11
// multiplications", ICASSP 1989); the others are written out from the definition. A one-dimensional transform of N is
//
//	x(i) = F(0) + √2 · Σ F(u) · cos((2i+1)·u·π/2N),  u = 1 … N-1
//
// which is √8 times what the standard asks for, so that 8 is divided off after the second.
//
// Two columns, later two rows, are transformed at once in the halves of 64-bit words (see block), which is what makes
// this fast without vector instructions. Between the passes the halves must be shifted and exchanged one by one; for
// that they are raised by 2³¹ to be positive, so that nothing borrows from its neighbor.

// Constants of the transforms, times 2¹³.
const (
	constBits = 13
	passBits  = 2 // more precision between the passes

	c0298 = 2446  // √2 · (-cos(π/16) + cos(3π/16) + cos(5π/16) - cos(7π/16))
	c0390 = 3196  // √2 · (cos(3π/16) - cos(5π/16))
	c0541 = 4433  // √2 · cos(6π/16)
	c0765 = 6270  // √2 · (cos(2π/16) - cos(6π/16))
	c0899 = 7373  // √2 · (cos(3π/16) - cos(7π/16))
	c1175 = 9633  // √2 · cos(3π/16)
	c1501 = 12299 // √2 · (cos(π/16) + cos(3π/16) - cos(5π/16) - cos(7π/16))
	c1847 = 15137 // √2 · (cos(2π/16) + cos(6π/16))
	c1961 = 16069 // √2 · (cos(3π/16) + cos(5π/16))
	c2053 = 16819 // √2 · (cos(π/16) + cos(3π/16) - cos(5π/16) + cos(7π/16))
	c2562 = 20995 // √2 · (cos(π/16) + cos(3π/16))
	c3072 = 25172 // √2 · (cos(π/16) + cos(3π/16) + cos(5π/16) - cos(7π/16))
	c0707 = 5793  // √2 · cos(4π/12)
	c1224 = 10033 // √2 · cos(2π/12)
)

const (
	both   = 1<<32 + 1 // the same in both halves of a word
	shift1 = constBits - passBits
	shift2 = constBits + passBits + 3
	// round1 and round2 are added before the shifts of the passes: half of the last place, what makes it positive, and
	// after the second pass the level shift (T.81, A.3.1).
	round1 = (1<<31 + 1<<(shift1-1)) * both
	round2 = (1<<31 + 1<<(shift2-1) + 128<<shift2) * both
	// mask1 is what a half keeps of its bits in the shift after the first pass, and bias1 what round1 raised it by.
	mask1 = (1<<(32-shift1) - 1) * both
	bias1 = (1 << (31 - shift1)) * both
	low   = 1<<32 - 1
)

// turn takes the results of the first pass for two neighboring columns in two neighboring rows, a above b, and returns
// them column by column, shifted down for the second pass.
func turn(a, b uint64) (left, right uint64) {
	a = a >> shift1 & mask1
	b = b >> shift1 & mask1
	return (a&low | b<<32) - bias1, (a>>32 | b&^low) - bias1
}

// idct8 transforms 8×8 coefficients into the samples at dst. last is the number of the last coefficient that is not 0.
// b is all 0 afterwards.
func idct8(b *block, last int, dst []byte, stride int) {
	switch {
	case last == 0:
		row := uint64(flat(b[0])) * 0x0101010101010101
		b[0] = 0
		for y := range 8 {
			binary.LittleEndian.PutUint64(dst[y*stride:], row)
		}
	case last < 10: // Four columns and rows hold the first ten of the zigzag.
		idct8of4(b, dst, stride)
	default:
		var w [32]uint64
		columns8(b, &w)
		rows8(&w, dst, stride)
	}
}

// columns8 is the first pass: it transforms the columns of b and clears it. The results of columns 2p and 2p+1 go to
// w[8*p:].
func columns8(b *block, w *[32]uint64) {
	for p := range 4 {
		f0, f1, f2, f3 := uint64(b[p]), uint64(b[4+p]), uint64(b[8+p]), uint64(b[12+p])
		f4, f5, f6, f7 := uint64(b[16+p]), uint64(b[20+p]), uint64(b[24+p]), uint64(b[28+p])

		z := (f2 + f6) * c0541
		t2, t3 := z-f6*c1847, z+f2*c0765
		t0, t1 := (f0+f4)<<constBits+round1, (f0-f4)<<constBits+round1
		e0, e1, e2, e3 := t0+t3, t1+t2, t1-t2, t0-t3

		z3, z4 := f7+f3, f5+f1
		z5 := (z3 + z4) * c1175
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		z1, z2 := (f7+f1)*c0899, (f5+f3)*c2562
		o0, o1, o2, o3 := f1*c1501-z1+z4, f3*c3072-z2+z3, f5*c2053-z2+z4, f7*c0298-z1+z3

		o := w[8*p:][:8]
		o[0], o[7] = e0+o0, e0-o0
		o[1], o[6] = e1+o1, e1-o1
		o[2], o[5] = e2+o2, e2-o2
		o[3], o[4] = e3+o3, e3-o3
	}
	clear(b[:32])
}

// rows8 is the second pass: it transforms two rows at a time of what columns8 left.
func rows8(w *[32]uint64, dst []byte, stride int) {
	for y := 0; y < 8; y += 2 {
		f0, f1 := turn(w[y], w[y+1])
		f2, f3 := turn(w[8+y], w[9+y])
		f4, f5 := turn(w[16+y], w[17+y])
		f6, f7 := turn(w[24+y], w[25+y])

		z := (f2 + f6) * c0541
		t2, t3 := z-f6*c1847, z+f2*c0765
		t0, t1 := (f0+f4)<<constBits+round2, (f0-f4)<<constBits+round2
		e0, e1, e2, e3 := t0+t3, t1+t2, t1-t2, t0-t3

		z3, z4 := f7+f3, f5+f1
		z5 := (z3 + z4) * c1175
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		z1, z2 := (f7+f1)*c0899, (f5+f3)*c2562
		o0, o1, o2, o3 := f1*c1501-z1+z4, f3*c3072-z2+z3, f5*c2053-z2+z4, f7*c0298-z1+z3

		s0, s1, s2, s3, s4, s5, s6, s7 := e0+o0, e1+o1, e2+o2, e3+o3, e3-o3, e2-o2, e1-o1, e0-o0
		l, r := four(s0, s1, s2, s3), four(s4, s5, s6, s7)
		if (s0|s1|s2|s3|s4|s5|s6|s7)&outside != 0 {
			l, r = clamp4(s0, s1, s2, s3), clamp4(s4, s5, s6, s7)
		}
		binary.LittleEndian.PutUint64(dst[y*stride:], l&low|r<<32)
		binary.LittleEndian.PutUint64(dst[(y+1)*stride:], l>>32|r&^low)
	}
}

// idct8of4 is idct8 where all coefficients but those of the first four columns and rows are 0.
func idct8of4(b *block, dst []byte, stride int) {
	var w [16]uint64
	for p := range 2 {
		f0, f1, f2, f3 := uint64(b[p]), uint64(b[4+p]), uint64(b[8+p]), uint64(b[12+p])
		b[p], b[4+p], b[8+p], b[12+p] = 0, 0, 0, 0
		e0, e1, e2, e3, o0, o1, o2, o3 := eightOf4(f0<<constBits+round1, f1, f2, f3)
		o := w[8*p:][:8]
		o[0], o[7] = e0+o0, e0-o0
		o[1], o[6] = e1+o1, e1-o1
		o[2], o[5] = e2+o2, e2-o2
		o[3], o[4] = e3+o3, e3-o3
	}
	for y := 0; y < 8; y += 2 {
		f0, f1 := turn(w[y], w[y+1])
		f2, f3 := turn(w[8+y], w[9+y])
		e0, e1, e2, e3, o0, o1, o2, o3 := eightOf4(f0<<constBits+round2, f1, f2, f3)
		s0, s1, s2, s3, s4, s5, s6, s7 := e0+o0, e1+o1, e2+o2, e3+o3, e3-o3, e2-o2, e1-o1, e0-o0
		l, r := four(s0, s1, s2, s3), four(s4, s5, s6, s7)
		if (s0|s1|s2|s3|s4|s5|s6|s7)&outside != 0 {
			l, r = clamp4(s0, s1, s2, s3), clamp4(s4, s5, s6, s7)
		}
		binary.LittleEndian.PutUint64(dst[y*stride:], l&low|r<<32)
		binary.LittleEndian.PutUint64(dst[(y+1)*stride:], l>>32|r&^low)
	}
}

// eightOf4 returns the even and odd halves of a transform of eight whose upper four inputs are 0; f0 is already scaled.
// The factors are the sums of those that columns8 has for the same inputs, so that both agree to the last bit.
func eightOf4(f0, f1, f2, f3 uint64) (e0, e1, e2, e3, o0, o1, o2, o3 uint64) {
	t2, t3 := f2*c0541, f2*(c0541+c0765)
	return f0 + t3, f0 + t2, f0 - t2, f0 - t3,
		f1*(c1501-c0899+c1175-c0390) + f3*c1175, f1*c1175 - f3*(c2562+c1961-c3072-c1175),
		f1*(c1175-c0390) - f3*(c2562-c1175), f1*(c1175-c0899) - f3*(c1961-c1175)
}

// outside covers, in the results of the second pass, bits 26 to 30, which are 0 if a sample is in range: bit 31 is set
// by round2, and only by it.
const outside = 0x7c000000 * both

// four makes the samples of four columns in two rows from the results of the second pass, if they are in range: those
// of the upper row are the lower half of the word, the first column in its lowest byte.
func four(a, b, c, d uint64) uint64 {
	const m = 0xff * both
	return a>>shift2&m | b>>(shift2-8)&(m<<8) | c>>(shift2-16)&(m<<16) | d<<(24-shift2)&(m<<24)
}

// clamp4 is four for samples that may be out of range.
func clamp4(a, b, c, d uint64) uint64 {
	return clamp(a) | clamp(b)<<8 | clamp(c)<<16 | clamp(d)<<24
}

// clamp makes the samples of one column in two rows.
func clamp(a uint64) uint64 {
	const middle = 1 << (31 - shift2)
	upper, lower := int(a>>shift2&(1<<(32-shift2)-1))-middle, int(a>>(32+shift2))-middle
	return uint64(min(max(upper, 0), 255)) | uint64(min(max(lower, 0), 255))<<32
}

// flat is the sample of a block, of any size, that has no coefficient but dc.
func flat(dc int64) byte {
	return byte(min(max(int32(dc+4)>>3+128, 0), 255))
}

// idct4 transforms 4×4 coefficients into 4×4 samples, as idct8.
func idct4(b *block, last int, dst []byte, stride int) {
	if last == 0 {
		row := uint32(flat(int64(b[0]))) * 0x01010101
		b[0] = 0
		for y := range 4 {
			binary.LittleEndian.PutUint32(dst[y*stride:], row)
		}
		return
	}
	var w [2][4]uint64
	for p := range 2 {
		e0, e1, o0, o1 := half4(uint64(b[p]), uint64(b[2+p]), uint64(b[4+p]), uint64(b[6+p]), round1)
		w[p] = [4]uint64{e0 + o0, e1 + o1, e1 - o1, e0 - o0}
	}
	clear(b[:8])
	for y := 0; y < 4; y += 2 {
		f0, f1 := turn(w[0][y], w[0][y+1])
		f2, f3 := turn(w[1][y], w[1][y+1])
		e0, e1, o0, o1 := half4(f0, f1, f2, f3, round2)
		s0, s1, s2, s3 := e0+o0, e1+o1, e1-o1, e0-o0
		v := four(s0, s1, s2, s3)
		if (s0|s1|s2|s3)&outside != 0 {
			v = clamp4(s0, s1, s2, s3)
		}
		binary.LittleEndian.PutUint32(dst[y*stride:], uint32(v))
		binary.LittleEndian.PutUint32(dst[(y+1)*stride:], uint32(v>>32))
	}
}

// half4 returns the even and odd halves of a transform of four; round is added to the even one.
func half4(f0, f1, f2, f3, round uint64) (e0, e1, o0, o1 uint64) {
	z := (f1 + f3) * c0541
	return (f0+f2)<<constBits + round, (f0-f2)<<constBits + round, z + f1*c0765, z - f3*c1847
}

// idct3 transforms 3×3 coefficients into 3×3 samples, as idct8.
func idct3(b *block, last int, dst []byte, stride int) {
	rows := [3][]byte{dst[:3], dst[stride:][:3], dst[2*stride:][:3]}
	if last == 0 {
		v := flat(int64(b[0]))
		b[0] = 0
		for _, row := range rows {
			row[0], row[1], row[2] = v, v, v
		}
		return
	}
	a0, m0, o0 := half3(uint64(b[0]), uint64(b[2]), uint64(b[4]), round1)
	a1, m1, o1 := half3(uint64(b[1]), uint64(b[3]), uint64(b[5]), round1)
	clear(b[:6])
	// The upper two rows, then the last and nothing.
	f0, f1 := turn(a0+o0, m0)
	f2, _ := turn(a1+o1, m1)
	g0, g1 := turn(a0-o0, round1)
	g2, _ := turn(a1-o1, round1)
	a0, m0, o0 = half3(f0, f1, f2, round2)
	a1, m1, o1 = half3(g0, g1, g2, round2)
	s0, s2, t0, t2 := a0+o0, a0-o0, a1+o1, a1-o1
	v, w := four(s0, m0, s2, 0), four(t0, m1, t2, 0)
	if (s0|m0|s2|t0|m1|t2)&outside != 0 {
		v, w = clamp4(s0, m0, s2, round2), clamp4(t0, m1, t2, round2)
	}
	binary.LittleEndian.PutUint16(rows[0], uint16(v))
	rows[0][2] = byte(v >> 16)
	binary.LittleEndian.PutUint16(rows[1], uint16(v>>32))
	rows[1][2] = byte(v >> 48)
	binary.LittleEndian.PutUint16(rows[2], uint16(w))
	rows[2][2] = byte(w >> 16)
}

// half3 returns what the outer results of a transform of three have in common, the middle one, and what the outer ones
// differ by; round is added to the first two.
func half3(f0, f1, f2, round uint64) (a, m, o uint64) {
	e, z := f0<<constBits+round, f2*c0707
	return e + z, e - 2*z, f1 * c1224
}

// idct2 transforms 2×2 coefficients into 2×2 samples, as idct8. All its factors are 1.
func idct2(b *block, dst []byte, stride int) {
	const round = (1<<31 + 4 + 128<<3) * both
	top, bottom := uint64(b[0]), uint64(b[1])
	b[0], b[1] = 0, 0
	// Sums of the rows, then of the halves of the words: left is F(0), right F(1).
	upper, lower := top+bottom, top-bottom
	left := int64(int32(upper)) + int64(int32(lower))<<32
	right := int64(upper-uint64(int64(int32(upper))))>>32 + int64(lower-uint64(int64(int32(lower))))>>32<<32
	v0, v1 := uint64(left+right)+round, uint64(left-right)+round
	row0, row1 := dst[:2], dst[stride:][:2]
	row0[0], row0[1] = third(uint32(v0)), third(uint32(v1))
	row1[0], row1[1] = third(uint32(v0>>32)), third(uint32(v1>>32))
}

// third makes a sample from a sum that was raised by 2³¹.
func third(v uint32) byte { return byte(min(max(int32(v>>3)-1<<28, 0), 255)) }
