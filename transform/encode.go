package transform

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"strings"

	"golang.org/x/image/bmp"

	"imgpipe/transform/internal/png"
	"imgpipe/transform/internal/tiff"
)

// A writer gathers a file, and ends an encoder once the context is over.
type writer struct {
	ctx context.Context
	bytes.Buffer
}

func (w *writer) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.Buffer.Write(p)
}

// encode makes the file. p is embedded where the format has a place for it and the pixels fit; nil is none.
func (j *job) encode(img *image.NRGBA, f Format, quality int, p *profile) ([]byte, error) {
	if err := encodable(f, img.Rect.Dx(), img.Rect.Dy()); err != nil {
		return nil, &Error{Kind: ClassEncode, Doing: "encode " + string(f), Err: err}
	}
	out := &writer{ctx: j.ctx}
	var err error
	switch f {
	case JPEG:
		return j.encodeJPEG(j.flatten(img), quality, p)
	case PNG:
		return j.encodePNG(img, p)
	case TIFF:
		return j.encodeTIFF(img, p)
	case GIF:
		j.embed(p, f, false)
		var few *image.Paletted
		if few, err = j.quantize(img); err == nil {
			err = gif.Encode(out, few, nil)
		}
	case BMP:
		j.embed(p, f, false)
		out.Grow(len(img.Pix) + 4*img.Rect.Dy() + 1<<10) // the file is no larger, and need not grow by copying
		err = bmp.Encode(out, j.flatten(img))
	default:
		err = fmt.Errorf("no %s files can be written", f)
	}
	return out.Bytes(), j.encodeFault(f, err)
}

// encodeJPEG encodes an opaque image, which is gray in the file if it has no color.
func (j *job) encodeJPEG(img *image.NRGBA, quality int, p *profile) ([]byte, error) {
	w := j.space
	sub := 2
	if quality >= fineQuality {
		sub = 1
	}
	w.large = w.large || len(img.Pix) > keepBytes
	gray := !p.needsRGB() && colorless(img)
	data, err := w.encode(w.planesOf(img, gray, sub), quality, j.embed(p, JPEG, gray))
	return data, j.encodeFault(JPEG, err)
}

// encodePNG encodes an image with as few bytes for a pixel as hold it: gray, up to 256 colors, without alpha, or with it.
func (j *job) encodePNG(img *image.NRGBA, p *profile) ([]byte, error) {
	pic := png.Picture{Layout: png.RGBA, Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy()}
	few, exact := exactPalette(img, 256)
	opaque := img.Opaque()
	gray := !p.needsRGB() && colorless(img)
	switch {
	case gray && opaque && (p != nil || !exact || len(few.Palette) > 16):
		pic.Layout, pic.Pix, pic.Stride = png.Gray, grayOf(img), pic.W
	case gray && !opaque && (p != nil || !exact):
		pic.Layout = png.GrayAlpha
	case exact:
		pic.Layout, pic.Pix, pic.Stride = png.Indexed, few.Pix, few.Stride
		for _, c := range few.Palette {
			c := c.(color.NRGBA)
			pic.Palette = append(pic.Palette, [4]byte{c.R, c.G, c.B, c.A})
		}
	case opaque:
		pic.Layout = png.RGB
	}
	data, err := j.space.pngs.Append(nil, &pic, j.embed(p, PNG, gray), j.stop)
	return data, j.encodeFault(PNG, err)
}

// encodeTIFF encodes an image with as few samples for a pixel as hold it.
func (j *job) encodeTIFF(img *image.NRGBA, p *profile) ([]byte, error) {
	gray := !p.needsRGB() && colorless(img)
	pic := tiff.Picture{
		Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy(),
		Gray: gray, Alpha: !img.Opaque(), ICC: j.embed(p, TIFF, gray),
	}
	data, err := j.space.tiffs.Append(nil, &pic, j.ctx.Err)
	return data, j.encodeFault(TIFF, err)
}

func (j *job) encodeFault(f Format, err error) error {
	if err == nil {
		return nil
	}
	if over := j.ended(); over != nil {
		return over
	}
	return &Error{Kind: ClassEncode, Doing: "encode " + string(f), Err: trimmed{err}}
}

// trimmed says what an error of image/gif says without the name of that package.
type trimmed struct{ error }

func (t trimmed) Error() string { return strings.TrimPrefix(t.error.Error(), "gif: ") }

func (t trimmed) Unwrap() error { return t.error }

// encodable returns an error unless a format can hold an image of w × h pixels.
func encodable(f Format, w, h int) error {
	if (f == JPEG || f == GIF) && (w > 65535 || h > 65535) {
		return fmt.Errorf("the image has %dx%d pixels: expected sides of at most 65535", w, h)
	}
	return nil
}

// flatten is flatten, and notes that something was lost.
func (j *job) flatten(img *image.NRGBA) *image.NRGBA {
	out := flatten(img, j.background)
	j.flattened = j.flattened || out != img
	return out
}

// flatten lays img over the background, and over white where that is transparent itself. An opaque image is given as it is.
func flatten(img *image.NRGBA, background image.Image) *image.NRGBA {
	if img.Opaque() {
		return img
	}
	out := image.NewRGBA(img.Rect)
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, background, image.Point{}, draw.Over)
	draw.Draw(out, out.Rect, img, img.Rect.Min, draw.Over)
	return &image.NRGBA{Pix: out.Pix, Stride: out.Stride, Rect: out.Rect}
}

// colorless reports whether no pixel has a color, whatever its alpha.
func colorless(img *image.NRGBA) bool {
	for i := 0; i+4 <= len(img.Pix); i += 4 {
		if c := img.Pix[i : i+4 : i+4]; c[0] != c[1] || c[1] != c[2] {
			return false
		}
	}
	return true
}

// grayOf returns one byte for each pixel of a colorless image.
func grayOf(img *image.NRGBA) []byte {
	pix := make([]byte, len(img.Pix)/4)
	for i := range pix {
		pix[i] = img.Pix[4*i]
	}
	return pix
}
