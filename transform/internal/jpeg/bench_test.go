package jpeg

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// photo returns a camera's file of the corpus, or one made here where there is none.
func photo(b *testing.B, progressive bool) []byte {
	b.Helper()
	name := "../../../../shared/corpus/photos/metadata-extractor-images__Apple_iPhone_6.jpg"
	if progressive {
		name = "../../../../shared/corpus/photos-progressive/*"
	}
	if files, _ := filepath.Glob(name); len(files) > 0 {
		data, err := os.ReadFile(files[0])
		if err != nil {
			b.Fatal(err)
		}
		return data
	}
	v := "baseline"
	if progressive {
		v = "progressive"
	}
	return newSource(2000, 1500, samplings[3].factors, 14, 1).write(variants(3)[v])
}

func BenchmarkDecode(b *testing.B) {
	for _, coding := range []string{"baseline", "progressive"} {
		data := photo(b, coding == "progressive")
		h, err := ReadHeader(data)
		if err != nil {
			b.Fatal(err)
		}
		for _, m := range []int{8, 7, 6, 5, 4, 3, 2, 1} {
			b.Run(fmt.Sprintf("coding=%s/scale=%d", coding, m), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(data)))
				var d Decoder
				for b.Loop() {
					if _, _, err := d.Decode(data, &h, Options{Scale: pixel.Scale{Luma: m, Chroma: m}}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(h.Width*h.Height)/1e6*float64(b.N)/b.Elapsed().Seconds(), "MP/s")
			})
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	data := photo(b, false)
	var d Decoder
	h, err := ReadHeader(data)
	if err != nil {
		b.Fatal(err)
	}
	p, _, err := d.Decode(data, &h, Options{Scale: pixel.Scale{Luma: 2, Chroma: 2}})
	if err != nil {
		b.Fatal(err)
	}
	size := p.Plane[0].W * p.Plane[0].H
	for _, o := range []EncodeOptions{{}, {Optimize: true}, {Progressive: true}} {
		b.Run(fmt.Sprintf("optimize=%v/progressive=%v", o.Optimize, o.Progressive), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			var e Encoder
			var out []byte
			for b.Loop() {
				if out, err = e.Append(out[:0], p, o); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)/1e6*float64(b.N)/b.Elapsed().Seconds(), "MP/s")
		})
	}
}

func BenchmarkHeader(b *testing.B) {
	data := photo(b, false)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadHeader(data); err != nil {
			b.Fatal(err)
		}
	}
}
