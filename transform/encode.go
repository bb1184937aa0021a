package transform

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"slices"

	"imgpipe/transform/internal/codec"
)

// A writer gathers a file, and ends an encoder once the time for its job is over.
type writer struct {
	stop codec.Stop
	bytes.Buffer
}

func (w *writer) Write(p []byte) (int, error) {
	if err := w.stop.Err(); err != nil {
		return 0, err
	}
	return w.Buffer.Write(p)
}

// encode returns a file of format f. The profile of e is embedded if it suits the pixels.
func (j *job) encode(img *image.NRGBA, f *format, e encoding) ([]byte, error) {
	if !writable(f) {
		return nil, j.fault(ClassEncode, fmt.Errorf("no %s files can be written", f.name))
	}
	if err := f.holds(img.Rect.Dx(), img.Rect.Dy()); err != nil {
		return nil, err
	}
	data, err := f.encode(j, img, e)
	return data, j.fault(ClassEncode, err)
}

// holds returns an *Error unless a file of format f can hold an image of w × h pixels.
func (f *format) holds(w, h int) error {
	var err error
	switch {
	case f.maxSide != 0 && max(w, h) > f.maxSide:
		err = fmt.Errorf("the image has %dx%d pixels: expected sides of at most %d", w, h, f.maxSide)
	case f.maxPixels != 0 && int64(w)*int64(h) > f.maxPixels:
		err = fmt.Errorf("the image has %dx%d pixels: expected at most %d, for which the encoder has memory",
			w, h, f.maxPixels)
	default:
		return nil
	}
	return &Error{Kind: ClassEncode, Doing: "encode " + string(f.name), Err: err}
}

// flatten calls flatten, and notes whether something was lost for an output of format f.
func (j *job) flatten(f Format, img *image.NRGBA) *image.NRGBA {
	out := flatten(img, j.background)
	if out != img {
		j.lostAlpha(f)
	}
	return out
}

// lostAlpha notes that an output of format f has lost transparency, once for all of that format.
func (j *job) lostAlpha(f Format) {
	if !slices.Contains(j.flattened, f) {
		j.flattened = append(j.flattened, f)
	}
}

// flatten lays img over the background, and a transparent background over white. It returns an opaque image as it is.
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
