package transform

import (
	"image"
	"testing"

	"github.com/disintegration/imaging"
)

// A wide blur is done in a smaller image. What comes of it is the Gaussian's to half a level, and beside a hard edge of
// transparency to some.
func TestWideBlurIsAGaussian(t *testing.T) {
	imaging.SetMaxProcs(1)
	pic := scene(401, 303)
	for y := 100; y < 200; y++ { // an edge, and a hole
		for x := 150; x < 260; x++ {
			copy(pic.Pix[pic.PixOffset(x, y):], []byte{255, 255, 255, byte(255 * (x / 200 % 2))})
		}
	}
	for _, sigma := range []float64{4, 5, 7.9, 8, 13, 25, 50} {
		want, got := imaging.Blur(pic, sigma), blurred(pic, sigma)
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
			t.Errorf("sigma %v: differs by %d levels at %v, by %.2f on average: expected at most 8 and 0.5", sigma, worst, where, mean)
		}
	}
	if got, want := sharpened(pic, 6), imaging.Sharpen(pic, 6); difference(got, want) > 0.5 {
		t.Errorf("sharpen: differs by %.2f levels on average", difference(got, want))
	}
}
