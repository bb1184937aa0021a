package transform

import (
	"context"
	"image"
	"image/color"
	"testing"
)

// TestOnlyImagesThatAreAskedForAreDone has sides just within and just beyond the limits, upright and turned. Explain
// and Expected say the same as Do.
func TestOnlyImagesThatAreAskedForAreDone(t *testing.T) {
	for _, c := range []struct {
		w, h    int
		limits  Limits
		refused bool
	}{
		{10, 20, Limits{MinSide: 10}, false}, {10, 20, Limits{MinSide: 11}, true}, {1, 1, Limits{}, false},
		{10, 20, Limits{MaxAspect: 2000}, false}, {10, 20, Limits{MaxAspect: 1999}, true},
		{10, 10, Limits{MaxAspect: 1000}, false}, {10, 11, Limits{MaxAspect: 1000}, true},
		{3, 10, Limits{MaxAspect: 3333}, true}, {3, 10, Limits{MaxAspect: 3334}, false},
		{10, 30, Limits{MinSide: 10, MaxAspect: 2500}, true}, {9, 9, Limits{MinSide: 10, MaxAspect: 2500}, true},
		{1, 300, Limits{MaxAspect: 1_000_000_000}, false},
	} {
		for _, turned := range []bool{false, true} {
			w, h := c.w, c.h
			if turned {
				w, h = h, w
			}
			img := image.NewNRGBA(image.Rect(0, 0, w, h))
			for i := range img.Pix {
				img.Pix[i] = 255
			}
			img.Set(0, 0, color.NRGBA{1, 2, 3, 255})
			data := encoded(t, img, PNG)
			_, err := Do(context.Background(), Task{Data: data, Limits: c.limits})
			if (err != nil) != c.refused || c.refused && class(err) != ClassUnwanted {
				t.Errorf("%dx%d with %+v: %v", w, h, c.limits, err)
			}
			header, bad := Spec{}.ReadHeader(data)
			if bad != nil {
				t.Fatal(bad)
			}
			_, said := Spec{}.Explain(header, c.limits)
			_, expected := Task{Data: data, Limits: c.limits}.Expected(header)
			if (said != nil) != c.refused || (expected != nil) != c.refused {
				t.Errorf("%dx%d with %+v: Explain says %v, Expected %v", w, h, c.limits, said, expected)
			}
		}
	}
}
