package vp8l

import (
	"bytes"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/pixel"
)

func sourceOf(img *image.NRGBA) *Source {
	return &Source{Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy()}
}

// pictures are small images of all kinds, by name.
func pictures() map[string]*image.NRGBA {
	r := rand.New(rand.NewPCG(5, 6))
	list := map[string]*image.NRGBA{}
	draw := func(name string, w, h int, f func(x, y int) color.NRGBA) {
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				img.SetNRGBA(x, y, f(x, y))
			}
		}
		list[name] = img
	}
	any := func(x, y int) color.NRGBA {
		v := r.Uint32()
		return color.NRGBA{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}
	}
	slope := func(x, y int) color.NRGBA { return color.NRGBA{byte(x), byte(x + y), byte(2 * y), 255} }
	draw("a pixel", 1, 1, any)
	draw("a row", 517, 1, any)
	draw("a column", 1, 517, any)
	draw("noise", 97, 61, any)
	draw("a slope", 130, 131, slope)
	draw("a slope of one row", 3000, 1, slope)
	draw("a veil", 70, 70, func(x, y int) color.NRGBA { return color.NRGBA{byte(x), 5, byte(y), byte(x * y)} })
	draw("one color", 40, 50, func(x, y int) color.NRGBA { return color.NRGBA{1, 2, 3, 255} })
	for _, n := range []int{2, 3, 4, 5, 16, 17, 255, 256, 257} {
		draw("colors "+string(rune('0'+n%10)), 33+n, 40, func(x, y int) color.NRGBA {
			v := byte(r.IntN(n))
			return color.NRGBA{v * 3, v * 7, v, 255 - v&1*100}
		})
	}
	draw("a drawing", 300, 200, func(x, y int) color.NRGBA {
		if (x/20+y/30)%3 == 0 {
			return color.NRGBA{200, 10, 10, 255}
		}
		return color.NRGBA{byte(x / 50), byte(y / 40), 128, 255}
	})
	draw("halves", 256, 256, func(x, y int) color.NRGBA {
		if y < 128 {
			return slope(x, y)
		}
		return any(x, y)
	})
	return list
}

// visible returns the pixels of img, those with an alpha of 0 as transparent black.
func visible(img *image.NRGBA) []byte {
	pix := bytes.Clone(img.Pix)
	for i := 0; i < len(pix); i += 4 {
		if pix[i+3] == 0 {
			clear(pix[i : i+4])
		}
	}
	return pix
}

func TestWhatCanBeSeenComesBack(t *testing.T) {
	var e Encoder
	for name, img := range pictures() {
		for effort := Fast; effort <= High; effort++ {
			data, err := e.Append([]byte("before"), sourceOf(img), EncodeOptions{Effort: effort})
			if err != nil || string(data[:6]) != "before" {
				t.Fatalf("%s: %v", name, err)
			}
			h, err := ReadHeader(data[6:])
			if err != nil || h.Width != img.Rect.Dx() || h.Height != img.Rect.Dy() || h.Alpha == img.Opaque() {
				t.Fatalf("%s: %+v, %v", name, h, err)
			}
			p, err := h.Decode(nil)
			if err != nil || p.Damage.Err != nil {
				t.Errorf("%s, effort %d: %v, %v", name, effort, err, p.Damage.Err)
			} else if !bytes.Equal(p.Pix, visible(img)) {
				t.Errorf("%s, effort %d: other pixels", name, effort)
			}
		}
	}
}

func TestAPlaneComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 6))
	var e Encoder
	for _, size := range []image.Point{{1, 1}, {300, 1}, {1, 300}, {200, 100}} {
		for _, n := range []int{1, 2, 256} {
			p := pixel.NewPlane(size.X, size.Y)
			for i := range p.Pix {
				p.Pix[i] = byte(r.IntN(n))
			}
			data, err := e.AppendPlane(nil, p, EncodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			h := Headless(data, size.X, size.Y)
			got, err := h.Decode(nil)
			if err != nil || got.Damage.Err != nil {
				t.Fatalf("%v, %v", err, got.Damage.Err)
			}
			for i, v := range p.Pix {
				if got.Pix[4*i+1] != v {
					t.Fatalf("%v of %d: sample %d is %d, want %d", size, n, i, got.Pix[4*i+1], v)
				}
			}
		}
	}
}
