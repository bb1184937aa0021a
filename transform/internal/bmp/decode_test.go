package bmp

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"testing"

	xbmp "golang.org/x/image/bmp"

	"imgpipe/transform/internal/codec"
)

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
		"end is missing": {file(2, 1, 8, 1, palette, []byte{2, 2}), "gg"},
	} {
		img := decode(t, c.data).Image
		for y, row := range bytes.Fields([]byte(c.want)) {
			for x, want := range row {
				if got := img.NRGBAAt(x, y); got != colors[want] {
					t.Errorf("%s: at %d,%d: %v, want %c", name, x, y, got, want)
				}
			}
		}
	}
}

// decode reads a file in which nothing is missing.
func decode(t *testing.T, data []byte) Picture {
	t.Helper()
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	pic, err := h.Decode(nil)
	if err != nil || pic.Damage.Err != nil {
		t.Fatal(err, pic.Damage.String())
	}
	return pic
}

// masked is a bitmap of 2x1 pixels with masks in a header of that size, or behind one of 40 bytes.
func masked(size, bits, compression int, masks [4]uint32, pixels []byte) []byte {
	var table []byte
	for _, m := range masks {
		table = binary.LittleEndian.AppendUint32(table, m)
	}
	switch {
	case size > 40:
		table = append(table, make([]byte, 100)...)[:size-40]
	case compression == biBitFields:
		table = table[:12]
	case compression == biRGB:
		table = nil
	}
	b := file(2, 1, bits, compression, table, pixels)
	b[14] = byte(size)
	return b
}

// A mask for alpha that the header names counts, whatever the alpha of the pixels is. Where none is named, what the
// colors leave of a pixel has no meaning.
func TestAlphaCountsWhereItsMaskIsNamed(t *testing.T) {
	colors := [4]uint32{0xff0000, 0xff00, 0xff}
	alpha := colors
	alpha[3] = 0xff000000
	thin := [4]uint32{0x7c00, 0x3e0, 0x1f, 0x8000}
	over := [4]uint32{0, 0, 0, 0xff00}
	for _, c := range []struct {
		size, bits, compression int
		masks                   [4]uint32
		named                   bool
	}{
		{40, 32, biRGB, colors, false}, {40, 32, biBitFields, colors, false},
		{40, 32, biAlphaBitFields, colors, false}, {40, 32, biAlphaBitFields, alpha, true},
		{52, 32, biRGB, alpha, false}, {52, 32, biBitFields, alpha, false},
		{56, 32, biRGB, colors, false}, {56, 32, biRGB, alpha, true},
		{56, 32, biBitFields, colors, false}, {56, 32, biBitFields, alpha, true},
		{64, 32, biRGB, alpha, false},
		{108, 32, biRGB, colors, false}, {108, 32, biRGB, alpha, true},
		{108, 32, biBitFields, colors, false}, {108, 32, biBitFields, alpha, true},
		{124, 32, biRGB, colors, false}, {124, 32, biRGB, alpha, true},
		{124, 32, biBitFields, colors, false}, {124, 32, biBitFields, alpha, true},
		{124, 32, biAlphaBitFields, alpha, true}, {124, 32, biRGB, over, false},
		{56, 16, biRGB, thin, true}, {56, 16, biBitFields, thin, true},
		{124, 16, biRGB, thin, true}, {124, 16, biBitFields, thin, true},
		{124, 16, biRGB, alpha, false}, {52, 16, biRGB, thin, false},
	} {
		for _, a := range [][2]byte{{255, 255}, {0, 0}, {0, 255}, {255, 0}} {
			pixels := []byte{1, 2, 3, a[0], 1, 2, 3, a[1]}
			if c.bits == 16 {
				pixels = []byte{1, a[0] & 0x80, 1, a[1] & 0x80}
			}
			data := masked(c.size, c.bits, c.compression, c.masks, pixels)
			h, err := ReadHeader(data)
			if err != nil || h.Alpha != c.named {
				t.Errorf("%+v: alpha %t, %v", c, h.Alpha, err)
				continue
			}
			img := decode(t, data).Image
			for x, want := range a {
				if !c.named {
					want = 255
				}
				if got := img.NRGBAAt(x, 0); got.A != want || c.bits == 32 && (got.R != 3 || got.G != 2 || got.B != 1) {
					t.Errorf("%+v, alpha %v, pixel %d: %v", c, a, x, got)
				}
			}
		}
	}
}

// A color that the palette does not have is black, and is counted.
func TestIndexBeyondThePalette(t *testing.T) {
	palette := []byte{1, 2, 3, 0, 4, 5, 6, 0}
	for name, c := range map[string]struct {
		data   []byte
		beyond int
		want   [4]uint8 // the red of four pixels
	}{
		"8 bits":      {file(4, 1, 8, 0, palette, []byte{0, 1, 2, 255}), 2, [4]uint8{3, 6}},
		"4 bits":      {file(4, 1, 4, 0, palette, []byte{0x01, 0x2f, 0, 0}), 2, [4]uint8{3, 6}},
		"2 bits":      {file(4, 1, 2, 0, palette, []byte{0b00011011, 0, 0, 0}), 2, [4]uint8{3, 6}},
		"1 bit":       {file(4, 1, 1, 0, palette[:4], []byte{0b00110000, 0, 0, 0}), 2, [4]uint8{3, 3}},
		"runs of 8":   {file(4, 1, 8, 1, palette, []byte{1, 1, 9, 2, 0, 1}), 3, [4]uint8{6}},
		"literals":    {file(4, 1, 8, 1, palette, []byte{0, 4, 1, 2, 0, 1, 0, 1}), 1, [4]uint8{6, 0, 3, 6}},
		"runs of 4":   {file(4, 1, 4, 2, palette, []byte{4, 0x12, 0, 1}), 2, [4]uint8{6, 0, 6, 0}},
		"literals, 4": {file(4, 1, 4, 2, palette, []byte{0, 4, 0x01, 0x2f, 0, 1}), 2, [4]uint8{3, 6}},
	} {
		pic := decode(t, c.data)
		for x, want := range c.want {
			if got := pic.Image.NRGBAAt(x, 0); got.R != want || got.A != 255 {
				t.Errorf("%s: pixel %d is %v, want red %d", name, x, got, want)
			}
		}
		if pic.Beyond != c.beyond {
			t.Errorf("%s: %d pixels are beyond the palette, want %d", name, pic.Beyond, c.beyond)
		}
	}
}

// What is odd in a header and leaves no doubt is passed over, and said.
func TestOddHeaders(t *testing.T) {
	palette := []byte{1, 2, 3, 0, 4, 5, 6, 0}
	masks := []byte{0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0}
	for name, data := range map[string][]byte{
		"24 bits": file(2, 1, 24, 0, nil, []byte{1, 2, 3, 4, 5, 6, 0, 0}),
		"1 bit":   file(2, 1, 1, 0, palette, []byte{0x40, 0, 0, 0}),
		"runs":    file(2, 1, 8, 1, append(bytes.Clone(palette), make([]byte, 4*254)...), []byte{1, 0, 1, 1, 0, 1}),
		"fields":  file(2, 1, 32, 3, masks, []byte{1, 2, 3, 0, 4, 5, 6, 0}),
	} {
		want := decode(t, data).Image
		for field, change := range map[string]func(b []byte){
			"no offset": func(b []byte) { copy(b[10:], make([]byte, 4)) },
			"no planes": func(b []byte) { b[26] = 0 },
			"planes":    func(b []byte) { b[26] = 3 },
		} {
			odd := bytes.Clone(data)
			change(odd)
			h, err := ReadHeader(odd)
			if err != nil || len(h.Odd) != 1 {
				t.Errorf("%s, %s: %v, %v", name, field, h.Odd, err)
				continue
			}
			if got := decode(t, odd).Image; !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%s, %s: %v, want %v", name, field, got.Pix, want.Pix)
			}
		}
	}
}

// Of a file that is cut anywhere in its pixels, the rows that are there are those of the whole, and the others are said
// to be missing: the upper ones, where the lowest row comes first.
func TestCutFilesKeepTheirRows(t *testing.T) {
	const w, h = 5, 4
	table := func(n int) (b []byte) {
		for i := range n {
			b = append(b, byte(10*i+1), byte(10*i+2), byte(10*i+3), 0)
		}
		return b
	}
	rows := func(row ...byte) (b []byte) {
		for y := range h {
			for _, v := range row {
				b = append(b, v^byte(y))
			}
		}
		return b
	}
	runs := func(end ...byte) (b []byte) {
		for y := range byte(h) {
			b = append(b, 2, y, 0, 3, 1, 2, 3, 0, 0, 0)
		}
		return append(b, end...)
	}
	wide := []byte{2, 1, 1, 1, 0, 3, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0}
	pixels := rows(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
	alpha := []byte{0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255}
	for name, c := range map[string]struct {
		bits, compression int
		table, pixels     []byte
		row, least        int // bytes of a row, and of it as much as must be there
	}{
		"1 bit":      {1, 0, table(2), rows(0xa5, 0, 0, 0), 4, 1},
		"2 bits":     {2, 0, table(4), rows(0x1b, 0x80, 0, 0), 4, 2},
		"4 bits":     {4, 0, table(16), rows(0x12, 0x34, 0x50, 0), 4, 3},
		"8 bits":     {8, 0, table(16), rows(1, 2, 3, 4, 5, 0, 0, 0), 8, 5},
		"16 bits":    {16, 0, nil, rows(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0), 12, 10},
		"24 bits":    {24, 0, nil, rows(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0), 16, 15},
		"32 bits":    {32, 0, nil, pixels, 20, 20},
		"with alpha": {32, 6, alpha, pixels, 20, 20},
		"runs of 8":  {8, 1, table(16), runs(0, 1), 10, 7},
		"no end":     {8, 1, table(16), runs(), 10, 7},
		"runs of 4":  {4, 2, table(16), bytes.Repeat([]byte{2, 0x12, 3, 0x34, 0, 0}, h), 6, 4},
		"runs of 24": {24, 4, nil, bytes.Repeat(wide, h), 18, 15},
	} {
		for _, height := range []int{h, -h} {
			data := file(w, height, c.bits, c.compression, c.table, c.pixels)
			if c.compression == 4 {
				data = file(w, height, c.bits, c.compression, make([]byte, 24), c.pixels)
				data[14] = 64
			}
			whole := decode(t, data).Image
			before := len(data) - len(c.pixels)
			for cut := before; cut < len(data); cut++ {
				head, err := ReadHeader(data[:cut])
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				pic, err := head.Decode(nil)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				there := min((cut-before+c.row-c.least)/c.row, h)
				n, first, last := pic.Damage.Missing()
				wantFirst, wantLast := 0, h-there-1
				if height < 0 {
					wantFirst, wantLast = there, h-1
				}
				if n != h-there || n > 0 && (first != wantFirst || last != wantLast) {
					t.Errorf("%s, height %d, cut at %d: %s; expected %d rows", name, height, cut-before,
						pic.Damage.String(), there)
					continue
				}
				fill := color.NRGBA{0, 0, 0, 255}
				if head.Alpha {
					fill = color.NRGBA{}
				}
				for y := range h {
					for x := range w {
						want := whole.NRGBAAt(x, y)
						if n > 0 && y >= first && y <= last {
							want = fill
						}
						if got := pic.Image.NRGBAAt(x, y); got != want {
							t.Fatalf("%s, height %d, cut at %d: %d,%d is %v, want %v", name, height, cut-before, x, y,
								got, want)
						}
					}
				}
			}
		}
	}
}

// Run lengths may end before the last row, and leave pixels out: these have the first color of the palette.
func TestRunsThatEndEarlyAreWhole(t *testing.T) {
	palette := []byte{9, 9, 9, 0, 1, 2, 3, 0}
	pic := decode(t, file(3, 3, 8, 1, palette, []byte{3, 1, 0, 2, 1, 1, 1, 1, 0, 1}))
	for y, want := range []uint8{9, 9, 3} {
		if got := pic.Image.NRGBAAt(0, y).R; got != want {
			t.Errorf("row %d is %d, want %d", y, got, want)
		}
	}
}

func TestDamagedHeadersAreAnError(t *testing.T) {
	palette := make([]byte, 8)
	for name, data := range map[string][]byte{
		"cut header":         file(2, 2, 8, 0, palette, nil)[:30],
		"cut palette":        file(2, 2, 8, 0, palette, nil)[:58],
		"cut masks":          file(2, 2, 32, 3, make([]byte, 12), nil)[:60],
		"bits":               file(1, 1, 7, 0, nil, make([]byte, 8)),
		"runs of 24 bits":    file(1, 1, 24, 1, nil, make([]byte, 8)),
		"no palette":         file(1, 1, 8, 0, nil, make([]byte, 8)),
		"masks that overlap": file(1, 1, 32, 3, bytes.Repeat([]byte{255, 0, 0, 0}, 3), make([]byte, 8)),
		"mask with a gap":    file(1, 1, 16, 3, []byte{5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 8)),
		"JPEG":               file(1, 1, 0, 4, nil, make([]byte, 8)),
	} {
		if _, err := ReadHeader(data); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestStopEndsTheWork(t *testing.T) {
	for _, data := range [][]byte{
		file(1, 1, 24, 0, nil, make([]byte, 4)), file(1, 1, 8, 1, make([]byte, 8), make([]byte, 4)),
	} {
		h, err := ReadHeader(data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Decode(func() bool { return true }); err != codec.ErrStopped {
			t.Errorf("error %v: expected that it was stopped", err)
		}
	}
}

// FuzzDecode holds two laws: no fault, and the same pixels as golang.org/x/image/bmp wherever that can read the file,
// but for alpha.
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
		pic, err := h.Decode(nil)
		img := pic.Image
		other, otherErr := xbmp.Decode(bytes.NewReader(data))
		if otherErr != nil {
			return
		}
		if err != nil || pic.Damage.Err != nil {
			t.Fatalf("x/image reads it, this says %v, %v", err, pic.Damage.String())
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
