package png

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzDecode holds the laws: nothing is read that image/png refuses, what both read is the same, and a Decoder that was used before
// gives what a new one does.
func FuzzDecode(f *testing.F) {
	for _, color := range []int{gray, rgb, grayAlpha, rgba} {
		n := [...]int{gray: 1, rgb: 3, grayAlpha: 2, rgba: 4}[color]
		f.Add(file(9, 7, 8, color, nil, noise(9, 7, 8, n), 6, 50))
		f.Add(file(3, 5, 16, color, nil, noise(3, 5, 16, n), 0, 50))
	}
	f.Add(file(9, 7, 4, palette, appendChunk(appendChunk(nil, "PLTE", []byte("abcdef")), "tRNS", []byte{9}), noise(9, 7, 4, 1), 1, 10))
	paths, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "corpus", "conformance", "png", "*.png"))
	for i, path := range paths {
		if data, err := os.ReadFile(path); err == nil && len(data) < 2048 && i%3 == 0 {
			f.Add(data)
		}
	}
	var used Decoder
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil || int64(h.Width)*int64(h.Height) > 1<<18 {
			return
		}
		got, err := rows(new(Decoder), data, h)
		again, errAgain := rows(&used, data, h)
		if (err == nil) != (errAgain == nil) || err == nil && !same(got, again) {
			t.Fatalf("error %v, and from a Decoder that was used before %v", err, errAgain)
		}
		want, errWant := reference(data)
		if err == nil && (errWant != nil || !same(got, want)) {
			t.Fatalf("read, where image/png says %v", errWant)
		}
		if err != nil && errWant == nil {
			t.Fatalf("%v, where image/png reads it", err)
		}
	})
}
