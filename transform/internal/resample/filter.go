package resample

import (
	"fmt"
	"math"
)

// A Filter is the curve by which neighboring samples are weighed. The zero value is Lanczos3.
type Filter uint8

// The filters, from the sharpest to the plainest. When an image is reduced, every one but Nearest is widened by the
// ratio, so that each source sample counts.
const (
	Lanczos3   Filter = iota // sinc windowed by sinc, 3 lobes: the sharpest; rings slightly at hard edges
	CatmullRom               // cubic with B = 0, C = 1/2 (Mitchell and Netravali, 1988): sharp, rings less
	Mitchell                 // cubic with B = C = 1/3 (the same paper): softer, hardly rings
	Bilinear                 // triangle: soft, never rings
	Box                      // the exact average of the area that a destination sample covers
	Nearest                  // the one sample under the center of the destination sample
)

var filters = [...]struct {
	name    string
	support float64                            // half of the width, in samples, when nothing is reduced
	run     func(w []float64, x, step float64) // sets w[j] to the curve's value at x+j*step
}{
	Lanczos3:   {"lanczos3", 3, lanczos3},
	CatmullRom: {"catmullrom", 2, catmullRom},
	Mitchell:   {"mitchell", 2, mitchell},
	Bilinear:   {"bilinear", 1, triangle},
	Box:        {"box", 0.5, nil},
	Nearest:    {"nearest", 0.5, nil},
}

// String returns the filter's name in lower case, such as "lanczos3".
func (f Filter) String() string {
	if int(f) < len(filters) {
		return filters[f].name
	}
	return fmt.Sprintf("Filter(%d)", uint8(f))
}

// lanczos3 is sinc(t) sinc(t/3). Its weights are most of the cost of a small image. So the sines come from turning the
// angle step by step, and sin πt from sin πt/3, as that of three times the angle.
func lanczos3(w []float64, x, step float64) {
	sin, cos := math.Sincos(math.Pi / 3 * x)
	turnSin, turnCos := math.Sincos(math.Pi / 3 * step)
	for j := range w {
		t := x + float64(j)*step
		switch {
		case math.Abs(t) >= 3:
			w[j] = 0
		case math.Abs(t) < 1e-6:
			w[j] = 1
		default:
			square := sin * sin
			w[j] = 3 / (math.Pi * math.Pi) * square * (3 - 4*square) / (t * t)
		}
		sin, cos = sin*turnCos+cos*turnSin, cos*turnCos-sin*turnSin
	}
}

func catmullRom(w []float64, x, step float64) { cubic(w, x, step, 0, 0.5) }

func mitchell(w []float64, x, step float64) { cubic(w, x, step, 1.0/3, 1.0/3) }

// cubic is the family of Mitchell and Netravali, "Reconstruction Filters in Computer Graphics", 1988, equation 8.
func cubic(w []float64, x, step, b, c float64) {
	for j := range w {
		switch t := math.Abs(x + float64(j)*step); {
		case t < 1:
			w[j] = ((12-9*b-6*c)*t*t*t + (-18+12*b+6*c)*t*t + (6 - 2*b)) / 6
		case t < 2:
			w[j] = ((-b-6*c)*t*t*t + (6*b+30*c)*t*t + (-12*b-48*c)*t + (8*b + 24*c)) / 6
		default:
			w[j] = 0
		}
	}
}

func triangle(w []float64, x, step float64) {
	for j := range w {
		w[j] = max(0, 1-math.Abs(x+float64(j)*step))
	}
}
