package resample

import (
	"fmt"
	"image"
	"testing"
)

func megapixels(b *testing.B, perLoop int) {
	b.ReportMetric(float64(perLoop)*float64(b.N)/1e6/b.Elapsed().Seconds(), "MP/s")
}

func BenchmarkPlane(b *testing.B) {
	for _, c := range []struct {
		name         string
		w, h, dw, dh int
		f            Filter
	}{
		{"luma", 2000, 1500, 800, 600, Lanczos3},
		{"luma", 2000, 1500, 800, 600, CatmullRom},
		{"luma", 2000, 1500, 800, 600, Bilinear},
		{"luma", 2000, 1500, 800, 600, Box},
		{"luma", 2000, 1500, 800, 600, Nearest},
		{"little", 1000, 750, 800, 600, Lanczos3},
		{"chroma", 1000, 750, 400, 300, Lanczos3},
		{"web", 500, 375, 224, 168, Lanczos3},
		{"enlarge", 400, 300, 800, 600, Lanczos3},
	} {
		b.Run(fmt.Sprintf("case=%s/from=%dx%d/to=%dx%d/filter=%v", c.name, c.w, c.h, c.dw, c.dh, c.f),
			func(b *testing.B) {
				src, dst := patterns[1].plane(c.w, c.h), newPlane(c.dw, c.dh)
				var r Resampler
				b.ReportAllocs()
				b.SetBytes(int64(c.w * c.h))
				for b.Loop() {
					if err := r.Plane(dst, src, Window{}, c.f); err != nil {
						b.Fatal(err)
					}
				}
				megapixels(b, c.w*c.h)
			})
	}
}

func BenchmarkNRGBA(b *testing.B) {
	for _, opaque := range []bool{true, false} {
		b.Run(fmt.Sprintf("from=4000x3000/to=800x600/opaque=%v", opaque), func(b *testing.B) {
			src := randomNRGBA(4000, 3000, opaque)
			dst := image.NewNRGBA(image.Rect(0, 0, 800, 600))
			var r Resampler
			b.ReportAllocs()
			b.SetBytes(4 * 4000 * 3000)
			for b.Loop() {
				if err := r.NRGBA(dst, src, Window{}, Lanczos3); err != nil {
					b.Fatal(err)
				}
			}
			megapixels(b, 4000*3000)
		})
	}
}

func BenchmarkWeights(b *testing.B) {
	for _, c := range []struct{ from, to int }{{2000, 800}, {500, 224}} {
		b.Run(fmt.Sprintf("from=%d/to=%d", c.from, c.to), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				newAxis(axisKey{0, float64(c.from), c.to, Lanczos3, acrossBits, 0})
			}
		})
	}
}

func BenchmarkWide(b *testing.B) {
	for _, c := range wideCases() {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			src := c.plane(patterns[0], 1000, 750)
			dst := newPlane(c.bytes()*400, 300)
			dst.W = 400
			var r Resampler
			for b.Loop() {
				if err := r.begin(dst, c.form, src.W, src.H, Window{}, Lanczos3); err != nil {
					b.Fatal(err)
				}
				r.push(src.Pix, src.Stride, src.H)
			}
		})
	}
}
