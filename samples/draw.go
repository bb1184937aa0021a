package samples

import (
	"image"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// A scene says what light falls on a point of the picture, in pixels from its top left. It depends on its arguments
// alone, so that any part of a picture can be drawn by itself, and by many goroutines.
type scene func(x, y float64) rgb

// A kind is one subject.
type kind struct {
	name string
	// make sets the subject up: everything that chance decides for the picture as a whole.
	make func(c *canvas) scene
	// edges asks for more samples in the pixels where the picture changes much.
	edges bool
	// grain is the strength of the sensor's noise, chosen so that a picture has the entropy of a photograph.
	grain float64
}

// kinds is the table of subjects, in the order in which [Write] goes through them.
var kinds = []kind{
	{"landscape", landscape, false, 1},
	{"glass", glass, false, 1},
	{"galaxy", galaxy, false, 0.5},
	{"dunes", dunes, false, 1},
	{"mandelbrot", mandelbrot, true, 0.9},
	{"city", city, false, 0.55},
	{"stilllife", stilllife, true, 1},
	{"sea", sea, false, 0.7},
	{"marble", marble, false, 0.6},
	{"aurora", aurora, false, 1},
	{"meadow", meadow, false, 1},
	{"julia", julia, true, 0.5},
}

// A canvas is what a subject is made for: a size in pixels, and chance.
type canvas struct {
	w, h float64
	seed uint32
	*rand.Rand
}

// between is a number in [a, b) by chance.
func (c *canvas) between(a, b float64) float64 { return a + (b-a)*c.Float64() }

// paint draws a picture of the subject of that name, w by h pixels, opaque. The same arguments make the same picture in
// one build of the program, however many CPUs draw it. Between processor architectures, which may round a product and a
// sum once or twice, a pixel may differ by a level, and at an edge by more. It uses all CPUs, and takes about a second
// of CPU time for each megapixel.
func paint(name string, seed uint64, w, h int) *image.RGBA {
	return drawPart(kinds[indexOf(name)], seed, w, h, rectOf(w, h))
}

func indexOf(name string) int {
	for i, k := range kinds {
		if k.name == name {
			return i
		}
	}
	return -1
}

// drawPart paints the part r of a picture of w by h pixels.
func drawPart(k kind, seed uint64, w, h int, r image.Rectangle) *image.RGBA {
	c := &canvas{w: float64(w), h: float64(h), Rand: rand.New(rand.NewPCG(seed,
		uint64(len(k.name))<<8|uint64(k.name[0])))}
	c.seed = c.Uint32()
	at := k.make(c)
	img := image.NewRGBA(r)
	film := newFilm()
	rows(r.Min.Y, r.Max.Y, func(from, to int) {
		var center [][]rgb // a sample in the middle of each pixel, and of those around the part
		if k.edges {
			for y := from - 1; y <= to; y++ {
				line := make([]rgb, r.Dx()+2)
				for i := range line {
					line[i] = at(float64(r.Min.X+i)-0.5, float64(y)+0.5)
				}
				center = append(center, line)
			}
		}
		for y := from; y < to; y++ {
			line := img.Pix[img.PixOffset(r.Min.X, y):]
			for x := r.Min.X; x < r.Max.X; x++ {
				var light rgb
				if k.edges {
					light = refine(at, center[y-from:], x-r.Min.X+1, float64(x), float64(y))
				} else {
					light = at(float64(x)+0.5, float64(y)+0.5)
				}
				// Lenses darken towards the corners.
				dx, dy := (float64(x)-c.w/2)/c.w, (float64(y)-c.h/2)/c.h
				light = light.dim(1 - 0.55*(dx*dx+dy*dy))
				film.expose(line[(x-r.Min.X)*4:], light, k.grain, c.seed, x, y)
			}
		}
	})
	return img
}

// refine returns the light of the pixel whose place in the middle of three rows is i: the sample there, or its mean
// with four more where the pixels next to it are much lighter or darker.
func refine(at scene, rows [][]rgb, i int, x, y float64) rgb {
	light := rows[1][i]
	l := light.luma()
	least := 0.25*l + 0.02
	for _, n := range [...]rgb{rows[0][i], rows[2][i], rows[1][i-1], rows[1][i+1]} {
		if d := n.luma() - l; d > least || -d > least {
			for _, off := range [...][2]float64{{0.15, 0.35}, {0.65, 0.15}, {0.85, 0.65}, {0.35, 0.85}} {
				light = light.add(at(x+off[0], y+off[1]))
			}
			return light.dim(0.2)
		}
	}
	return light
}

// rows calls do for bands of the rows from, to, in as many goroutines as there are CPUs to use.
func rows(from, to int, do func(from, to int)) {
	var wg sync.WaitGroup
	const band = 16
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), (to-from+band-1)/band) {
		wg.Go(func() {
			for y := range next {
				do(y, min(y+band, to))
			}
		})
	}
	for y := from; y < to; y += band {
		next <- y
	}
	close(next)
	wg.Wait()
}

// film turns light into levels, by a table over the square root of the light.
type film [1024]float64

func newFilm() *film {
	f := new(film)
	for i := range f {
		// Up to the shoulder the sRGB curve (IEC 61966-2-1); above, whites are approached and never reached.
		v := float64(i) / 1023 * 2
		v *= v
		if v > 0.7 {
			v = 0.7 + 0.3*(1-math.Exp((0.7-v)/0.6))
		}
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		f[i] = v * 255
	}
	return f
}

func (f *film) level(v float64) float64 {
	t := math.Sqrt(max(v, 0)) * (1023.0 / 2)
	if t >= 1022 {
		return f[1023]
	}
	i := int(t)
	return f[i] + (f[i+1]-f[i])*(t-float64(i))
}

// expose writes one pixel, with the noise of a sensor: the sum of four even numbers is close to a bell curve, its
// width grows in the dark parts as it does when a camera lifts them, and a third of it is colored.
func (f *film) expose(p []uint8, c rgb, grain float64, seed uint32, x, y int) {
	r, g, b := f.level(c.r), f.level(c.g), f.level(c.b)
	h := hash(seed, x, y)
	k := hash(seed^0xA5A5, y, x)
	bell := func(h uint32) float64 {
		return float64(int(h&255)+int(h>>8&255)+int(h>>16&255)+int(h>>24)-510) / 148
	}
	n := bell(h)
	amp := grain * (5.2 - 2.2*g/255)
	p[0] = level8(r + amp*(n+0.35*bell(k)))
	p[1] = level8(g + amp*n)
	p[2] = level8(b + amp*(n+0.35*bell(k*0x9E3779B1)))
	p[3] = 255
}

func level8(v float64) uint8 { return uint8(min(max(v+0.5, 0), 255)) }
