package transform

import (
	"context"
	"encoding/binary"
	"fmt"
	"image/color"
	"slices"
	"strings"
	"testing"
)

// A JPEG of two components is gray with alpha where a TIFF says so, and nothing by itself.
func TestJPEGOfTwoComponents(t *testing.T) {
	const w, h = 40, 30
	law := func(x, y, c int) uint8 { return [2]uint8{uint8(3*x + 4*y), uint8(255 - 6*x)}[c] }
	turn := 0
	for photometric := range uint32(2) {
		for _, extra := range []uint32{0, 1, 2, 999} {
			for _, rows := range []int{30, 16, 8} {
				turn++
				order := []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}[turn%2]
				numbers := map[uint16][]uint32{
					256: {w}, 257: {h}, 258: {8, 8}, 259: {7}, 262: {photometric}, 277: {2}, 278: {uint32(rows)},
					338: {extra},
				}
				var blocks [][]byte
				for top := 0; top < h; top += rows {
					tables, rest := componentsJPEG(t, w, min(rows, h-top), 2, func(x, y, c int) uint8 {
						return law(x, top+y, c)
					})
					blocks = append(blocks, slices.Concat([]byte{0xff, 0xd8}, tables, rest))
				}
				if _, err := Do(context.Background(), Task{Data: blocks[0]}); class(err) != ClassUnsupported ||
					!strings.Contains(err.Error(), "2 components") {
					t.Fatalf("by itself: %v", err)
				}
				name := fmt.Sprintf("photometric %d, extra sample %d, strips of %d rows", photometric, extra, rows)
				img, warnings := bothWays(t, name, tiffOf(order, numbers, nil, false, blocks...))
				if len(warnings) > 0 {
					t.Errorf("%s: %q", name, warnings)
				}
				for i := range w * h {
					x, y := i%w, i/w
					v, a := int(law(x, y, 0)), int(law(x, y, 1))
					if photometric == 0 {
						v = 255 - v
					}
					if extra == 0 {
						a = 255
					}
					got, by := img.NRGBAAt(x, y), 5
					if extra == 1 {
						by += 900 / max(a, 1) // what is divided by alpha is less exact
						v = min(255, v*255/max(a, 1))
					}
					if want := (color.NRGBA{uint8(v), uint8(v), uint8(v), uint8(a)}); a > 10 && !near(got, want, by) {
						t.Errorf("%s: at %d,%d: %v, want %v", name, x, y, got, want)
						break
					}
				}
			}
		}
	}
}
