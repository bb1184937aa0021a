package jpeg

import "encoding/binary"

// A quantizer quantizes what the forward DCT makes.
type quantizer struct {
	pairs   [32]quantPair // for fdct8, word by word
	vectors vectorQuantizer
}

// A quantPair holds what quantizes the two coefficients in a word. A coefficient c, times coefScale, becomes
// (c+add)·mul >> quantShift, less quantBase: the quotient rounded to the nearest, the base keeping it all positive.
// add also takes off what the transform added to be positive, and for the DC coefficient the level shift.
type quantPair struct {
	add0, mul0, add1, mul1 uint64
}

// put quantizes the two coefficients in v, of which the first is coefficient at.
func (q *quantPair) put(out *[64]int16, at int, v uint64) {
	out[at&63] = int16((v&low>>shiftF+q.add0)*q.mul0>>quantShift - quantBase)
	out[(at+1)&63] = int16((v>>(32+shiftF)+q.add1)*q.mul1>>quantShift - quantBase)
}

const (
	shiftF     = constBits // the shift after the second pass of fdct8
	coefScale  = 1 << (passBits + 3 + constBits - shiftF)
	quantShift = 40 // enough to be exact: add is under 2²⁵, the divisor under 2¹³
	quantBase  = 2048
)

// set makes the quantizer for a table in natural order.
func (q *quantizer) set(table *[64]uint8) {
	for i, step := range table {
		divisor := uint64(step) * coefScale
		add := divisor*quantBase + divisor/2 - 1<<(31-shiftF)
		if i == 0 {
			add -= levelShift
		}
		mul := (1<<quantShift + divisor - 1) / divisor
		if e := &q.pairs[i/2]; i%2 == 0 {
			e.add0, e.mul0 = add, mul
		} else {
			e.add1, e.mul1 = add, mul
		}
	}
	q.vectors.set(table)
}

// levelShift is what the DC coefficient loses by the level shift (T.81, A.3.1).
const levelShift = 8 * 128 * coefScale

// inScan maps a mask of four neighboring coefficients in natural order to a mask of the same coefficients in the order
// of a scan.
var inScan = func() (bits [16][16]uint64) {
	for k, natural := range zigzag {
		for set := range 16 {
			bits[natural/4][set] |= uint64(set>>(natural%4)&1) << k
		}
	}
	return bits
}()

// roundF is added before the shift after the second pass.
const roundF = (1<<31 + 1<<(shiftF-1)) * both

// fdct8 transforms the 8×8 samples at src (T.81, A.3.3) and quantizes them: out gets the coefficients in natural
// order. Bit k of mask is set if coefficient k in the order of a scan is not 0. The transform is that of idct8, run
// backwards, and also does two rows, then two columns, at once.
func fdct8(src []byte, stride int, q *quantizer, out *[64]int16) (mask uint64) {
	var w [32]uint64
	for y := 0; y < 8; y += 2 {
		a := binary.LittleEndian.Uint64(src[y*stride:])
		b := binary.LittleEndian.Uint64(src[(y+1)*stride:])
		l, r := a&low|b<<32, a>>32|b&^low
		const m = 0xff * both
		s0, s1, s2, s3 := l&m, l>>8&m, l>>16&m, l>>24&m
		s4, s5, s6, s7 := r&m, r>>8&m, r>>16&m, r>>24&m

		t0, t7, t1, t6 := s0+s7, s0-s7, s1+s6, s1-s6
		t2, t5, t3, t4 := s2+s5, s2-s5, s3+s4, s3-s4
		e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2
		z := (e2+e3)*c0541 + round1
		w[y], w[16+y] = (e0+e1)<<constBits+round1, (e0-e1)<<constBits+round1
		w[8+y], w[24+y] = z+e3*c0765, z-e2*c1847

		z3, z4 := t4+t6, t5+t7
		z5 := (z3+z4)*c1175 + round1
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		z1, z2 := (t4+t7)*c0899, (t5+t6)*c2562
		w[y+1], w[8+y+1] = t7*c1501-z1+z4, t6*c3072-z2+z3
		w[16+y+1], w[24+y+1] = t5*c2053-z2+z4, t4*c0298-z1+z3
	}
	// w[8p+y] holds column 2p and w[8p+y+1] column 2p+1, each of rows y and y+1.
	for p := range 4 {
		o := w[8*p:][:8]
		s0, s1 := turn(o[0], o[1])
		s2, s3 := turn(o[2], o[3])
		s4, s5 := turn(o[4], o[5])
		s6, s7 := turn(o[6], o[7])

		t0, t7, t1, t6 := s0+s7, s0-s7, s1+s6, s1-s6
		t2, t5, t3, t4 := s2+s5, s2-s5, s3+s4, s3-s4
		e0, e3, e1, e2 := t0+t3, t0-t3, t1+t2, t1-t2
		z := (e2+e3)*c0541 + roundF
		q.pairs[p].put(out, 2*p, (e0+e1)<<constBits+roundF)
		q.pairs[16+p].put(out, 32+2*p, (e0-e1)<<constBits+roundF)
		q.pairs[8+p].put(out, 16+2*p, z+e3*c0765)
		q.pairs[24+p].put(out, 48+2*p, z-e2*c1847)

		z3, z4 := t4+t6, t5+t7
		z5 := (z3+z4)*c1175 + roundF
		z3, z4 = z5-z3*c1961, z5-z4*c0390
		z1, z2 := (t4+t7)*c0899, (t5+t6)*c2562
		q.pairs[4+p].put(out, 8+2*p, t7*c1501-z1+z4)
		q.pairs[12+p].put(out, 24+2*p, t6*c3072-z2+z3)
		q.pairs[20+p].put(out, 40+2*p, t5*c2053-z2+z4)
		q.pairs[28+p].put(out, 56+2*p, t4*c0298-z1+z3)
	}
	for i := 0; i < 64; i += 4 {
		// The top bit of each quarter says whether that coefficient is not 0; the product brings the four together.
		const each = 1<<48 + 1<<32 + 1<<16 + 1
		v := uint64(uint16(out[i])) | uint64(uint16(out[i+1]))<<16 |
			uint64(uint16(out[i+2]))<<32 | uint64(uint16(out[i+3]))<<48
		v = (v&(0x7fff*each) + 0x7fff*each | v) & (0x8000 * each)
		mask |= inScan[i/4][v>>15*(1<<48+1<<33+1<<18+1<<3)>>48&15]
	}
	return mask
}
