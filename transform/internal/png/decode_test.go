package png

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// decode returns all rows.
func decode(data []byte) (*image.NRGBA, *Header, error) {
	h, err := ReadHeader(data, nil)
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

// reference returns what image/png reads, with 16 bits rounded to 8.
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
				img.SetNRGBA(x, y, color.NRGBA{pixel.To8(c.R), pixel.To8(c.G), pixel.To8(c.B), pixel.To8(c.A)})
			case *image.RGBA64, *image.Gray16:
				r, g, b, _ := src.At(x, y).RGBA()
				img.SetNRGBA(x, y, color.NRGBA{pixel.To8(uint16(r)), pixel.To8(uint16(g)), pixel.To8(uint16(b)), 255})
			default:
				img.SetNRGBA(x, y, color.NRGBAModel.Convert(src.At(x, y)).(color.NRGBA))
			}
		}
	}
	return img, nil
}

// same reports whether two images look alike: where nothing is seen, colors do not matter.
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

// A kind is a way to have pixels in a file.
type kind struct {
	color, depth int
	interlaced   bool
	clear        bool // has a chunk tRNS
}

func (k kind) String() string {
	return fmt.Sprintf("color type %d of %d bits, interlaced %t, tRNS %t", k.color, k.depth, k.interlaced, k.clear)
}

// kinds are all there are, with a palette of all colors.
func kinds() (all []kind) {
	for color, depths := range map[int][]int{
		gray: {1, 2, 4, 8, 16}, rgb: {8, 16}, palette: {1, 2, 4, 8}, grayAlpha: {8, 16}, rgba: {8, 16},
	} {
		for _, depth := range depths {
			for i := range 4 {
				if k := (kind{color, depth, i&1 != 0, i&2 != 0}); !k.clear || color&4 == 0 {
					all = append(all, k)
				}
			}
		}
	}
	return all
}

func (k kind) samples() int {
	return [...]int{gray: 1, rgb: 3, palette: 1, grayAlpha: 2, rgba: 4}[k.color]
}

// before returns the chunks PLTE and tRNS.
func (k kind) before() (out []byte) {
	if k.color == palette {
		var colors []byte
		for i := range 3 << k.depth {
			colors = append(colors, byte(91*i))
		}
		out = appendChunk(out, "PLTE", colors)
	}
	if k.clear {
		out = appendChunk(out, "tRNS", map[int][]byte{gray: {0, 1}, rgb: {0, 0, 0, 0, 0, 0}, palette: {7, 0}}[k.color])
	}
	return out
}

// rows returns the number of rows in each pass, and their lengths with the filter.
func (k kind) rows(w, h int) (counts, lengths []int) {
	passes := [][4]int{{0, 0, 1, 1}}
	if k.interlaced {
		passes = [][4]int{
			{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
		}
	}
	for _, p := range passes {
		pw, ph := (w-p[0]+p[2]-1)/p[2], (h-p[1]+p[3]-1)/p[3]
		if pw <= 0 || ph <= 0 {
			pw, ph = 0, 0
		}
		counts, lengths = append(counts, ph), append(lengths, 1+(pw*k.samples()*k.depth+7)/8)
	}
	return counts, lengths
}

// noise returns the bytes of all rows, each with its filter before it.
func (k kind) noise(w, h int) (raw []byte) {
	counts, lengths := k.rows(w, h)
	for i, n := range counts {
		if n > 0 {
			raw = append(raw, noise(8*(lengths[i]-1), n, 1, 1)...)
		}
	}
	return raw
}

// file puts a PNG together, with chunks of so many bytes.
func (k kind) file(w, h int, raw []byte, level, piece int) []byte {
	data := file(w, h, k.depth, k.color, k.before(), raw, level, piece)
	if k.interlaced {
		data[28] = 1
		binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	}
	return data
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

// noise returns rows with all filters, of samples that zlib packs in part.
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

// TestEveryKindAgainstTheStandardLibrary has all color types, depths, filters, passes, sides of blocks and ways to
// cut the stream into chunks.
func TestEveryKindAgainstTheStandardLibrary(t *testing.T) {
	var used Decoder
	for _, k := range kinds() {
		for _, size := range []image.Point{{1, 1}, {2, 3}, {7, 5}, {8, 8}, {33, 20}, {701, 20}} {
			for level, piece := range map[int]int{
				zlib.NoCompression: 1000, zlib.DefaultCompression: 1 << 20, zlib.HuffmanOnly: 7, zlib.BestSpeed: 1,
			} {
				data := k.file(size.X, size.Y, k.noise(size.X, size.Y), level, piece)
				h, err := ReadHeader(data, nil)
				if err != nil {
					t.Fatalf("%v, %v, level %d: %v", k, size, level, err)
				}
				got, err := rows(&used, data, h)
				if err != nil {
					t.Fatalf("%v, %v, level %d: %v", k, size, level, err)
				}
				want, err := reference(data)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got.Pix, want.Pix) {
					t.Errorf("%v, %v, level %d: the pixels differ", k, size, level)
				}
				if h.Opaque != (k.color&4 == 0 && !k.clear) || h.Opaque && !got.Opaque() {
					t.Errorf("%v: said to be opaque: %t", k, h.Opaque)
				}
				if d := used.Damage(); d.Err != nil || len(used.Remarks()) > 0 {
					t.Errorf("%v, %v, level %d: %v, %q", k, size, level, d.Err, used.Remarks())
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

// TestBlocksEndAnywhere has blocks of all kinds and many lengths, whose ends lie before and behind those of the input
// buffer; the second picture has so few values that most of it is matches, after which much of the input has been
// read ahead.
func TestBlocksEndAnywhere(t *testing.T) {
	notUnderRace(t)
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

// TestDecoderShowsNothingOfEarlierFiles decodes a wide file and then a small one, whose first row looks at the row
// above.
func TestDecoderShowsNothingOfEarlierFiles(t *testing.T) {
	for _, color := range []int{rgb, rgba, gray} {
		n := [...]int{gray: 1, rgb: 3, rgba: 4}[color]
		raw := make([]byte, 1+4*n)
		raw[0] = up
		var d Decoder
		for _, data := range [][]byte{file(90, 3, 8, color, nil, noise(90, 3, 8, n), 6, 100),
			file(4, 1, 8, color, nil, raw, 6, 100)} {
			h, err := ReadHeader(data, nil)
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

func TestStopEndsTheWork(t *testing.T) {
	data := file(64, 500, 8, rgb, nil, noise(64, 500, 8, 3), 6, 1000)
	h, err := ReadHeader(data, nil)
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
		if got != codec.ErrStopped {
			t.Errorf("stopped when asked for the %dth time: after %d rows, error %v", asked, y, got)
		}
	}
}
