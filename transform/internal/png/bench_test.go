package png

import (
	"bytes"
	"image/png"
	"math"
	"math/rand/v2"
	"testing"
)

// photoLike returns the rows of a picture that packs as well as a photograph does: waves with noise, each row with the
// Paeth filter.
func photoLike(w, h int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	var raw []byte
	above, row := make([]byte, 3*w), make([]byte, 3*w)
	for y := range h {
		raw = append(raw, paeth)
		for x := range w {
			for c := range 3 {
				v := 120 + 60*math.Sin(float64(x)/90+float64(c)) + 40*math.Cos(float64(y)/70) + 3*rng.NormFloat64()
				i := 3*x + c
				row[i] = byte(v)
				var left, corner int32
				if x > 0 {
					left, corner = int32(row[i-3]), int32(above[i-3])
				}
				raw = append(raw, row[i]-byte(predict(left, int32(above[i]), corner)))
			}
		}
		above, row = row, above
	}
	return raw
}

func BenchmarkDecode(b *testing.B) {
	const w, h = 2000, 1500
	data := file(w, h, 8, rgb, nil, photoLike(w, h), 6, 32<<10)
	b.Run("by=rows", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(3 * w * h)
		var d Decoder
		for b.Loop() {
			head, err := ReadHeader(data, nil)
			if err != nil {
				b.Fatal(err)
			}
			d.Start(data, head, nil)
			for range h {
				if _, err := d.Row(); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("by=image-png", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(3 * w * h)
		for b.Loop() {
			if _, err := png.Decode(bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkUnfilter(b *testing.B) {
	src := append(noise(3000, 1, 8, 3)[1:], 0)
	row := make([]byte, 12000)
	for i, name := range []string{"none", "sub", "up", "average", "paeth"} {
		b.Run("filter="+name, func(b *testing.B) {
			b.SetBytes(9000)
			for b.Loop() {
				unfilterRGB(byte(i), row, src)
			}
		})
	}
}
