package resample

import (
	"image"
	"math"
	"math/rand/v2"

	"imgpipe/transform/internal/pixel"
)

var allFilters = []Filter{Lanczos3, CatmullRom, Mitchell, Bilinear, Box, Nearest}

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

// refWeights computes in float64, from the definition, what sample i of n is made of: weights for the source samples 0
// to size-1. It shares nothing with the code it judges.
func refWeights(f Filter, pos, extent float64, n, i, size int) []float64 {
	w := make([]float64, size)
	scale := extent / float64(n)
	center := pos + (float64(i)+0.5)*scale
	sum := 0.0
	for j := range w {
		if float64(j+1) <= pos+slack || float64(j) >= pos+extent-slack {
			continue
		}
		switch f {
		case Nearest:
			if j == int(center) {
				w[j] = 1
			}
		case Box:
			w[j] = max(0, min(center+scale/2, float64(j+1))-max(center-scale/2, float64(j)))
		default:
			w[j] = curve(f, (float64(j)+0.5-center)/max(scale, 1))
		}
		sum += w[j]
	}
	for j := range w {
		w[j] /= sum
	}
	return w
}

// curve is the value of f at x, from the papers' definitions.
func curve(f Filter, x float64) float64 {
	sinc := func(x float64) float64 {
		if x == 0 {
			return 1
		}
		return math.Sin(math.Pi*x) / (math.Pi * x)
	}
	x = math.Abs(x)
	switch {
	case f == Lanczos3 && x < 3:
		return sinc(x) * sinc(x/3)
	case f == CatmullRom && x < 1:
		return 1.5*x*x*x - 2.5*x*x + 1
	case f == CatmullRom && x < 2:
		return -0.5*x*x*x + 2.5*x*x - 4*x + 2
	case f == Mitchell && x < 1:
		return (21*x*x*x - 36*x*x + 16) / 18
	case f == Mitchell && x < 2:
		return (-7*x*x*x + 36*x*x - 60*x + 32) / 18
	case f == Bilinear && x < 1:
		return 1 - x
	}
	return 0
}

// refResize resamples one channel, sample (x, y) of which is src[y*w+x], without rounding.
func refResize(src []float64, w, h, dw, dh int, win Window, f Filter) []float64 {
	mid := make([]float64, dh*w)
	for y := range dh {
		for j, c := range refWeights(f, win.Y, win.H, dh, y, h) {
			if c != 0 {
				for x := range w {
					mid[y*w+x] += c * src[j*w+x]
				}
			}
		}
	}
	dst := make([]float64, dh*dw)
	for x := range dw {
		for j, c := range refWeights(f, win.X, win.W, dw, x, w) {
			if c != 0 {
				for y := range dh {
					dst[y*dw+x] += c * mid[y*w+j]
				}
			}
		}
	}
	return dst
}

// refPlane is refResize of a Plane.
func refPlane(src pixel.Plane, dw, dh int, win Window, f Filter) []float64 {
	in := make([]float64, src.W*src.H)
	for y := range src.H {
		for x := range src.W {
			in[y*src.W+x] = float64(src.Pix[y*src.Stride+x])
		}
	}
	return refResize(in, src.W, src.H, dw, dh, win, f)
}

// refNRGBA returns R, G, B and A, from 0 to 255 and not premultiplied, as separate channels.
func refNRGBA(src *image.NRGBA, dw, dh int, win Window, f Filter) [4][]float64 {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	var out [4][]float64
	for c := 3; c >= 0; c-- {
		in := make([]float64, w*h)
		for y := range h {
			for x := range w {
				p := src.Pix[y*src.Stride+4*x:]
				in[y*w+x] = float64(p[3])
				if c < 3 {
					in[y*w+x] *= float64(p[c]) / 255
				}
			}
		}
		out[c] = refResize(in, w, h, dw, dh, win, f)
		if c < 3 {
			for i, a := range out[3] {
				if a > 0 {
					out[c][i] = min(max(out[c][i]/a, 0), 1) * 255
				}
			}
		}
	}
	for i, a := range out[3] {
		out[3][i] = min(max(a, 0), 255)
	}
	return out
}

// A difference sums up how far bytes are from what they should be, the exact value clamped.
type difference struct {
	worst  float64 // from the exact value; half a level is what rounding costs at the least
	excess float64 // the mean of what goes beyond half a level
	bias   float64 // the mean difference, with its sign, from the exact value rounded
	psnr   float64 // in decibels, from the exact value rounded
}

func compare(got pixel.Plane, want []float64) difference {
	var d difference
	var square float64
	for y := range got.H {
		for x, g := range got.Row(y) {
			exact := min(max(want[y*got.W+x], 0), 255)
			e := math.Abs(float64(g) - exact)
			d.worst = max(d.worst, e)
			d.excess += max(0, e-0.5)
			off := float64(g) - math.Round(exact)
			d.bias += off
			square += off * off
		}
	}
	n := float64(got.W * got.H)
	d.excess /= n
	d.bias /= n
	d.psnr = 10 * math.Log10(255*255*n/square)
	return d
}

// newPlane has a stride beyond its width, and the same pattern in the bytes between.
func newPlane(w, h int) pixel.Plane {
	stride := w + 5
	return pixel.Plane{Pix: make([]byte, max(0, h*stride-5)), Stride: stride, W: w, H: h}
}

// A pattern fills a plane.
type pattern struct {
	name string
	at   func(x, y int, rng *rand.Rand) byte
}

// patterns: something like a photograph (smooth, with edges and grain), noise, which is the hardest, and the extremes.
var patterns = []pattern{
	{"photo", func(x, y int, rng *rand.Rand) byte {
		v := 128 + 70*math.Sin(float64(x)/17)*math.Cos(float64(y)/23) + 6*rng.NormFloat64()
		if (x/40+y/30)%3 == 0 {
			v += 60
		}
		return byte(min(max(v, 0), 255))
	}},
	{"noise", func(_, _ int, rng *rand.Rand) byte { return byte(rng.Uint32()) }},
	{"extremes", func(_, _ int, rng *rand.Rand) byte { return byte(rng.Uint32()&1) * 255 }},
}

func (p pattern) plane(w, h int) pixel.Plane {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	pl := newPlane(w, h)
	for i := range pl.Pix {
		pl.Pix[i] = p.at(i%pl.Stride, i/pl.Stride, rng)
	}
	return pl
}
