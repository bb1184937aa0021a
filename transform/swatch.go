package transform

import (
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"strings"

	"imgpipe/transform/internal/pixel"
)

// A Swatch is a picture of 12 pixels, for what a page shows until it has the image: 4 columns and 3 rows, or 3 and 4 of
// an image that is higher than wide. "" is none.
//
// It is the text of 36 bytes in base64, without padding: red, green and blue of each pixel, row by row. A tilde follows
// if some of the image is transparent.
type Swatch string

// swatchPixels is the number of pixels of a Swatch.
const swatchPixels = 12

// Valid reports whether s is that of an image.
func (s Swatch) Valid() bool {
	_, err := s.bytes()
	return err == nil
}

// Clear reports whether some of the image is transparent, so that a page shows what is behind it.
func (s Swatch) Clear() bool { return strings.HasSuffix(string(s), "~") }

// bytes returns red, green and blue of each pixel.
func (s Swatch) bytes() ([]byte, error) {
	text := strings.TrimSuffix(string(s), "~")
	if len(text) != base64.RawStdEncoding.EncodedLen(3*swatchPixels) || strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("a swatch of another length") // the decoder passes over newlines
	}
	return base64.RawStdEncoding.DecodeString(text)
}

// Colors returns the pixels, row by row; none if s is not valid.
func (s Swatch) Colors() []color.RGBA {
	b, err := s.bytes()
	if err != nil {
		return nil
	}
	list := make([]color.RGBA, swatchPixels)
	for i := range list {
		list[i] = color.RGBA{b[3*i], b[3*i+1], b[3*i+2], 255}
	}
	return list
}

// Mean returns the mean color; white if s is not valid.
func (s Swatch) Mean() color.RGBA {
	list := s.Colors()
	if list == nil {
		return color.RGBA{255, 255, 255, 255}
	}
	var sum [3]int
	for _, c := range list {
		sum[0], sum[1], sum[2] = sum[0]+int(c.R), sum[1]+int(c.G), sum[2]+int(c.B)
	}
	mean := func(n int) uint8 { return uint8((n + swatchPixels/2) / swatchPixels) }
	return color.RGBA{mean(sum[0]), mean(sum[1]), mean(sum[2]), 255}
}

// SwatchSize returns the columns and rows of the Swatch of an image of w × h pixels.
func SwatchSize(w, h int) (columns, rows int) {
	if h > w {
		return 3, 4
	}
	return 4, 3
}

// A sample is the color of a pixel and its weight, which is its alpha.
type sample struct{ r, g, b, weight int }

// newSwatch returns the Swatch of an image of w × h pixels: the mean of some of them, which line sets out to for the
// columns xs of row y. It looks at 3,072 pixels at most. A pixel of which nothing can be seen is white.
func newSwatch(w, h int, line func(out []sample, xs []int, y int)) Swatch {
	columns, rows := SwatchSize(w, h)
	xs, ys := looks(columns, w), looks(rows, h)
	out := make([]sample, len(xs.at))
	var sums [swatchPixels]sample
	for i, y := range ys.at {
		line(out, xs.at, y)
		cells := sums[ys.part[i]*columns:]
		for k, s := range out {
			c := &cells[xs.part[k]]
			c.r, c.g, c.b, c.weight = c.r+s.r*s.weight, c.g+s.g*s.weight, c.b+s.b*s.weight, c.weight+s.weight
		}
	}
	buf := make([]byte, 0, 3*swatchPixels)
	for _, c := range sums {
		if c.weight == 0 {
			buf = append(buf, 255, 255, 255)
			continue
		}
		for _, sum := range []int{c.r, c.g, c.b} {
			buf = append(buf, uint8((sum+c.weight/2)/c.weight))
		}
	}
	return Swatch(base64.RawStdEncoding.EncodeToString(buf))
}

// places are where a side is looked at, and in which part of it each of them lies.
type places struct{ at, part []int }

// looks returns up to 16 places in each of n parts of a side.
func looks(n, side int) (p places) {
	for i := range n {
		from, to := part(i, n, side)
		many := min(to-from, 16)
		for k := range many {
			p.at, p.part = append(p.at, from+(2*k+1)*(to-from)/(2*many)), append(p.part, i)
		}
	}
	return p
}

// part returns where part i of n parts of a side begins and ends. Each has one pixel at least.
func part(i, n, side int) (from, to int) {
	from = min(i*side/n, side-1)
	return from, max((i+1)*side/n, from+1)
}

// swatchOf returns the Swatch of an image.
func swatchOf(img *image.NRGBA) Swatch {
	s := newSwatch(img.Rect.Dx(), img.Rect.Dy(), func(out []sample, xs []int, y int) {
		row := img.Pix[y*img.Stride:]
		for k, x := range xs {
			p := row[4*x:][:4]
			out[k] = sample{int(p[0]), int(p[1]), int(p[2]), int(p[3])}
		}
	})
	if !img.Opaque() {
		s += "~"
	}
	return s
}

// swatchOfPlanes returns the Swatch of planes of full range.
func swatchOfPlanes(pic *pixel.Planes) Swatch {
	luma, blue, red := pic.Plane[0], pic.Plane[1], pic.Plane[2]
	var chroma []int // the column of chroma at each of xs; both planes have as many
	return newSwatch(luma.W, luma.H, func(out []sample, xs []int, y int) {
		row := luma.Row(y)
		if pic.Kind == pixel.Gray {
			for k, x := range xs {
				v := int(row[x])
				out[k] = sample{v, v, v, 255}
			}
			return
		}
		for k := len(chroma); k < len(xs); k++ {
			chroma = append(chroma, xs[k]*blue.W/luma.W)
		}
		blues, reds := blue.Row(y*blue.H/luma.H), red.Row(y*blue.H/luma.H)
		for k, x := range xs {
			r, g, b := color.YCbCrToRGB(row[x], blues[chroma[k]], reds[chroma[k]])
			out[k] = sample{int(r), int(g), int(b), 255}
		}
	})
}
