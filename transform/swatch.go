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

// newSwatch returns the Swatch of an image of w × h pixels: the mean of what at returns for some of them, the color of
// a pixel and its weight, which is its alpha. It looks at 3,072 pixels at most, so that it takes 20 µs whatever the
// size. A pixel of which nothing can be seen is white.
func newSwatch(w, h int, at func(x, y int) (r, g, b, weight int)) Swatch {
	const most = 16 // pixels in each direction for each of the Swatch
	columns, rows := SwatchSize(w, h)
	buf := make([]byte, 0, 3*swatchPixels)
	for i := range swatchPixels {
		x0, x1 := part(i%columns, columns, w)
		y0, y1 := part(i/columns, rows, h)
		nx, ny := min(x1-x0, most), min(y1-y0, most)
		var r, g, b, weight int
		for k := range nx * ny {
			x, y := x0+(2*(k%nx)+1)*(x1-x0)/(2*nx), y0+(2*(k/nx)+1)*(y1-y0)/(2*ny)
			pr, pg, pb, pw := at(x, y)
			r, g, b, weight = r+pr*pw, g+pg*pw, b+pb*pw, weight+pw
		}
		if weight == 0 {
			buf = append(buf, 255, 255, 255)
			continue
		}
		for _, sum := range []int{r, g, b} {
			buf = append(buf, uint8((sum+weight/2)/weight))
		}
	}
	return Swatch(base64.RawStdEncoding.EncodeToString(buf))
}

// part returns where part i of n parts of a side begins and ends. Each has one pixel at least.
func part(i, n, side int) (from, to int) {
	from = min(i*side/n, side-1)
	return from, max((i+1)*side/n, from+1)
}

// swatchOf returns the Swatch of an image.
func swatchOf(img *image.NRGBA) Swatch {
	s := newSwatch(img.Rect.Dx(), img.Rect.Dy(), func(x, y int) (r, g, b, weight int) {
		p := img.Pix[y*img.Stride+4*x:]
		return int(p[0]), int(p[1]), int(p[2]), int(p[3])
	})
	if !img.Opaque() {
		s += "~"
	}
	return s
}

// swatchOfPlanes returns the Swatch of planes of full range.
func swatchOfPlanes(pic *pixel.Planes) Swatch {
	luma := pic.Plane[0]
	return newSwatch(luma.W, luma.H, func(x, y int) (r, g, b, weight int) {
		v := luma.Pix[y*luma.Stride+x]
		if pic.Kind == pixel.Gray {
			return int(v), int(v), int(v), 255
		}
		chroma := [2]uint8{}
		for i := range chroma {
			p := pic.Plane[1+i]
			chroma[i] = p.Pix[y*p.H/luma.H*p.Stride+x*p.W/luma.W]
		}
		cr, cg, cb := color.YCbCrToRGB(v, chroma[0], chroma[1])
		return int(cr), int(cg), int(cb), 255
	})
}
