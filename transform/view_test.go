package transform

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// views are Specs that are one view and nothing else.
var views = []string{
	"", "flip", "flop", "flip;flop", "rotate=90", "rotate=180;flop", "rotate=-90;flip;rotate=90",
	"crop=13x7", "crop=13x7,x=3,y=2", "crop=60%x50%,gravity=southeast;rotate=90;crop=5x6,gravity=north;flop",
	"size=16x16", "size=21x", "size=x17", "size=50%", "size=11x9,fit=fill", "size=12x8,fit=cover,gravity=east",
	"size=40x44,fit=fill,upscale",
	"size=9x13,fit=cover,gravity=north;rotate=270;flip", "crop=20x15,gravity=west;resize=11x;flop",
	"rotate=90;resize=14x14,filter=box;rotate=-90",
	"size=8x8,fit=cover,filter=linear;rotate=90",
}

// planOf returns the plan for an image of w × h pixels.
func planOf(t *testing.T, text string, w, h, orientation int) plan {
	t.Helper()
	p, err := mustSpec(t, text).plan(Header{Format: JPEG, Width: w, Height: h, Orientation: orientation}, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestViewIsTheOperationsInTurn compares a view with the operations done one after the other in RGB.
func TestViewIsTheOperationsInTurn(t *testing.T) {
	j := newJob(context.Background(), Spec{}, Limits{})
	for _, size := range []image.Point{{37, 23}, {40, 26}, {64, 51}} {
		pic := smooth(size.X, size.Y)
		for i := 0; i < len(pic.Pix); i += 4 {
			pic.Pix[i+1], pic.Pix[i+2] = pic.Pix[i], pic.Pix[i]
		}
		luma, extent := pixel.NewPlane(size.X, size.Y), pixel.Extent{W: float64(size.X), H: float64(size.Y)}
		for i := range luma.Pix {
			luma.Pix[i] = pic.Pix[4*i]
		}
		planes := &pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{luma}, Extent: [4]pixel.Extent{extent}}
		for o := 1; o <= 8; o++ {
			for _, text := range views {
				p := planOf(t, text, size.X, size.Y, o)
				l := p.legs[0]
				if len(l.rest) > 0 {
					t.Fatalf("%q leaves %v to do", text, l.rest)
				}
				want, err := j.operate(orient(pic, o), p.legs[0].ops)
				if err != nil {
					t.Fatal(err)
				}
				var w workspace
				got, err := w.view(planes, &pixel.Shape{Width: size.X, Height: size.Y}, l, 1, nil)
				if err != nil {
					t.Fatalf("%v, orientation %d, %q: %v", size, o, text, err)
				}
				// Along the side of a crop, what is resized first still sees what is cut off afterwards.
				tolerance := 0.0
				if l.view.filter != "" {
					tolerance = 1.5
				}
				if d := difference(got.NRGBA(), want); d < 0 || d > tolerance {
					t.Errorf("%v, orientation %d, %q: differs by %.2f levels", size, o, text, d)
				}
			}
		}
	}
}

// smooth draws a slope for each color, on which every filter agrees but at the borders.
func smooth(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y,
				color.NRGBA{uint8(30 + 150*x/w + 50*y/h), uint8(220 - 180*y/h), uint8(20 + 130*y/h + 90*(w-x)/w), 255})
		}
	}
	return img
}

// TestChromaStandsWhereItsLumaIs makes views of planes whose chroma has half of the columns or rows, with odd sizes,
// turned and cut, and compares them with views at full resolution: a shift by half a chroma sample would be 5 levels.
// Any three of size, chroma, orientation and view meet.
func TestChromaStandsWhereItsLumaIs(t *testing.T) {
	for i, size := range []image.Point{{57, 43}, {64, 48}, {33, 70}} {
		full := planesAt(smooth(size.X, size.Y), 1, 1)
		s := &pixel.Shape{Width: size.X, Height: size.Y}
		for j, half := range []image.Point{{1, 1}, {2, 1}, {1, 2}, {2, 2}} {
			stored := planesAt(smooth(size.X, size.Y), half.X, half.Y)
			for o := 1; o <= 8; o++ {
				for k, text := range views {
					if (i+j+k+o)%3 != 0 {
						continue
					}
					l := planOf(t, text, size.X, size.Y, o).legs[0]
					for _, sub := range []int{1, 2} {
						var a, b workspace
						got, err := a.view(stored, s, l, sub, nil)
						if err != nil {
							t.Fatal(err)
						}
						want, err := b.view(full, s, l, 1, nil)
						if err != nil {
							t.Fatal(err)
						}
						if d := chromaDifference(got.Plane[1], want.Plane[1], sub); d > 2.5 {
							t.Errorf("%v, chroma a %vth, orientation %d, %q to a %dth: differs by %.2f levels", size,
								half, o, text, sub, d)
						}
					}
				}
			}
		}
	}
}

// chromaDifference compares got, whose samples are the means of sub × sub samples, with want.
func chromaDifference(got, want pixel.Plane, sub int) float64 {
	if got.W != (want.W+sub-1)/sub || got.H != (want.H+sub-1)/sub {
		return math.Inf(1)
	}
	total := 0.0
	for y := range got.H {
		for x := range got.W {
			sum, n := 0.0, 0.0
			for sy := y * sub; sy < min((y+1)*sub, want.H); sy++ {
				for sx := x * sub; sx < min((x+1)*sub, want.W); sx++ {
					sum += float64(want.Pix[sy*want.Stride+sx])
					n++
				}
			}
			total += math.Abs(sum/n - float64(got.Pix[y*got.Stride+x]))
		}
	}
	return total / float64(got.W*got.H)
}

// planesAt returns an image as a JPEG of it would be stored, with one chroma sample for each sx × sy pixels.
func planesAt(img *image.NRGBA, sx, sy int) *pixel.Planes {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := &pixel.Planes{Kind: pixel.YCbCr}
	for i := range 3 {
		sx, sy := sx, sy
		if i == 0 {
			sx, sy = 1, 1
		}
		pw, ph := (w+sx-1)/sx, (h+sy-1)/sy
		p := pixel.NewPlane(pw, ph)
		out.Extent[i] = pixel.Extent{W: float64(w) / float64(sx), H: float64(h) / float64(sy)}
		for y := range ph {
			for x := range pw {
				sum, n := 0, 0
				for py := y * sy; py < min((y+1)*sy, h); py++ {
					for px := x * sx; px < min((x+1)*sx, w); px++ {
						c := img.NRGBAAt(px, py)
						yy, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
						sum += int([]uint8{yy, cb, cr}[i])
						n++
					}
				}
				p.Pix[y*pw+x] = uint8((sum + n/2) / n)
			}
		}
		out.Plane[i] = p
	}
	return out
}

func TestTurnsFormAGroup(t *testing.T) {
	for a := 1; a <= 8; a++ {
		if got := turnOf(a).orientation(); got != a {
			t.Errorf("the turn of orientation %d is that of %d", a, got)
		}
		for b := 1; b <= 8; b++ {
			pic := scene(5, 3)
			want := orient(orient(pic, a), b)
			got := orient(pic, turnOf(a).then(turnOf(b)).orientation())
			if d := difference(got, want); d != 0 {
				t.Errorf("orientation %d and then %d: differs by %v levels", a, b, d)
			}
		}
	}
}

// TestWhatNeedsPixelsBeginsSmall checks the size of the picture that the first operation in RGB gets.
func TestWhatNeedsPixelsBeginsSmall(t *testing.T) {
	for _, c := range []struct {
		text string
		size image.Point
		rest int
	}{
		{"size=300x300,fit=contain", image.Pt(300, 225), 1},
		{"size=300x300,fit=contain;blur=1", image.Pt(300, 225), 2},
		{"size=300x300,fit=cover,gravity=smart", image.Pt(400, 300), 1},
		{"size=300x100,fit=cover,gravity=smart", image.Pt(300, 225), 1},
		{"crop=300x300,gravity=smart", image.Pt(4000, 3000), 1},
		{"size=400x300;crop=300x300,gravity=smart", image.Pt(400, 300), 1},
		{"size=400x300;resize=40x30", image.Pt(400, 300), 1},
		{"size=400x300;resize=40x40,fit=cover", image.Pt(400, 300), 1},
		{"size=8000x8000,fit=contain,upscale", image.Pt(8000, 6000), 1},
		{"size=9000x9000,fit=contain", image.Pt(4000, 3000), 1},
		{"size=8000x8000,fit=cover,gravity=smart,upscale", image.Pt(4000, 3000), 1},
		{"rotate=30", image.Pt(4000, 3000), 1},
		{"size=400x300;rotate=90;invert;flip", image.Pt(300, 400), 2},
		{"size=400x300;grayscale;rotate=90;blur=2;grayscale", image.Pt(300, 400), 2},
		{"size=400x300;rotate=360;resize=400x300", image.Pt(400, 300), 0},
	} {
		l := planOf(t, c.text, 4000, 3000, 1).legs[0]
		if l.view.size != c.size || len(l.rest) != c.rest {
			t.Errorf("%s: a view of %v and %d operations, want %v and %d", c.text, l.view.size, len(l.rest), c.size,
				c.rest)
		}
	}
}

func ExampleSpec_Explain() {
	spec, err := ParseSpec("size=800;format=png")
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := spec.Explain(Header{Format: TIFF, Width: 4000, Height: 3000, Orientation: 6}, Limits{})
	fmt.Print(text, err)
	// Output:
	// path rgba: tiff is decoded to RGB
	// decode tiff 4000x3000
	// turn upright from orientation 6
	// resize=800x800: 600x800
	// encode png 600x800
	// <nil>
}
