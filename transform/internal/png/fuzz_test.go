package png

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// FuzzDecode holds the laws: what image/png reads is read, and is the same; what it refuses is read with a word about
// it; a Decoder that was used before returns what a new one does, and of rows that are missing nothing is shown.
func FuzzDecode(f *testing.F) {
	for i, k := range kinds() {
		data := k.file(9, 7, k.noise(9, 7), i%3*3, 50)
		f.Add(data)
		f.Add(data[:len(data)-20])
	}
	paths, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "corpus", "conformance", "png", "*.png"))
	for i, path := range paths {
		if data, err := os.ReadFile(path); err == nil && len(data) < 2048 && i%3 == 0 {
			f.Add(data)
		}
	}
	var used Decoder
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data, nil)
		if err != nil {
			if _, want := reference(data); want == nil {
				t.Fatalf("%v, where image/png reads it", err)
			}
			return
		}
		if int64(h.Width)*int64(h.Height) > 1<<18 {
			return
		}
		d := new(Decoder)
		got, err := rows(d, data, h)
		again, errAgain := rows(&used, data, h)
		if err != nil || errAgain != nil || !bytes.Equal(got.Pix, again.Pix) {
			t.Fatalf("error %v, and from a Decoder that was used before %v, or other pixels", err, errAgain)
		}
		if err := agrees(data, d, got.Pix); err != nil {
			t.Fatal(err)
		}
		if h.Deep() {
			deep, err := deepRows(&used, data, h)
			if err != nil || !bytes.Equal(pixel.Shallow64(deep).Pix, got.Pix) {
				t.Fatalf("rows of 16 bits are others, rounded; error %v", err)
			}
		}
		blank := make([]byte, 4*h.Width)
		d.fill(blank[:h.pixelBytes(false)*h.Width])
		damage := d.Damage()
		for y := range h.Height {
			if damage.Misses(y) && !h.Gray && !bytes.Equal(got.Pix[y*got.Stride:][:4*h.Width], blank) {
				t.Fatalf("row %d is missing and has pixels", y)
			}
		}
	})
}
