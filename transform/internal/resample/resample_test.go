package resample

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// shapes are the ratios and odd cases on which results are compared with the reference.
var shapes = []struct {
	name         string
	w, h, dw, dh int
	win          Window
}{
	{"thumbnail", 500, 375, 224, 168, Window{}},
	{"half", 300, 200, 150, 100, Window{}},
	{"barely smaller", 201, 150, 200, 149, Window{}},
	{"by eight", 640, 480, 80, 60, Window{}},
	{"by a hundred", 1000, 700, 10, 7, Window{}},
	{"to one sample", 333, 222, 1, 1, Window{}},
	{"same size", 97, 61, 97, 61, Window{}},
	{"twice", 60, 45, 120, 90, Window{}},
	{"ten times", 23, 17, 230, 170, Window{}},
	{"narrower and taller", 300, 40, 50, 90, Window{}},
	{"one column", 1, 90, 1, 33, Window{}},
	{"one row", 90, 1, 33, 1, Window{}},
	{"one sample", 1, 1, 5, 4, Window{}},
	{"two samples", 2, 2, 5, 3, Window{}},
	{"padded by a fraction", 256, 192, 100, 75, Window{W: 250.5, H: 187.5}},
	{"crop", 200, 150, 70, 50, Window{X: 31, Y: 17, W: 140, H: 100}},
	{"crop between samples", 200, 150, 70, 51, Window{X: 30.25, Y: 17.75, W: 101.3, H: 77.1}},
	{"sliver", 50, 50, 20, 20, Window{X: 7.4, Y: 8.9, W: 0.3, H: 0.2}},
}

func full(win Window, w, h int) Window {
	if win == (Window{}) {
		return Window{W: float64(w), H: float64(h)}
	}
	return win
}

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
				if many := s.dw*s.dh > 2000 && p.name != "extremes"; many && (d.excess > 0.005 || math.Abs(d.bias) > 0.04 || d.psnr < 58) {
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

func channel(m *image.NRGBA, c int) Plane {
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
					// A copy keeps the colours of pixels that cannot be seen.
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
						// The colour of a pixel that is nearly transparent is known to as many levels as its alpha allows.
						slack := 0.6 + 160/max(a, 1)*0.25
						if opaque {
							slack = 1
						}
						if a < 0.6 {
							continue
						}
						if e := math.Abs(g - want[c][i]); e > slack {
							t.Fatalf("%s %v opaque=%v: channel %d at %d,%d is %v, want %.3f with alpha %.3f", s.name, f, opaque, c, x, y, g, want[c][i], a)
						}
					}
				}
			}
		}
	}
}

func TestTransparentColourDoesNotBleed(t *testing.T) {
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

func TestConstantColourStaysConstantAtEveryAlpha(t *testing.T) {
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
							continue // a centre between two samples belongs to the one after it
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

func TestRowsPushedInAnyPortionsGiveTheSameBytes(t *testing.T) {
	var whole, parts Resampler
	for _, s := range shapes {
		for _, f := range allFilters {
			src := patterns[1].plane(s.w, s.h)
			want, got := newPlane(s.dw, s.dh), newPlane(s.dw, s.dh)
			if err := whole.Plane(want, src, s.win, f); err != nil {
				t.Fatal(err)
			}
			for _, portion := range []int{1, 3, 8, s.h} {
				clear(got.Pix)
				if err := parts.StartPlane(got, s.w, s.h, s.win, f); err != nil {
					t.Fatal(err)
				}
				done := 0
				for y := 0; y < s.h; y += portion {
					n := min(portion, s.h-y)
					// The strip's memory is used again, as a decoder's is.
					strip := bytes.Clone(src.Pix[y*src.Stride:][:(n-1)*src.Stride+s.w])
					now, err := parts.Push(strip, src.Stride, n)
					if err != nil {
						t.Fatal(err)
					}
					clear(strip)
					for ; done < now; done++ {
						if !bytes.Equal(got.Row(done), want.Row(done)) {
							t.Fatalf("%s %v: row %d, said to be complete, differs", s.name, f, done)
						}
					}
				}
				if done != s.dh {
					t.Fatalf("%s %v: %d rows complete of %d", s.name, f, done, s.dh)
				}
			}
		}
	}
}

func TestPushedPixelsGiveTheSameBytes(t *testing.T) {
	var whole, parts Resampler
	for _, opaque := range []bool{true, false} {
		src := randomNRGBA(70, 50, opaque)
		want, got := image.NewNRGBA(image.Rect(0, 0, 31, 23)), image.NewNRGBA(image.Rect(0, 0, 31, 23))
		if err := whole.NRGBA(want, src, Window{}, Lanczos3); err != nil {
			t.Fatal(err)
		}
		if err := parts.StartNRGBA(got, 70, 50, opaque, Window{}, Lanczos3); err != nil {
			t.Fatal(err)
		}
		for y := range 50 {
			if _, err := parts.Push(src.Pix[y*src.Stride:][:4*70], 4*70, 1); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(want.Pix, got.Pix) {
			t.Errorf("opaque=%v: pushed rows give other bytes", opaque)
		}
	}
}

func TestRowsAreReadyAsSoonAsTheirSourceHasCome(t *testing.T) {
	var r Resampler
	if err := r.StartPlane(newPlane(40, 40), 400, 400, Window{}, Bilinear); err != nil {
		t.Fatal(err)
	}
	row := make([]byte, 400)
	for y := range 400 {
		done, err := r.Push(row, 400, 1)
		if err != nil {
			t.Fatal(err)
		}
		// Row i needs source rows up to 10*i+14; rows come in pairs, and source rows in fours.
		if least := (y + 1 - 15 - 3 - 10) / 10; done < least {
			t.Fatalf("after %d rows %d are complete, want at least %d", y+1, done, least)
		}
	}
}

func TestPushAfterTheEndIsIgnored(t *testing.T) {
	var r Resampler
	dst := newPlane(4, 4)
	if err := r.StartPlane(dst, 8, 8, Window{}, Box); err != nil {
		t.Fatal(err)
	}
	rows := bytes.Repeat([]byte{9}, 64)
	for range 3 {
		if done, err := r.Push(rows, 8, 8); done != 4 || err != nil {
			t.Fatalf("Push = %d, %v, want 4, nil", done, err)
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

func TestContradictionsAreErrors(t *testing.T) {
	ok := newPlane(10, 10)
	nan := math.NaN()
	for _, c := range []struct {
		name     string
		dst, src Plane
		win      Window
		f        Filter
		want     string
	}{
		{"short source", ok, Plane{make([]byte, 99), 10, 10, 10}, Window{}, Box, "source"},
		{"short destination", Plane{make([]byte, 99), 10, 10, 10}, ok, Window{}, Box, "destination"},
		{"stride below width", ok, Plane{make([]byte, 99), 5, 10, 3}, Window{}, Box, "stride"},
		{"stride that overflows", ok, Plane{make([]byte, 99), math.MaxInt / 2, 10, 5}, Window{}, Box, "stride"},
		{"negative height", ok, Plane{make([]byte, 99), 5, 5, -3}, Window{}, Box, "source"},
		{"empty source", ok, Plane{}, Window{}, Box, "0x0"},
		{"window beyond", ok, ok, Window{0, 0, 10.1, 10}, Box, "window"},
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
	if err := r.Plane(Plane{}, ok, Window{}, Box); err != nil {
		t.Errorf("an empty destination: %v", err)
	}
}

func TestSharedCacheServesManyAtOnce(t *testing.T) {
	var cache Cache
	src := patterns[1].plane(64, 48)
	var want [8]Plane
	for i := range want {
		want[i] = newPlane(20+i, 15+i)
		if err := new(Resampler).Plane(want[i], src, Window{}, Lanczos3); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			r := Resampler{Cache: &cache}
			for k := range 40 {
				i := (g + k) % len(want)
				got := newPlane(want[i].W, want[i].H)
				if err := r.Plane(got, src, Window{}, Lanczos3); err != nil || !bytes.Equal(got.Pix, want[i].Pix) {
					t.Errorf("goroutine %d: size %d: other bytes, or %v", g, i, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCacheIsBounded(t *testing.T) {
	var c Cache
	for i := range 400 {
		c.axis(axisKey{0, 4000, 900 + i, Lanczos3, acrossBits})
		sum := 0
		for _, a := range c.axes {
			sum += a.size()
		}
		if sum != c.bytes || sum > cacheBytes || len(c.order) != len(c.axes) {
			t.Fatalf("after %d sizes: %d bytes in %d axes, said to be %d in %d", i+1, sum, len(c.axes), c.bytes, len(c.order))
		}
	}
	if len(c.axes) < 20 {
		t.Errorf("only %d axes are kept", len(c.axes))
	}
	before := len(c.axes)
	c.axis(axisKey{0, 100, 200_000, Lanczos3, acrossBits})
	if len(c.axes) != before {
		t.Error("weights of an enormous size drove out others")
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

func FuzzPlane(f *testing.F) {
	f.Add(uint16(30), uint16(20), uint16(10), uint16(7), 0.0, 0.0, 30.0, 20.0, uint8(0), []byte("seed"))
	f.Add(uint16(1), uint16(200), uint16(33), uint16(1), 0.25, 3.5, 0.5, 100.125, uint8(4), []byte{0, 255})
	f.Add(uint16(300), uint16(2), uint16(1), uint16(90), 0.0, 0.0, 1e-300, 2.0, uint8(1), []byte{255})
	f.Fuzz(func(t *testing.T, w, h, dw, dh uint16, x, y, ww, wh float64, filter uint8, data []byte) {
		w, h, dw, dh = w%400, h%400, dw%400, dh%400
		src, dst := newPlane(int(w), int(h)), newPlane(int(dw), int(dh))
		lo, hi := byte(255), byte(0)
		for i := range src.Pix {
			if len(data) > 0 {
				src.Pix[i] = data[i%len(data)]
			}
			lo, hi = min(lo, src.Pix[i]), max(hi, src.Pix[i])
		}
		win := Window{x, y, ww, wh}
		var r Resampler
		if err := r.Plane(dst, src, win, Filter(filter)); err != nil {
			return
		}
		if dw > 0 && dh > 0 && r.done != int(dh) {
			t.Fatalf("%d of %d rows", r.done, dh)
		}
		// Filters without negative lobes stay between the darkest and the brightest sample; the others reach no farther beyond
		// than their overshoot.
		over := 0.0
		if fl := Filter(filter); fl <= Mitchell {
			over = 1.5 * float64(hi-lo)
		}
		for y := range dst.H {
			for x, v := range dst.Row(y) {
				if float64(v) < float64(lo)-over || float64(v) > float64(hi)+over {
					t.Fatalf("%d at %d,%d from samples between %d and %d", v, x, y, lo, hi)
				}
			}
		}
		checkAxis(t, r.down, r.srcH, downBits)
		checkAxis(t, r.across, r.srcW, acrossBits)
	})
}

func ExampleResampler_Plane() {
	src := Plane{Pix: []byte{
		0, 0, 100, 100,
		0, 0, 100, 100,
	}, Stride: 4, W: 4, H: 2}
	dst := Plane{Pix: make([]byte, 2), Stride: 2, W: 2, H: 1}
	var r Resampler
	if err := r.Plane(dst, src, Window{}, Box); err != nil {
		fmt.Println(err)
	}
	fmt.Println(dst.Pix)
	// Output: [0 100]
}

func ExampleResampler_Push() {
	dst := Plane{Pix: make([]byte, 4), Stride: 2, W: 2, H: 2}
	var r Resampler
	if err := r.StartPlane(dst, 4, 4, Window{}, Box); err != nil {
		fmt.Println(err)
	}
	for y := range 4 {
		row := bytes.Repeat([]byte{byte(10 * y)}, 4)
		if _, err := r.Push(row, 4, 1); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(dst.Pix)
	// Output: [5 5 25 25]
}
