package gauss

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// noise returns a plane of w × h samples, whose rows are further apart than they are long.
func noise(w, h int, seed uint64) pixel.Plane {
	r := rand.New(rand.NewPCG(seed, 1))
	p := pixel.Plane{Pix: make([]byte, (w+3)*h), Stride: w + 3, W: w, H: h}
	for i := range p.Pix {
		p.Pix[i] = byte(r.Uint32())
		if r.IntN(3) == 0 { // the ends of the range are what may run over
			p.Pix[i] = byte(255 * r.IntN(2))
		}
	}
	return p
}

// plainly is Blur, one sample at a time.
func plainly(src pixel.Plane, sigma float64) pixel.Plane {
	k := newKernel(sigma)
	pass := func(p pixel.Plane, dx, dy int) pixel.Plane {
		out := pixel.NewPlane(p.W, p.H)
		at := func(x, y int) int { return int(p.Row(min(max(y, 0), p.H-1))[min(max(x, 0), p.W-1)]) }
		for y := range p.H {
			for x := range p.W {
				sum := int(k[0]) * at(x, y)
				for d := 1; d < len(k); d++ {
					sum += int(k[d]) * (at(x-d*dx, y-d*dy) + at(x+d*dx, y+d*dy))
				}
				out.Row(y)[x] = byte((sum + one/2) / one)
			}
		}
		return out
	}
	return pass(pass(src, 0, 1), 1, 0)
}

func TestBlurIsTheSumOfAKernelInBothDirections(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 9}, {2, 3}, {3, 40}, {5, 1}, {37, 23}, {64, 5}} {
		for _, sigma := range []float64{0.1, 0.3, 0.5, 1, 1.5, 2, 3.3, MaxSigma} {
			src := noise(size[0], size[1], uint64(100*sigma))
			before := bytes.Clone(src.Pix)
			dst := noise(size[0], size[1], 7)
			want, beyond := plainly(src, sigma), bytes.Clone(dst.Pix)
			if !Blur(dst, src, sigma, nil) {
				t.Fatal("it stopped")
			}
			for y := range dst.H {
				if !bytes.Equal(dst.Row(y), want.Row(y)) {
					t.Fatalf("%v, %v: row %d is %v, want %v", size, sigma, y, dst.Row(y), want.Row(y))
				}
				if !bytes.Equal(dst.Pix[y*dst.Stride+dst.W:][:3], beyond[y*dst.Stride+dst.W:][:3]) {
					t.Fatalf("%v, %v: row %d goes on beyond its end", size, sigma, y)
				}
			}
			if !bytes.Equal(src.Pix, before) {
				t.Fatal("the source was changed")
			}
		}
	}
}

// TestWeightsAreThoseOfAGaussian: they add up to one, so that plain pictures stay as they are, and none is further from
// its value than rounding and what it owes the next explain.
func TestWeightsAreThoseOfAGaussian(t *testing.T) {
	for i := 10; i <= 400; i++ {
		sigma := float64(i) / 100
		k := newKernel(sigma)
		at := func(d int) float64 { return math.Exp(-float64(d*d) / (2 * sigma * sigma)) }
		sum, all := int(k[0]), at(0)
		for d := 1; d <= int(math.Ceil(3*sigma)); d++ {
			all += 2 * at(d)
			if d < len(k) {
				sum += 2 * int(k[d])
			}
		}
		if sum != one {
			t.Errorf("%v: weights add up to %d", sigma, sum)
		}
		for d := range k {
			if off := math.Abs(float64(k[d]) - one*at(d)/all); off > 1 || d > 0 && off > 0.99 {
				t.Errorf("%v: weight %d is %d, %v off", sigma, d, k[d], off)
			}
		}
	}
}

func TestBlurStops(t *testing.T) {
	calls := 0
	if Blur(pixel.NewPlane(9, 200), noise(9, 200, 1), 1, func() bool { calls++; return calls == 2 }) || calls != 2 {
		t.Errorf("it went on after %d calls", calls)
	}
}

func BenchmarkBlur(b *testing.B) {
	src := noise(4000, 3000, 1)
	dst := pixel.NewPlane(src.W, src.H)
	for _, sigma := range []float64{0.5, 1, 2, 3.9} {
		b.Run(fmt.Sprint("sigma=", sigma), func(b *testing.B) {
			b.SetBytes(int64(src.W * src.H))
			for b.Loop() {
				Blur(dst, src, sigma, nil)
			}
		})
	}
}
