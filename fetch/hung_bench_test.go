package fetch

import (
	"os"
	"testing"
)

// BenchmarkLocalFile reads a small file again and again.
func BenchmarkLocalFile(b *testing.B) {
	b.Chdir(b.TempDir())
	if err := os.WriteFile("a.jpg", make([]byte, 700), 0o666); err != nil {
		b.Fatal(err)
	}
	c := New(Options{})
	defer c.Close()
	item := Item{Source: "a.jpg", Size: 700}
	b.ReportAllocs()
	for b.Loop() {
		body, err := c.Fetch(b.Context(), item, nil)
		if err != nil {
			b.Fatal(err)
		}
		body.Release()
	}
}
