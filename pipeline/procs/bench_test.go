//go:build linux

package procs

import (
	"fmt"
	"testing"

	"imgpipe/transform"
)

// BenchmarkRoundTrip is the price of handing an image of so many bytes to a worker and getting as many back.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{100, 64 << 10, 3 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			p := newPool(b, Options{Workers: 1, Env: []string{faultName + "=faults"}})
			task := transform.Task{Data: make([]byte, size)}
			if _, _, err := p.Do(b.Context(), task); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.Do(b.Context(), task); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkHandOver is the same for an image that gives a small output, as most do.
func BenchmarkHandOver(b *testing.B) {
	for _, size := range []int{64 << 10, 3 << 20, 10 << 20} {
		b.Run(fmt.Sprintf("bytes=%d", size), func(b *testing.B) {
			p := newPool(b, Options{Workers: 1, Env: []string{faultName + "=faults"}})
			task := transform.Task{Data: append([]byte("swallow"), make([]byte, size)...)}
			if _, _, err := p.Do(b.Context(), task); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := p.Do(b.Context(), task); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStart is the time from nothing to a worker that has said hello and left again.
func BenchmarkStart(b *testing.B) {
	for _, isolate := range []Isolate{IsolateOff, IsolateAuto} {
		b.Run("isolate="+string(isolate), func(b *testing.B) {
			p := newPool(b, Options{Workers: 1, Isolate: isolate, Env: []string{faultName + "=faults"}})
			for b.Loop() {
				w, err := p.spawn()
				if err != nil {
					b.Fatal(err)
				}
				w.retire(p.opts.Grace)
			}
		})
	}
}
