package tiff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/codec"
)

// decoded returns the picture of a file that can be read, with the report of its damage and what was remarked.
func decoded(t *testing.T, name string, data []byte) (*image.NRGBA, codec.Damage, []string) {
	t.Helper()
	d, ok := Open(data)
	if !ok {
		t.Fatalf("%s: no directory", name)
	}
	l, err := ReadLayout(d)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	img, report, remarks := wholeReport(&l, Options{})
	if img == nil {
		t.Fatalf("%s: %v", name, report.Err)
	}
	return img, report, remarks
}

// The bytes that a block has are counted wrong, or not at all. Where they are all there, the picture is whole.
func TestWrongByteCounts(t *testing.T) {
	n := 0
	layouts(func(name string, c layout) {
		tags, blocks := c.write(40, 30, 3, sample, tag{Photometric, []uint32{rgb}})
		id := uint16(StripByteCounts)
		if c.tile.X > 0 {
			id = TileByteCounts
		}
		var right []uint32
		for _, b := range blocks {
			right = append(right, uint32(len(b)))
		}
		each := func(f func(uint32) uint32) (out []uint32) {
			for _, v := range right {
				out = append(out, f(v))
			}
			return out
		}
		for wrong, counts := range map[string][]uint32{
			"beyond the file":    each(func(uint32) uint32 { return 1 << 30 }),
			"the largest number": each(func(uint32) uint32 { return 1<<32 - 1 }),
			"too large by some":  each(func(v uint32) uint32 { return v + 40 }),
			"zero":               each(func(uint32) uint32 { return 0 }),
			"missing":            nil,
			"only one":           right[:1],
			"too small":          each(func(v uint32) uint32 { return v - 5 }),
			"one":                each(func(uint32) uint32 { return 1 }),
			"the last too small": append(slices.Clone(right[:len(right)-1]), 3),
		} {
			small := strings.Contains(wrong, "small") || wrong == "one"
			if small && c.compression != uncompressed {
				continue // nothing says that the code does not end there
			}
			data := file(c.order, append(slices.Clone(tags), tag{id, counts}), blocks...)
			img, report, remarks := decoded(t, name, data)
			n++
			if report.Err != nil {
				t.Errorf("%s, counts %s: %v", name, wrong, &report)
				continue
			}
			// Some bytes more or less may not matter: others follow, or stand for rows below the image.
			odd := wrong != "only one" || len(right) > 1
			if odd != (len(remarks) == 1) && wrong != "too large by some" && wrong != "too small" {
				t.Errorf("%s, counts %s: remarks %q", name, wrong, remarks)
			}
			checked(t, name+", counts "+wrong, img, func(x, y int) color.NRGBA {
				return color.NRGBA{sample(x, y, 0), sample(x, y, 1), sample(x, y, 2), 255}
			})
		}
	}, 8)
	t.Logf("%d files", n)
}

// A tile may be larger than the image by any amount. What it takes of memory is bounded by its bytes.
func TestTilesLargerThanTheImage(t *testing.T) {
	notUnderRace(t)
	for _, p := range packers {
		for _, tile := range []image.Point{{1100, 1100}, {48, 3000}, {3000, 48}} {
			c := layout{binary.BigEndian, p.compression, p.pack, false, tile, 8, false, false}
			tags, blocks := c.write(40, 30, 3, sample, tag{Photometric, []uint32{rgb}})
			data := file(c.order, tags, blocks...)
			img, report, remarks := decoded(t, p.name, data)
			if report.Err != nil || len(remarks) != 1 {
				t.Errorf("%s, tile %v: %v, remarks %q", p.name, tile, &report, remarks)
			}
			checked(t, p.name, img, func(x, y int) color.NRGBA {
				return color.NRGBA{sample(x, y, 0), sample(x, y, 1), sample(x, y, 2), 255}
			})
		}
		// Few bytes that say that they are a tile as large as can be.
		tags := []tag{
			{Width, []uint32{40}}, {Height, []uint32{30}}, {BitsPerSample, []uint32{8}},
			{Compression, []uint32{p.compression}},
			{TileWidth, []uint32{maxSide}}, {TileHeight, []uint32{maxSide}},
		}
		d, _ := Open(file(binary.LittleEndian, tags, p.pack(make([]byte, 1000))))
		l, err := ReadLayout(d)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		new(Decoder).Start(&l, Options{})
		_, err = whole(&l, Options{})
		runtime.ReadMemStats(&after)
		used := int64(after.TotalAlloc - before.TotalAlloc)
		if err == nil || used > 3*l.Memory(false)+4<<20 || p.compression < 6 && used > 8<<20 {
			t.Errorf("%s: %v, %d bytes were allocated, %d estimated", p.name, err, used, l.Memory(false))
		}
	}
}

// Of a file that is damaged in any way, rows that are not reported are those of the whole file, and others are filled.
func TestDamageLeavesTheOtherRowsAlone(t *testing.T) {
	notUnderRace(t)
	noise := rand.New(rand.NewPCG(1, 2))
	table := make([]uint8, 5*40*30)
	for i := range table {
		table[i] = uint8(noise.Uint32())
	}
	at := func(x, y, s int) uint8 { return table[(y*40+x)*5+s] }
	n, least := 0, map[string]int{}
	layouts(func(name string, c layout) {
		for _, k := range []struct {
			photometric uint32
			samples     int
		}{{blackIsZero, 1}, {rgb, 3}, {rgb, 4}} {
			tags, blocks := c.write(40, 30, k.samples, at, tag{Photometric, []uint32{k.photometric}})
			sound := file(c.order, tags, blocks...)
			want, report, _ := decoded(t, name, sound)
			if report.Err != nil {
				t.Fatalf("%s: %v", name, &report)
			}
			var offsets, counts []uint32
			for at := uint32(8); len(offsets) < len(blocks); {
				size := uint32(len(blocks[len(offsets)]))
				offsets, counts = append(offsets, at), append(counts, size)
				at += size
			}
			ids := [2]uint16{StripOffsets, StripByteCounts}
			if c.tile.X > 0 {
				ids = [2]uint16{TileOffsets, TileByteCounts}
			}
			patched := func(i int, offset, count uint32, blocks [][]byte) []byte {
				offsets, counts := slices.Clone(offsets), slices.Clone(counts)
				offsets[i], counts[i] = offset, count
				return file(c.order, append(slices.Clone(tags), tag{ids[0], offsets}, tag{ids[1], counts}), blocks...)
			}
			last := len(blocks) - 1
			if k.samples == 4 && c.planar {
				last = len(blocks)/4 - 1 // of the first plane
			}
			half := slices.Clone(blocks)
			half[last] = half[last][:len(half[last])/2]
			broken := slices.Clone(blocks)
			broken[last] = slices.Clone(broken[last])
			for i := len(broken[last]) / 2; i < len(broken[last]); i++ {
				broken[last][i] = 0xff
			}
			cut := cutFile(c.order, tags, ids, blocks)
			for how, data := range map[string][]byte{
				"an offset of nothing": patched(last, 0, 0, blocks),
				"beyond the end":       patched(last, 1<<30, counts[last], blocks),
				"too few offsets": file(c.order, append(slices.Clone(tags), tag{ids[0], offsets[:max(1, last)]}),
					blocks...),
				"too short": file(c.order, tags, half...), "broken": file(c.order, tags, broken...), "cut": cut,
			} {
				img, report, _ := decoded(t, name, data)
				if report.Err == nil {
					if how == "broken" || how == "too few offsets" && last == 0 {
						continue // without a code, bytes are pixels
					}
					t.Errorf("%s, %d samples, %s: no damage", name, k.samples, how)
					continue
				}
				n++
				missing := missingRows(&report)
				fill := color.NRGBA{0, 0, 0, 255}
				if k.samples == 4 {
					fill.A = 0
				}
				there := 0
				for y := range 30 {
					if !missing[y] {
						there++
						if !bytes.Equal(img.Pix[y*img.Stride:][:160], want.Pix[y*want.Stride:][:160]) &&
							how != "broken" {
							t.Errorf("%s, %d samples, %s: row %d is not that of the sound file", name, k.samples, how,
								y)
							break
						}
						continue
					}
					for x := range 40 {
						got := img.NRGBAAt(x, y)
						if got != fill && (c.tile.X == 0 || got != want.NRGBAAt(x, y) && how != "broken") {
							t.Errorf("%s, %d samples, %s: at %d,%d: %v, want %v", name, k.samples, how, x, y, got, fill)
							break
						}
					}
				}
				key := how
				if c.tile.Y == 30 {
					key = fmt.Sprintf("%s of one strip, compression %d", how, c.compression)
				}
				if v, ok := least[key]; !ok || there < v {
					least[key] = there
				}
			}
		}
	}, 8, 16)
	t.Logf("%d files; the least rows that were there: %v", n, least)
	for _, how := range []string{"too short", "cut"} {
		for _, compression := range []int{uncompressed, lzwCoded, packBitsCoded} { // the others pack many rows together
			if key := fmt.Sprintf("%s of one strip, compression %d", how, compression); least[key] < 10 {
				t.Errorf("%s: %d rows are there", key, least[key])
			}
		}
	}
}

// missingRows returns those that a report names: noting them once more changes nothing. Then all are noted.
func missingRows(r *codec.Damage) (rows [30]bool) {
	for y := range rows {
		before, _, _ := r.Missing()
		r.Miss(r.Err, y, 1)
		after, _, _ := r.Missing()
		rows[y] = before == after
	}
	return rows
}

// cutFile is a TIFF whose directory stands in front, and whose last block is cut in half.
func cutFile(order binary.AppendByteOrder, tags []tag, ids [2]uint16, blocks [][]byte) []byte {
	offsets, counts := make([]uint32, len(blocks)), make([]uint32, len(blocks))
	for range 2 { // once to find out where the blocks begin
		head := file(order, append(slices.Clone(tags), tag{ids[0], offsets}, tag{ids[1], counts}))
		at := len(head)
		for i, b := range blocks {
			offsets[i], counts[i] = uint32(at), uint32(len(b))
			at += len(b)
		}
	}
	data := file(order, append(slices.Clone(tags), tag{ids[0], offsets}, tag{ids[1], counts}))
	data = append(data, bytes.Join(blocks, nil)...)
	return data[:len(data)-len(blocks[len(blocks)-1])/2]
}
