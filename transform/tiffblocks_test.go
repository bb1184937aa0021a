package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/disintegration/imaging"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
)

// tiffOf writes a TIFF whose directory stands in front of its blocks. Numbers take four bytes; a tag of bytes has them
// as they are.
func tiffOf(
	order binary.AppendByteOrder, numbers map[uint16][]uint32, texts map[uint16][]byte, tiled bool, blocks ...[]byte,
) []byte {
	ids := [2]uint16{273, 279}
	if tiled {
		ids = [2]uint16{324, 325}
	}
	mark := map[bool]string{true: "II", false: "MM"}[order == binary.AppendByteOrder(binary.LittleEndian)]
	counts := make([]uint32, len(blocks))
	for i, b := range blocks {
		counts[i] = uint32(len(b))
	}
	offsets := make([]uint32, len(blocks))
	build := func() []byte {
		all := map[uint16][]uint32{ids[0]: offsets, ids[1]: counts}
		for id, v := range numbers {
			all[id] = v
		}
		at := 8 + 2 + 12*(len(all)+len(texts)) + 4
		var far []byte
		b := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
		b = order.AppendUint16(b, uint16(len(all)+len(texts)))
		entry := func(id, kind uint16, n int, value []byte) {
			b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, id), kind), uint32(n))
			if len(value) == 4 {
				b = append(b, value...)
				return
			}
			b = order.AppendUint32(b, uint32(at+len(far)))
			far = append(far, value...)
		}
		for id := range uint16(0xffff) {
			if v, ok := all[id]; ok {
				var value []byte
				for _, n := range v {
					value = order.AppendUint32(value, n)
				}
				entry(id, 4, len(v), value)
			} else if v, ok := texts[id]; ok {
				entry(id, 7, len(v), v)
			}
		}
		return append(append(b, 0, 0, 0, 0), far...)
	}
	end := uint32(len(build()))
	for i := range blocks {
		offsets[i] = end
		end += counts[i]
	}
	return append(build(), bytes.Join(blocks, nil)...)
}

// componentsJPEG is a JPEG of any components, each in a scan of its own: tables, and the rest without SOI and without
// markers that say what the components are.
func componentsJPEG(t *testing.T, w, h, n int, at func(x, y, c int) uint8) (tables, rest []byte) {
	frame := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(n)}
	var scans []byte
	for c := range n {
		plane := pixel.NewPlane(w, h)
		for i := range plane.Pix {
			plane.Pix[i] = at(i%w, i/w, c)
		}
		var e jpeg.Encoder
		pic := &pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{plane}}
		data, err := e.Append(nil, pic, jpeg.EncodeOptions{Quality: 98})
		if err != nil {
			t.Fatal(err)
		}
		frame = append(frame, byte(c+1), 0x11, 0)
		for at := 2; ; {
			size := 2 + int(binary.BigEndian.Uint16(data[at+2:]))
			segment := data[at : at+size]
			at += size
			if kind := segment[1]; c == 0 && (kind == 0xdb || kind == 0xc4) {
				tables = append(tables, segment...)
			} else if kind == 0xda {
				scans = append(scans, jpegSegment(0xda, []byte{1, byte(c + 1), 0, 0, 63, 0})...)
				scans = append(scans, data[at:len(data)-2]...)
				break
			}
		}
	}
	rest = append(jpegSegment(0xc0, frame), scans...)
	return tables, append(rest, 0xff, 0xd9)
}

// colorMarkers say in all ways what the components of a JPEG are.
func colorMarkers() map[string][]byte {
	adobe := func(transform byte) []byte {
		return jpegSegment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), transform))
	}
	jfif := jpegSegment(0xe0, []byte("JFIF\x00\x01\x01\x01\x00\x48\x00\x48\x00\x00"))
	return map[string][]byte{
		"none": nil, "JFIF": jfif, "Adobe 0": adobe(0), "Adobe 1": adobe(1), "Adobe 2": adobe(2), "Adobe 77": adobe(77),
		"JFIF, Adobe 0": append(bytes.Clone(jfif), adobe(0)...), "Adobe 1, JFIF": append(adobe(1), jfif...),
	}
}

// wholeTIFF decodes a TIFF as one that is too large for the way of rows.
func wholeTIFF(t *testing.T, data []byte) (*image.NRGBA, *job, error) {
	t.Helper()
	j := newJob(context.Background(), Spec{}, Limits{})
	j.space = new(workspace)
	j.doing = "decode tiff"
	m, err := inspect(data)
	if err != nil {
		return nil, j, err
	}
	img, err := j.readTIFF(data, &m)
	if err != nil {
		return nil, j, err
	}
	return img, j, nil
}

// bothWays decodes a TIFF by rows and as a whole, which must be the same, and returns its pixels and the warnings of
// the decoder.
func bothWays(t *testing.T, name string, data []byte) (*image.NRGBA, []string) {
	t.Helper()
	res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "format=png;depth=8")})
	img, j, err2 := wholeTIFF(t, data)
	if err != nil || err2 != nil {
		t.Fatalf("%s: %v by rows, %v as a whole", name, err, err2)
	}
	byRows := imaging.Clone(decoded(t, res.Outputs[0].Data, PNG))
	if !bytes.Equal(byRows.Pix, img.Pix) {
		t.Errorf("%s: rows have other pixels than the whole", name)
	}
	warnings := slices.DeleteFunc(res.Warnings, func(w string) bool { return !strings.HasPrefix(w, "decode tiff: ") })
	if lacks := j.lacks != ""; res.Damaged != lacks || lacks && (len(warnings) == 0 || warnings[0] != j.lacks) {
		t.Errorf("%s: %q is lacking as a whole, by rows %q", name, j.lacks, warnings)
	}
	return img, warnings
}

// What the components of a JPEG in a TIFF are is said by the tags of the TIFF, whatever markers the JPEG has. Any three
// of photometric, markers, tables and geometry meet.
func TestTagsOfATIFFSayWhatItsJPEGsHold(t *testing.T) {
	const w, h = 40, 30
	law := func(x, y, c int) uint8 {
		return [4]uint8{uint8(6 * x), uint8(8 * y), uint8(3 * (x + y)), uint8(3 * y)}[c]
	}
	gray := func(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }
	n, turn := 0, 0
	colors := map[uint32]func(s [4]uint8) color.NRGBA{
		0: func(s [4]uint8) color.NRGBA { return gray(255 - s[0]) },
		1: func(s [4]uint8) color.NRGBA { return gray(s[0]) },
		2: func(s [4]uint8) color.NRGBA { return color.NRGBA{s[0], s[1], s[2], 255} },
		5: func(s [4]uint8) color.NRGBA {
			k := 255 - int(s[3])
			ink := func(v uint8) uint8 { return uint8(((255-int(v))*k + 127) / 255) }
			return color.NRGBA{ink(s[0]), ink(s[1]), ink(s[2]), 255}
		},
		6: func(s [4]uint8) color.NRGBA {
			r, g, b := color.YCbCrToRGB(s[0], s[1], s[2])
			return color.NRGBA{r, g, b, 255}
		},
	}
	marked := colorMarkers()
	for i, photometric := range slices.Sorted(maps.Keys(colors)) {
		want := colors[photometric]
		samples := map[uint32]int{0: 1, 1: 1, 2: 3, 5: 4, 6: 3}[photometric]
		for j, markers := range slices.Sorted(maps.Keys(marked)) {
			segments := marked[markers]
			for k, tables := range []string{"within", "apart", "apart with markers", "apart without an end"} {
				for l, geometry := range []string{
					"a strip", "strips", "strips of full height", "a strip of whole blocks", "tiles", "planes",
				} {
					if (i+j+k+l)%3 != 0 {
						continue
					}
					if photometric == 6 && geometry == "planes" {
						continue // the chroma of planes is its own matter
					}
					turn++
					order := []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian}[turn%2]
					bw, bh, planes := w, h, 1
					switch geometry {
					case "strips", "strips of full height":
						bh = 16
					case "tiles":
						bw, bh = 16, 16
					case "planes":
						planes = samples
					}
					var blocks [][]byte
					var shared []byte
					for p := range planes {
						for top := 0; top < h; top += bh {
							for left := 0; left < w; left += bw {
								rows := bh
								switch geometry {
								case "strips":
									rows = min(bh, h-top)
								case "a strip of whole blocks":
									rows = 32
								}
								table, rest := componentsJPEG(t, bw, rows, samples/planes, func(x, y, c int) uint8 {
									return law(left+x, top+y, p+c)
								})
								block := append([]byte{0xff, 0xd8}, segments...)
								if tables == "within" {
									block = append(block, table...)
								}
								if tables == "apart with markers" {
									block = block[:2]
									table = append(bytes.Clone(segments), table...)
								}
								shared = append([]byte{0xff, 0xd8}, table...)
								blocks = append(blocks, append(block, rest...))
							}
						}
					}
					numbers := map[uint16][]uint32{
						256: {w}, 257: {h}, 258: {8}, 259: {7}, 262: {photometric}, 277: {uint32(samples)},
						278: {uint32(bh)}, 530: {1, 1},
					}
					if geometry == "tiles" {
						numbers[322], numbers[323] = []uint32{16}, []uint32{16}
					}
					if planes > 1 {
						numbers[284] = []uint32{2}
					}
					texts := map[uint16][]byte{}
					if tables != "within" {
						texts[347] = shared
						if tables != "apart without an end" {
							texts[347] = append(shared, 0xff, 0xd9)
						}
					}
					name := fmt.Sprintf("photometric %d, markers %s, tables %s, %s, %v",
						photometric, markers, tables, geometry, order)
					img, _ := bothWays(t, name, tiffOf(order, numbers, texts, geometry == "tiles", blocks...))
					n++
					for i := range w * h {
						x, y := i%w, i/w
						var s [4]uint8
						for c := range s {
							s[c] = law(x, y, c)
						}
						got, want := img.NRGBAAt(x, y), want(s)
						if !near(got, want, 6) {
							t.Errorf("%s: at %d,%d: %v, want %v", name, x, y, got, want)
							break
						}
					}
				}
			}
		}
	}
	t.Logf("%d files", n)
}

func near(a, b color.NRGBA, by int) bool {
	for _, d := range []int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
		if max(d, -d) > by {
			return false
		}
	}
	return true
}

// A JPEG of a TIFF that breaks off leaves the rows above, and all other strips, whatever its components.
func TestDamagedJPEGsInATIFF(t *testing.T) {
	const w, h, strip = 64, 96, 32
	noise := rand.New(rand.NewPCG(3, 4))
	values := make([]uint8, w*h)
	for i := range values {
		values[i] = uint8(noise.Uint32())
	}
	for photometric, samples := range map[uint32]int{1: 1, 2: 3, 5: 4, 6: 3} {
		var blocks [][]byte
		for top := 0; top < h; top += strip {
			tables, rest := componentsJPEG(t, w, strip, samples, func(x, y, c int) uint8 {
				return values[(top+y)*w+x] / uint8(c+1)
			})
			blocks = append(blocks, append(append([]byte{0xff, 0xd8}, tables...), rest...))
		}
		numbers := map[uint16][]uint32{
			256: {w}, 257: {h}, 258: {8}, 259: {7}, 262: {photometric}, 277: {uint32(samples)}, 278: {strip},
			530: {1, 1},
		}
		write := func(blocks ...[]byte) []byte { return tiffOf(binary.LittleEndian, numbers, nil, false, blocks...) }
		sound, warnings := bothWays(t, "sound", write(blocks...))
		if len(warnings) > 0 {
			t.Fatal(warnings)
		}
		cut := blocks[1][:len(blocks[1])-len(blocks[1])/samples/3] // of the last component
		for how, c := range map[string]struct {
			data        []byte
			first, last int // rows that may be missing
			least       int // rows that must be there
			says        string
		}{
			"cut in the middle": {write(blocks[0], cut, blocks[2]), strip, 2*strip - 1, 2*strip + 8,
				" of 96 rows "},
			"no JPEG in the middle": {write(blocks[0], []byte("no JPEG"), blocks[2]), strip, 2*strip - 1, 2 * strip,
				"strip 2 of 3: it is no JPEG: of 96 rows 32 from row 32 on are missing"},
			"cut before its scan": {write(blocks[0], blocks[1][:40], blocks[2]), strip, 2*strip - 1, 2 * strip,
				"strip 2 of 3: "},
			"cut within the first": {write(blocks...)[:len(write(blocks[0]))], 0, h - 1, 16, "of 96 rows "},
			"cut behind the second": {write(blocks...)[:len(write(blocks...))-len(blocks[2])], 2 * strip, h - 1,
				2 * strip, "the file ends before the image does: of 96 rows the last 32 are missing"},
			"cut by some bytes": {write(blocks...)[:len(write(blocks...))-20], 2 * strip, h - 1, 2*strip + 16,
				"of 96 rows "},
			"a strip of lower height": {write(blocks[0], blocks[1], lowJPEG(t, w, 8, samples)), 2*strip + 8, h - 1,
				2*strip + 8, "it holds an image of 64x8: expected 64x32: of 96 rows the last 24 are missing"},
		} {
			name := fmt.Sprintf("photometric %d, %s", photometric, how)
			img, warnings := bothWays(t, name, c.data)
			if len(warnings) != 1 || !strings.Contains(warnings[0], c.says) {
				t.Errorf("%s: warnings %q, want %q", name, warnings, c.says)
			}
			dull := h // the first row of those whose last component is missing
			_, from, ok := strings.Cut(strings.Join(warnings, ""), " from row ")
			if ok && strings.HasSuffix(from, "color is missing") {
				fmt.Sscan(from, &dull)
			}
			there := 0
			for y := range h {
				row, want := img.Pix[y*img.Stride:][:4*w], sound.Pix[y*sound.Stride:][:4*w]
				if how == "a strip of lower height" && y >= 2*strip && y < 2*strip+8 {
					there++
					continue
				}
				if bytes.Equal(row, want) || y >= dull && photometric == 6 && y >= c.first {
					there++
				} else if y < c.first || y > c.last || !bytes.Equal(row, bytes.Repeat([]byte{0, 0, 0, 255}, w)) {
					t.Errorf("%s: row %d is neither that of the sound file nor black", name, y)
				}
			}
			if there < c.least {
				t.Errorf("%s: %d rows are there, want at least %d", name, there, c.least)
			}
			_, err := Do(context.Background(),
				Task{Data: c.data, Spec: mustSpec(t, ""), Limits: Limits{RefuseDamaged: true}})
			if class(err) != ClassDecode {
				t.Errorf("%s: %v where damage is refused", name, err)
			}
		}
	}
}

func lowJPEG(t *testing.T, w, h, samples int) []byte {
	tables, rest := componentsJPEG(t, w, h, samples, func(x, y, c int) uint8 { return 100 })
	return append(append([]byte{0xff, 0xd8}, tables...), rest...)
}
