//go:build goexperiment.simd && amd64

package jpeg

import (
	"math/rand/v2"
	"simd/archsimd"
	"testing"
)

// Both builds must make the same files and samples.
func TestVectorsGiveTheSameSamplesAsWords(t *testing.T) {
	if !archsimd.X86.AVX2() {
		t.Skip("this processor has no AVX2")
	}
	type transform func(b *block, last int, dst []byte, stride int)
	for _, c := range []struct {
		name           string
		scale          int
		words, vectors transform
	}{
		{"8×8", 8, idct8, inverse8},
		{"7×7", 7, idct7, inverse7},
		{"6×6", 6, idct6, inverse6},
		{"5×5", 5, idct5, inverse5},
		{"4×4", 4, idct4, inverse4},
		{"3×3", 3, idct3, inverse3},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(c.scale)))
			for round := range 30000 {
				// From blocks within the range of samples to ones far beyond it, with coefficients as far as last.
				span, last := []int{20, 300, 2000}[round%3], random.IntN(64)
				var coefs [64]int64
				for _, natural := range zigzag[:last+1] {
					coefs[natural] = int64(random.IntN(2*span+1) - span)
				}
				var b block
				for i, v := range coefs {
					if row, col := i/8, i%8; row < c.scale && col < c.scale {
						b[row*pairs(c.scale)+col/2] += v << (32 * (col & 1))
					}
				}
				other := b
				var want, got [8 * 11]byte
				c.words(&b, last, want[:], 11)
				c.vectors(&other, last, got[:], 11)
				if got != want {
					t.Fatalf("coefficients %v\ngive %v\nwant %v", coefs, got, want)
				}
				if b != (block{}) || other != b {
					t.Fatal("the block is not all 0 afterwards")
				}
			}
		})
	}
}

func TestVectorsGiveTheSameCoefficientsAsWords(t *testing.T) {
	if !archsimd.X86.AVX2() {
		t.Skip("this processor has no AVX2")
	}
	random := rand.New(rand.NewPCG(1, 2))
	var table [64]uint8
	var q quantizer
	for round := range 30000 {
		if round%100 == 0 {
			steps := []int{1, 20, 255}[round/100%3]
			for i := range table {
				table[i] = uint8(1 + random.IntN(steps))
			}
			q.set(&table)
		}
		var src [8 * 11]byte
		span := []int{2, 30, 256}[round%3]
		for i := range src {
			src[i] = byte(random.IntN(span))
			if round%4 == 0 { // the extremes
				src[i] = byte(random.IntN(2) * 255)
			}
		}
		var want, got [64]int16
		wantMask := fdct8(src[:], 11, &q, &want)
		gotMask := forward8(src[:], 11, &q, &got)
		if got != want || gotMask != wantMask {
			t.Fatalf("samples %v, steps %v\ngive %v, mask %x\nwant %v, mask %x", src, table, got, gotMask, want,
				wantMask)
		}
	}
}
