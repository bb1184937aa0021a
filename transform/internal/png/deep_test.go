package png

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// deepRows returns all rows of a file in 16 bits.
func deepRows(d *Decoder, data []byte, h *Header) (*image.NRGBA64, error) {
	d.StartDeep(data, h, nil)
	img := image.NewNRGBA64(image.Rect(0, 0, h.Width, h.Height))
	for y := range h.Height {
		row, err := d.Row()
		if err != nil {
			return nil, err
		}
		if h.DeepGray() {
			pixel.Spread(img.Pix[y*img.Stride:][:8*h.Width], row, 2)
			continue
		}
		copy(img.Pix[y*img.Stride:], row[:8*h.Width])
	}
	return img, nil
}

// deepReference returns what image/png reads.
func deepReference(t *testing.T, data []byte) *image.NRGBA64 {
	src, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewNRGBA64(src.Bounds())
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			img.SetNRGBA64(x, y, color.NRGBA64Model.Convert(src.At(x, y)).(color.NRGBA64))
		}
	}
	return img
}

// sameDeep reports whether two images look alike: where nothing is seen, colors do not matter.
func sameDeep(a, b *image.NRGBA64) bool {
	if a.Rect != b.Rect {
		return false
	}
	for i := 0; i < len(a.Pix); i += 8 {
		p, q := [8]byte(a.Pix[i:]), [8]byte(b.Pix[i:])
		if p != q && (p[6]|p[7] != 0 || q[6]|q[7] != 0) {
			return false
		}
	}
	return true
}

// TestDeepRowsAreThoseOfTheFile reads every kind of file with 16 bits a sample, with all filters. Rows of 16 bits have
// the samples of the file, and rows of 8 bits those rounded, in a Decoder that was used before, too.
func TestDeepRowsAreThoseOfTheFile(t *testing.T) {
	var used Decoder
	n := 0
	for _, k := range kinds() {
		if k.depth != 16 {
			continue
		}
		for _, size := range []image.Point{{1, 1}, {19, 14}, {130, 70}} {
			data := k.file(size.X, size.Y, k.noise(size.X, size.Y), 6, 1000)
			h, err := ReadHeader(data, nil)
			if err != nil {
				t.Fatalf("%v: %v", k, err)
			}
			want := deepReference(t, data)
			for _, d := range []*Decoder{new(Decoder), &used} {
				n++
				got, err := deepRows(d, data, h)
				if err != nil || !sameDeep(got, want) {
					t.Fatalf("%v, %v: other pixels than image/png reads, error %v", k, size, err)
				}
				flat, err := rows(d, data, h)
				if err != nil || !bytes.Equal(flat.Pix, pixel.Shallow64(got).Pix) {
					t.Fatalf("%v, %v: rows of 8 bits are not those of 16, rounded; error %v", k, size, err)
				}
			}
		}
	}
	if n != 2*3*12 {
		t.Errorf("%d files were read", n)
	}
}

// TestDeepRowsOfDamagedFiles holds that a row that is missing is missing at both depths, and looks alike.
func TestDeepRowsOfDamagedFiles(t *testing.T) {
	missed := 0
	for _, k := range kinds() {
		if k.depth != 16 {
			continue
		}
		whole := k.file(40, 30, k.noise(40, 30), 6, 700)
		for _, cut := range []int{len(whole) / 3, len(whole) / 2, len(whole) - 30} {
			data := whole[:cut]
			h, err := ReadHeader(data, nil)
			if err != nil {
				t.Fatal(err)
			}
			var d Decoder
			deep, err := deepRows(&d, data, h)
			a := d.Damage()
			flat, err2 := rows(&d, data, h)
			b := d.Damage()
			if err != nil || err2 != nil || a.String() != b.String() ||
				!bytes.Equal(flat.Pix, pixel.Shallow64(deep).Pix) {
				t.Errorf("%v, cut at %d: %v and %v, or other pixels", k, cut, a, b)
			}
			gone, _, _ := a.Missing()
			missed += gone
		}
	}
	if missed == 0 {
		t.Error("nothing was missing")
	}
}

// deepPicture makes a picture of noise or of waves.
func deepPicture(l Layout, w, h int, wavy bool) *Picture {
	rng := rand.New(rand.NewPCG(uint64(l), uint64(w)))
	p := &Picture{Layout: l, Deep: true, W: w, H: h, Stride: 8*w + 3, Pix: make([]byte, (8*w+3)*h)}
	for y := range h {
		for i := range 4 * w {
			v := uint16(rng.Uint32())
			if wavy {
				v = uint16(300*i + 170*y*i%5000)
			}
			binary.BigEndian.PutUint16(p.Pix[y*p.Stride+2*i:], v)
		}
	}
	return p
}

// TestEveryDeepLayoutIsReadBack has image/png read what was written, with each level of compression.
func TestEveryDeepLayoutIsReadBack(t *testing.T) {
	var e Encoder
	for _, l := range []Layout{Gray, RGB, RGBA, GrayAlpha} {
		for i, size := range []image.Point{{1, 1}, {3, 150}, {40, 33}, {201, 5}} {
			p := deepPicture(l, size.X, size.Y, i%2 == 0)
			data, err := e.Append(nil, p, EncodeOptions{Compression: 1 + (2*i+int(l))%9})
			if err != nil {
				t.Fatal(err)
			}
			want := image.NewNRGBA64(image.Rect(0, 0, p.W, p.H))
			for y := range p.H {
				for x := range p.W {
					s := p.Pix[y*p.Stride+8*x:]
					at := func(i int) uint16 { return binary.BigEndian.Uint16(s[2*i:]) }
					c := color.NRGBA64{R: at(0), G: at(1), B: at(2), A: at(3)}
					if l == Gray || l == GrayAlpha {
						c.G, c.B = c.R, c.R
					}
					if l == Gray || l == RGB {
						c.A = 0xffff
					}
					want.SetNRGBA64(x, y, c)
				}
			}
			name := fmt.Sprintf("layout %d, %v", l, size)
			if data[24] != 16 || !sameDeep(deepReference(t, data), want) {
				t.Errorf("%s: %d bits, or image/png reads other pixels", name, data[24])
			}
			h, err := ReadHeader(data, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := deepRows(new(Decoder), data, h); err != nil || !sameDeep(got, want) {
				t.Errorf("%s: this package reads other pixels, error %v", name, err)
			}
		}
	}
	bad := deepPicture(Indexed, 3, 3, false)
	bad.Palette = make([][4]byte, 3)
	if _, err := e.Append(nil, bad, EncodeOptions{}); !errors.Is(err, ErrPicture) {
		t.Errorf("a palette of 16 bits: %v", err)
	}
}
