package transform

import (
	"image"
	"math"
)

// A gaussian holds half of the weights of a Gaussian, the middle one first. The middle one once and the others twice
// add up to weightSum, so that a plain picture stays as it is.
type gaussian []uint64

const weightSum = 1 << 16

// newGaussian returns the weights for a standard deviation in pixels. They end after three standard deviations.
func newGaussian(sigma float64) gaussian {
	g := make(gaussian, 1+int(math.Ceil(3*sigma)))
	at := func(i int) float64 { return math.Exp(-float64(i*i) / (2 * sigma * sigma)) }
	sum := at(0)
	for i := 1; i < len(g); i++ {
		sum += 2 * at(i)
	}
	// What rounding takes from one weight is added to the next.
	left, owed := uint64(weightSum), 0.0
	for i := len(g) - 1; i > 0; i-- {
		owed += at(i) / sum * weightSum
		g[i] = uint64(math.Round(owed))
		owed -= float64(g[i])
		left -= 2 * g[i]
	}
	g[0] = left
	return g
}

// A line holds pixels, two words for each: R and B, G and A, in halves of 32 bits. Colors are multiplied by alpha, and
// alpha by 255: both have the same range, and an invisible pixel has no color. The sum of pixels times weights just
// fits.
type line []uint64

const fullSum = 255 * 255 * weightSum

// gather fills l with n pixels that are step bytes apart, and repeats the first and the last r times beyond them.
func (l line) gather(pix []byte, step, n, r int) {
	for i := range n {
		p := pix[i*step:][:4]
		a := uint64(p[3])
		to := l[2*(r+i):][:2]
		to[0], to[1] = (uint64(p[0])|uint64(p[2])<<32)*a, (uint64(p[1])|255<<32)*a
	}
	first, last := [2]uint64(l[2*r:]), [2]uint64(l[2*(r+n-1):])
	for i := range r {
		copy(l[2*i:], first[:])
		copy(l[2*(r+n+i):], last[:])
	}
}

// blur writes the n pixels that l was gathered from, after the blur.
func (g gaussian) blur(pix []byte, step, n int, l line) {
	r := len(g) - 1
	for i := range n {
		around := l[2*i:][:4*r+2]
		rb, ga := g[0]*around[2*r], g[0]*around[2*r+1]
		for k := 1; k <= r; k++ {
			low, high := around[2*(r-k):][:2], around[2*(r+k):][:2]
			rb += g[k] * (low[0] + high[0])
			ga += g[k] * (low[1] + high[1])
		}
		p := pix[i*step:][:4]
		red, green, blue, alpha := rb&0xffffffff, ga&0xffffffff, rb>>32, ga>>32
		switch alpha {
		case 0:
			p[0], p[1], p[2], p[3] = 0, 0, 0, 0
		case fullSum:
			const one = fullSum / 255
			p[0], p[1], p[2], p[3] = uint8((red+one/2)/one), uint8((green+one/2)/one), uint8((blue+one/2)/one), 255
		default:
			half := alpha / 2
			p[0], p[1], p[2] = uint8((255*red+half)/alpha), uint8((255*green+half)/alpha), uint8((255*blue+half)/alpha)
			p[3] = uint8((alpha + fullSum/510) / (fullSum / 255))
		}
	}
}

// abreast is how many columns are gathered at once: as many as a cache line holds pixels of a row.
const abreast = 16

// gaussianBlur returns img softened with a Gaussian, as if the pixels at its edges went on beyond them.
func gaussianBlur(img *image.NRGBA, sigma float64) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	g := newGaussian(sigma)
	r := len(g) - 1
	row := make(line, 2*(w+2*r))
	for y := range h {
		row.gather(img.Pix[y*img.Stride:], 4, w, r)
		g.blur(out.Pix[y*out.Stride:], 4, w, row)
	}
	columns := make([]line, min(abreast, w))
	for i := range columns {
		columns[i] = make(line, 2*(h+2*r))
	}
	for x := 0; x < w; x += abreast {
		some := columns[:min(abreast, w-x)]
		for i, l := range some {
			l.gather(out.Pix[4*(x+i):], out.Stride, h, r)
		}
		for i, l := range some {
			g.blur(out.Pix[4*(x+i):], out.Stride, h, l)
		}
	}
	return out
}
