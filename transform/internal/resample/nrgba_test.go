package resample

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// randomNRGBA has alpha that is 0, 255 or anything, in patches, and lies at an odd place of a larger image.
func randomNRGBA(w, h int, opaque bool) *image.NRGBA {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	m := image.NewNRGBA(image.Rect(-3, 2, w+4, h+5))
	for i := range m.Pix {
		m.Pix[i] = byte(rng.Uint32())
	}
	for i := 3; i < len(m.Pix); i += 4 {
		switch x := i / 4 % (m.Stride / 4); {
		case opaque || x/9%3 == 0:
			m.Pix[i] = 255
		case x/9%3 == 1:
			m.Pix[i] = 0
		}
	}
	return m.SubImage(image.Rect(0, 4, w, h+4)).(*image.NRGBA)
}

func channel(m *image.NRGBA, c int) pixel.Plane {
	p := newPlane(m.Rect.Dx(), m.Rect.Dy())
	for y := range p.H {
		for x := range p.W {
			p.Pix[y*p.Stride+x] = m.Pix[y*m.Stride+4*x+c]
		}
	}
	return p
}

func TestNRGBAIsWithinOneLevelOfExactArithmetic(t *testing.T) {
	var r Resampler
	for _, s := range shapes {
		for _, f := range allFilters {
			for _, opaque := range []bool{true, false} {
				if s.w*s.h > 300000 && f != Lanczos3 {
					continue
				}
				src := randomNRGBA(s.w, s.h, opaque)
				dst := image.NewNRGBA(image.Rect(5, 5, 5+s.dw, 5+s.dh))
				if err := r.NRGBA(dst, src, s.win, f); err != nil {
					t.Fatal(err)
				}
				want := refNRGBA(src, s.dw, s.dh, full(s.win, s.w, s.h), f)
				if r.exact {
					// A copy keeps the colors of pixels that cannot be seen.
					for i, a := range want[3] {
						if a == 0 {
							y, x := i/s.dw, i%s.dw
							for c := range 3 {
								want[c][i] = float64(dst.Pix[y*dst.Stride+4*x+c])
							}
						}
					}
				}
				if d := compare(channel(dst, 3), want[3]); d.worst > 1 {
					t.Errorf("%s %v opaque=%v: alpha: %+v", s.name, f, opaque, d)
				}
				for c := range 3 {
					got := channel(dst, c)
					for i, a := range want[3] {
						y, x := i/s.dw, i%s.dw
						g := float64(got.Pix[y*got.Stride+x])
						// The color of a pixel that is nearly transparent is known to as many levels as its alpha
						// allows.
						slack := 0.6 + 160/max(a, 1)*0.25
						if opaque {
							slack = 1
						}
						if a < 0.6 {
							continue
						}
						if e := math.Abs(g - want[c][i]); e > slack {
							t.Fatalf("%s %v opaque=%v: channel %d at %d,%d is %v, want %.3f with alpha %.3f", s.name, f,
								opaque, c, x, y, g, want[c][i], a)
						}
					}
				}
			}
		}
	}
}

func TestTransparentColorDoesNotBleed(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for y := range 40 {
		for x := range 40 {
			if x < 20 {
				src.SetNRGBA(x, y, color.NRGBA{R: 255})
			} else {
				src.SetNRGBA(x, y, color.NRGBA{G: 200, A: 255})
			}
		}
	}
	var r Resampler
	for _, f := range allFilters {
		for _, size := range []int{9, 23, 77} {
			dst := image.NewNRGBA(image.Rect(0, 0, size, size))
			if err := r.NRGBA(dst, src, Window{}, f); err != nil {
				t.Fatal(err)
			}
			for y := range size {
				for x := range size {
					if c := dst.NRGBAAt(x, y); c.A > 0 && (c.R != 0 || c.G != 200 || c.B != 0) {
						t.Fatalf("%v to %d: %v at %d,%d", f, size, c, x, y)
					}
				}
			}
		}
	}
}

func TestConstantColorStaysConstantAtEveryAlpha(t *testing.T) {
	var r Resampler
	src, dst := image.NewNRGBA(image.Rect(0, 0, 19, 11)), image.NewNRGBA(image.Rect(0, 0, 8, 9))
	for _, f := range allFilters {
		for a := 1; a < 256; a++ {
			want := color.NRGBA{byte(a * 7), byte(255 - a), 255, byte(a)}
			for i := 0; i < len(src.Pix); i += 4 {
				copy(src.Pix[i:], []byte{want.R, want.G, want.B, want.A})
			}
			if err := r.NRGBA(dst, src, Window{}, f); err != nil {
				t.Fatal(err)
			}
			for y := range 9 {
				for x := range 8 {
					if got := dst.NRGBAAt(x, y); got != want {
						t.Fatalf("%v: %v at %d,%d, want %v", f, got, x, y, want)
					}
				}
			}
		}
	}
}

func TestOpaqueImageAsRGBGivesItsPlanes(t *testing.T) {
	var r Resampler
	src := randomNRGBA(90, 70, true)
	dst := image.NewNRGBA(image.Rect(0, 0, 37, 29))
	if err := r.NRGBA(dst, src, Window{}, CatmullRom); err != nil {
		t.Fatal(err)
	}
	for c := range 3 {
		want := newPlane(37, 29)
		if err := r.Plane(want, channel(src, c), Window{}, CatmullRom); err != nil {
			t.Fatal(err)
		}
		got := channel(dst, c)
		for y := range 29 {
			if !bytes.Equal(got.Row(y), want.Row(y)) {
				t.Fatalf("channel %d, row %d: pixels %v, plane %v", c, y, got.Row(y), want.Row(y))
			}
		}
	}
}

func TestOpaqueSeesEveryPixel(t *testing.T) {
	for w := 1; w < 12; w++ {
		m := image.NewNRGBA(image.Rect(0, 0, w, 3))
		for i := range m.Pix {
			m.Pix[i] = 255
		}
		if !opaque(planeOf(m)) {
			t.Errorf("width %d: white is not opaque", w)
		}
		for i := 3; i < len(m.Pix); i += 4 {
			m.Pix[i] = 254
			if opaque(planeOf(m)) {
				t.Errorf("width %d: pixel %d is translucent, which was not seen", w, i/4)
			}
			m.Pix[i] = 255
		}
	}
}

func TestPixelThatFadesToNothingHasNoColor(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	src.SetNRGBA(1, 1, color.NRGBA{200, 100, 50, 1})
	src.SetNRGBA(6, 6, color.NRGBA{200, 100, 50, 255})
	dst := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	var r Resampler
	if err := r.NRGBA(dst, src, Window{}, Box); err != nil {
		t.Fatal(err)
	}
	if got := dst.NRGBAAt(0, 0); got != (color.NRGBA{}) {
		t.Errorf("1/16 of a level of alpha gives %v, want nothing", got)
	}
	if got, want := dst.NRGBAAt(1, 1), (color.NRGBA{200, 100, 50, 16}); got != want {
		t.Errorf("16 levels of alpha give %v, want %v", got, want)
	}
}

func TestColorsOfFaintPixelsAreNotBiased(t *testing.T) {
	src := randomNRGBA(120, 90, true)
	for i := 3; i < len(src.Pix); i += 4 {
		src.Pix[i] = 2
	}
	dst := image.NewNRGBA(image.Rect(0, 0, 75, 60))
	var r Resampler
	if err := r.NRGBA(dst, src, Window{}, Lanczos3); err != nil {
		t.Fatal(err)
	}
	want := refNRGBA(src, 75, 60, full(Window{}, 120, 90), Lanczos3)
	for c := range 3 {
		if d := compare(channel(dst, c), want[c]); math.Abs(d.bias) > 0.05 {
			t.Errorf("channel %d: %+v", c, d)
		}
	}
}

func TestPixelsSaidToBeOpaqueBecomeSo(t *testing.T) {
	src := randomNRGBA(20, 20, false)
	for _, f := range []Filter{Lanczos3, Nearest} {
		var r Resampler
		dst := image.NewNRGBA(image.Rect(0, 0, 7, 7))
		if err := r.StartNRGBA(dst, 20, 20, true, Window{}, f); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Push(src.Pix, src.Stride, 20); err != nil {
			t.Fatal(err)
		}
		if !opaque(planeOf(dst)) {
			t.Errorf("%v: the result is not opaque", f)
		}
	}
}
