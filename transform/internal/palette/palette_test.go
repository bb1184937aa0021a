package palette

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/codec"
)

// painted returns a picture made pixel by pixel.
func painted(w, h int, pixel func(x, y int) Color) *Picture {
	p := &Picture{Pix: make([]byte, 4*w*h), Stride: 4 * w, W: w, H: h}
	for y := range h {
		for x := range w {
			c := pixel(x, y)
			copy(p.Pix[4*(y*w+x):], c[:])
		}
	}
	return p
}

func reduced(t *testing.T, p *Picture, n int) *Indexed {
	t.Helper()
	out, err := Reduce(p, Options{Colors: n})
	if err != nil {
		t.Fatal(err)
	}
	checkIndexed(t, p, out, n)
	return out
}

// checkIndexed holds what is true of every result.
func checkIndexed(t *testing.T, p *Picture, out *Indexed, n int) {
	t.Helper()
	if len(out.Palette) < 1 || len(out.Palette) > n || len(out.Pix) != p.W*p.H {
		t.Fatalf("%d colors and %d pixels of %dx%d, at most %d", len(out.Palette), len(out.Pix), p.W, p.H, n)
	}
	kinds := map[kind]bool{}
	for i := 3; i < len(p.Pix); i += 4 {
		kinds[kindOf(p.Pix[i])] = true
	}
	for i, v := range out.Pix {
		if int(v) >= len(out.Palette) {
			t.Fatalf("pixel %d has color %d of %d", i, v, len(out.Palette))
		}
		before, after := kindOf(p.Pix[i/p.W*p.Stride+i%p.W*4+3]), kindOf(out.Palette[v][3])
		if len(kinds) <= n && before != partial && after != before {
			t.Fatalf("pixel %d was %d and is %d", i, before, after)
		}
	}
}

func ramp(x, y int) Color { return Color{uint8(x), uint8(y), uint8(x ^ y), 255} }

func TestFewColorsStayExact(t *testing.T) {
	colors := []Color{{255, 0, 0, 255}, {0, 255, 0, 255}, {12, 34, 56, 255}, {0, 0, 0, 0}, {255, 255, 255, 128}}
	p := painted(37, 23, func(x, y int) Color { return colors[(x/5+y/3)%len(colors)] })
	out := reduced(t, p, 5)
	for i, v := range out.Pix {
		if got := out.Palette[v]; !bytes.Equal(got[:], p.Pix[4*i:4*i+4]) {
			t.Fatalf("pixel %d is %v, was %v", i, got, p.Pix[4*i:4*i+4])
		}
	}
}

func TestColorsThatAreNotOpaqueComeFirst(t *testing.T) {
	p := painted(64, 64, func(x, y int) Color {
		c := ramp(4*x, 4*y)
		c[3] = uint8(min(255, 8*x))
		return c
	})
	solid := false
	for i, c := range reduced(t, p, 64).Palette {
		if i == 0 && c != (Color{}) {
			t.Errorf("the first color is %v", c)
		}
		if solid && c[3] != 255 {
			t.Errorf("color %d, %v, stands behind an opaque one", i, c)
		}
		solid = solid || c[3] == 255
	}
}

// The sizes of a picture and of a palette may be as odd as they can.
func TestOddPictures(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, size := range [][2]int{{1, 1}, {1, 7}, {7, 1}, {2, 2}, {300, 1}, {1, 300}, {65, 33}} {
		for name, pixel := range map[string]func(x, y int) Color{
			"one color": func(int, int) Color { return Color{1, 2, 3, 255} },
			"clear":     func(int, int) Color { return Color{9, 9, 9, 0} },
			"ramp":      ramp,
			"noise": func(int, int) Color {
				return Color{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32())}
			},
			"edges": func(int, int) Color {
				return Color{uint8(r.Uint32()), 0, 255, uint8(r.IntN(3) * 127)}
			},
		} {
			p := painted(size[0], size[1], pixel)
			for _, n := range []int{1, 2, 3, 4, 16, 255, 256} {
				out, err := Reduce(p, Options{Colors: n})
				if err != nil {
					t.Fatalf("%s of %v in %d: %v", name, size, n, err)
				}
				checkIndexed(t, p, out, n)
			}
		}
	}
}

// Colors are left out when there are more than are counted, and the picture stays what it is.
func TestMoreColorsThanAreCounted(t *testing.T) {
	p := painted(700, 600, func(x, y int) Color {
		v := uint32(y*700+x) * 0x9e3779b1
		return Color{uint8(v), uint8(v >> 8), uint8(v >> 16), uint8(v>>24) | 1}
	})
	h, err := count(p, nil)
	if err != nil || len(h.bins) > maxBins || h.shift < 3 {
		t.Fatalf("%d colors with %d bits left out, %v", len(h.bins), h.shift, err)
	}
	reduced(t, p, 256)
}

// Where colors are close to each other, no bits of them are left out, and the palette tells them apart.
func TestCloseColorsStayClose(t *testing.T) {
	p := painted(90, 90, func(x, y int) Color {
		return Color{uint8(100 + x%11), uint8(90 + y%11), uint8(80 + (x/11+y/11)%7), 255}
	})
	out := reduced(t, p, 256)
	sum, worst := 0, 0
	for i, v := range out.Pix {
		for c := range 3 {
			d := int(out.Palette[v][c]) - int(p.Pix[4*i+c])
			sum, worst = sum+d*d, max(worst, d, -d)
		}
	}
	if mean := float64(sum) / float64(3*len(out.Pix)); mean > 0.6 || worst > 3 {
		t.Errorf("847 colors in 256: squared errors of %.2f, and up to %d levels", mean, worst)
	}
}

// The more a pixel differs from its neighbors, the less of an error it carries on.
func TestBusyPixelsCarryLess(t *testing.T) {
	before := carried(0)
	if before != carrySmooth || carried(3*255) != carryBusy {
		t.Errorf("%d and %d sixteenths, want %d and %d", before, carried(3*255), carrySmooth, carryBusy)
	}
	for levels := range int32(3*255 + 1) {
		c := carried(levels)
		if c > before {
			t.Errorf("%d levels: %d sixteenths after %d", levels, c, before)
		}
		before = c
	}
}

// A gap between rows is not looked at.
func TestRowsMayHaveAGap(t *testing.T) {
	p := painted(50, 40, ramp)
	wide := &Picture{Pix: bytes.Repeat([]byte{77}, 40*260), Stride: 260, W: 50, H: 40}
	for y := range 40 {
		copy(wide.Pix[260*y:], p.row(y))
	}
	a, b := reduced(t, p, 16), reduced(t, wide, 16)
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("the gap shows")
	}
}

func TestReduceStops(t *testing.T) {
	p := painted(200, 200, ramp)
	for after := range 20 {
		left := after
		_, err := Reduce(p, Options{Colors: 64, Stop: func() bool { left--; return left < 0 }})
		if !errors.Is(err, codec.ErrStopped) {
			t.Errorf("asked to stop after %d calls: %v", after, err)
		}
	}
}

func TestPicturesThatContradictThemselves(t *testing.T) {
	good := painted(4, 4, ramp)
	for _, p := range []Picture{
		{good.Pix, 16, 0, 4}, {good.Pix, 16, 4, 0}, {good.Pix, 15, 4, 4}, {good.Pix[:60], 16, 4, 4}, {nil, 0, -1, -1},
	} {
		if _, err := Reduce(&p, Options{Colors: 4}); !errors.Is(err, ErrPicture) {
			t.Errorf("%dx%d, rows of %d: %v", p.W, p.H, p.Stride, err)
		}
	}
	for _, n := range []int{0, 257, -1} {
		if _, err := Reduce(good, Options{Colors: n}); !errors.Is(err, ErrPicture) {
			t.Errorf("%d colors: %v", n, err)
		}
	}
}

// The search that leaves colors out finds what looking at all of them finds.
func TestNearestIsNearest(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	random := func() point {
		c := Color{uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32()), uint8(r.Uint32() | r.Uint32())}
		return pointOf(c[:])
	}
	points := make([]point, 200)
	for i := range points {
		points[i] = random()
	}
	f := newFinder(points)
	for range 20_000 {
		p := random()
		least := distance(&p, &points[0])
		for i := range points {
			least = min(least, distance(&p, &points[i]))
		}
		if got := distance(&p, &points[f.nearest(&p, uint8(r.IntN(200)))]); got != least {
			t.Fatalf("%v: a color at %d was found, and there is one at %d", p, got, least)
		}
		if got := distance(&p, &points[f.find(&p)]); got != least {
			t.Fatalf("%v: with a hint, a color at %d was found, and there is one at %d", p, got, least)
		}
	}
}

// Distances are those over black and over white together, whatever the alpha.
func TestDistanceIsThatOverBlackAndOverWhite(t *testing.T) {
	for _, pair := range [][2]Color{
		{{255, 0, 0, 255}, {0, 255, 0, 255}}, {{255, 255, 255, 0}, {0, 0, 0, 0}}, {{200, 100, 50, 51}, {0, 0, 0, 255}},
		{{0, 0, 0, 255}, {255, 255, 255, 255}}, {{255, 255, 255, 255}, {0, 0, 0, 0}},
	} {
		var want float64
		for c := range 3 {
			for _, ground := range []float64{0, 255} {
				over := func(p Color) float64 {
					a := float64(p[3]) / 255
					return a*float64(p[c]) + (1-a)*ground
				}
				d := over(pair[0]) - over(pair[1])
				want += 2 * float64(weights[c]) * d * d
			}
		}
		p, q := pointOf(pair[0][:]), pointOf(pair[1][:])
		if got := float64(distance(&p, &q)); got < 0.99*want-40 || got > 1.01*want+40 {
			t.Errorf("%v and %v are %.0f apart, expected %.0f", pair[0], pair[1], got, want)
		}
		if neighbor(distance(&p, &q)) >= 1<<24 {
			t.Errorf("the distance %d of %v and %v is too large for a neighbor", distance(&p, &q), pair[0], pair[1])
		}
	}
}

func FuzzReduce(f *testing.F) {
	f.Add([]byte("\x01\x02\x03\xff\x01\x02\x03\x00\x01\x02\x03\x80"), 1, 4)
	f.Add(painted(16, 16, ramp).Pix, 16, 7)
	f.Fuzz(func(t *testing.T, pix []byte, w, n int) {
		if w < 1 || w > 64 || n < 1 || n > 256 || len(pix) < 4*w || len(pix) > 1<<16 {
			return
		}
		p := &Picture{Pix: pix, Stride: 4 * w, W: w, H: len(pix) / (4 * w)}
		out, err := Reduce(p, Options{Colors: n})
		if err != nil {
			t.Fatal(err)
		}
		checkIndexed(t, p, out, n)
		again, err := Reduce(p, Options{Colors: n})
		if err != nil || !bytes.Equal(out.Pix, again.Pix) {
			t.Fatalf("the second time differs: %v", err)
		}
	})
}
