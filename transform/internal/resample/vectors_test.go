//go:build goexperiment.simd && amd64

package resample

import (
	"bytes"
	"simd/archsimd"
	"testing"
)

// withLanes runs the resampling that r has begun with the engine that runs everywhere.
func withLanes(r *Resampler, pix []byte, stride, h int) {
	r.engine = &r.lanes
	r.engine.begin(r.kind, r.down, r.across)
	r.push(pix, stride, h)
}

func TestVectorsGiveTheBytesOfLanes(t *testing.T) {
	if !archsimd.X86.AVX2() {
		t.Skip("this processor has no AVX2")
	}
	var r Resampler
	for _, s := range shapes {
		for _, f := range allFilters {
			for _, k := range []kind{gray, rgb} {
				for _, p := range patterns {
					size := k.bytes()
					src := p.plane(s.w*size, s.h)
					src.W = s.w
					fast, plain := newPlane(s.dw*size, s.dh), newPlane(s.dw*size, s.dh)
					fast.W, plain.W = s.dw, s.dw
					if err := r.begin(fast, form{kind: k}, s.w, s.h, s.win, f); err != nil {
						t.Fatal(err)
					}
					if r.engine != engine(&r.vectors) {
						t.Fatal("the vectors are not used")
					}
					r.push(src.Pix, src.Stride, s.h)
					if err := r.begin(plain, form{kind: k}, s.w, s.h, s.win, f); err != nil {
						t.Fatal(err)
					}
					withLanes(&r, src.Pix, src.Stride, s.h)
					if !bytes.Equal(fast.Pix, plain.Pix) {
						t.Fatalf("%s %v %s kind %d: vectors give other bytes than lanes", s.name, f, p.name, k)
					}
				}
			}
		}
	}
}
