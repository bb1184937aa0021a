//go:build linux

package procs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"imgpipe/samples"
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

// BenchmarkHandOver is the same for an image that gives a small output, as most do, and has been read into memory
// that workers share or must be copied there.
func BenchmarkHandOver(b *testing.B) {
	for _, size := range []int{64 << 10, 3 << 20, 10 << 20} {
		for _, where := range []string{"shared", "elsewhere"} {
			b.Run(fmt.Sprintf("bytes=%d/in=%s", size, where), func(b *testing.B) {
				p := newPool(b, Options{Workers: 1, Env: []string{faultName + "=faults"}})
				data := make([]byte, size)
				if where == "shared" {
					if data = p.Get(size); data == nil {
						b.Skip("this system has no memory to share")
					}
				}
				copy(data, "swallow")
				task := transform.Task{Data: data}
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

// BenchmarkIsolation is what it costs to transform a photograph in a worker that has given up all it can: it does the
// same task in such a worker and in one that has given up nothing, in turn, and reports the median of the quotients
// of their times. A pair of identical workers beside it shows the noise. The photographs are those of the shared
// corpus, or the samples.
//
//	go test ./pipeline/procs -run - -bench Isolation -benchtime 300x
func BenchmarkIsolation(b *testing.B) {
	size, err := transform.ParseResize("1600x1600")
	if err != nil {
		b.Fatal(err)
	}
	spec := transform.Spec{Sizes: []transform.Resize{size}}
	photos := photographs(b)
	took := func(p *Pool, data []byte) time.Duration {
		began := time.Now()
		if _, _, err := p.Do(b.Context(), transform.Task{Data: data, Spec: spec}); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	for _, isolate := range []Isolate{IsolateOff, IsolateStrict} {
		b.Run("isolate="+string(isolate), func(b *testing.B) {
			// A process is faster or slower than its like by a hundredth for all of its life, by where its pages
			// happen to lie.
			const life = 20
			plain := newPool(b, Options{Workers: 1, Recycle: life, Isolate: IsolateOff})
			apart := newPool(b, Options{Workers: 1, Recycle: life, Isolate: isolate})
			for _, data := range photos { // each has its warm worker
				took(plain, data)
				took(apart, data)
			}
			var quotients []float64
			for i := 0; b.Loop(); i++ {
				data := photos[i/2%len(photos)]
				var x, y time.Duration
				if i%2 == 0 {
					x, y = took(plain, data), took(apart, data)
				} else {
					y, x = took(apart, data), took(plain, data)
				}
				quotients = append(quotients, float64(y)/float64(x))
			}
			slices.Sort(quotients)
			n := len(quotients)
			b.ReportMetric(100*(quotients[n/2]-1), "%overhead")
		})
	}
}

// photographs are pictures as cameras make them.
func photographs(b *testing.B) (all [][]byte) {
	paths, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "photos", "*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, data)
	}
	if len(all) == 0 {
		for _, f := range samples.Embedded() {
			all = append(all, f.Data)
		}
	}
	return all
}
