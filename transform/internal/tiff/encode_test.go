package tiff

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"testing"

	"golang.org/x/image/tiff"

	"imgpipe/transform/internal/codec"
)

// painted is a picture whose rows are longer than its pixels, and what stands between them must not appear.
func painted(w, h int, gray, alpha bool) *Picture {
	p := &Picture{Stride: 4*w + 12, W: w, H: h, Gray: gray, Alpha: alpha}
	p.Pix = bytes.Repeat([]byte{0xaa}, p.Stride*h)
	for y := range h {
		for x := range w {
			c := p.Pix[y*p.Stride+4*x:][:4]
			c[0], c[1], c[2], c[3] = byte(3*x+y), byte(x*y), byte(200-x+5*y), 255
			if gray {
				c[1], c[2] = c[0], c[0]
			}
			if alpha {
				c[3] = byte(7*x + 11*y)
			}
		}
	}
	return p
}

// A file has the pixels that it was made of, in as few samples as that takes, and no strip of it is large.
func TestEncodedPictureIsReadAgain(t *testing.T) {
	var e Encoder
	for _, size := range [][2]int{{1, 1}, {7, 5}, {300, 2}, {2, 300}, {640, 480}, {70000, 3}} {
		for _, gray := range []bool{false, true} {
			for _, alpha := range []bool{false, true} {
				for _, icc := range [][]byte{nil, []byte("odd"), bytes.Repeat([]byte("profile"), 100)} {
					p := painted(size[0], size[1], gray, alpha)
					what := fmt.Sprintf("%v, gray %v, alpha %v, profile of %d", size, gray, alpha, len(icc))
					const before = "abc"
					file, err := e.Append([]byte(before), p, EncodeOptions{ICC: icc})
					if err != nil {
						t.Fatalf("%s: %v", what, err)
					}
					if !bytes.HasPrefix(file, []byte(before)) {
						t.Fatalf("%s: what stood there is gone", what)
					}
					checkFile(t, what, file[len(before):], p, icc)
				}
			}
		}
	}
}

func checkFile(t *testing.T, what string, file []byte, p *Picture, icc []byte) {
	d, ok := Open(file)
	if !ok {
		t.Fatalf("%s: no directory", what)
	}
	l, err := ReadLayout(d)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if l.Width != p.W || l.Height != p.H || l.samples != p.samples() || l.predictor != 2 ||
		l.Alpha != p.Alpha || l.associated || d.Has(ExtraSamples) != p.Alpha {
		t.Fatalf("%s: %dx%d with %d samples, alpha %v", what, l.Width, l.Height, l.samples, l.Alpha)
	}
	if row := int64(p.W * p.samples()); l.BlockBytes > max(row, stripBytes) {
		t.Errorf("%s: a strip has %d bytes", what, l.BlockBytes)
	}
	if got, ok := d.Field(ICCProfile); ok != (len(icc) > 0) || !bytes.Equal(got.Bytes, icc) {
		t.Errorf("%s: a profile of %d bytes, %v", what, len(got.Bytes), ok)
	}
	last := uint16(0)
	for e := d.entries; len(e) > 0; e = e[d.entrySize():] {
		tag := d.order.Uint16(e)
		if tag <= last {
			t.Errorf("%s: tag %d comes after %d", what, tag, last)
		}
		last = tag
	}
	var dec Decoder
	dec.Start(&l, Options{})
	for y := range p.H {
		row, err := dec.Row()
		if err != nil {
			t.Fatalf("%s, row %d: %v", what, y, err)
		}
		want := p.Pix[y*p.Stride:][:4*p.W]
		if len(row) == p.W {
			for x, v := range row {
				if v != want[4*x] {
					t.Fatalf("%s: %d at %d,%d, want %d", what, v, x, y, want[4*x])
				}
			}
			continue
		}
		if !bytes.Equal(row, want) {
			t.Fatalf("%s: row %d differs", what, y)
		}
	}
	if p.Gray && p.Alpha {
		return // golang.org/x/image/tiff does not read two samples
	}
	img, err := tiff.Decode(bytes.NewReader(file))
	if err != nil || img.Bounds() != image.Rect(0, 0, p.W, p.H) {
		t.Fatalf("%s: golang.org/x/image/tiff: %v", what, err)
	}
	for y := 0; y < p.H; y += 1 + p.H/20 {
		for x := 0; x < p.W; x += 1 + p.W/20 {
			c := p.Pix[y*p.Stride+4*x:]
			want := color.NRGBA{c[0], c[1], c[2], c[3]}
			if got := color.NRGBAModel.Convert(img.At(x, y)); want.A > 0 && got != color.Color(want) {
				t.Fatalf("%s: golang.org/x/image/tiff has %v at %d,%d, want %v", what, got, x, y, want)
			}
		}
	}
}

func TestEncoderStopsAndGoesOn(t *testing.T) {
	var e Encoder
	p := painted(400, 300, false, false)
	whole, err := e.Append(nil, p, EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	_, _ = e.Append(nil, p, EncodeOptions{Stop: func() bool { asked++; return false }})
	if asked < 10 {
		t.Errorf("asked %d times", asked)
	}
	for n := range asked {
		left := n
		got, err := e.Append([]byte("x"), p, EncodeOptions{Stop: func() bool { left--; return left < 0 }})
		if err != codec.ErrStopped || string(got) != "x" {
			t.Errorf("stopped at %d: %d bytes, error %v", n, len(got), err)
		}
	}
	if again, err := e.Append(nil, p, EncodeOptions{}); err != nil || !bytes.Equal(again, whole) {
		t.Errorf("then it makes another file, error %v", err)
	}
}

// Every level of compression keeps each pixel, and 7 is the default. One encoder may change its level.
func TestCompressionChangesNoPixel(t *testing.T) {
	var e Encoder
	p := painted(300, 200, false, true)
	byDefault, err := e.Append(nil, p, EncodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for level := 1; level <= 9; level++ {
		file, err := e.Append(nil, p, EncodeOptions{Compression: level})
		if err != nil {
			t.Fatal(err)
		}
		checkFile(t, fmt.Sprintf("compression %d", level), file, p, nil)
		if level == DefaultCompression && !bytes.Equal(file, byDefault) {
			t.Errorf("level %d is not the default", level)
		}
	}
	for _, level := range []int{-1, 10} {
		if _, err := e.Append(nil, p, EncodeOptions{Compression: level}); !errors.Is(err, ErrPicture) {
			t.Errorf("compression %d: %v", level, err)
		}
	}
}

func TestPictureThatContradictsItselfIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Picture){
		"no pixels":      func(p *Picture) { p.W = 0 },
		"no rows":        func(p *Picture) { p.H = 0 },
		"a short stride": func(p *Picture) { p.Stride = 4*p.W - 1 },
		"too few bytes":  func(p *Picture) { p.H++ },
	} {
		p := painted(9, 8, false, false)
		p.Pix = p.Pix[:p.Stride*p.H-12]
		change(p)
		if got, err := new(Encoder).Append(nil, p, EncodeOptions{}); !errors.Is(err, ErrPicture) || got != nil {
			t.Errorf("%s: %d bytes, error %v", name, len(got), err)
		}
	}
}
