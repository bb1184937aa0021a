package transform

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"imgpipe/transform/internal/png"
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

// encode makes the file. profile is embedded where the format has a place for it; nil is none.
func (j *job) encode(img *image.NRGBA, f Format, quality int, profile *profile) ([]byte, error) {
	if err := encodable(f, img.Rect.Dx(), img.Rect.Dy()); err != nil {
		return nil, &Error{Kind: ClassEncode, Doing: "encode " + string(f), Err: err}
	}
	if profile != nil && f != JPEG && f != PNG {
		j.unprofiled = true
	}
	out := &writer{ctx: j.ctx}
	var err error
	switch f {
	case JPEG:
		return j.encodeJPEG(j.flatten(img), quality, profile)
	case PNG:
		return j.encodePNG(img, profile)
	case GIF:
		var few *image.Paletted
		if few, err = j.quantize(img); err == nil {
			err = gif.Encode(out, few, nil)
		}
	case TIFF:
		pic := image.Image(img)
		if img.Opaque() {
			pic = plainest(img, profile)
		}
		err = tiff.Encode(out, pic, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	case BMP:
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
	data, err := w.encode(w.planesOf(img, isGray(plainest(img, p)), sub), quality, p)
	return data, j.encodeFault(JPEG, err)
}

// encodePNG encodes an image with as few bytes for a pixel as hold it: gray, up to 256 colors, without alpha, or with it.
func (j *job) encodePNG(img *image.NRGBA, p *profile) ([]byte, error) {
	pic := png.Picture{Layout: png.RGBA, Pix: img.Pix, Stride: img.Stride, W: img.Rect.Dx(), H: img.Rect.Dy()}
	few, exact := exactPalette(img, 256)
	gray, isGray := plainest(img, p).(*image.Gray)
	switch {
	case isGray && (p != nil || !exact || len(few.Palette) > 16):
		pic.Layout, pic.Pix, pic.Stride = png.Gray, gray.Pix, gray.Stride
	case exact:
		pic.Layout, pic.Pix, pic.Stride = png.Indexed, few.Pix, few.Stride
		for _, c := range few.Palette {
			c := c.(color.NRGBA)
			pic.Palette = append(pic.Palette, [4]byte{c.R, c.G, c.B, c.A})
		}
	case img.Opaque():
		pic.Layout = png.RGB
	}
	var icc []byte
	if p != nil && p.gray == (pic.Layout == png.Gray) {
		icc = p.data
	}
	data, err := j.space.pngs.Append(nil, &pic, icc, func() bool { return j.ctx.Err() != nil })
	return data, j.encodeFault(PNG, err)
}

func (j *job) encodeFault(f Format, err error) error {
	if err == nil {
		return nil
	}
	if over := j.over(); over != nil {
		return over
	}
	return &Error{Kind: ClassEncode, Doing: "encode " + string(f), Err: trimmed{err}}
}

// encodable tells whether a format can hold an image of w × h pixels.
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

func isGray(img image.Image) bool {
	_, ok := img.(*image.Gray)
	return ok
}

// plainest gives an opaque image in the layout that encoders know best: gray where it has no color, which makes files smaller,
// else RGBA, which for an opaque image is the same bytes. A profile for RGB needs RGB.
func plainest(img *image.NRGBA, p *profile) image.Image {
	rgba := &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
	if p != nil && !p.gray {
		return rgba
	}
	for i := 0; i+4 <= len(img.Pix); i += 4 {
		if c := img.Pix[i : i+4 : i+4]; c[0] != c[1] || c[1] != c[2] || c[3] != 255 {
			return rgba
		}
	}
	gray := image.NewGray(img.Rect)
	for i := range gray.Pix {
		gray.Pix[i] = img.Pix[4*i]
	}
	return gray
}
