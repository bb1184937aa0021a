// Package palette reduces a picture to a few colors: it chooses a palette and a place in it for each pixel.
//
// Start with [Reduce].
//
//	pixels -> histogram: 5 to 8 bits for a sample -> boxes cut where that lowers the variance most (X. Wu, "Efficient
//	Statistical Computations for Optimal Color Quantization", Graphics Gems II, 1991) -> k-means -> palette
//
//	pixels, palette -> nearest colors, with what is wrong carried on (R. Floyd, L. Steinberg, "An Adaptive Algorithm
//	for Spatial Grey Scale", 1976) -> places in the palette
//
// Colors are points of four whole numbers, whose distance is that of two pixels as they look over black and over white
// taken together. So one measure holds for opaque and for transparent pixels. All of the arithmetic is the same on
// every processor.
//
// The package knows no file format, starts no goroutine and keeps nothing between calls.
package palette

import (
	"errors"

	"imgpipe/transform/internal/codec"
)

// A Picture is what is to be reduced. It is only read.
type Picture struct {
	// Pix holds R, G, B, not premultiplied, and A of each pixel. The top row begins at 0, the one below at Stride.
	Pix    []byte
	Stride int
	// W and H are in pixels, at least 1 each.
	W, H int
}

// Options say how to reduce. Colors is needed.
type Options struct {
	// Colors is the largest number of colors, 1 to 256.
	Colors int
	// Stop is called every few rows.
	Stop codec.Stop
}

// A Color is R, G, B, not premultiplied, and A.
type Color = [4]byte

// Indexed is a picture of few colors.
type Indexed struct {
	// Pix holds, for each pixel, the place of its color in Palette. Rows follow each other without a gap.
	Pix []byte
	// Palette has at least one color.
	Palette []Color
}

// ErrPicture is the error about a Picture or Options that contradict themselves.
var ErrPicture = errors.New("the picture cannot be reduced to a palette")

// Reduce returns p with at most o.Colors colors. Opaque pixels stay opaque, and wholly transparent ones stay so, if
// there are as many colors as kinds of pixels. An error is codec.ErrStopped or ErrPicture.
func Reduce(p *Picture, o Options) (*Indexed, error) {
	if p.W < 1 || p.H < 1 || p.Stride < 4*p.W || len(p.Pix) < (p.H-1)*p.Stride+4*p.W ||
		o.Colors < 1 || o.Colors > 256 {
		return nil, ErrPicture
	}
	h, err := count(p, o.Stop)
	if err != nil {
		return nil, err
	}
	s, err := h.choose(o.Colors, o.Stop)
	if err != nil {
		return nil, err
	}
	return s.apply(p, o.Stop)
}

// Memory estimates the bytes that Reduce uses for a picture of w × h pixels, besides that and its result.
func Memory(w, h int) int64 {
	const finders = 2 * (4*256*256 + 1<<15)
	pixels := int64(w) * int64(h)
	bins := min(pixels, maxBins)
	// The bins grow by a quarter. Errors of two rows have 16 bytes for a pixel each.
	return binBytes*(2*bins+bins/4) + 4*tableSize(pixels) + 32*int64(w) + finders
}

// row returns row y.
func (p *Picture) row(y int) []byte { return p.Pix[y*p.Stride:][:4*p.W] }

// A point is a color in the space where distances are measured: 2R-A, 2G-A, 2B-A and A, of premultiplied samples. The
// square of the distance is the sum of those over black and over white, twice: for a difference d of a sample and a of
// alpha, these are d and d-a, and 2(d² + (d-a)²) = (2d-a)² + a².
type point [4]int32

// weights are those of the squares: eyes see differences of green best and of blue least. That of alpha is the sum of
// the others.
var weights = point{3, 4, 2, 9}

// pointOf returns the point of a pixel.
func pointOf(pix []byte) point {
	r, g, b, a := int32(pix[0]), int32(pix[1]), int32(pix[2]), int32(pix[3])
	if a != 255 {
		r, g, b = premultiplied(r, a), premultiplied(g, a), premultiplied(b, a)
	}
	return point{2*r - a, 2*g - a, 2*b - a, a}
}

func premultiplied(v, a int32) int32 { return (v*a + 127) / 255 }

// color returns the color nearest to p.
func (p point) color() Color {
	a := min(max(p[3], 0), 255)
	if a == 0 {
		return Color{}
	}
	var c Color
	for i := range 3 {
		twice := min(max(p[i]+p[3], 0), 2*a)
		c[i] = byte((twice*255 + a) / (2 * a))
	}
	c[3] = byte(a)
	return c
}

// distance is the weighted square of the distance.
func distance(p, q *point) int32 {
	r, g, b, a := p[0]-q[0], p[1]-q[1], p[2]-q[2], p[3]-q[3]
	return weights[0]*r*r + weights[1]*g*g + weights[2]*b*b + weights[3]*a*a
}
