package vp8l

import (
	"bytes"
	"encoding/binary"
	"image"
	"testing"

	"golang.org/x/image/vp8l"

	"imgpipe/transform/internal/codec"
)

// sizes are widths and heights that end squares and packed pixels everywhere.
var sizes = [][2]int{{1, 1}, {1, 40}, {17, 9}, {33, 31}, {64, 20}, {100, 7}}

func headless(data []byte, width, height int) *Header {
	h := Headless(data, width, height)
	return &h
}

func withHeader(data []byte, width, height int) []byte {
	head := binary.LittleEndian.AppendUint32([]byte{0x2f}, uint32(width-1|(height-1)<<14))
	return append(head, data...)
}

// Random images with all transforms, caches of colors, references and groups are read as by golang.org/x/image.
func TestImagesAreReadAsByAnotherReader(t *testing.T) {
	read := 0
	for seed := range uint64(600) {
		size := sizes[seed%uint64(len(sizes))]
		w := random(seed, size[0], size[1])
		p, err := headless(w.out, size[0], size[1]).Decode(nil)
		if err != nil {
			t.Fatal(err)
		}
		img, err := vp8l.Decode(bytes.NewReader(withHeader(w.out, size[0], size[1])))
		if err != nil {
			if p.Damage.Err == nil {
				t.Errorf("seed %d, %v: the other says %v", seed, size, err)
			}
			continue
		}
		read++
		if p.Damage.Err != nil || p.Damage.Whole() != size[1] || !bytes.Equal(p.Pix, img.(*image.NRGBA).Pix) {
			t.Errorf("seed %d, %v: %d rows, %v; expected the same pixels", seed, size, p.Damage.Whole(), p.Damage.Err)
		}
	}
	if read < 590 {
		t.Errorf("%d of 600 images could be compared", read)
	}
}

// Wherever an image is cut, it keeps each row whose last bit is there, as in the whole image, and no other.
func TestCutImagesKeepTheirRows(t *testing.T) {
	cuts := 0
	for seed := range uint64(120) {
		size := sizes[seed%uint64(len(sizes))]
		w := random(seed, size[0], size[1])
		whole, err := headless(w.out, size[0], size[1]).Decode(nil)
		if err != nil {
			t.Fatal(err)
		}
		if whole.Damage.Err != nil {
			continue
		}
		for cut := 0; cut <= len(w.out); cut += 1 + len(w.out)/200 {
			cuts++
			p, err := headless(w.out[:cut], size[0], size[1]).Decode(nil)
			if err != nil {
				t.Fatal(err)
			}
			rows, want := p.Damage.Whole(), 0
			for want < len(w.rows) && w.rows[want] <= 8*cut {
				want++
			}
			if rows != want && !(rows == 0 && p.Damage.Err == codec.ErrShort && want == size[1]) {
				const say = "seed %d cut at %d of %d: %d rows of %d, want %d (%v)"
				t.Errorf(say, seed, cut, len(w.out), rows, size[1], want, p.Damage.Err)
			}
			if (p.Damage.Err == nil) != (rows == size[1]) || p.Damage.Err != nil && p.Damage.Err != codec.ErrShort {
				t.Errorf("seed %d cut at %d: %d of %d rows and %v", seed, cut, rows, size[1], p.Damage.Err)
			}
			n := 4 * size[0] * rows
			if !bytes.Equal(p.Pix[:n], whole.Pix[:n]) || len(bytes.Trim(p.Pix[n:], "\x00")) > 0 {
				t.Errorf("seed %d cut at %d: rows are not those of the whole image, or others not empty", seed, cut)
			}
		}
	}
	t.Logf("%d cuts", cuts)
}

// A stranger's codes do not take more memory than there is room for.
func TestCodesAreBounded(t *testing.T) {
	w := random(1, 8, 8)
	d := decoder{r: reader{data: bytes.Repeat(w.out, 100)}, room: 1000}
	g := groups{list: make([]group, 1)}
	for range 100 {
		if err := d.readGroups(&g, 0); err != nil {
			return
		}
	}
	t.Error("there is no bound")
}

func TestDecodeStops(t *testing.T) {
	w := random(3, 64, 20)
	if p, err := headless(w.out, 64, 20).Decode(func() bool { return true }); err != codec.ErrStopped || p.Pix != nil {
		t.Errorf("%v, %v: expected that it was stopped", p, err)
	}
}

// FuzzDecode holds that no data is a fault. Pixels may differ: the other reader has its own view of modes that are not
// in the standard.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(30) {
		f.Add(random(seed, 17, 9).out, uint8(17), uint8(9))
	}
	f.Fuzz(func(t *testing.T, data []byte, width, height uint8) {
		w, h := int(width)+1, int(height)+1
		p, err := headless(data, w, h).Decode(nil)
		if err != nil || p.Damage.Err == nil && p.Damage.Whole() != h || p.Damage.Whole() > h {
			t.Fatalf("%d rows, %v, %v", p.Damage.Whole(), p.Damage.Err, err)
		}
		img, err := vp8l.Decode(bytes.NewReader(withHeader(data, w, h)))
		if err == nil && p.Damage.Err == nil && len(img.(*image.NRGBA).Pix) != len(p.Pix) {
			t.Fatal("another size than another reader reads")
		}
	})
}
