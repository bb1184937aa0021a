package tiff

import (
	"bytes"
	"image"
	"testing"
)

// placed returns the tags of blocks that follow each other from there on.
func placed(at int, blocks [][]byte, tiled bool) []tag {
	offsets, counts := tag{id: StripOffsets}, tag{id: StripByteCounts}
	if tiled {
		offsets.id, counts.id = TileOffsets, TileByteCounts
	}
	for _, b := range blocks {
		offsets.values, counts.values = append(offsets.values, uint32(at)), append(counts.values, uint32(len(b)))
		at += len(b)
	}
	return []tag{offsets, counts}
}

// A file that ends within its directory, or in the values of its tags, lacks what says how its pixels are to be read.
// It is refused, or what is there is that of the whole file.
func TestFileThatEndsInItsTags(t *testing.T) {
	palette := make([]uint32, 3*256)
	for i := range palette {
		palette[i] = uint32(i*7) % 256 * 257
	}
	n, refused := 0, 0
	for name, k := range map[string]struct {
		samples, bits int
		tags          []tag
	}{
		"gray of 16 bits": {1, 16, []tag{{Photometric, []uint32{whiteIsZero}}}},
		"RGB":             {3, 8, []tag{{Photometric, []uint32{rgb}}}},
		"RGB and more":    {5, 8, []tag{{Photometric, []uint32{rgb}}, {ExtraSamples, []uint32{0, 2}}}},
		"signed":          {3, 16, []tag{{Photometric, []uint32{rgb}}, {SampleFormat, []uint32{2, 2, 2}}}},
		"YCbCr":           {3, 8, []tag{{Photometric, []uint32{ycbcr}}, {Subsampling, []uint32{1, 1}}}},
		"a palette":       {1, 8, []tag{{Photometric, []uint32{paletted}}, {ColorMap, palette}}},
	} {
		for turn, p := range packers {
			c := layout{orders[turn%2], p.compression, p.pack, turn%3 == 1, image.Pt(0, 7), k.bits, false, false}
			c.differences = hasPredictor(uint64(c.compression))
			if turn%2 == 1 {
				c.tile = image.Pt(16, 16)
			}
			name := name + ", " + c.String()
			tags, blocks := c.write(40, 30, k.samples, sample, k.tags...)
			sound := file(c.order, append(placed(8, blocks, c.tile.X > 0), tags...), blocks...)
			want, report, _ := decoded(t, name, sound)
			if report.Err != nil {
				t.Fatalf("%s: %v", name, &report)
			}
			start := len(bytes.Join(blocks, nil)) + 8
			for end := start + 2; end < len(sound); end += 1 + (end-start)/20 {
				n++
				d, _ := Open(sound[:end])
				l, err := ReadLayout(d)
				if err != nil {
					refused++
					continue
				}
				img, report, _ := wholeReport(&l, Options{})
				if img == nil || img.Rect != want.Rect {
					t.Fatalf("%s, %d of %d bytes: %v, %v", name, end, len(sound), &report, img)
				}
				missing := missingRows(&report)
				for y := range 30 {
					if from := y * want.Stride; !missing[y] &&
						!bytes.Equal(img.Pix[from:][:160], want.Pix[from:][:160]) {
						t.Errorf("%s, %d of %d bytes: row %d is not that of the sound file", name, end, len(sound), y)
						break
					}
				}
			}
		}
	}
	if t.Logf("%d files, %d of them refused", n, refused); refused < n/4 || refused == n {
		t.Errorf("%d of %d files are refused", refused, n)
	}
}
