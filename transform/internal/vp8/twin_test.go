package vp8

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// What the decoder does with words and several bits at a time is written here sample by sample and bit by bit, as
// RFC 6386 has it.

func plainClamp(v int32) byte { return byte(min(max(v, 0), 255)) }

// plainPredict predicts size × size samples (section 12.2).
func plainPredict(p *plane, at, size int, mode uint8, above, left bool) {
	for y := range size {
		for x := range size {
			a, l := int32(p.pix[at-p.stride+x]), int32(p.pix[at+y*p.stride-1])
			var v int32
			switch mode {
			case predictDC:
				sum, n := 0, 0
				for k := range size {
					if above {
						sum, n = sum+int(p.pix[at-p.stride+k]), n+1
					}
					if left {
						sum, n = sum+int(p.pix[at+k*p.stride-1]), n+1
					}
				}
				if v = 128; n > 0 {
					v = int32((sum + n/2) / n)
				}
			case predictV:
				v = a
			case predictH:
				v = l
			case predictTM:
				v = l + a - int32(p.pix[at-p.stride-1])
			}
			p.pix[at+y*p.stride+x] = plainClamp(v)
		}
	}
}

// plainSubblock predicts 4 × 4 samples (section 12.3). e has those to the left, from the bottom up, the corner, and
// eight above.
func plainSubblock(e *[13]int32, mode uint8) (rows [4][4]byte) {
	two := func(i int) byte { return byte((e[i] + e[i+1] + 1) >> 1) }
	three := func(i int) byte { return byte((e[i-1] + 2*e[i] + e[i+1] + 2) >> 2) } // around i
	switch mode {
	case predictDC:
		sum := int32(4)
		for i := range 4 {
			sum += e[i] + e[5+i]
		}
		v := byte(sum >> 3)
		rows = [4][4]byte{{v, v, v, v}, {v, v, v, v}, {v, v, v, v}, {v, v, v, v}}
	case predictTM:
		for y := range rows {
			for x := range rows[y] {
				rows[y][x] = plainClamp(e[3-y] + e[5+x] - e[4])
			}
		}
	case predictV:
		row := [4]byte{three(5), three(6), three(7), three(8)}
		rows = [4][4]byte{row, row, row, row}
	case predictH:
		bottom := byte((e[1] + 3*e[0] + 2) >> 2)
		for y, v := range [4]byte{three(3), three(2), three(1), bottom} {
			rows[y] = [4]byte{v, v, v, v}
		}
	case predictLD:
		last := byte((e[11] + 3*e[12] + 2) >> 2)
		v := [7]byte{three(6), three(7), three(8), three(9), three(10), three(11), last}
		for y := range rows {
			copy(rows[y][:], v[y:])
		}
	case predictRD:
		v := [7]byte{three(1), three(2), three(3), three(4), three(5), three(6), three(7)}
		for y := range rows {
			copy(rows[y][:], v[3-y:])
		}
	case predictVR:
		rows[0] = [4]byte{two(4), two(5), two(6), two(7)}
		rows[1] = [4]byte{three(4), three(5), three(6), three(7)}
		rows[2] = [4]byte{three(3), rows[0][0], rows[0][1], rows[0][2]}
		rows[3] = [4]byte{three(2), rows[1][0], rows[1][1], rows[1][2]}
	case predictVL:
		rows[0] = [4]byte{two(5), two(6), two(7), two(8)}
		rows[1] = [4]byte{three(6), three(7), three(8), three(9)}
		rows[2] = [4]byte{rows[0][1], rows[0][2], rows[0][3], three(10)}
		rows[3] = [4]byte{rows[1][1], rows[1][2], rows[1][3], three(11)}
	case predictHD:
		v := [10]byte{two(0), three(1), two(1), three(2), two(2), three(3), two(3), three(4), three(5), three(6)}
		for y := range rows {
			copy(rows[y][:], v[6-2*y:])
		}
	case predictHU:
		last := byte(e[0])
		bottom := byte((e[1] + 3*e[0] + 2) >> 2)
		v := [10]byte{two(2), three(2), two(1), three(1), two(0), bottom, last, last, last, last}
		for y := range rows {
			copy(rows[y][:], v[2*y:])
		}
	}
	return rows
}

// plainResidue adds what coefficients stand for to 4 × 4 samples (section 14.3).
func plainResidue(in [16]int16, pix []byte, stride int) {
	cos := func(v int32) int32 { return v + v*20091>>16 }
	sin := func(v int32) int32 { return v * 35468 >> 16 }
	var t [16]int32
	for i := range 4 {
		v0, v1, v2, v3 := int32(in[i]), int32(in[4+i]), int32(in[8+i]), int32(in[12+i])
		a, b, c, d := v0+v2, v0-v2, sin(v1)-cos(v3), cos(v1)+sin(v3)
		t[4*i], t[4*i+1], t[4*i+2], t[4*i+3] = a+d, b+c, b-c, a-d
	}
	for y := range 4 {
		v0, v1, v2, v3 := t[y]+4, t[4+y], t[8+y], t[12+y]
		a, b, c, d := v0+v2, v0-v2, sin(v1)-cos(v3), cos(v1)+sin(v3)
		for x, v := range [4]int32{a + d, b + c, b - c, a - d} {
			pix[y*stride+x] = plainClamp(int32(pix[y*stride+x]) + v>>3)
		}
	}
}

// noisy returns a plane of one macroblock, of random samples that are mostly near the ends of their range.
func noisy(r *rand.Rand, side int) plane {
	p := newPlane(1, 1, side, 1)
	for i := range p.pix {
		switch v := byte(r.Uint32()); r.IntN(3) {
		case 0:
			p.pix[i] = v
		case 1:
			p.pix[i] = v & 7
		default:
			p.pix[i] = v | 0xf8
		}
	}
	return p
}

func TestPredictionsAreThoseSampleBySample(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 3000 {
		for mode := range uint8(4) {
			for _, size := range []int{8, 16} {
				p := noisy(r, size)
				want := plane{pix: bytes.Clone(p.pix), stride: p.stride, origin: p.origin}
				above, left := r.IntN(4) > 0, r.IntN(4) > 0
				plainPredict(&want, p.origin, size, mode, above, left)
				if p.predict(p.origin, size, mode, above, left); !bytes.Equal(p.pix, want.pix) {
					t.Fatalf("mode %d of %d samples, above %t, left %t: %v, want %v",
						mode, size, above, left, p.pix, want.pix)
				}
			}
		}
		var e [13]int32
		p := noisy(r, 16)
		for i := range e {
			e[i] = int32(p.pix[i])
		}
		g := edges{corner: byte(e[4])}
		for i := range 4 {
			g.left |= uint32(e[3-i]) << (8 * i)
		}
		for i := range 8 {
			g.above |= uint64(e[5+i]) << (8 * i)
		}
		for mode := range uint8(10) {
			upper, lower := g.predict(mode)
			for y, row := range plainSubblock(&e, mode) {
				for x, v := range row {
					if got := byte([2]uint64{upper, lower}[y/2] >> (32*(y%2) + 8*x)); got != v {
						t.Fatalf("mode %d of a subblock around %v: sample %d, %d is %d, want %d", mode, e, x, y, got, v)
					}
				}
			}
		}
	}
}

// Whatever coefficients there are, and as many as there are, they do to samples what all of them do.
func TestResidueIsThatOfAllCoefficients(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for i := range 30000 {
		p := noisy(r, 16)
		want := bytes.Clone(p.pix)
		var mb macroblock
		last := r.IntN(17)
		in := &mb.coefficients[3]
		for _, at := range zigzag[:last] {
			in[at] = int16(r.IntN(2*2115)-2115) >> r.IntN(12)
		}
		mb.last[3] = uint8(last)
		if last == 0 {
			continue
		}
		at := p.origin + r.IntN(4)*4*p.stride + r.IntN(4)*4
		coefs, step := *in, [2]int32{1 + int32(r.IntN(157)), 1 + int32(r.IntN(284))}
		whole := coefs
		for k, v := range whole {
			whole[k] = int16(int32(v) * step[toInt(k > 0)])
		}
		plainResidue(whole, want[at:], p.stride)
		if mb.residue(3, &step, &p, at); !bytes.Equal(p.pix, want) {
			t.Fatalf("block %d: %v, %d of them, are not what they are one by one", i, coefs, last)
		}
		if *in != ([16]int16{}) {
			t.Fatalf("block %d: coefficients are left", i)
		}
	}
}

// A sum of eight samples and a number is that of each of them.
func TestShiftsAreThoseOfEachSample(t *testing.T) {
	for d := int32(-255); d <= 255; d++ {
		s := shiftBy(d)
		for v := range int32(256) {
			word := uint64(v)<<24 | uint64(255-v)<<32 | uint64(v)<<56
			got := s.apply(word)
			for i := range 8 {
				if b := byte(got >> (8 * i)); b != plainClamp(int32(byte(word>>(8*i)))+d) {
					t.Fatalf("%d and %d is %d", byte(word>>(8*i)), d, b)
				}
			}
		}
	}
}

// plainEdge smooths n samples of an edge (sections 15.2 and 15.3).
func plainEdge(p *plane, at, across, along, n int, s smoothing, simple, outer bool) {
	limit := int32(s.limit)
	if outer {
		limit += 4
	}
	for range n {
		v := func(i int) *byte { return &p.pix[at+i*across] }
		apart := func(i, j int) int32 { return abs(int32(*v(i)) - int32(*v(j))) }
		add := func(i int, d int32) { *v(i) = plainClamp(int32(*v(i)) + d) }
		calm := 2*apart(-1, 0)+apart(-2, 1)>>1 <= limit
		for _, pair := range [][2]int{{-4, -3}, {-3, -2}, {-2, -1}, {0, 1}, {1, 2}, {2, 3}} {
			calm = calm && (simple || apart(pair[0], pair[1]) <= int32(s.interior))
		}
		high := apart(-2, -1) > int32(s.high) || apart(0, 1) > int32(s.high)
		step := 3 * (int32(*v(0)) - int32(*v(-1)))
		beyond := limited(int32(*v(-2)) - int32(*v(1)))
		switch w := limited(beyond + step); {
		case !calm:
		case simple || high:
			add(-1, limited(w+3)>>3)
			add(0, -(limited(w+4) >> 3))
		case outer:
			for i, k := range []int32{27, 18, 9} {
				a := (k*w + 63) >> 7
				add(-1-i, a)
				add(i, -a)
			}
		default:
			w = limited(step)
			behind := limited(w+4) >> 3
			add(-1, limited(w+3)>>3)
			add(0, -behind)
			add(-2, (behind+1)>>1)
			add(1, -((behind + 1) >> 1))
		}
		at += along
	}
}

// Edges in both directions are smoothed as sample by sample, whatever the samples and the limits.
func TestEdgesAreSmoothedSampleBySample(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	changed := 0
	for i := range 40000 {
		p := noisy(r, 16)
		base, span := r.IntN(256), 1+r.IntN(40)
		for k := range p.pix {
			if r.IntN(60) > 0 {
				p.pix[k] = plainClamp(int32(base + r.IntN(span) - k%16*r.IntN(2)))
			}
		}
		interior := 1 + r.IntN(63)
		s := smoothing{
			limit:    uint8(2*(interior+r.IntN(64-interior)) + interior),
			interior: uint8(interior), high: uint8(r.IntN(3)),
		}
		simple, outer, n := r.IntN(4) == 0, r.IntN(2) > 0, 8+8*r.IntN(2)
		want := plane{pix: bytes.Clone(p.pix), stride: p.stride}
		was := bytes.Clone(p.pix)
		limit := s.limit
		if outer {
			limit += 4
		}
		l := s.limits(limit)
		if r.IntN(2) > 0 {
			at := p.origin + 4*p.stride + 8*r.IntN(3-n/8)
			plainEdge(&want, at, p.stride, 1, n, s, simple, outer)
			p.rows(at, n, &l, simple, outer)
		} else {
			at := p.origin + 4*(1+r.IntN(3)) + (16-n)*p.stride
			plainEdge(&want, at, 1, p.stride, n, s, simple, outer)
			p.columns(at, n, &l, simple, outer)
		}
		if !bytes.Equal(p.pix, want.pix) {
			t.Fatalf("edge %d, %+v, simple %t, outer %t: not as sample by sample", i, s, simple, outer)
		}
		changed += toInt(!bytes.Equal(was, p.pix))
	}
	if changed < 20000 {
		t.Errorf("smoothing changed something %d times of 40000", changed)
	}
}
