package transform

import (
	"context"
	"testing"
)

func BenchmarkDo(b *testing.B) {
	pic := scene(2000, 1500)
	for _, source := range outputFormats {
		data := encoded(b, pic, source)
		b.Run("source="+string(source)+"/spec=size-800", func(b *testing.B) { benchmark(b, data, "size=800") })
	}
	data := encoded(b, pic, PNG)
	for _, target := range outputFormats {
		b.Run("source=png/spec=format-"+string(target), func(b *testing.B) { benchmark(b, data, "size=800;format="+string(target)) })
	}
	data = encoded(b, scene(500, 375), JPEG)
	b.Run("source=jpeg/spec=web", func(b *testing.B) { benchmark(b, data, "size=224") })
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
