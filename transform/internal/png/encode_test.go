package png

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"slices"
	"testing"

	"imgpipe/transform/internal/codec"
)

// picture makes a picture of pixels that are noise, even, or waves, by the byte that is given.
func picture(l Layout, w, h int, kind byte) *Picture {
	rng := rand.New(rand.NewPCG(uint64(kind), uint64(w)))
	p := &Picture{Layout: l, W: w, H: h}
	size := p.bytes(false)
	p.Stride = size*w + int(kind%3)
	p.Pix = make([]byte, p.Stride*h)
	for i := range p.Pix {
		switch kind % 4 {
		case 0:
			p.Pix[i] = byte(rng.Uint32())
		case 1:
			p.Pix[i] = byte(i*i/900 + i/size%7)
		case 2:
			p.Pix[i] = kind
		default:
			p.Pix[i] = byte(i) // repeats
		}
	}
	if l == Indexed {
		for range 1 + (int(kind)*7+w)%256 {
			v := rng.Uint32()
			p.Palette = append(p.Palette, [4]byte{byte(v), byte(v >> 8), byte(v >> 16),
				byte(v>>24) | 255*byte(v>>30&1)})
		}
		for i, v := range p.Pix {
			p.Pix[i] = byte(int(v) % len(p.Palette))
		}
	}
	return p
}

// nrgba returns what p shows.
func (p *Picture) nrgba() *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, p.W, p.H))
	for y := range p.H {
		for x := range p.W {
			s := p.Pix[y*p.Stride+x*p.bytes(false):]
			c := color.NRGBA{s[0], s[0], s[0], 255}
			switch p.Layout {
			case RGB:
				c = color.NRGBA{s[0], s[1], s[2], 255}
			case RGBA:
				c = color.NRGBA{s[0], s[1], s[2], s[3]}
			case GrayAlpha:
				c = color.NRGBA{s[0], s[0], s[0], s[3]}
			case Indexed:
				q := p.Palette[s[0]]
				c = color.NRGBA{q[0], q[1], q[2], q[3]}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

// readBack compares what image/png and this package read with p.
func readBack(t testing.TB, data []byte, p *Picture) {
	t.Helper()
	want := p.nrgba()
	if got, err := reference(data); err != nil || !same(got, want) {
		t.Fatalf("layout %d, %dx%d: image/png reads other pixels, error %v", p.Layout, p.W, p.H, err)
	}
	if got, _, err := decode(data); err != nil || !same(got, want) {
		t.Fatalf("layout %d, %dx%d: this package reads other pixels, error %v", p.Layout, p.W, p.H, err)
	}
}

func TestEveryLayoutIsReadBack(t *testing.T) {
	var e Encoder
	for l := Gray; l <= GrayAlpha; l++ {
		for kind := range byte(8) {
			for _, size := range []image.Point{{1, 1}, {3, 200}, {17, 33}, {64, 5}, {301, 130}} {
				p := picture(l, size.X, size.Y, kind)
				data, err := e.Append([]byte("before"), p, EncodeOptions{})
				if err != nil || string(data[:6]) != "before" {
					t.Fatalf("layout %d, %v: error %v", l, size, err)
				}
				readBack(t, data[6:], p)
				again, err := new(Encoder).Append(nil, p, EncodeOptions{})
				if err != nil || !bytes.Equal(again, data[6:]) {
					t.Errorf("layout %d, %v: an Encoder that was used before writes other bytes, error %v", l, size,
						err)
				}
			}
		}
	}
}

// TestSamplesTakeNoMoreBitsThanThePaletteNeeds reads the depth in the header.
func TestSamplesTakeNoMoreBitsThanThePaletteNeeds(t *testing.T) {
	for n, want := range map[int]byte{1: 1, 2: 1, 3: 2, 4: 2, 5: 4, 16: 4, 17: 8, 256: 8} {
		p := &Picture{Layout: Indexed, Pix: make([]byte, 15), Stride: 5, W: 5, H: 3, Palette: make([][4]byte, n)}
		p.Pix[7] = byte(n - 1)
		data, err := new(Encoder).Append(nil, p, EncodeOptions{})
		if err != nil || data[24] != want {
			t.Fatalf("%d colors: %d bits, error %v: want %d", n, data[24], err, want)
		}
		readBack(t, data, p)
	}
}

// TestWhatWasDrawnIsNotFiltered has a picture whose rows are five in any order, and one with waves and noise; the
// filter of a row is its first byte.
func TestWhatWasDrawnIsNotFiltered(t *testing.T) {
	drawn := &Picture{Layout: RGB, Pix: make([]byte, 4*400*300), Stride: 1600, W: 400, H: 300}
	five := picture(RGBA, 400, 5, 0).Pix
	for y := range 300 {
		copy(drawn.Pix[1600*y:], five[y*y%13%5*1600:][:1600])
	}
	wavy := &Picture{Layout: RGB, Stride: 1600, W: 400, H: 300}
	for raw := photoLike(400, 300); len(raw) > 0; raw = raw[1201:] {
		for x := range 400 {
			wavy.Pix = append(wavy.Pix, raw[1+3*x], raw[2+3*x], raw[3+3*x], 0)
		}
	}
	var above [1200]byte // photoLike leaves Paeth's differences
	for y := range 300 {
		var left, corner [3]byte
		for x := range 400 {
			for c := range 3 {
				i := y*1600 + 4*x + c
				b := above[3*x+c]
				v := wavy.Pix[i] + byte(predict(int32(left[c]), int32(b), int32(corner[c])))
				wavy.Pix[i], left[c], corner[c], above[3*x+c] = v, v, b, v
			}
		}
	}
	for name, c := range map[string]struct {
		p     *Picture
		plain bool
	}{"drawn": {drawn, true}, "photograph": {wavy, false}} {
		data, err := new(Encoder).Append(nil, c.p, EncodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		readBack(t, data, c.p)
		h, err := ReadHeader(data, nil)
		if err != nil {
			t.Fatal(err)
		}
		var z Decoder
		z.Start(data, h, nil)
		line, err := z.z.Take(1201)
		if err == nil {
			line, err = z.z.Take(1201)
		}
		if err != nil || (line[0] == none) != c.plain {
			t.Errorf("%s: row 1 has filter %d, error %v", name, line[0], err)
		}
	}
}

func TestLargeFilesHaveManyChunks(t *testing.T) {
	p := picture(RGBA, 1000, 700, 0)
	data, err := new(Encoder).Append(nil, p, EncodeOptions{ICC: []byte("a profile")})
	if err != nil || bytes.Count(data, []byte("IDAT")) < 3 {
		t.Fatalf("%d chunks, error %v", bytes.Count(data, []byte("IDAT")), err)
	}
	readBack(t, data, p)
}

func TestWrongPicturesAreRefused(t *testing.T) {
	for name, p := range map[string]*Picture{
		"layout":  {Layout: 9, Pix: make([]byte, 9), Stride: 3, W: 3, H: 3},
		"empty":   {Layout: Gray, Pix: make([]byte, 9), Stride: 3, W: 0, H: 3},
		"short":   {Layout: RGB, Pix: make([]byte, 35), Stride: 12, W: 3, H: 3},
		"stride":  {Layout: RGBA, Pix: make([]byte, 99), Stride: 11, W: 3, H: 3},
		"palette": {Layout: Indexed, Pix: make([]byte, 9), Stride: 3, W: 3, H: 3},
	} {
		if data, err := new(Encoder).Append([]byte("x"), p, EncodeOptions{}); !errors.Is(err, ErrPicture) ||
			string(data) != "x" {
			t.Errorf("%s: %q, error %v", name, data, err)
		}
	}
}

func TestEncoderIsStopped(t *testing.T) {
	p := picture(Gray, 40, 400, 1)
	var e Encoder
	asked := 0
	stop := func() bool { asked++; return asked > 2 }
	data, err := e.Append([]byte("x"), p, EncodeOptions{Stop: stop})
	if err != codec.ErrStopped || string(data) != "x" {
		t.Errorf("%d bytes, error %v", len(data), err)
	}
	data, err = e.Append(nil, p, EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	readBack(t, data, p)
}

// TestSubtractIsExact compares it with one byte after the other.
func TestSubtractIsExact(t *testing.T) {
	for n := range 40 {
		x, p, got := make([]byte, n), make([]byte, n), make([]byte, n)
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		for i := range n {
			x[i], p[i] = byte(rng.Uint32()), byte(rng.Uint32())
			if i%5 == 0 {
				x[i] = p[i] + 128
			}
		}
		sum, want := subtract(got, x, p), uint64(0)
		for i := range n {
			d := int(int8(x[i] - p[i]))
			want += uint64(max(d, -d))
			if got[i] != x[i]-p[i] {
				t.Fatalf("%d of %d: %d - %d is %d", i, n, x[i], p[i], got[i])
			}
		}
		if sum != want {
			t.Fatalf("%d bytes: a sum of %d, want %d", n, sum, want)
		}
	}
}

// Every level of compression keeps each pixel, 5 is the default, and 9 makes no file that is much larger. One encoder
// may change its level.
func TestCompressionChangesNoPixel(t *testing.T) {
	var e Encoder
	for _, l := range []Layout{Gray, RGB, RGBA, Indexed, GrayAlpha} {
		for kind := range byte(4) {
			p := picture(l, 150, 140, kind)
			byDefault, err := e.Append(nil, p, EncodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			var sizes []int
			for level := 1; level <= 9; level++ {
				file, err := e.Append(nil, p, EncodeOptions{Compression: level})
				if err != nil {
					t.Fatal(err)
				}
				readBack(t, file, p)
				sizes = append(sizes, len(file))
				if level == DefaultCompression && !bytes.Equal(file, byDefault) {
					t.Errorf("level %d is not the default", level)
				}
			}
			if sizes[8] > sizes[4]+sizes[4]/40 {
				t.Errorf("layout %d, kind %d: sizes %v", l, kind, sizes)
			}
		}
	}
	for _, level := range []int{-1, 10} {
		_, err := e.Append(nil, picture(Gray, 3, 3, 1), EncodeOptions{Compression: level})
		if !errors.Is(err, ErrPicture) {
			t.Errorf("compression %d: %v", level, err)
		}
	}
}

// FuzzEncode holds the law that what is written is read again, by image/png as well.
func FuzzEncode(f *testing.F) {
	for l := range byte(5) {
		f.Add(l, byte(3), []byte("some pixels and some more"))
		f.Add(l, byte(60), bytes.Repeat([]byte{1, 2, 3, 4, 9}, 300))
	}
	var e Encoder
	f.Fuzz(func(t *testing.T, layout, width byte, pix []byte) {
		p := &Picture{Layout: Layout(layout % 5), W: max(1, int(width)), Pix: pix}
		p.Stride = p.W * p.bytes(false)
		p.H = min(len(pix)/p.Stride, 300)
		if p.H == 0 {
			return
		}
		if p.Layout == Indexed {
			p.Pix = bytes.Clone(pix)
			n := 1 + int(pix[0])
			for i := range n {
				p.Palette = append(p.Palette, [4]byte{byte(3 * i), byte(i), 7, byte(255 - i/9*int(width&1))})
			}
			for i := range p.Pix {
				p.Pix[i] = byte(int(p.Pix[i]) % n)
			}
		}
		data, err := e.Append(nil, p, EncodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		readBack(t, data, p)
	})
}

func BenchmarkEncode(b *testing.B) {
	p := picture(RGB, 800, 600, 1)
	img := p.nrgba()
	b.Run("by=rows", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(800 * 600 * 3)
		var e Encoder
		var data []byte
		for b.Loop() {
			var err error
			if data, err = e.Append(data[:0], p, EncodeOptions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=image-png", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(800 * 600 * 3)
		for b.Loop() {
			var out bytes.Buffer
			if err := png.Encode(&out, img); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func ExampleEncoder_Append() {
	p := &Picture{Layout: Gray, Pix: []byte{0, 80, 160, 255}, Stride: 2, W: 2, H: 2}
	data, err := new(Encoder).Append(nil, p, EncodeOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := ReadHeader(data, nil)
	fmt.Println(h.Width, h.Height, h.Gray, err)
	// Output: 2 2 true <nil>
}

// TestStopIsAskedBeforeRowsAreTried counts the rows that are made before it is, while it is found out whether filters
// pay.
func TestStopIsAskedBeforeRowsAreTried(t *testing.T) {
	const w, h = 4, 1 << 12
	p := &Picture{Layout: RGBA, Pix: bytes.Repeat([]byte{1, 2, 3, 4}, w*h), Stride: 4 * w, W: w, H: h}
	var e Encoder
	asked := 0
	_, err := e.Append(nil, p, EncodeOptions{Stop: func() bool { asked++; return true }})
	if err != codec.ErrStopped || asked != 1 {
		t.Errorf("asked %d times, then %v", asked, err)
	}
	if row := slices.Concat(e.rows[0], e.rows[1]); slices.Max(row) != 0 {
		t.Error("rows were made before")
	}
	e = Encoder{}
	asked = 0
	if _, err := e.Append(nil, p, EncodeOptions{Stop: func() bool { asked++; return false }}); err != nil ||
		asked < 2*h/128+h/64 {
		t.Errorf("asked %d times for %d rows: %v", asked, h, err)
	}
}
