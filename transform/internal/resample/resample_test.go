package resample

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"imgpipe/transform/internal/pixel"
)

func TestPlaneIsWithinOneLevelOfExactArithmetic(t *testing.T) {
	var r Resampler
	for _, s := range shapes {
		for _, f := range allFilters {
			for _, p := range patterns {
				src := p.plane(s.w, s.h)
				dst := newPlane(s.dw, s.dh)
				if err := r.Plane(dst, src, s.win, f); err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
				d := compare(dst, refPlane(src, s.dw, s.dh, full(s.win, s.w, s.h), f))
				if d.worst > 1 {
					t.Errorf("%s %v %s: off by %.3f levels", s.name, f, p.name, d.worst)
				}
				// Averages of black and white alone are often halves, which may be rounded either way.
				if many := s.dw*s.dh > 2000 && p.name != "extremes"; many &&
					(d.excess > 0.005 || math.Abs(d.bias) > 0.04 || d.psnr < 58) {
					t.Errorf("%s %v %s: %+v", s.name, f, p.name, d)
				}
			}
		}
	}
}

func TestPhotoSizedReductionKeepsSixtyDecibels(t *testing.T) {
	src := patterns[0].plane(1003, 752)
	win := Window{W: 1002.5, H: 751.5}
	var r Resampler
	for _, f := range allFilters {
		dst := newPlane(400, 300)
		if err := r.Plane(dst, src, win, f); err != nil {
			t.Fatal(err)
		}
		d := compare(dst, refPlane(src, 400, 300, win, f))
		t.Logf("%v: %+v", f, d)
		if d.psnr < 60 || d.excess > 0.001 || math.Abs(d.bias) > 0.005 {
			t.Errorf("%v: %+v", f, d)
		}
	}
}

func TestConstantStaysConstant(t *testing.T) {
	var r Resampler
	for _, f := range allFilters {
		for _, s := range []struct{ n, d int }{{31, 13}, {32, 16}, {13, 31}, {7, 7}, {400, 3}, {1, 9}, {9, 1}} {
			src, dst := newPlane(s.n, s.n/2+1), newPlane(s.d, s.d/2+2)
			for v := range 256 {
				for i := range src.Pix {
					src.Pix[i] = byte(v)
				}
				if err := r.Plane(dst, src, Window{}, f); err != nil {
					t.Fatal(err)
				}
				for y := range dst.H {
					if row := dst.Row(y); bytes.Count(row, []byte{byte(v)}) != dst.W {
						t.Fatalf("%v from %d to %d: row %d of level %d is %v", f, s.n, s.d, y, v, row)
					}
				}
			}
		}
	}
}

func TestMirroredSourceGivesMirroredResult(t *testing.T) {
	var r Resampler
	for _, f := range allFilters {
		for _, d := range []int{5, 40, 64, 100, 101, 333} {
			src := patterns[1].plane(101, 75)
			turned := newPlane(101, 75)
			Orient(turned, src, 3)
			a, b, back := newPlane(d, d), newPlane(d, d), newPlane(d, d)
			if err := r.Plane(a, src, Window{}, f); err != nil {
				t.Fatal(err)
			}
			if err := r.Plane(b, turned, Window{}, f); err != nil {
				t.Fatal(err)
			}
			Orient(back, b, 3)
			for y := range d {
				for x, v := range a.Row(y) {
					if e := int(v) - int(back.Row(y)[x]); e < -1 || e > 1 {
						if f == Nearest && d%2 == 0 {
							continue // a center between two samples belongs to the one after it
						}
						t.Fatalf("%v to %d: %d at %d,%d, mirrored %d", f, d, v, x, y, back.Row(y)[x])
					}
				}
			}
		}
	}
}

func TestGradientStaysLinear(t *testing.T) {
	var r Resampler
	src := newPlane(250, 250)
	for y := range 250 {
		for x := range 250 {
			src.Row(y)[x] = byte((x + y) / 2)
		}
	}
	for _, f := range []Filter{Lanczos3, CatmullRom, Mitchell, Bilinear, Box} {
		for _, d := range []int{40, 100, 125, 170, 500} {
			dst := newPlane(d, d)
			if err := r.Plane(dst, src, Window{}, f); err != nil {
				t.Fatal(err)
			}
			scale := 250 / float64(d)
			edge := int(3*max(1, 1/scale)) + 1
			for y := edge; y < d-edge; y++ {
				for x := edge; x < d-edge; x++ {
					want := (float64(x+y+1)*scale - 1) / 2
					// The source itself is rounded down, by a quarter of a level on average.
					if e := float64(dst.Row(y)[x]) - want; math.Abs(e+0.25) > 1.3 {
						t.Fatalf("%v to %d: %d at %d,%d, want %.2f", f, d, dst.Row(y)[x], x, y, want)
					}
				}
			}
		}
	}
}

func TestStepRingsButNeverWraps(t *testing.T) {
	var r Resampler
	for _, f := range allFilters {
		for _, d := range []int{10, 33, 50, 99, 400} {
			src, dst := newPlane(100, 100), newPlane(d, d)
			for y := range 100 {
				for x := range 100 {
					if x >= 50 != (y >= 50) {
						src.Row(y)[x] = 255
					}
				}
			}
			if err := r.Plane(dst, src, Window{}, f); err != nil {
				t.Fatal(err)
			}
			// Away from the cross every sample is within ringing of its side; a wrap would be on the other.
			for y := range d {
				for x, v := range dst.Row(y) {
					sx, sy := (float64(x)+0.5)*100/float64(d)-50, (float64(y)+0.5)*100/float64(d)-50
					if margin := max(1, 100/float64(d)); math.Abs(sx) < margin || math.Abs(sy) < margin {
						continue
					}
					if white := sx > 0 != (sy > 0); white && v < 215 || !white && v > 40 {
						t.Fatalf("%v to %d: %d at %d,%d", f, d, v, x, y)
					}
				}
			}
		}
	}
}

func TestWindowIsAllThatIsRead(t *testing.T) {
	var r Resampler
	win := Window{X: 20.5, Y: 10.25, W: 60, H: 50.5}
	for _, f := range allFilters {
		a, b := patterns[1].plane(120, 90), patterns[1].plane(120, 90)
		for y := range b.H {
			for x := range b.W {
				if x < 20 || x >= 81 || y < 10 || y >= 61 {
					b.Row(y)[x] ^= 0xFF
				}
			}
		}
		dstA, dstB := newPlane(40, 70), newPlane(40, 70)
		if err := r.Plane(dstA, a, win, f); err != nil {
			t.Fatal(err)
		}
		if err := r.Plane(dstB, b, win, f); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(dstA.Pix, dstB.Pix) {
			t.Errorf("%v: samples outside the window change the result", f)
		}
	}
}

func TestSpeckAtTheFarEdgeIsTheLastSample(t *testing.T) {
	src := patterns[1].plane(50, 40)
	var r Resampler
	for _, f := range allFilters {
		dst := newPlane(3, 2)
		if err := r.Plane(dst, src, Window{X: 50 - 1e-9, Y: 40 - 1e-9, W: 1e-12, H: 1e-300}, f); err != nil {
			t.Fatal(err)
		}
		want := bytes.Repeat(src.Row(39)[49:], 3)
		if !bytes.Equal(dst.Row(0), want) || !bytes.Equal(dst.Row(1), want) {
			t.Errorf("%v: %v and %v, want %v", f, dst.Row(0), dst.Row(1), want)
		}
	}
}

func TestOnlyTheDestinationIsWritten(t *testing.T) {
	var r Resampler
	src := patterns[1].plane(40, 30)
	whole := newPlane(50, 40)
	for i := range whole.Pix {
		whole.Pix[i] = 77
	}
	if err := r.Plane(whole.Crop(10, 10, 21, 15), src, Window{}, Lanczos3); err != nil {
		t.Fatal(err)
	}
	for i, v := range whole.Pix {
		x, y := i%whole.Stride, i/whole.Stride
		if inside := x >= 10 && x < 31 && y >= 10 && y < 25; !inside && v != 77 {
			t.Fatalf("sample %d,%d outside the destination became %d", x, y, v)
		}
	}
}

// The chroma of a picture 9 samples wide and halved has 5 columns, of which the last shows half a column of nothing:
// the others must stand where they would without it.
func TestWindowPastTheEndShiftsNothing(t *testing.T) {
	for f := range Filter(len(filters)) {
		whole, cut := newPlane(20, 20), newPlane(19, 19)
		for y := range 20 {
			for x := range 20 {
				v := byte(20 + 5*x + 3*y)
				whole.Pix[y*whole.Stride+x] = v
				if x > 0 && y > 0 {
					cut.Pix[(y-1)*cut.Stride+x-1] = v // the same, without its first row and column
				}
			}
		}
		want, before, after := newPlane(5, 5), newPlane(5, 5), newPlane(5, 5)
		var r Resampler
		for _, err := range []error{
			r.Plane(want, whole, Window{}, f),
			r.Plane(before, cut, Window{-1, -1, 20, 20}, f),
			r.Plane(after, whole.Crop(0, 0, 19, 19), Window{0, 0, 20, 20}, f),
		} {
			if err != nil {
				t.Fatalf("%v: %v", f, err)
			}
		}
		for y := 1; y < 4; y++ { // the outermost see what was cut off
			for x := 1; x < 4; x++ {
				w := int(want.Row(y)[x])
				if d := int(before.Row(y)[x]) - w; d < -1 || d > 1 {
					t.Errorf("%v: %d past the beginning, %d without", f, before.Row(y)[x], w)
				}
				if d := int(after.Row(y)[x]) - w; d < -1 || d > 1 {
					t.Errorf("%v: %d past the end, %d without", f, after.Row(y)[x], w)
				}
			}
		}
	}
}

func TestContradictionsAreErrors(t *testing.T) {
	ok := newPlane(10, 10)
	nan := math.NaN()
	for _, c := range []struct {
		name     string
		dst, src pixel.Plane
		win      Window
		f        Filter
		want     string
	}{
		{"short source", ok, pixel.Plane{Pix: make([]byte, 99), Stride: 10, W: 10, H: 10}, Window{}, Box, "source"},
		{"short destination", pixel.Plane{Pix: make([]byte, 99), Stride: 10, W: 10, H: 10}, ok, Window{}, Box,
			"destination"},
		{"stride below width", ok, pixel.Plane{Pix: make([]byte, 99), Stride: 5, W: 10, H: 3}, Window{}, Box, "stride"},
		{"stride that overflows", ok, pixel.Plane{Pix: make([]byte, 99), Stride: math.MaxInt / 2, W: 10, H: 5},
			Window{}, Box, "stride"},
		{"negative height", ok, pixel.Plane{Pix: make([]byte, 99), Stride: 5, W: 5, H: -3}, Window{}, Box, "source"},
		{"empty source", ok, pixel.Plane{}, Window{}, Box, "0x0"},
		{"window beyond", ok, ok, Window{0, 0, 11.2, 10}, Box, "window"},
		{"window before", ok, ok, Window{-1, 0, 5, 5}, Box, "window"},
		{"window without width", ok, ok, Window{0, 0, 0, 5}, Box, "window"},
		{"window that is no number", ok, ok, Window{nan, 0, 5, 5}, Box, "window"},
		{"window without end", ok, ok, Window{0, 0, 5, math.Inf(1)}, Box, "window"},
		{"unknown filter", ok, ok, Window{}, 99, "filter"},
	} {
		var r Resampler
		if err := r.Plane(c.dst, c.src, c.win, c.f); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error about %q", c.name, err, c.want)
		}
	}
	var r Resampler
	if err := r.StartPlane(ok, 20, 20, Window{}, Box); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Push(make([]byte, 39), 20, 2); err == nil {
		t.Error("a strip of 2 rows of 20 in 39 bytes is taken")
	}
	if err := r.Plane(pixel.Plane{}, ok, Window{}, Box); err != nil {
		t.Errorf("an empty destination: %v", err)
	}
}

func TestNothingIsAllocatedForTheSecondImage(t *testing.T) {
	var r Resampler
	src, dst := patterns[0].plane(200, 150), newPlane(80, 60)
	n := testing.AllocsPerRun(10, func() {
		if err := r.Plane(dst, src, Window{}, Lanczos3); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func ExampleResampler_Plane() {
	src := pixel.Plane{Pix: []byte{
		0, 0, 100, 100,
		0, 0, 100, 100,
	}, Stride: 4, W: 4, H: 2}
	dst := pixel.Plane{Pix: make([]byte, 2), Stride: 2, W: 2, H: 1}
	var r Resampler
	if err := r.Plane(dst, src, Window{}, Box); err != nil {
		fmt.Println(err)
	}
	fmt.Println(dst.Pix)
	// Output: [0 100]
}
