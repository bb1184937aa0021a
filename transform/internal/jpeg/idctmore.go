package jpeg

import "encoding/binary"

// The inverse DCT of the 5×5, 6×6 and 7×7 lowest coefficients, in words as in idct.go. The transforms follow from
// the definition there. In each, what is even and what is odd in u is found apart, for x(i) and x(N-1-i) differ only in
// the sign of the odd half. The transform of six has one of three in its even half. The halves of the transform of
// seven, after signs have been changed, are circular convolutions of length three (C. Rader, "Discrete Fourier
// transforms when the number of data samples is prime", Proc. IEEE 56, 1968), which take four multiplications instead
// of nine.

// Constants of these transforms, times 2¹³.
const (
	c0354 = 2896  // √2 · (cos(2π/10) - cos(4π/10)) / 2
	c0791 = 6476  // √2 · (cos(2π/10) + cos(4π/10)) / 2
	c0514 = 4209  // √2 · (cos(π/10) - cos(3π/10))
	c0831 = 6810  // √2 · cos(3π/10)
	c2176 = 17828 // √2 · (cos(π/10) + cos(3π/10))

	c0366 = 2998 // √2 · cos(5π/12), which is √2 · cos(π/12) - 1

	c0079 = 647   // √2 · (cos(6π/14) - 1/6)
	c0236 = 1931  // √2 / 6
	c0959 = 7860  // √2 · (cos(2π/14) - cos(6π/14))
	c1196 = 9801  // √2 · (cos(4π/14) + cos(6π/14))
	c0273 = 2237  // √2 · (cos(π/14) - cos(3π/14))
	c0482 = 3949  // √2 · (2·cos(3π/14) - cos(π/14) + cos(5π/14)) / 3
	c0624 = 5109  // √2 · (cos(π/14) + cos(3π/14) - cos(5π/14)) / 3
	c1719 = 14084 // √2 · (cos(3π/14) + cos(5π/14))
)

// five is the transform of five; round is added to all results.
func five(f0, f1, f2, f3, f4, round uint64) (x0, x1, x2, x3, x4 uint64) {
	e, p, q := f0<<constBits+round, (f2+f4)*c0791, (f2-f4)*c0354
	e0, e1 := e+q+p, e+q-p
	z := (f1 + f3) * c0831
	o0, o1 := z+f1*c0514, z-f3*c2176
	return e0 + o0, e1 + o1, e - 4*q, e1 - o1, e0 - o0
}

// six is the transform of six.
func six(f0, f1, f2, f3, f4, f5, round uint64) (x0, x1, x2, x3, x4, x5 uint64) {
	e, o := f0<<constBits+f4*c0707+round, f2*c1224
	e0, e1, e2 := e+o, e-3*f4*c0707, e-o
	z := (f1 + f5) * c0366
	o0, o1, o2 := z+(f1+f3)<<constBits, (f1-f3-f5)<<constBits, z+(f5-f3)<<constBits
	return e0 + o0, e1 + o1, e2 + o2, e2 - o2, e1 - o1, e0 - o0
}

// seven is the transform of seven.
func seven(f0, f1, f2, f3, f4, f5, f6, round uint64) (x0, x1, x2, x3, x4, x5, x6 uint64) {
	e, m := f0<<constBits+round, (f2-f4+f6)*c0236
	a, b := f2+f4, f4+f6
	z := (a + b) * c0079
	p, q := z+a*c0959, z-b*c1196
	e0, e1, e2, e3 := e+m+p, e+m+q, e+m-p-q, e-6*m
	m, a, b = (f1+f3-f5)*c0624, f1+f5, f3+f5
	z = (a + b) * c0482
	p, q = z+a*c0273, z-b*c1719
	o0, o1, o2 := m+p, m+q, p+q-m
	return e0 + o0, e1 + o1, e2 + o2, e3, e2 - o2, e1 - o1, e0 - o0
}

// idct5 transforms 5×5 coefficients into 5×5 samples, as idct8.
func idct5(b *block, last int, dst []byte, stride int) {
	if last == 0 {
		flatBlock(b, 5, dst, stride)
		return
	}
	// The sixth row is there so that rows go in pairs.
	w := [3][6]uint64{{5: round1}, {5: round1}, {5: round1}}
	for p := range 3 {
		o := &w[p]
		o[0], o[1], o[2], o[3], o[4] = five(uint64(b[p]), uint64(b[3+p]), uint64(b[6+p]),
			uint64(b[9+p]), uint64(b[12+p]), round1)
	}
	clear(b[:15])
	for y := 0; y < 5; y += 2 {
		f0, f1 := turn(w[0][y], w[0][y+1])
		f2, f3 := turn(w[1][y], w[1][y+1])
		f4, _ := turn(w[2][y], w[2][y+1])
		s0, s1, s2, s3, s4 := five(f0, f1, f2, f3, f4, round2)
		l, r := four(s0, s1, s2, s3), four(s4, 0, 0, 0)
		if (s0|s1|s2|s3|s4)&outside != 0 {
			l, r = clamp4(s0, s1, s2, s3), clamp(s4)
		}
		row := dst[y*stride:][:5]
		binary.LittleEndian.PutUint32(row, uint32(l))
		row[4] = byte(r)
		if y < 4 {
			row = dst[(y+1)*stride:][:5]
			binary.LittleEndian.PutUint32(row, uint32(l>>32))
			row[4] = byte(r >> 32)
		}
	}
}

// idct6 transforms 6×6 coefficients into 6×6 samples, as idct8.
func idct6(b *block, last int, dst []byte, stride int) {
	if last == 0 {
		flatBlock(b, 6, dst, stride)
		return
	}
	var w [3][6]uint64
	for p := range 3 {
		o := &w[p]
		o[0], o[1], o[2], o[3], o[4], o[5] = six(uint64(b[p]), uint64(b[3+p]), uint64(b[6+p]),
			uint64(b[9+p]), uint64(b[12+p]), uint64(b[15+p]), round1)
	}
	clear(b[:18])
	for y := 0; y < 6; y += 2 {
		f0, f1 := turn(w[0][y], w[0][y+1])
		f2, f3 := turn(w[1][y], w[1][y+1])
		f4, f5 := turn(w[2][y], w[2][y+1])
		s0, s1, s2, s3, s4, s5 := six(f0, f1, f2, f3, f4, f5, round2)
		l, r := four(s0, s1, s2, s3), four(s4, s5, 0, 0)
		if (s0|s1|s2|s3|s4|s5)&outside != 0 {
			l, r = clamp4(s0, s1, s2, s3), clamp(s4)|clamp(s5)<<8
		}
		upper, lower := dst[y*stride:][:6], dst[(y+1)*stride:][:6]
		binary.LittleEndian.PutUint32(upper, uint32(l))
		binary.LittleEndian.PutUint16(upper[4:], uint16(r))
		binary.LittleEndian.PutUint32(lower, uint32(l>>32))
		binary.LittleEndian.PutUint16(lower[4:], uint16(r>>32))
	}
}

// idct7 transforms 7×7 coefficients into 7×7 samples, as idct8.
func idct7(b *block, last int, dst []byte, stride int) {
	if last == 0 {
		flatBlock(b, 7, dst, stride)
		return
	}
	// The eighth row is there so that rows go in pairs.
	w := [4][8]uint64{{7: round1}, {7: round1}, {7: round1}, {7: round1}}
	for p := range 4 {
		o := &w[p]
		o[0], o[1], o[2], o[3], o[4], o[5], o[6] = seven(uint64(b[p]), uint64(b[4+p]), uint64(b[8+p]), uint64(b[12+p]),
			uint64(b[16+p]), uint64(b[20+p]), uint64(b[24+p]), round1)
	}
	clear(b[:28])
	for y := 0; y < 7; y += 2 {
		f0, f1 := turn(w[0][y], w[0][y+1])
		f2, f3 := turn(w[1][y], w[1][y+1])
		f4, f5 := turn(w[2][y], w[2][y+1])
		f6, _ := turn(w[3][y], w[3][y+1])
		s0, s1, s2, s3, s4, s5, s6 := seven(f0, f1, f2, f3, f4, f5, f6, round2)
		// The middle sample is in both words: what is written then ends with the row.
		l, r := four(s0, s1, s2, s3), four(s3, s4, s5, s6)
		if (s0|s1|s2|s3|s4|s5|s6)&outside != 0 {
			l, r = clamp4(s0, s1, s2, s3), clamp4(s3, s4, s5, s6)
		}
		row := dst[y*stride:][:7]
		binary.LittleEndian.PutUint32(row, uint32(l))
		binary.LittleEndian.PutUint32(row[3:], uint32(r))
		if y < 6 {
			row = dst[(y+1)*stride:][:7]
			binary.LittleEndian.PutUint32(row, uint32(l>>32))
			binary.LittleEndian.PutUint32(row[3:], uint32(r>>32))
		}
	}
}

// flatBlock makes the n×n samples of a block that has no coefficient but DC.
func flatBlock(b *block, n int, dst []byte, stride int) {
	v := flat(b[0])
	b[0] = 0
	for y := range n {
		row := dst[y*stride:][:n]
		for x := range row {
			row[x] = v
		}
	}
}
