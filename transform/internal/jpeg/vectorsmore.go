//go:build goexperiment.simd && amd64

package jpeg

import (
	"encoding/binary"
	"simd/archsimd"
)

// The transforms of idctmore.go with the vectors of AVX2. Rows are loaded, and columns transformed, as if there were
// eight: what does not belong to the block comes to nothing.

func inverse7(b *block, last int, dst []byte, stride int) {
	if last == 0 || !archsimd.X86.AVX2() {
		idct7(b, last, dst, stride)
		return
	}
	vectorIDCT7(b, dst, stride)
}

func inverse6(b *block, last int, dst []byte, stride int) {
	if last == 0 || !archsimd.X86.AVX2() {
		idct6(b, last, dst, stride)
		return
	}
	vectorIDCT6(b, dst, stride)
}

func inverse5(b *block, last int, dst []byte, stride int) {
	if last == 0 || !archsimd.X86.AVX2() {
		idct5(b, last, dst, stride)
		return
	}
	vectorIDCT5(b, dst, stride)
}

// The factors of these transforms.
var (
	k0354 = eight{c0354, c0354, c0354, c0354, c0354, c0354, c0354, c0354}
	k0791 = eight{c0791, c0791, c0791, c0791, c0791, c0791, c0791, c0791}
	k0514 = eight{c0514, c0514, c0514, c0514, c0514, c0514, c0514, c0514}
	k0831 = eight{c0831, c0831, c0831, c0831, c0831, c0831, c0831, c0831}
	k2176 = eight{c2176, c2176, c2176, c2176, c2176, c2176, c2176, c2176}
	k0366 = eight{c0366, c0366, c0366, c0366, c0366, c0366, c0366, c0366}
	k0079 = eight{c0079, c0079, c0079, c0079, c0079, c0079, c0079, c0079}
	k0236 = eight{c0236, c0236, c0236, c0236, c0236, c0236, c0236, c0236}
	k0959 = eight{c0959, c0959, c0959, c0959, c0959, c0959, c0959, c0959}
	k1196 = eight{c1196, c1196, c1196, c1196, c1196, c1196, c1196, c1196}
	k0273 = eight{c0273, c0273, c0273, c0273, c0273, c0273, c0273, c0273}
	k0482 = eight{c0482, c0482, c0482, c0482, c0482, c0482, c0482, c0482}
	k0624 = eight{c0624, c0624, c0624, c0624, c0624, c0624, c0624, c0624}
	k1719 = eight{c1719, c1719, c1719, c1719, c1719, c1719, c1719, c1719}
)

func vectorIDCT7(b *block, dst []byte, stride int) {
	x0, x1, x2, x3, x4, x5, x6 := wideSeven(wideRow(b[0:4]), wideRow(b[4:8]), wideRow(b[8:12]), wideRow(b[12:16]),
		wideRow(b[16:20]), wideRow(b[20:24]), wideRow(b[24:28]), kRound1.wide())
	clear(b[:28])
	q0, q1, q2, q3 := crossed(down1(x0), down1(x1), down1(x2), down1(x3))
	q4, q5, q6, q7 := crossed(down1(x4), down1(x5), down1(x6), down1(x6))
	x0, x1, x2, x3, x4, x5, x6 = wideSeven(q0.Select128FromPair(0, 2, q4), q1.Select128FromPair(0, 2, q5),
		q2.Select128FromPair(0, 2, q6), q3.Select128FromPair(0, 2, q7),
		q0.Select128FromPair(1, 3, q4), q1.Select128FromPair(1, 3, q5), q2.Select128FromPair(1, 3, q6), kRound2.wide())
	x3 = down2(x3)
	l, r := packed(down2(x0), down2(x1), down2(x2), x3), packed(x3, down2(x4), down2(x5), down2(x6))
	var left, right [8]uint32
	l.Store(&left)
	r.Store(&right)
	archsimd.ClearAVXUpperBits()
	for y := range 7 {
		row := dst[y*stride:][:7]
		binary.LittleEndian.PutUint32(row, left[y])
		binary.LittleEndian.PutUint32(row[3:], right[y])
	}
}

func vectorIDCT6(b *block, dst []byte, stride int) {
	x0, x1, x2, x3, x4, x5 := wideSix(wideRow(b[0:4]), wideRow(b[3:7]), wideRow(b[6:10]),
		wideRow(b[9:13]), wideRow(b[12:16]), wideRow(b[15:19]), kRound1.wide())
	clear(b[:18])
	x4, x5 = down1(x4), down1(x5)
	q0, q1, q2, q3 := crossed(down1(x0), down1(x1), down1(x2), down1(x3))
	q4, q5, q6, q7 := crossed(x4, x5, x4, x5)
	x0, x1, x2, x3, x4, x5 = wideSix(q0.Select128FromPair(0, 2, q4), q1.Select128FromPair(0, 2, q5),
		q2.Select128FromPair(0, 2, q6), q3.Select128FromPair(0, 2, q7),
		q0.Select128FromPair(1, 3, q4), q1.Select128FromPair(1, 3, q5), kRound2.wide())
	x2, x3 = down2(x2), down2(x3)
	l, r := packed(down2(x0), down2(x1), x2, x3), packed(x2, x3, down2(x4), down2(x5))
	var left, right [8]uint32
	l.Store(&left)
	r.Store(&right)
	archsimd.ClearAVXUpperBits()
	for y := range 6 {
		row := dst[y*stride:][:6]
		binary.LittleEndian.PutUint32(row, left[y])
		binary.LittleEndian.PutUint32(row[2:], right[y])
	}
}

func vectorIDCT5(b *block, dst []byte, stride int) {
	x0, x1, x2, x3, x4 := wideFive(wideRow(b[0:4]), wideRow(b[3:7]), wideRow(b[6:10]),
		wideRow(b[9:13]), wideRow(b[12:16]), kRound1.wide())
	clear(b[:15])
	x4 = down1(x4)
	q0, q1, q2, q3 := crossed(down1(x0), down1(x1), down1(x2), down1(x3))
	q4, q5, q6, q7 := crossed(x4, x4, x4, x4)
	x0, x1, x2, x3, x4 = wideFive(q0.Select128FromPair(0, 2, q4), q1.Select128FromPair(0, 2, q5),
		q2.Select128FromPair(0, 2, q6), q3.Select128FromPair(0, 2, q7), q0.Select128FromPair(1, 3, q4), kRound2.wide())
	l, r := packed(down2(x0), down2(x1), down2(x2), down2(x3)), down2(x4).AsUint32x8()
	var left, right [8]uint32
	l.Store(&left)
	r.Store(&right)
	archsimd.ClearAVXUpperBits()
	for y := range 5 {
		row := dst[y*stride:][:5]
		binary.LittleEndian.PutUint32(row, left[y])
		row[4] = byte(right[y])
	}
}

// down1 is the shift after the first pass.
func down1(v wide) wide { return v.ShiftAllRight(shift1) }

// down2 is the shift after the second, and the bounds of a sample.
func down2(v wide) wide {
	return v.ShiftAllRight(shift2).Max(archsimd.BroadcastInt32x8(0)).Min(archsimd.BroadcastInt32x8(255))
}

// packed makes four columns of samples rows of four bytes.
func packed(a, b, c, d wide) archsimd.Uint32x8 {
	return a.Or(b.ShiftAllLeft(8)).Or(c.ShiftAllLeft(16)).Or(d.ShiftAllLeft(24)).AsUint32x8()
}

// wideFive is the transform of five; see five.
func wideFive(f0, f1, f2, f3, f4, round wide) (x0, x1, x2, x3, x4 wide) {
	e, p, q := f0.ShiftAllLeft(constBits).Add(round), f2.Add(f4).Mul(k0791.wide()), f2.Sub(f4).Mul(k0354.wide())
	e0, e1, e2 := e.Add(q).Add(p), e.Add(q).Sub(p), e.Sub(q.ShiftAllLeft(2))
	z := f1.Add(f3).Mul(k0831.wide())
	o0, o1 := z.Add(f1.Mul(k0514.wide())), z.Sub(f3.Mul(k2176.wide()))
	return e0.Add(o0), e1.Add(o1), e2, e1.Sub(o1), e0.Sub(o0)
}

// wideSix is the transform of six; see six.
func wideSix(f0, f1, f2, f3, f4, f5, round wide) (x0, x1, x2, x3, x4, x5 wide) {
	e, y, o := f0.ShiftAllLeft(constBits).Add(round), f4.Mul(k0707.wide()), f2.Mul(k1224.wide())
	a := e.Add(y)
	e0, e1, e2 := a.Add(o), e.Sub(y).Sub(y), a.Sub(o)
	z := f1.Add(f5).Mul(k0366.wide())
	o0, o1 := z.Add(f1.Add(f3).ShiftAllLeft(constBits)), f1.Sub(f3).Sub(f5).ShiftAllLeft(constBits)
	o2 := z.Add(f5.Sub(f3).ShiftAllLeft(constBits))
	return e0.Add(o0), e1.Add(o1), e2.Add(o2), e2.Sub(o2), e1.Sub(o1), e0.Sub(o0)
}

// wideSeven is the transform of seven; see seven.
func wideSeven(f0, f1, f2, f3, f4, f5, f6, round wide) (x0, x1, x2, x3, x4, x5, x6 wide) {
	e, m := f0.ShiftAllLeft(constBits).Add(round), f2.Sub(f4).Add(f6).Mul(k0236.wide())
	a, b := f2.Add(f4), f4.Add(f6)
	z := a.Add(b).Mul(k0079.wide())
	p, q := z.Add(a.Mul(k0959.wide())), z.Sub(b.Mul(k1196.wide()))
	e3 := e.Sub(m.ShiftAllLeft(2)).Sub(m.Add(m))
	e = e.Add(m)
	e0, e1, e2 := e.Add(p), e.Add(q), e.Sub(p).Sub(q)
	m, a, b = f1.Add(f3).Sub(f5).Mul(k0624.wide()), f1.Add(f5), f3.Add(f5)
	z = a.Add(b).Mul(k0482.wide())
	p, q = z.Add(a.Mul(k0273.wide())), z.Sub(b.Mul(k1719.wide()))
	o0, o1, o2 := m.Add(p), m.Add(q), p.Add(q).Sub(m)
	return e0.Add(o0), e1.Add(o1), e2.Add(o2), e3, e2.Sub(o2), e1.Sub(o1), e0.Sub(o0)
}
