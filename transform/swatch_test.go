package transform

import (
	"image"
	"image/color"
	"testing"
)

// TestASwatchLooksLikeTheImage has one color in each of its cells, by every path, and sizes down to one pixel.
func TestASwatchLooksLikeTheImage(t *testing.T) {
	for _, size := range []image.Point{
		{400, 300}, {300, 400}, {64, 64}, {4, 3}, {3, 4}, {1, 1}, {5, 1}, {1, 200}, {2, 2},
	} {
		columns, rows := SwatchSize(size.X, size.Y)
		img := image.NewNRGBA(image.Rectangle{Max: size})
		for y := range size.Y {
			for x := range size.X {
				cell := x*columns/size.X + y*rows/size.Y*columns
				img.SetNRGBA(x, y, color.NRGBA{uint8(20 * cell), uint8(240 - 20*cell), 100, 255})
			}
		}
		for _, f := range []Format{JPEG, PNG, BMP} {
			res := do(t, encoded(t, img, f), "")
			if !res.Swatch.Valid() || res.Swatch.Clear() || len(res.Swatch.Colors()) != 12 {
				t.Fatalf("%v, %s: swatch %q", size, f, res.Swatch)
			}
			for i, got := range res.Swatch.Colors() {
				x0, x1 := part(i%columns, columns, size.X)
				y0, y1 := part(i/columns, rows, size.Y)
				want := img.NRGBAAt((x0+x1)/2, (y0+y1)/2)
				off := func(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }
				if f != JPEG && off(got.R, want.R)+off(got.G, want.G)+off(got.B, want.B) > 3*20/2 {
					t.Errorf("%v, %s: pixel %d is %v, want %v", size, f, i, got, want)
				}
			}
			// The mean of all cells is that of the image.
			mean := res.Swatch.Mean()
			if size.X >= 64 && size.Y >= 64 && (mean.R < 105 || mean.R > 115 || mean.B < 97 || mean.B > 103) {
				t.Errorf("%v, %s: mean %v", size, f, mean)
			}
		}
	}
}

// TestASwatchIsOfWhatCanBeSeen has an image of which half is transparent.
func TestASwatchIsOfWhatCanBeSeen(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 80, 60))
	for y := range 60 {
		for x := range 80 {
			c := color.NRGBA{200, 100, 50, 255}
			if x%2 == 0 || x >= 40 {
				c = color.NRGBA{0, 255, 0, 0}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	s := do(t, encoded(t, img, PNG), "").Swatch
	list := s.Colors()
	if !s.Clear() || list[0] != (color.RGBA{200, 100, 50, 255}) || list[3] != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("swatch %q: %v", s, list)
	}
}

func TestOnlyASwatchIsValid(t *testing.T) {
	good := do(t, encoded(t, scene(40, 30), PNG), "").Swatch
	for _, bad := range []Swatch{
		"", "~", good[:47], good + "A", good + "~~", good[:40] + "\n" + good[40:], good[:47] + "\n", "<" + good[1:],
	} {
		if bad.Valid() || bad.Colors() != nil || bad.Mean() != (color.RGBA{255, 255, 255, 255}) {
			t.Errorf("%q is valid", bad)
		}
	}
}

// TestTheSwatchIsOfTheSmallestSize has a size that shows another part than the others.
func TestTheSwatchIsOfTheSmallestSize(t *testing.T) {
	data := encoded(t, scene(200, 100), PNG)
	all := do(t, data, "size=150;size=10x10,fit=cover,gravity=west;size=60;format=jpeg,png").Swatch
	if one := do(t, data, "size=10x10,fit=cover,gravity=west;format=png").Swatch; all != one {
		t.Errorf("swatch %q, want %q", all, one)
	}
}
