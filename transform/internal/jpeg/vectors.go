//go:build goexperiment.simd && amd64

package jpeg

import (
	"encoding/binary"
	"simd/archsimd"
)

// The transforms of this build are those of idct.go and fdct.go with the vectors of AVX2: eight columns or rows at once
// in elements of 32 bits. They return the same bytes as long as nothing leaves 32 bits, as in every file that an
// encoder made of samples.

func inverse8(b *block, last int, dst []byte, stride int) {
	if last == 0 || !archsimd.X86.AVX2() {
		idct8(b, last, dst, stride)
		return
	}
	vectorIDCT8(b, dst, stride)
}

func inverse4(b *block, last int, dst []byte, stride int) {
	if last == 0 || !archsimd.X86.AVX2() {
		idct4(b, last, dst, stride)
		return
	}
	vectorIDCT4(b, dst, stride)
}

func inverse3(b *block, last int, dst []byte, stride int) {
	if last == 0 || !archsimd.X86.AVX2() {
		idct3(b, last, dst, stride)
		return
	}
	vectorIDCT3(b, dst, stride)
}

func forward8(src []byte, stride int, q *quantizer, out *[64]int16) (mask uint64) {
	if !archsimd.X86.AVX2() {
		return fdct8(src, stride, q, out)
	}
	return vectorFDCT8(src, stride, &q.vectors, out)
}

// wide and narrow are vectors of elements as the transforms use them.
type (
	wide   = archsimd.Int32x8
	narrow = archsimd.Int32x4
)

// eight is a factor in all elements of a vector.
type eight [8]int32

func (k *eight) wide() wide     { return archsimd.LoadInt32x8((*[8]int32)(k)) }
func (k *eight) narrow() narrow { return archsimd.LoadInt32x4((*[4]int32)(k[:4])) }

// The factors of the transforms, and what is added before the shifts of the two passes.
var (
	k0298 = eight{c0298, c0298, c0298, c0298, c0298, c0298, c0298, c0298}
	k0390 = eight{c0390, c0390, c0390, c0390, c0390, c0390, c0390, c0390}
	k0541 = eight{c0541, c0541, c0541, c0541, c0541, c0541, c0541, c0541}
	k0707 = eight{c0707, c0707, c0707, c0707, c0707, c0707, c0707, c0707}
	k0765 = eight{c0765, c0765, c0765, c0765, c0765, c0765, c0765, c0765}
	k0899 = eight{c0899, c0899, c0899, c0899, c0899, c0899, c0899, c0899}
	k1175 = eight{c1175, c1175, c1175, c1175, c1175, c1175, c1175, c1175}
	k1224 = eight{c1224, c1224, c1224, c1224, c1224, c1224, c1224, c1224}
	k1501 = eight{c1501, c1501, c1501, c1501, c1501, c1501, c1501, c1501}
	k1847 = eight{c1847, c1847, c1847, c1847, c1847, c1847, c1847, c1847}
	k1961 = eight{c1961, c1961, c1961, c1961, c1961, c1961, c1961, c1961}
	k2053 = eight{c2053, c2053, c2053, c2053, c2053, c2053, c2053, c2053}
	k2562 = eight{c2562, c2562, c2562, c2562, c2562, c2562, c2562, c2562}
	k3072 = eight{c3072, c3072, c3072, c3072, c3072, c3072, c3072, c3072}

	kRound1 = eight{kr1, kr1, kr1, kr1, kr1, kr1, kr1, kr1}
	kRound2 = eight{kr2, kr2, kr2, kr2, kr2, kr2, kr2, kr2}
)

const (
	kr1 = 1 << (shift1 - 1)
	kr2 = 1<<(shift2-1) + 128<<shift2
)

// wideRow returns the coefficients of a row of eight. A word was made by adding, so that a negative lower half has
// taken one from the upper.
func wideRow(b []int64) wide {
	v := archsimd.LoadInt64x4((*[4]int64)(b))
	return v.Sub(v.AsInt32x8().ShiftAllRight(31).AsInt64x4().ShiftAllLeft(32)).AsInt32x8()
}

// narrowRow returns the coefficients of a row of four.
func narrowRow(b []int64) narrow {
	v := archsimd.LoadInt64x2((*[2]int64)(b))
	return v.Sub(v.AsInt32x4().ShiftAllRight(31).AsInt64x2().ShiftAllLeft(32)).AsInt32x4()
}

func vectorIDCT8(b *block, dst []byte, stride int) {
	f0, f1, f2, f3 := wideRow(b[0:4]), wideRow(b[4:8]), wideRow(b[8:12]), wideRow(b[12:16])
	f4, f5, f6, f7 := wideRow(b[16:20]), wideRow(b[20:24]), wideRow(b[24:28]), wideRow(b[28:32])
	clear(b[:32])
	e0, e1, e2, e3 := evens(f0, f2, f4, f6, kRound1.wide())
	o0, o1, o2, o3 := odds(f1, f3, f5, f7)
	// Columns become rows: pairs of elements, pairs of these, halves.
	p0, p1 := e0.Add(o0).ShiftAllRight(shift1), e1.Add(o1).ShiftAllRight(shift1)
	p2, p3 := e2.Add(o2).ShiftAllRight(shift1), e3.Add(o3).ShiftAllRight(shift1)
	p4, p5 := e3.Sub(o3).ShiftAllRight(shift1), e2.Sub(o2).ShiftAllRight(shift1)
	p6, p7 := e1.Sub(o1).ShiftAllRight(shift1), e0.Sub(o0).ShiftAllRight(shift1)
	q0, q1, q2, q3 := crossed(p0, p1, p2, p3)
	q4, q5, q6, q7 := crossed(p4, p5, p6, p7)
	f0, f4 = q0.Select128FromPair(0, 2, q4), q0.Select128FromPair(1, 3, q4)
	f1, f5 = q1.Select128FromPair(0, 2, q5), q1.Select128FromPair(1, 3, q5)
	f2, f6 = q2.Select128FromPair(0, 2, q6), q2.Select128FromPair(1, 3, q6)
	f3, f7 = q3.Select128FromPair(0, 2, q7), q3.Select128FromPair(1, 3, q7)

	e0, e1, e2, e3 = evens(f0, f2, f4, f6, kRound2.wide())
	o0, o1, o2, o3 = odds(f1, f3, f5, f7)
	black, white := archsimd.BroadcastInt32x8(0), archsimd.BroadcastInt32x8(255)
	s0 := e0.Add(o0).ShiftAllRight(shift2).Max(black).Min(white)
	s1 := e1.Add(o1).ShiftAllRight(shift2).Max(black).Min(white)
	s2 := e2.Add(o2).ShiftAllRight(shift2).Max(black).Min(white)
	s3 := e3.Add(o3).ShiftAllRight(shift2).Max(black).Min(white)
	s4 := e3.Sub(o3).ShiftAllRight(shift2).Max(black).Min(white)
	s5 := e2.Sub(o2).ShiftAllRight(shift2).Max(black).Min(white)
	s6 := e1.Sub(o1).ShiftAllRight(shift2).Max(black).Min(white)
	s7 := e0.Sub(o0).ShiftAllRight(shift2).Max(black).Min(white)
	l := s0.Or(s1.ShiftAllLeft(8)).Or(s2.ShiftAllLeft(16)).Or(s3.ShiftAllLeft(24))
	r := s4.Or(s5.ShiftAllLeft(8)).Or(s6.ShiftAllLeft(16)).Or(s7.ShiftAllLeft(24))
	// Rows 0, 1, 4 and 5, and the others.
	a, c := l.InterleaveLoGrouped(r).AsUint64x4(), l.InterleaveHiGrouped(r).AsUint64x4()
	low, high := a.GetLo(), a.GetHi()
	binary.LittleEndian.PutUint64(dst, low.GetElem(0))
	binary.LittleEndian.PutUint64(dst[stride:], low.GetElem(1))
	binary.LittleEndian.PutUint64(dst[4*stride:], high.GetElem(0))
	binary.LittleEndian.PutUint64(dst[5*stride:], high.GetElem(1))
	low, high = c.GetLo(), c.GetHi()
	binary.LittleEndian.PutUint64(dst[2*stride:], low.GetElem(0))
	binary.LittleEndian.PutUint64(dst[3*stride:], low.GetElem(1))
	binary.LittleEndian.PutUint64(dst[6*stride:], high.GetElem(0))
	binary.LittleEndian.PutUint64(dst[7*stride:], high.GetElem(1))
	archsimd.ClearAVXUpperBits()
}

// evens and odds are the halves of the transform of eight, as in columns8.
func evens(f0, f2, f4, f6, round wide) (e0, e1, e2, e3 wide) {
	z := f2.Add(f6).Mul(k0541.wide())
	t2, t3 := z.Sub(f6.Mul(k1847.wide())), z.Add(f2.Mul(k0765.wide()))
	t0, t1 := f0.Add(f4).ShiftAllLeft(constBits).Add(round), f0.Sub(f4).ShiftAllLeft(constBits).Add(round)
	return t0.Add(t3), t1.Add(t2), t1.Sub(t2), t0.Sub(t3)
}

func odds(f1, f3, f5, f7 wide) (o0, o1, o2, o3 wide) {
	z3, z4 := f7.Add(f3), f5.Add(f1)
	z5 := z3.Add(z4).Mul(k1175.wide())
	z3, z4 = z5.Sub(z3.Mul(k1961.wide())), z5.Sub(z4.Mul(k0390.wide()))
	z1, z2 := f7.Add(f1).Mul(k0899.wide()), f5.Add(f3).Mul(k2562.wide())
	return f1.Mul(k1501.wide()).Sub(z1).Add(z4), f3.Mul(k3072.wide()).Sub(z2).Add(z3),
		f5.Mul(k2053.wide()).Sub(z2).Add(z4), f7.Mul(k0298.wide()).Sub(z1).Add(z3)
}

// crossed returns the rows of four columns: the upper four rows in the lower half, the lower four in the upper half.
func crossed(p0, p1, p2, p3 wide) (q0, q1, q2, q3 wide) {
	a, b := p0.InterleaveLoGrouped(p1).AsInt64x4(), p2.InterleaveLoGrouped(p3).AsInt64x4()
	c, d := p0.InterleaveHiGrouped(p1).AsInt64x4(), p2.InterleaveHiGrouped(p3).AsInt64x4()
	return a.InterleaveLoGrouped(b).AsInt32x8(), a.InterleaveHiGrouped(b).AsInt32x8(),
		c.InterleaveLoGrouped(d).AsInt32x8(), c.InterleaveHiGrouped(d).AsInt32x8()
}

func vectorIDCT4(b *block, dst []byte, stride int) {
	f0, f1, f2, f3 := narrowRow(b[0:2]), narrowRow(b[2:4]), narrowRow(b[4:6]), narrowRow(b[6:8])
	clear(b[:8])
	t0, t1, t2, t3 := quarter(f0, f1, f2, f3, kRound1.narrow())
	f0, f1, f2, f3 = turned(
		t0.ShiftAllRight(shift1), t1.ShiftAllRight(shift1), t2.ShiftAllRight(shift1), t3.ShiftAllRight(shift1))
	t0, t1, t2, t3 = quarter(f0, f1, f2, f3, kRound2.narrow())
	black, white := archsimd.BroadcastInt32x4(0), archsimd.BroadcastInt32x4(255)
	t0, t1 = t0.ShiftAllRight(shift2).Max(black).Min(white), t1.ShiftAllRight(shift2).Max(black).Min(white)
	t2, t3 = t2.ShiftAllRight(shift2).Max(black).Min(white), t3.ShiftAllRight(shift2).Max(black).Min(white)
	v := t0.Or(t1.ShiftAllLeft(8)).Or(t2.ShiftAllLeft(16)).Or(t3.ShiftAllLeft(24)).AsUint32x4()
	binary.LittleEndian.PutUint32(dst, v.GetElem(0))
	binary.LittleEndian.PutUint32(dst[stride:], v.GetElem(1))
	binary.LittleEndian.PutUint32(dst[2*stride:], v.GetElem(2))
	binary.LittleEndian.PutUint32(dst[3*stride:], v.GetElem(3))
}

// quarter is the transform of four; see half4.
func quarter(f0, f1, f2, f3, round narrow) (t0, t1, t2, t3 narrow) {
	z := f1.Add(f3).Mul(k0541.narrow())
	e0, e1 := f0.Add(f2).ShiftAllLeft(constBits).Add(round), f0.Sub(f2).ShiftAllLeft(constBits).Add(round)
	o0, o1 := z.Add(f1.Mul(k0765.narrow())), z.Sub(f3.Mul(k1847.narrow()))
	return e0.Add(o0), e1.Add(o1), e1.Sub(o1), e0.Sub(o0)
}

// turned makes columns of rows.
func turned(p0, p1, p2, p3 narrow) (q0, q1, q2, q3 narrow) {
	a, b := p0.InterleaveLo(p1).AsInt64x2(), p2.InterleaveLo(p3).AsInt64x2()
	c, d := p0.InterleaveHi(p1).AsInt64x2(), p2.InterleaveHi(p3).AsInt64x2()
	return a.InterleaveLo(b).AsInt32x4(), a.InterleaveHi(b).AsInt32x4(),
		c.InterleaveLo(d).AsInt32x4(), c.InterleaveHi(d).AsInt32x4()
}

func vectorIDCT3(b *block, dst []byte, stride int) {
	f0, f1, f2 := narrowRow(b[0:2]), narrowRow(b[2:4]), narrowRow(b[4:6])
	clear(b[:6])
	t0, t1, t2 := thirds(f0, f1, f2, kRound1.narrow())
	t0, t1, t2 = t0.ShiftAllRight(shift1), t1.ShiftAllRight(shift1), t2.ShiftAllRight(shift1)
	f0, f1, f2, _ = turned(t0, t1, t2, t2)
	t0, t1, t2 = thirds(f0, f1, f2, kRound2.narrow())
	black, white := archsimd.BroadcastInt32x4(0), archsimd.BroadcastInt32x4(255)
	t0 = t0.ShiftAllRight(shift2).Max(black).Min(white)
	t1 = t1.ShiftAllRight(shift2).Max(black).Min(white)
	t2 = t2.ShiftAllRight(shift2).Max(black).Min(white)
	v := t0.Or(t1.ShiftAllLeft(8)).Or(t2.ShiftAllLeft(16)).AsUint32x4()
	put3(dst, v.GetElem(0))
	put3(dst[stride:], v.GetElem(1))
	put3(dst[2*stride:], v.GetElem(2))
}

// put3 writes the lowest three bytes of v.
func put3(dst []byte, v uint32) {
	dst = dst[:3]
	binary.LittleEndian.PutUint16(dst, uint16(v))
	dst[2] = byte(v >> 16)
}

// thirds is the transform of three; see half3.
func thirds(f0, f1, f2, round narrow) (t0, t1, t2 narrow) {
	e, z, o := f0.ShiftAllLeft(constBits).Add(round), f2.Mul(k0707.narrow()), f1.Mul(k1224.narrow())
	a := e.Add(z)
	return a.Add(o), e.Sub(z).Sub(z), a.Sub(o)
}
