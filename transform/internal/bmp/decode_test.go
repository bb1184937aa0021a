package bmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"testing"

	xbmp "golang.org/x/image/bmp"
)

func never() error { return nil }

// file puts a bitmap together: a header of 40 bytes, masks or palette, pixels.
func file(w, h, bits, compression int, table, pixels []byte) []byte {
	le := binary.LittleEndian
	b := []byte("BM\x00\x00\x00\x00\x00\x00\x00\x00")
	b = le.AppendUint32(b, uint32(54+len(table)))
	b = le.AppendUint32(b, 40)
	b = le.AppendUint32(b, uint32(int32(w)))
	b = le.AppendUint32(b, uint32(int32(h)))
	b = le.AppendUint16(b, 1)
	b = le.AppendUint16(b, uint16(bits))
	b = le.AppendUint32(b, uint32(compression))
	b = append(b, make([]byte, 20)...)
	return append(append(b, table...), pixels...)
}

func TestPixelsOfEachKind(t *testing.T) {
	palette := []byte{0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0} // black, red, green, blue
	const k, r, g, b = 'k', 'r', 'g', 'b'
	colors := map[byte]color.NRGBA{k: {0, 0, 0, 255}, r: {255, 0, 0, 255}, g: {0, 255, 0, 255}, b: {0, 0, 255, 255}}
	mask := func(m ...uint32) (out []byte) {
		for _, v := range m {
			out = binary.LittleEndian.AppendUint32(out, v)
		}
		return out
	}
	for name, c := range map[string]struct {
		data []byte
		want string // rows from the top, parted by a space
	}{
		"2 bits":         {file(3, 2, 2, 0, palette, []byte{0b00011000, 0, 0, 0, 0b11100100, 0, 0, 0}), "bgr krg"},
		"4 bits":         {file(3, 1, 4, 0, palette, []byte{0x12, 0x30, 0, 0}), "rgb"},
		"8 bits":         {file(2, -2, 8, 0, palette, []byte{1, 2, 0, 0, 3, 0, 0, 0}), "rg bk"},
		"16 bits":        {file(2, 1, 16, 0, nil, []byte{0x00, 0x7c, 0x1f, 0x00}), "rb"},
		"16 bits, 565":   {file(2, 1, 16, 3, mask(0xf800, 0x7e0, 0x1f), []byte{0xe0, 0x07, 0x00, 0xf8}), "gr"},
		"24 bits":        {file(1, 2, 24, 0, nil, []byte{255, 0, 0, 0, 0, 0, 255, 0}), "r b"},
		"32 bits":        {file(2, 1, 32, 0, nil, []byte{0, 255, 0, 0, 0, 0, 0, 9}), "gk"},
		"32 bits, BGR":   {file(1, 1, 32, 3, mask(0xff, 0xff00, 0xff0000), []byte{255, 0, 0, 0}), "r"},
		"32 bits, 10":    {file(1, 1, 32, 3, mask(0x3ff, 0xffc00, 0x3ff00000), []byte{0, 0xfc, 0x0f, 0}), "g"},
		"runs of 8":      {file(4, 2, 8, 1, palette, []byte{3, 1, 0, 0, 0, 3, 1, 2, 3, 0, 1, 3, 0, 1}), "rgbb rrrk"},
		"runs of 4":      {file(4, 2, 4, 2, palette, []byte{4, 0x12, 0, 0, 0, 2, 1, 0, 2, 0x33, 0, 1}), "kbbk rgrg"},
		"run too long":   {file(2, 1, 8, 1, palette, []byte{200, 2, 0, 1}), "gg"},
		"end is missing": {file(2, 1, 8, 1, palette, []byte{1, 2}), "gk"},
	} {
		h, err := ReadHeader(c.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		img, err := h.Decode(never)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for y, row := range bytes.Fields([]byte(c.want)) {
			for x, want := range row {
				if got := img.NRGBAAt(x, y); got != colors[want] {
					t.Errorf("%s: at %d,%d: %v, want %c", name, x, y, got, want)
				}
			}
		}
	}
}

func TestAlphaField(t *testing.T) {
	masks := binary.LittleEndian.AppendUint32(nil, 0xff0000)
	for _, m := range []uint32{0xff00, 0xff, 0xff000000} {
		masks = binary.LittleEndian.AppendUint32(masks, m)
	}
	for _, c := range []struct{ first, second, want byte }{{128, 255, 128}, {0, 255, 0}, {0, 0, 255}} {
		h, err := ReadHeader(file(2, 1, 32, 6, masks, []byte{1, 2, 3, c.first, 1, 2, 3, c.second}))
		if err != nil || !h.Alpha {
			t.Fatalf("header %+v, error %v", h, err)
		}
		img, err := h.Decode(never)
		if got := img.NRGBAAt(0, 0); err != nil || got != (color.NRGBA{3, 2, 1, c.want}) {
			t.Errorf("alpha %d and %d: %v, error %v", c.first, c.second, got, err)
		}
	}
}

func TestDamageIsAnError(t *testing.T) {
	palette := make([]byte, 8)
	for name, data := range map[string][]byte{
		"cut header":         file(2, 2, 8, 0, palette, nil)[:30],
		"cut pixels":         file(2, 2, 24, 0, nil, make([]byte, 12)),
		"index":              file(1, 1, 8, 0, palette, []byte{2}),
		"index in a run":     file(1, 1, 8, 1, palette, []byte{1, 2}),
		"bits":               file(1, 1, 7, 0, nil, make([]byte, 8)),
		"runs of 24 bits":    file(1, 1, 24, 1, nil, make([]byte, 8)),
		"no palette":         file(1, 1, 8, 0, nil, make([]byte, 8)),
		"masks that overlap": file(1, 1, 32, 3, bytes.Repeat([]byte{255, 0, 0, 0}, 3), make([]byte, 8)),
		"mask with a gap":    file(1, 1, 16, 3, []byte{5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 8)),
		"JPEG":               file(1, 1, 0, 4, nil, make([]byte, 8)),
	} {
		h, err := ReadHeader(data)
		if err == nil {
			_, err = h.Decode(never)
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	stop := errors.New("stop")
	h, err := ReadHeader(file(1, 1, 24, 0, nil, make([]byte, 4)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Decode(func() error { return stop }); err != stop {
		t.Errorf("the error of stop does not come back: %v", err)
	}
}

// FuzzDecode holds two laws: no fault, and the same pixels as golang.org/x/image/bmp wherever that can read the file, but for an
// alpha that is zero everywhere.
func FuzzDecode(f *testing.F) {
	f.Add(file(3, 2, 2, 0, make([]byte, 16), make([]byte, 8)))
	f.Add(file(4, 2, 8, 1, make([]byte, 16), []byte{3, 1, 0, 0, 0, 3, 1, 2, 3, 0, 1, 3, 0, 1}))
	f.Add(file(4, 2, 4, 2, make([]byte, 16), []byte{4, 0x12, 0, 0, 0, 2, 1, 0, 2, 0x33, 0, 1}))
	f.Add(file(2, 1, 32, 3, make([]byte, 12), make([]byte, 8)))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		if err != nil || h.Width <= 0 || h.Height <= 0 || h.Width > 256 || h.Height > 256 {
			return
		}
		img, err := h.Decode(never)
		other, otherErr := xbmp.Decode(bytes.NewReader(data))
		if otherErr != nil {
			return
		}
		if err != nil {
			t.Fatalf("x/image reads it, this says %v", err)
		}
		if h.Alpha {
			return
		}
		if img.Rect != other.Bounds() {
			t.Fatalf("size %v, x/image says %v", img.Rect, other.Bounds())
		}
		for y := range img.Rect.Dy() {
			for x := range img.Rect.Dx() {
				got, want := img.At(x, y), color.NRGBAModel.Convert(other.At(x, y))
				if _, ok := other.(*image.NRGBA); !ok && got != want {
					t.Fatalf("at %d,%d: %v, x/image says %v", x, y, got, want)
				}
			}
		}
	})
}
