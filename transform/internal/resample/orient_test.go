package resample

import (
	"bytes"
	"fmt"
	"testing"
)

// upright returns where in src the sample (x, y) of the upright picture lies, after the drawings of the EXIF standard
// (CIPA DC-008, 4.6.5): the name says where row 0 and column 0 of src are.
var upright = map[int]func(x, y, w, h int) (int, int){
	1: func(x, y, w, h int) (int, int) { return x, y },                 // top, left
	2: func(x, y, w, h int) (int, int) { return w - 1 - x, y },         // top, right
	3: func(x, y, w, h int) (int, int) { return w - 1 - x, h - 1 - y }, // bottom, right
	4: func(x, y, w, h int) (int, int) { return x, h - 1 - y },         // bottom, left
	5: func(x, y, w, h int) (int, int) { return y, x },                 // left, top
	6: func(x, y, w, h int) (int, int) { return y, h - 1 - x },         // right, top
	7: func(x, y, w, h int) (int, int) { return w - 1 - y, h - 1 - x }, // right, bottom
	8: func(x, y, w, h int) (int, int) { return w - 1 - y, x },         // left, bottom
}

func TestOrientPutsEverySampleInItsPlace(t *testing.T) {
	sizes := []struct{ w, h int }{{1, 1}, {1, 9}, {9, 1}, {7, 5}, {8, 8}, {16, 8}, {17, 31}, {64, 40}, {65, 39}, {0, 0},
		{0, 4}}
	for o, from := range upright {
		for _, s := range sizes {
			src := patterns[1].plane(s.w, s.h)
			dst := newPlane(s.w, s.h)
			if o >= 5 {
				dst = newPlane(s.h, s.w)
			}
			for i := range dst.Pix {
				dst.Pix[i] = 42
			}
			Orient(dst, src, o)
			for i, v := range dst.Pix {
				x, y := i%dst.Stride, i/dst.Stride
				want := byte(42) // between the rows
				if x < dst.W {
					sx, sy := from(x, y, s.w, s.h)
					want = src.Pix[sy*src.Stride+sx]
				}
				if v != want {
					t.Fatalf("orientation %d of %dx%d: %d at %d,%d, want %d", o, s.w, s.h, v, x, y, want)
				}
			}
		}
	}
}

func TestOrientRefusesOtherSizes(t *testing.T) {
	for _, c := range []struct{ o, w, h int }{{0, 4, 3}, {9, 4, 3}, {6, 4, 3}, {2, 3, 4}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("orientation %d into %dx%d is done", c.o, c.w, c.h)
				}
			}()
			Orient(newPlane(c.w, c.h), newPlane(4, 3), c.o)
		}()
	}
}

func TestCropSharesMemory(t *testing.T) {
	p := patterns[1].plane(9, 7)
	c := p.Crop(2, 3, 5, 4)
	for y := range c.H {
		if !bytes.Equal(c.Row(y), p.Row(y + 3)[2:7]) {
			t.Errorf("row %d differs", y)
		}
	}
	if e := p.Crop(9, 7, 0, 0); e.W != 0 || e.H != 0 {
		t.Errorf("an empty crop is %dx%d", e.W, e.H)
	}
	defer func() {
		if recover() == nil {
			t.Error("a crop beyond the plane is given")
		}
	}()
	p.Crop(5, 0, 5, 1)
}

func BenchmarkOrient(b *testing.B) {
	src := patterns[0].plane(800, 600)
	for _, o := range []int{2, 3, 6, 8} {
		b.Run(fmt.Sprintf("o=%d", o), func(b *testing.B) {
			dst := newPlane(800, 600)
			if o >= 5 {
				dst = newPlane(600, 800)
			}
			b.ReportAllocs()
			b.SetBytes(800 * 600)
			for b.Loop() {
				Orient(dst, src, o)
			}
		})
	}
}
