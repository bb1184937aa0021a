package resample

import (
	"fmt"
	"math"
)

// A Filter is the curve by which neighbouring samples are weighed. The zero value is Lanczos3.
type Filter uint8

// The filters, from the sharpest to the plainest. When an image is reduced, every one but Nearest is widened by the ratio, so
// that each source sample counts.
const (
	Lanczos3   Filter = iota // sinc windowed by sinc, 3 lobes: the sharpest; rings slightly at hard edges
	CatmullRom               // cubic with B = 0, C = 1/2 (Mitchell and Netravali, 1988): sharp, rings less
	Mitchell                 // cubic with B = C = 1/3 (the same paper): softer, hardly rings
	Bilinear                 // triangle: soft, never rings
	Box                      // the exact average of the area that a destination sample covers
	Nearest                  // the one sample under the centre of the destination sample
)

var filters = [...]struct {
	name    string
	support float64 // half of the width, in samples, when nothing is reduced
	at      func(x float64) float64
}{
	Lanczos3:   {"lanczos3", 3, lanczos3},
	CatmullRom: {"catmullrom", 2, catmullRom},
	Mitchell:   {"mitchell", 2, mitchell},
	Bilinear:   {"bilinear", 1, triangle},
	Box:        {"box", 0.5, nil},
	Nearest:    {"nearest", 0.5, nil},
}

// String gives the filter's name in lower case, such as "lanczos3".
func (f Filter) String() string {
	if int(f) < len(filters) {
		return filters[f].name
	}
	return fmt.Sprintf("Filter(%d)", uint8(f))
}

func lanczos3(x float64) float64 {
	if x == 0 {
		return 1
	}
	if x <= -3 || x >= 3 {
		return 0
	}
	x *= math.Pi
	return 3 * math.Sin(x) * math.Sin(x/3) / (x * x)
}

func catmullRom(x float64) float64 { return cubic(x, 0, 0.5) }

func mitchell(x float64) float64 { return cubic(x, 1.0/3, 1.0/3) }

// cubic is the family of Mitchell and Netravali, "Reconstruction Filters in Computer Graphics", 1988, equation 8.
func cubic(x, b, c float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return ((12-9*b-6*c)*x*x*x + (-18+12*b+6*c)*x*x + (6 - 2*b)) / 6
	case x < 2:
		return ((-b-6*c)*x*x*x + (6*b+30*c)*x*x + (-12*b-48*c)*x + (8*b + 24*c)) / 6
	}
	return 0
}

func triangle(x float64) float64 { return max(0, 1-math.Abs(x)) }
