//go:build goexperiment.simd && amd64

package jpeg

import (
	"encoding/binary"
	"simd/archsimd"
)

// A vectorQuantizer quantizes rows of eight coefficients: a coefficient c, times coefScale, becomes the whole part of
// (c+add)·mul. add has the half of the divisor that rounding wants and one half more, so that no quotient is so near
// to a whole number that 24 bits cannot show on which side it lies.
type vectorQuantizer struct {
	add, mul [8][8]float32
}

// set makes the quantizer for a table in natural order.
func (q *vectorQuantizer) set(table *[64]uint8) {
	for i, step := range table {
		divisor := int(step) * coefScale
		q.add[i/8][i%8] = float32(divisor/2) + 0.5
		q.mul[i/8][i%8] = 1 / float32(divisor)
	}
	q.add[0][0] -= levelShift
}

// row quantizes row y, v, which is still to be shifted. Bit x of zeros is set if coefficient x is 0.
func (q *vectorQuantizer) row(y int, v wide, out *[64]int16) (zeros uint8) {
	add, mul := archsimd.LoadFloat32x8(&q.add[y]), archsimd.LoadFloat32x8(&q.mul[y])
	c := v.ShiftAllRight(shiftF).ConvertToFloat32().Add(add).Mul(mul).Floor().ConvertToInt32()
	c.GetLo().SaturateToInt16Concat(c.GetHi()).Store((*[8]int16)(out[8*y:]))
	return c.Equal(archsimd.BroadcastInt32x8(0)).ToBits()
}

var kRoundF = eight{krF, krF, krF, krF, krF, krF, krF, krF}

const krF = 1 << (shiftF - 1)

// vectorFDCT8 is fdct8.
func vectorFDCT8(src []byte, stride int, q *vectorQuantizer, out *[64]int16) (mask uint64) {
	upper, lower := fourRows(src, stride), fourRows(src[2*stride:], stride)
	// The columns 0 to 3 of all rows, and the others.
	l, r := upper.SelectFromPairGrouped(0, 2, 4, 6, lower), upper.SelectFromPairGrouped(1, 3, 5, 7, lower)
	m := archsimd.BroadcastUint32x8(0xff)
	s0, s1 := l.And(m).AsInt32x8(), l.ShiftAllRight(8).And(m).AsInt32x8()
	s2, s3 := l.ShiftAllRight(16).And(m).AsInt32x8(), l.ShiftAllRight(24).AsInt32x8()
	s4, s5 := r.And(m).AsInt32x8(), r.ShiftAllRight(8).And(m).AsInt32x8()
	s6, s7 := r.ShiftAllRight(16).And(m).AsInt32x8(), r.ShiftAllRight(24).AsInt32x8()

	w0, w2, w4, w6 := forwardEvens(s0.Add(s7), s1.Add(s6), s2.Add(s5), s3.Add(s4), kRound1.wide())
	w1, w3, w5, w7 := forwardOdds(s3.Sub(s4), s2.Sub(s5), s1.Sub(s6), s0.Sub(s7), kRound1.wide())
	w0, w1, w2, w3 = crossed(
		w0.ShiftAllRight(shift1), w1.ShiftAllRight(shift1), w2.ShiftAllRight(shift1), w3.ShiftAllRight(shift1))
	w4, w5, w6, w7 = crossed(
		w4.ShiftAllRight(shift1), w5.ShiftAllRight(shift1), w6.ShiftAllRight(shift1), w7.ShiftAllRight(shift1))
	s0, s4 = w0.Select128FromPair(0, 2, w4), w0.Select128FromPair(1, 3, w4)
	s1, s5 = w1.Select128FromPair(0, 2, w5), w1.Select128FromPair(1, 3, w5)
	s2, s6 = w2.Select128FromPair(0, 2, w6), w2.Select128FromPair(1, 3, w6)
	s3, s7 = w3.Select128FromPair(0, 2, w7), w3.Select128FromPair(1, 3, w7)
	w0, w2, w4, w6 = forwardEvens(s0.Add(s7), s1.Add(s6), s2.Add(s5), s3.Add(s4), kRoundF.wide())
	w1, w3, w5, w7 = forwardOdds(s3.Sub(s4), s2.Sub(s5), s1.Sub(s6), s0.Sub(s7), kRoundF.wide())

	zeros := uint64(q.row(0, w0, out)) | uint64(q.row(1, w1, out))<<8 |
		uint64(q.row(2, w2, out))<<16 | uint64(q.row(3, w3, out))<<24 |
		uint64(q.row(4, w4, out))<<32 | uint64(q.row(5, w5, out))<<40 |
		uint64(q.row(6, w6, out))<<48 | uint64(q.row(7, w7, out))<<56
	archsimd.ClearAVXUpperBits()
	for i, set := 0, ^zeros; set != 0; i, set = i+1, set>>4 {
		mask |= inScan[i&15][set&15]
	}
	return mask
}

// fourRows returns the rows 0 and 1 at src in the lower half of a vector, 4 and 5 in the upper.
func fourRows(src []byte, stride int) archsimd.Uint32x8 {
	var low, high archsimd.Uint64x2
	var v archsimd.Uint64x4
	low = low.SetElem(0, binary.LittleEndian.Uint64(src)).SetElem(1, binary.LittleEndian.Uint64(src[stride:]))
	high = high.SetElem(0, binary.LittleEndian.Uint64(src[4*stride:]))
	high = high.SetElem(1, binary.LittleEndian.Uint64(src[5*stride:]))
	return v.SetLo(low).SetHi(high).AsUint32x8()
}

// forwardEvens and forwardOdds return the even and odd coefficients of a transform of eight from the sums and the
// differences of its inputs, as in fdct8.
func forwardEvens(t0, t1, t2, t3, round wide) (w0, w2, w4, w6 wide) {
	e0, e3, e1, e2 := t0.Add(t3), t0.Sub(t3), t1.Add(t2), t1.Sub(t2)
	z := e2.Add(e3).Mul(k0541.wide()).Add(round)
	return e0.Add(e1).ShiftAllLeft(constBits).Add(round), z.Add(e3.Mul(k0765.wide())),
		e0.Sub(e1).ShiftAllLeft(constBits).Add(round), z.Sub(e2.Mul(k1847.wide()))
}

func forwardOdds(t4, t5, t6, t7, round wide) (w1, w3, w5, w7 wide) {
	z3, z4 := t4.Add(t6), t5.Add(t7)
	z5 := z3.Add(z4).Mul(k1175.wide()).Add(round)
	z3, z4 = z5.Sub(z3.Mul(k1961.wide())), z5.Sub(z4.Mul(k0390.wide()))
	z1, z2 := t4.Add(t7).Mul(k0899.wide()), t5.Add(t6).Mul(k2562.wide())
	return t7.Mul(k1501.wide()).Sub(z1).Add(z4), t6.Mul(k3072.wide()).Sub(z2).Add(z3),
		t5.Mul(k2053.wide()).Sub(z2).Add(z4), t4.Mul(k0298.wide()).Sub(z1).Add(z3)
}
