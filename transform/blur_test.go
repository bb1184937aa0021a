package transform

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"github.com/disintegration/imaging"
)

// A wide blur is done in a smaller image. What comes of it is the Gaussian's to half a level, and beside a hard edge of
// transparency to some.
func TestWideBlurIsAGaussian(t *testing.T) {
	notUnderRace(t)
	imaging.SetMaxProcs(1)
	pic := scene(401, 303)
	for y := 100; y < 200; y++ { // an edge, and a hole
		for x := 150; x < 260; x++ {
			copy(pic.Pix[pic.PixOffset(x, y):], []byte{255, 255, 255, byte(255 * (x / 200 % 2))})
		}
	}
	for _, sigma := range []float64{4, 5, 7.9, 8, 13, 25, 50} {
		margin := 3 * int(sigma+1)
		want := imaging.Crop(imaging.Blur(beyond(pic, margin), sigma), pic.Rect.Add(image.Pt(margin, margin)))
		got := blurred(pic, sigma)
		if got.Rect != want.Rect {
			t.Fatalf("sigma %v: %v, expected %v", sigma, got.Rect, want.Rect)
		}
		worst, where := 0, image.Point{}
		for i := range want.Pix {
			// Of what is nearly transparent, nobody sees the color.
			d := (int(want.Pix[i]) - int(got.Pix[i])) * int(max(want.Pix[i|3], 8)) / 255
			if i%4 == 3 {
				d = int(want.Pix[i]) - int(got.Pix[i])
			}
			if d = max(d, -d); d > worst {
				worst, where = d, image.Pt(i%want.Stride/4, i/want.Stride)
			}
		}
		if mean := difference(want, got); worst > 8 || mean > 0.5 {
			t.Errorf("sigma %v: differs by %d levels at %v, by %.2f on average: expected at most 8 and 0.5", sigma,
				worst, where, mean)
		}
	}
	margin := 18
	want := imaging.Crop(imaging.Sharpen(beyond(pic, margin), 6), pic.Rect.Add(image.Pt(margin, margin)))
	if got := sharpened(pic, 6); difference(got, want) > 0.5 {
		t.Errorf("sharpen: differs by %.2f levels on average", difference(got, want))
	}
}

// beyond is pic with a margin in which the nearest pixel of pic is repeated.
func beyond(pic *image.NRGBA, margin int) *image.NRGBA {
	b := pic.Rect
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx()+2*margin, b.Dy()+2*margin))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.SetNRGBA(x, y, pic.NRGBAAt(min(max(x-margin, 0), b.Dx()-1), min(max(y-margin, 0), b.Dy()-1)))
		}
	}
	return out
}

// What is beyond an edge counts as the pixel at the edge.
func TestBlurGoesOnBeyondTheEdges(t *testing.T) {
	imaging.SetMaxProcs(1)
	for _, size := range []image.Point{{1, 1}, {1, 40}, {40, 1}, {2, 3}, {7, 90}, {61, 43}, {150, 120}} {
		pic := noise(size.X, size.Y)
		for i := range pic.Pix {
			if i%4 == 3 && i/4%5 == 0 {
				pic.Pix[i] = uint8(i)
			}
		}
		for _, sigma := range []float64{0.3, 1, 2.5, 3.9, 6, 15} {
			margin := int(3*sigma) + 1
			whole := imaging.Blur(beyond(pic, margin), sigma)
			want := imaging.Crop(whole, pic.Rect.Add(image.Pt(margin, margin)))
			got := blurred(pic, sigma)
			most, mean := 2, 0.1
			if sigma >= wideSigma && min(size.X, size.Y) >= 4*int(sigma/2) {
				most, mean = 16, 2.5 // done in a smaller image
			}
			worst := 0
			for i := range want.Pix {
				worst = max(worst, int(want.Pix[i])-int(got.Pix[i]), int(got.Pix[i])-int(want.Pix[i]))
			}
			if d := difference(got, want); got.Rect != pic.Rect || worst > most || d > mean {
				t.Errorf("%v, sigma %v: differs by %d levels, by %.2f on average: expected at most %d and %.1f",
					size, sigma, worst, d, most, mean)
			}
		}
	}
}

// A plain picture stays as it is, and what cannot be seen lends its color to nothing.
func TestBlurAndSharpenAddNothing(t *testing.T) {
	imaging.SetMaxProcs(1)
	for _, sigma := range []float64{0.3, 1, 2.5, 3.9, 4, 7, 25} {
		for name, f := range map[string]func(*image.NRGBA, float64) *image.NRGBA{
			"blur": blurred, "sharpen": sharpened,
		} {
			for _, c := range []color.NRGBA{
				{200, 100, 3, 255}, {255, 255, 255, 255}, {0, 0, 0, 255}, {1, 128, 254, 100},
			} {
				pic := solid(130, 110, c)
				if got := f(pic, sigma); !bytes.Equal(got.Pix, pic.Pix) {
					t.Errorf("%s %v of %v gives %v at a corner", name, sigma, c, got.NRGBAAt(0, 0))
				}
			}
			pic := solid(130, 110, color.NRGBA{200, 100, 50, 255})
			for y := range 110 {
				for x := range 130 {
					if x < 40 || y > 80 {
						pic.SetNRGBA(x, y, color.NRGBA{0, 255, 255, 0})
					}
				}
			}
			got := f(pic, sigma)
			for y := range 110 {
				for x := range 130 {
					c := got.NRGBAAt(x, y)
					// A level of color that is nearly transparent is far less than one of what is seen.
					r, g, b := int(c.R)-200, int(c.G)-100, int(c.B)-50
					if max(r, -r, g, -g, b, -b)*int(c.A)/255 > 1 {
						t.Fatalf("%s %v: the pixel at %d,%d is %v: "+
							"expected the color of those that are seen, 200, 100, 50",
							name, sigma, x, y, c)
					}
				}
			}
		}
	}
}
