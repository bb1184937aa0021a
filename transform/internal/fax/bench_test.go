package fax

import (
	"fmt"
	"testing"
)

func BenchmarkDecode(b *testing.B) {
	const w, h = 4960, 1000
	text := draw(w, h, 1)
	white := make(page, h)
	for y := range white {
		white[y] = make([]bool, w)
	}
	for name, p := range map[string]page{"text": text, "white": white} {
		for _, c := range []Coding{Huffman, Group3, Group4} {
			b.Run(fmt.Sprintf("page=%s/coding=%d", name, c), func(b *testing.B) {
				data, _ := p.encode(c, manner{start: true})
				var d Decoder
				out := p.bits()
				b.SetBytes(w * h / 8)
				b.ReportAllocs()
				for b.Loop() {
					if r, _ := d.Decode(out, data, w, h, c, nil); r.Err != nil {
						b.Fatal(r.Err)
					}
				}
			})
		}
	}
}
