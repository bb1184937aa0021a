package vp8

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"testing"

	"golang.org/x/image/vp8"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// random is a picture of random bits: whatever they are, they mean modes and coefficients. Partitions are as long as
// they have to be.
func random(seed uint64, width, height int) []byte {
	r := rand.New(rand.NewPCG(seed, 5))
	blocks := (width + 15) / 16 * ((height + 15) / 16)
	// Bytes of a seed of few bits make pictures that are not all noise.
	fill := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			if b[i] = byte(r.Uint32()); seed%3 > 0 && r.IntN(4) > 0 {
				b[i] = byte(seed)
			}
		}
		b[0] &= 0x7f // the first range is 255 wide, so that no partition begins with 255
		return b
	}
	first := fill(2000 + 100*blocks)
	b := []byte{byte(len(first)<<5) | 0x10, byte(len(first) >> 3), byte(len(first) >> 11), 0x9d, 1, 0x2a}
	b = append(b, byte(width), byte(width>>8), byte(height), byte(height>>8))
	b = append(b, first...)
	var d decoder
	h := Header{Width: width, Height: height, first: len(first), data: append(bytes.Clone(first), make([]byte, 21)...)}
	d.readHeaders(&h)
	var parts []byte
	for i := range d.parts {
		part := fill(2000 * blocks)
		if i < d.parts-1 {
			b = append(b, byte(len(part)), byte(len(part)>>8), byte(len(part)>>16))
		}
		parts = append(parts, part...)
	}
	return append(b, parts...)
}

func decode(t testing.TB, data []byte) Picture {
	t.Helper()
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := h.Decode(pixel.Scale{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func other(data []byte) (*image.YCbCr, error) {
	d := vp8.NewDecoder()
	d.Init(bytes.NewReader(data), len(data))
	if _, err := d.DecodeFrameHeader(); err != nil {
		return nil, err
	}
	return d.DecodeFrame()
}

// planesOf returns the planes of another reader's picture.
func planesOf(m *image.YCbCr) [4]pixel.Plane {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	chroma := pixel.Plane{Stride: m.CStride, W: (w + 1) / 2, H: (h + 1) / 2}
	blue, red := chroma, chroma
	blue.Pix, red.Pix = m.Cb, m.Cr
	return [4]pixel.Plane{{Pix: m.Y, Stride: m.YStride, W: w, H: h}, blue, red}
}

// equal compares the rows that are there, and the chroma that belongs to them.
func equal(got, want [4]pixel.Plane, rows int) error {
	for i := range 3 {
		n := rows
		if i > 0 {
			n = (rows + 1) / 2
		}
		for y := range n {
			if !bytes.Equal(got[i].Row(y), want[i].Row(y)) {
				return fmt.Errorf("row %d of plane %d differs", y, i)
			}
		}
	}
	return nil
}

var sizes = [][2]int{{1, 1}, {16, 16}, {33, 50}, {70, 47}, {100, 131}}

// Random pictures with all modes, segments, filters and partitions are read as by golang.org/x/image.
func TestPicturesAreReadAsByAnotherReader(t *testing.T) {
	kinds, short := map[string]int{}, 0
	for seed := range uint64(400) {
		size := sizes[seed%uint64(len(sizes))]
		data := random(seed, size[0], size[1])
		img, err := other(data)
		p := decode(t, data)
		if err != nil {
			short++
			continue
		}
		if p.Damage.Err != nil || p.Damage.Whole() != size[1] {
			t.Errorf("seed %d, %v: %d rows, %v", seed, size, p.Damage.Whole(), p.Damage.Err)
			continue
		}
		if err := equal(p.Plane, planesOf(img), size[1]); err != nil {
			t.Errorf("seed %d, %v: %v", seed, size, err)
		}
		var d decoder
		h, _ := ReadHeader(data)
		d.readHeaders(&h)
		kinds[fmt.Sprintf("segments %t, simple %t, %d partitions", d.segments.on, d.filter.simple, d.parts)]++
	}
	if short > 10 {
		t.Errorf("the other reader refuses %d of 400 pictures", short)
	}
	if len(kinds) != 16 {
		t.Errorf("%d kinds of pictures, want 16: %v", len(kinds), kinds)
	}
}

// Wherever a picture is cut, its rows are those of the whole one, and nearly all that its bytes hold are there. The
// others are mid-gray.
func TestCutPicturesKeepTheirRows(t *testing.T) {
	file, err := os.ReadFile("../../testdata/lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	pictures := [][]byte{file[20:]}
	for seed := range uint64(40) {
		pictures = append(pictures, random(seed, 70, 111))
	}
	cuts := 0
	for i, data := range pictures {
		whole := decode(t, data)
		rows := 0
		for cut := 10; cut < len(data); cut += 1 + len(data)/300 {
			cuts++
			p := decode(t, data[:cut])
			if p.Damage.Whole() < rows || p.Damage.Whole() > whole.Plane[0].H ||
				(p.Damage.Err == nil) != (p.Damage.Whole() == whole.Plane[0].H) ||
				p.Damage.Err != nil && p.Damage.Err != codec.ErrShort {
				t.Errorf("picture %d cut at %d: %d rows, %v", i, cut, p.Damage.Whole(), p.Damage.Err)
			}
			rows = p.Damage.Whole()
			if err := equal(p.Plane, whole.Plane, rows); err != nil {
				t.Errorf("picture %d cut at %d: %v", i, cut, err)
			}
			for y := rows; y < p.Plane[0].H; y++ {
				if row := p.Plane[0].Row(y); len(bytes.Trim(row, string(rune(grayLuma)))) > 0 {
					t.Errorf("picture %d cut at %d: row %d is not gray", i, cut, y)
				}
			}
			if y := p.Plane[0].H - 1; rows < p.Plane[0].H-32 && p.Plane[1].Row(y / 2)[0] != grayChroma {
				t.Errorf("picture %d cut at %d: the last row has a color", i, cut)
			}
		}
	}
	// A picture of one partition has its rows one after the other.
	data := pictures[0]
	h, _ := ReadHeader(data)
	start := 10 + h.first
	for part := 1; part < 10; part++ {
		cut := start + (len(data)-start)*part/10
		if p := decode(t, data[:cut]); p.Damage.Whole() < 300*part/10-120 || p.Damage.Whole() == 0 && part > 3 {
			t.Errorf("%d tenths of the coefficients: %d of 300 rows", part, p.Damage.Whole())
		}
	}
	t.Logf("%d cuts", cuts)
}

func TestDecodeStops(t *testing.T) {
	h, err := ReadHeader(random(1, 100, 100))
	if err != nil {
		t.Fatal(err)
	}
	left := 3
	stop := func() bool {
		left--
		return left < 0
	}
	if p, err := h.Decode(pixel.Scale{}, stop); err != codec.ErrStopped || p.N() != 0 || left != -1 {
		t.Errorf("%v, %v: expected that it was stopped", p, err)
	}
}

func TestHeadersThatAreNone(t *testing.T) {
	data := random(1, 16, 16)
	for cut := range 10 {
		if _, err := ReadHeader(data[:cut]); err == nil {
			t.Errorf("%d bytes: no error", cut)
		}
	}
	for _, at := range []int{0, 3, 5} {
		bad := bytes.Clone(data)
		bad[at] ^= 1
		if _, err := ReadHeader(bad); err == nil {
			t.Errorf("byte %d changed: no error", at)
		}
	}
}

// FuzzDecode holds that no data is a fault, and that the rows which are said to be there are so the next time. Other
// readers are no measure of broken data: golang.org/x/image reads some that libwebp finds too short.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(12) {
		f.Add(random(seed, 33, 20)[:3000])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil || h.Width*h.Height > 1<<14 {
			return
		}
		p, err := h.Decode(pixel.Scale{}, nil)
		if err != nil || p.Damage.Whole() > h.Height || p.Damage.Err == nil && p.Damage.Whole() != h.Height {
			t.Fatalf("%d of %d rows, %v, %v", p.Damage.Whole(), h.Height, p.Damage.Err, err)
		}
		again, err := h.Decode(pixel.Scale{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := equal(p.Plane, again.Plane, p.Damage.Whole()); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	file, err := os.ReadFile("../../testdata/lossy.webp")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		h, _ := ReadHeader(file[20:])
		if _, err := h.Decode(pixel.Scale{}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
