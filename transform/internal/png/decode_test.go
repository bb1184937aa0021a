package png

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// decode gives all rows.
func decode(data []byte) (*image.NRGBA, *Header, error) {
	h, err := ReadHeader(data)
	if err != nil {
		return nil, nil, err
	}
	var d Decoder
	img, err := rows(&d, data, h)
	return img, h, err
}

func rows(d *Decoder, data []byte, h *Header) (*image.NRGBA, error) {
	d.Start(data, h, nil)
	img := image.NewNRGBA(image.Rect(0, 0, h.Width, h.Height))
	for y := range h.Height {
		row, err := d.Row()
		if err != nil {
			return nil, err
		}
		if h.Gray {
			for x, v := range row {
				img.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
			}
			continue
		}
		copy(img.Pix[y*img.Stride:], row)
	}
	return img, nil
}

// reference gives what image/png reads, with 16 bits rounded to 8.
func reference(data []byte) (*image.NRGBA, error) {
	src, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b := src.Bounds()
	img := image.NewNRGBA(b)
	for y := range b.Dy() {
		for x := range b.Dx() {
			switch src := src.(type) {
			case *image.NRGBA64:
				c := src.NRGBA64At(x, y)
				img.SetNRGBA(x, y, color.NRGBA{to8(c.R), to8(c.G), to8(c.B), to8(c.A)})
			case *image.RGBA64, *image.Gray16:
				r, g, b, _ := src.At(x, y).RGBA()
				img.SetNRGBA(x, y, color.NRGBA{to8(uint16(r)), to8(uint16(g)), to8(uint16(b)), 255})
			default:
				img.SetNRGBA(x, y, color.NRGBAModel.Convert(src.At(x, y)).(color.NRGBA))
			}
		}
	}
	return img, nil
}

// same tells whether two images look alike: where nothing is seen, colors do not matter.
func same(a, b *image.NRGBA) bool {
	if a.Rect != b.Rect {
		return false
	}
	for i := 0; i < len(a.Pix); i += 4 {
		p, q := [4]byte(a.Pix[i:]), [4]byte(b.Pix[i:])
		if p != q && (p[3] != 0 || q[3] != 0) {
			return false
		}
	}
	return true
}

// file puts a PNG together. Each row of raw has its filter before it.
func file(w, h, depth, color int, before []byte, raw []byte, level, piece int) []byte {
	return fileOf(w, h, depth, color, before, raw, level, piece, len(raw))
}

// fileOf packs each stretch of raw into blocks of its own.
func fileOf(w, h, depth, color int, before []byte, raw []byte, level, piece, stretch int) []byte {
	var z bytes.Buffer
	zw, _ := zlib.NewWriterLevel(&z, level)
	for b := raw; len(b) > 0; b = b[min(stretch, len(b)):] {
		zw.Write(b[:min(stretch, len(b))])
		if len(b) > stretch {
			zw.Flush()
		}
	}
	zw.Close()
	head := binary.BigEndian.AppendUint32(nil, uint32(w))
	head = binary.BigEndian.AppendUint32(head, uint32(h))
	out := appendChunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", append(head, byte(depth), byte(color), 0, 0, 0))
	out = append(out, before...)
	for b := z.Bytes(); len(b) > 0; b = b[min(piece, len(b)):] {
		out = appendChunk(out, "IDAT", b[:min(piece, len(b))])
	}
	return appendChunk(out, "IEND", nil)
}

func appendChunk(out []byte, name string, body []byte) []byte {
	out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
	at := len(out)
	out = append(append(out, name...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[at:]))
}

// noise gives rows with all filters, of samples that zlib packs in part.
func noise(w, h, depth, samples int) []byte {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h*depth+samples)))
	n := (w*samples*depth + 7) / 8
	var raw []byte
	for range h {
		raw = append(raw, byte(rng.IntN(5)))
		for range n {
			v := byte(rng.NormFloat64() * 9)
			if rng.IntN(3) == 0 {
				v = byte(rng.Uint32())
			}
			raw = append(raw, v)
		}
	}
	return raw
}

// TestEveryKindAgainstTheStandardLibrary has all color types, depths, filters, sides of blocks and ways to cut the stream into chunks.
func TestEveryKindAgainstTheStandardLibrary(t *testing.T) {
	kinds := []struct{ color, samples int }{{gray, 1}, {rgb, 3}, {palette, 1}, {grayAlpha, 2}, {rgba, 4}}
	for _, k := range kinds {
		for _, depth := range []int{1, 2, 4, 8, 16} {
			if depth < 8 && k.samples > 1 || depth == 16 && k.color == palette {
				continue
			}
			for _, size := range []image.Point{{1, 1}, {2, 3}, {7, 5}, {8, 8}, {33, 20}, {701, 20}} {
				for level, piece := range map[int]int{zlib.NoCompression: 1000, zlib.DefaultCompression: 1 << 20, zlib.HuffmanOnly: 7, zlib.BestSpeed: 1} {
					var before []byte
					if k.color == palette {
						before = appendChunk(nil, "PLTE", []byte("abcdef")[:3*min(2, 1<<depth)])
						before = appendChunk(before, "tRNS", []byte{77})
					}
					data := file(size.X, size.Y, depth, k.color, before, noise(size.X, size.Y, depth, k.samples), level, piece)
					got, h, err := decode(data)
					if err != nil {
						t.Fatalf("color %d, %d bits, %v, level %d: %v", k.color, depth, size, level, err)
					}
					want, err := reference(data)
					if err != nil {
						t.Fatal(err)
					}
					if !same(got, want) {
						t.Errorf("color %d, %d bits, %v, level %d: the pixels differ", k.color, depth, size, level)
					}
					if h.Opaque && !got.Opaque() {
						t.Errorf("color %d, %d bits: said to be opaque", k.color, depth)
					}
				}
			}
		}
	}
}

// TestPredictorIsThatOfTheStandard compares with the words of section 9.4.
func TestPredictorIsThatOfTheStandard(t *testing.T) {
	distance := func(p, v int) int { return max(p-v, v-p) }
	for a := range 256 {
		for b := range 256 {
			for c := 0; c < 256; c += 3 {
				p := a + b - c
				pa, pb, pc := distance(p, a), distance(p, b), distance(p, c)
				want := c
				switch {
				case pa <= pb && pa <= pc:
					want = a
				case pb <= pc:
					want = b
				}
				if got := predict(int32(a), int32(b), int32(c)); int(got) != want {
					t.Fatalf("left %d, above %d, corner %d: %d, want %d", a, b, c, got, want)
				}
			}
		}
	}
}

// TestBlocksEndAnywhere has blocks of all kinds and many lengths, whose ends lie before and behind those of the input buffer; the second
// picture has so few values that most of it is matches, after which much of the input has been read ahead.
func TestBlocksEndAnywhere(t *testing.T) {
	few := noise(200, 500, 8, 3)
	for i := range few {
		few[i] &= 1
	}
	for name, raw := range map[string][]byte{"noise": noise(200, 100, 8, 3), "few values": few} {
		for _, level := range []int{zlib.NoCompression, zlib.BestSpeed, zlib.DefaultCompression, zlib.HuffmanOnly} {
			for _, stretch := range []int{61, 1001, 40000} {
				data := fileOf(200, len(raw)/601, 8, rgb, nil, raw, level, 8192, stretch)
				got, _, err := decode(data)
				if err != nil {
					t.Fatalf("%s, level %d, blocks of %d bytes: %v", name, level, stretch, err)
				}
				if want, err := reference(data); err != nil || !same(got, want) {
					t.Errorf("%s, level %d, blocks of %d bytes: the pixels differ, error %v", name, level, stretch, err)
				}
			}
		}
	}
}

func TestOneColorIsTransparent(t *testing.T) {
	for color, key := range map[int][]byte{gray: {0, 7}, rgb: {0, 1, 0, 2, 0, 3}} {
		raw := []byte{0, 1, 2, 3, 7, 2, 3}
		if color == gray {
			raw = []byte{0, 7, 8}
		}
		data := file(2, 1, 8, color, appendChunk(nil, "tRNS", key), raw, 6, 100)
		got, h, err := decode(data)
		if err != nil || h.Opaque || got.Pix[3] != 0 || got.Pix[7] != 255 {
			t.Errorf("color %d: error %v, pixels %v", color, err, got)
		}
		if want, err := reference(data); err != nil || !same(got, want) {
			t.Errorf("color %d: error %v, want %v", color, err, want)
		}
	}
}

// TestDecoderShowsNothingOfEarlierFiles decodes a wide file and then a small one, whose first row looks at the row above.
func TestDecoderShowsNothingOfEarlierFiles(t *testing.T) {
	for _, color := range []int{rgb, rgba, gray} {
		n := [...]int{gray: 1, rgb: 3, rgba: 4}[color]
		raw := make([]byte, 1+4*n)
		raw[0] = up
		var d Decoder
		for _, data := range [][]byte{file(90, 3, 8, color, nil, noise(90, 3, 8, n), 6, 100), file(4, 1, 8, color, nil, raw, 6, 100)} {
			h, err := ReadHeader(data)
			if err != nil {
				t.Fatal(err)
			}
			got, err := rows(&d, data, h)
			if err != nil {
				t.Fatal(err)
			}
			if want, err := reference(data); err != nil || !same(got, want) {
				t.Errorf("color %d: error %v, got %v, want %v", color, err, got.Pix, want.Pix)
			}
		}
	}
}

// TestDamageIsFound changes each byte of a file, and cuts it off everywhere: nothing of that is a picture.
func TestDamageIsFound(t *testing.T) {
	whole := file(9, 7, 8, rgb, nil, noise(9, 7, 8, 3), 6, 50)
	for i := range whole {
		if _, _, err := decode(whole[:i]); err == nil {
			t.Errorf("cut off at %d of %d: no error", i, len(whole))
		}
		data := bytes.Clone(whole)
		data[i] ^= 0x10
		if got, _, err := decode(data); err == nil {
			if want, err := reference(data); err != nil || !same(got, want) {
				t.Errorf("byte %d changed: no error, where image/png says %v", i, err)
			}
		}
	}
	raw := noise(9, 7, 8, 3)
	for name, data := range map[string][]byte{
		"a row too few":  file(9, 7, 8, rgb, nil, raw[:len(raw)-28], 6, 50),
		"a byte too few": file(9, 7, 8, rgb, nil, raw[:len(raw)-1], 6, 50),
		"a row too many": file(9, 7, 8, rgb, nil, append(bytes.Clone(raw), raw[:28]...), 6, 50),
		"filter 5":       file(1, 1, 8, rgb, nil, []byte{5, 0, 0, 0}, 6, 50),
		"no palette":     file(1, 1, 8, palette, nil, []byte{0, 0}, 6, 50),
		"3 bits":         file(1, 1, 3, gray, nil, []byte{0, 0}, 6, 50),
	} {
		if _, _, err := decode(data); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := reference(data); err == nil {
			t.Errorf("%s: image/png has no error", name)
		}
	}
}

func TestStopEndsTheWork(t *testing.T) {
	data := file(64, 500, 8, rgb, nil, noise(64, 500, 8, 3), 6, 1000)
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	for asked := range 10 {
		var d Decoder
		left := asked
		d.Start(data, h, func() bool { left--; return left < 0 })
		got, y := error(nil), 0
		for ; y < h.Height && got == nil; y++ {
			_, got = d.Row()
		}
		if !errors.Is(got, ErrStopped) {
			t.Errorf("stopped when asked for the %dth time: after %d rows, error %v", asked, y, got)
		}
	}
}

// TestCorpusAgainstTheStandardLibrary takes whatever PNG files there are: what is read is what image/png reads, and nothing that it refuses.
func TestCorpusAgainstTheStandardLibrary(t *testing.T) {
	root := filepath.Join("..", "..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the shared corpus of images is not beside the module")
	}
	read, left := 0, map[string]int{}
	filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(data, []byte("\x89PNG")) {
			return err
		}
		h, err := ReadHeader(data)
		if err == nil && int64(h.Width)*int64(h.Height) > 4e6 {
			return nil
		}
		var got *image.NRGBA
		if err == nil {
			got, err = rows(new(Decoder), data, h)
		}
		if err != nil {
			left[fmt.Sprint(err)]++
			return nil
		}
		want, err := reference(data)
		if err != nil {
			t.Errorf("%s is read, image/png says %v", path, err)
		} else if !same(got, want) {
			t.Errorf("%s: the pixels differ", path)
		}
		read++
		return nil
	})
	for why, n := range left {
		t.Logf("%4d %s", n, why)
	}
	t.Logf("%4d are read", read)
	if read < 100 {
		t.Errorf("only %d files were read", read)
	}
}
