package vp8

import (
	"math"
	"math/rand/v2"
	"testing"
)

func init() { makeTables() } // which tests of parts of the encoder read

func TestBitsAreReadAsWritten(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 2))
		type written struct {
			one  bool
			prob uint8
		}
		var all []written
		var w boolWriter
		w.start([]byte("before"))
		// Some sequences have nothing but the unlikely bit, or the upper end of the range, where carries come from.
		for range r.IntN(2000) {
			b := written{r.IntN(2) > 0, uint8(1 + r.IntN(255))}
			switch seed % 4 {
			case 1:
				b = written{true, 255}
			case 2:
				b = written{r.IntN(100) > 0, 1}
			case 3:
				b = written{r.IntN(256) >= int(b.prob), b.prob}
			}
			all = append(all, b)
			w.bit(b.one, b.prob)
		}
		w.flush()
		if string(w.buf[:6]) != "before" {
			t.Fatalf("seed %d: a carry went too far", seed)
		}
		var back boolReader
		back.start(w.buf[6:])
		for i, b := range all {
			if back.bit(b.prob) != b.one {
				t.Fatalf("seed %d: bit %d of %d is another one", seed, i, len(all))
			}
		}
		if back.short {
			t.Errorf("seed %d: %d bits are too short", seed, len(all))
		}
	}
}

func TestCostsAreLogarithms(t *testing.T) {
	for p := 1; p <= 256; p++ {
		if want := -256 * math.Log2(float64(p)/256); math.Abs(want-float64(bitCosts[p])) > 1 {
			t.Errorf("a probability of %d in 256 costs %d, want %.1f", p, bitCosts[p], want)
		}
	}
}

// someBlock returns random samples: noise, flat, or extremes.
func someBlock(r *rand.Rand) (b samples) {
	base, noise := r.IntN(256), 1+r.IntN(80)
	for i := range b {
		if b[i] = byte(min(base+r.IntN(noise), 255)); base%5 == 0 {
			b[i] = byte(255 * r.IntN(2))
		}
	}
	return b
}

func TestTransformsAreInverses(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		a, b := someBlock(r), someBlock(r)
		var c coefficients
		forward(&a, &b, &c)
		var back samples
		inverse(&c, &b, &back)
		for i := range a {
			if d := int(a[i]) - int(back[i]); d < -1 || d > 1 {
				t.Fatalf("sample %d of %v is %d, after a prediction of %v", i, a, back[i], b)
			}
		}
		var second, first coefficients
		forwardSecond(&c, &second)
		inverseSecond(&second, &first)
		for i := range c {
			if d := c[i] - first[i]; d < -1 || d > 1 {
				t.Fatalf("first coefficient %d of %v is %d", i, c, first[i])
			}
		}
	}
}

// plainActivity is the Hadamard transform as it is defined: the sum of absolute sums with the signs of its matrix,
// halved.
func plainActivity(a, b *samples) (sum int32) {
	sign := func(k, i int) int32 { return 1 - 2*int32((k&i>>1&1+k&i&1)&1) }
	for ky := range 4 {
		for kx := range 4 {
			var v int32
			for i := range a {
				v += sign(ky, i/4) * sign(kx, i%4) * (int32(a[i]) - int32(b[i]))
			}
			sum += abs(v)
		}
	}
	return sum / 2
}

func TestActivityIsThatOfHadamard(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		a, b := someBlock(r), someBlock(r)
		l := a.lanes()
		if got, want := activity(&l, &b), plainActivity(&a, &b); got != want {
			t.Fatalf("%v, %v: %d, want %d", a, b, got, want)
		}
	}
}

// The predictions of the encoder are those of the decoder.
func TestPredictionsAreThoseOfTheDecoder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 2000 {
		p := newPlane(1, 1, 16, 1)
		for i := range p.pix {
			p.pix[i] = byte(r.Uint32())
		}
		hasAbove, hasLeft := r.IntN(2) > 0, r.IntN(2) > 0
		for mode := range uint8(4) {
			for _, size := range []int{8, 16} {
				above := p.pix[p.origin-p.stride-1:][:size+1]
				var left [16]byte
				for i := range left {
					left[i] = p.pix[p.origin+i*p.stride-1]
				}
				var out [16]samples
				predictBlocks(mode, size, above, left[:], hasAbove, hasLeft, out[:size*size/16])
				p.predict(p.origin, size, mode, hasAbove, hasLeft)
				for y := range size {
					for x := range size {
						if got := out[y/4*(size/4)+x/4][y%4*4+x%4]; got != p.pix[p.origin+y*p.stride+x] {
							t.Fatalf("mode %d of %d samples: %d, %d is %d", mode, size, x, y, got)
						}
					}
				}
			}
		}
	}
}

// costOfLevels is what a block costs: its squared errors and the bits of its tokens.
func costOfLevels(rt *rates, kind, context, first int, mask uint16, l *levels, before, after *coefficients) int {
	sum := 0
	for n := first; n < 16; n++ {
		d := int(before[zigzag[n]] - after[zigzag[n]])
		sum += d * d
	}
	k := &rt.kind[kind]
	n, ctx := first, context
	for rest := mask >> first; rest != 0; rest >>= 1 {
		c := &k[bands[n]][ctx]
		v := 0
		if rest&1 != 0 {
			v = int(abs(int32(l[n])))
		}
		sum += int(c.token[tokenOf[min(v, firstOfGroup6)]]) + int(rt.fixed[min(v, firstOfGroup6)])
		if n == first && ctx == 0 {
			sum += int(c.more)
		}
		n++
		ctx = min(v, 2)
	}
	if n < 16 {
		sum += int(k[bands[n]][ctx].end)
	}
	return sum
}

// What a search costs is what its levels cost, and no more than what plain rounding or nothing at all would.
func TestSearchFindsCheaperLevels(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	cheaper := 0
	for i := range 20000 {
		q := newSegmentQuant(r.IntN(128), r.IntN(128))
		q.rates.set(&defaultProbs)
		a, b := someBlock(r), someBlock(r)
		var c coefficients
		forward(&a, &b, &c)
		kind, first := lumaBlock, i%2
		if first > 0 {
			kind = lumaWithoutFirst
		}
		context := r.IntN(3)
		was, rounded := c, c
		var found, plain levels
		mask, cost := q.y1.search(&c, first, context, &q.rates.kind[kind], &q.rates.fixed, 0, &found)
		if first > 0 {
			c[0] = was[0]
		}
		if own := costOfLevels(&q.rates, kind, context, first, mask, &found, &was, &c); own != int(cost) {
			t.Fatalf("block %d: the levels cost %d, the search says %d", i, own, cost)
		}
		m := q.y1.quantize(&rounded, first, &plain)
		other := costOfLevels(&q.rates, kind, context, first, m, &plain, &was, &rounded)
		none := costOfLevels(&q.rates, kind, context, first, 0, nil, &was, &coefficients{0: was[0] * int32(first)})
		if int(cost) > min(other, none) {
			t.Fatalf("block %d: %d, by rounding %d, with nothing %d", i, cost, other, none)
		}
		cheaper += toInt(int(cost) < other)
	}
	if cheaper < 5000 {
		t.Errorf("the search found cheaper levels %d times of 20000", cheaper)
	}
}
