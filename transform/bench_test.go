package transform

import (
	"context"
	"image"
	"math/rand/v2"
	"testing"
)

// textured draws a picture that takes as many bits for a pixel as a photograph does.
func textured(w, h int) *image.NRGBA {
	img := scene(w, h)
	rng := rand.New(rand.NewPCG(7, 9))
	for i := range img.Pix {
		if i%4 < 3 {
			img.Pix[i] = uint8(min(max(float64(img.Pix[i])+6*rng.NormFloat64(), 0), 255))
		}
	}
	return img
}

func BenchmarkDo(b *testing.B) {
	photo := textured(4000, 3000)
	b.Run("source=jpeg-12MP/spec=size-800", func(b *testing.B) { benchmark(b, encoded(b, photo, JPEG), "size=800") })
	b.Run("source=jpeg-12MP/spec=contain", func(b *testing.B) {
		benchmark(b, encoded(b, photo, JPEG), "size=800x800,fit=contain")
	})
	b.Run("source=jpeg-12MP/spec=smart", func(b *testing.B) {
		benchmark(b, encoded(b, photo, JPEG), "size=400x400,fit=cover,gravity=smart")
	})
	b.Run("source=png-12MP/spec=size-800-jpeg", func(b *testing.B) {
		benchmark(b, encoded(b, photo, PNG), "size=800;format=jpeg")
	})
	b.Run("source=jpeg-web/spec=size-224", func(b *testing.B) {
		benchmark(b, encoded(b, textured(640, 480), JPEG), "size=224")
	})
	pic := textured(1600, 1200)
	for _, source := range outputFormats {
		b.Run("source="+string(source)+"/spec=size-800-jpeg", func(b *testing.B) {
			benchmark(b, encoded(b, pic, source), "size=800;format=jpeg")
		})
	}
	for _, target := range outputFormats {
		b.Run("source=png/spec=size-800-"+string(target), func(b *testing.B) {
			benchmark(b, encoded(b, pic, PNG), "size=800;format="+string(target))
		})
	}
}

func benchmark(b *testing.B, data []byte, text string) {
	spec := mustSpec(b, text)
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Do(context.Background(), Task{Data: data, Spec: spec}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

func BenchmarkReadHeader(b *testing.B) {
	data := withOrientation(encoded(b, scene(500, 375), JPEG), 6)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadHeader(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseSpec(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseSpec("size=320;size=1280;grayscale;blur=1.5;format=jpeg;quality=90"); err != nil {
			b.Fatal(err)
		}
	}
}
