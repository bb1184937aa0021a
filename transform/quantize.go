package transform

import (
	"image"
	"image/color"

	"imgpipe/transform/internal/palette"
)

// exactPalette returns img with a palette of its colors, in the order of their first pixels. ok is false if there are
// more than n.
func exactPalette(img *image.NRGBA, n int) (few *image.Paletted, ok bool) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	index := make(map[color.NRGBA]uint8, n)
	var palette color.Palette
	out := &image.Paletted{Stride: w, Rect: img.Rect}
	var last color.NRGBA
	var lastIndex uint8
	for y := range h {
		row := img.Pix[y*img.Stride:][:4*w]
		for x := range w {
			p := row[4*x:][:4]
			c := color.NRGBA{p[0], p[1], p[2], p[3]}
			if len(palette) == 0 || c != last {
				i, ok := index[c]
				if !ok {
					if len(palette) == n {
						return nil, false
					}
					i = uint8(len(palette))
					index[c] = i
					palette = append(palette, c)
				}
				last, lastIndex = c, i
			}
			if out.Pix == nil {
				out.Pix = make([]uint8, w*h)
			}
			out.Pix[y*w+x] = lastIndex
		}
	}
	out.Palette = palette
	return out, true
}

// bilevel returns img with at most n colors for a format whose pixels are transparent or not.
func (j *job) bilevel(img *image.NRGBA, f Format, n int) (*image.Paletted, error) {
	if binaryAlpha(img) {
		if few, ok := exactPalette(img, n); ok {
			return few, nil
		}
	} else {
		j.lostAlpha(f)
	}
	return j.reduce(j.solid(img), n)
}

// binaryAlpha reports whether each pixel is opaque or wholly transparent.
func binaryAlpha(img *image.NRGBA) bool {
	for i := 3; i < len(img.Pix); i += 4 {
		if a := img.Pix[i]; a != 255 && a != 0 {
			return false
		}
	}
	return true
}

// solid returns img with binary transparency. Pixels that are more than half transparent become wholly so; others are
// laid over the background.
func (j *job) solid(img *image.NRGBA) *image.NRGBA {
	solid := flatten(img, j.background)
	if solid != img {
		for i := 3; i < len(img.Pix); i += 4 {
			if img.Pix[i] < 128 {
				solid.Pix[i] = 0
			}
		}
	}
	return solid
}

// reduce returns img with n colors, of which it has more.
func (j *job) reduce(img *image.NRGBA, n int) (*image.Paletted, error) {
	pic := palette.Picture{Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy()}
	few, err := palette.Reduce(&pic, palette.Options{Colors: n, Stop: j.stop})
	if err != nil {
		return nil, err
	}
	out := &image.Paletted{Pix: few.Pix, Stride: pic.W, Rect: image.Rect(0, 0, pic.W, pic.H)}
	for _, c := range few.Palette {
		out.Palette = append(out.Palette, color.NRGBA{c[0], c[1], c[2], c[3]})
	}
	return out, nil
}

// paletteNeed is the need of a format whose outputs may have fewer colors than the image.
func paletteNeed(n *needs, l *leg, pixels int64) (file, encoder int64) {
	file, encoder = packedNeed(n, l, pixels)
	if l.enc.colors != 0 {
		size := l.size()
		encoder += palette.Memory(size.X, size.Y)
		if l.row.alpha == alphaFull {
			encoder += 4 * pixels // of grays that are written without a palette
		}
	}
	return file, encoder
}
