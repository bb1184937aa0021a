package transform

import (
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/disintegration/imaging"
)

// load gives the pixels of an image file whose header is m and within the limits, turned as an image of that EXIF orientation must be.
func (j *job) load(data []byte, m meta, orientation int) (*image.NRGBA, error) {
	j.doing = "decode " + string(m.Format)
	img, err := j.decode(data, m)
	if err != nil {
		return nil, j.fault(err)
	}
	if orientation > 1 {
		j.doing = "turn upright"
		img = orient(img, orientation)
	}
	return img, j.ended()
}

// check tells whether an image of w × h pixels is within the limits.
func (l Limits) check(w, h int) error {
	limit := l.MaxPixels
	if limit <= 0 {
		limit = DefaultMaxPixels
	}
	if int64(w) > limit/int64(h) {
		return fmt.Errorf("%dx%d is %.1f million pixels: expected at most %.1f", w, h, float64(w)*float64(h)/1e6, float64(limit)/1e6)
	}
	return nil
}

// DefaultMaxPixels is the MaxPixels of Limits that name none: 16383 × 16383, as other programs have it. Phones make 200
// million pixels, and what an image takes of memory bounds it besides.
const DefaultMaxPixels = 16383 * 16383

// fault makes the *Error of what a decoder said.
func (j *job) fault(err error) error {
	if over := j.ended(); over != nil {
		return over
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	var own unsupportedError
	kind := ClassDecode
	switch {
	case errors.As(err, &own):
		kind = ClassUnsupported
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		err = errors.New("the file ends before the image does")
	}
	return &Error{Kind: kind, Doing: j.doing, Err: err}
}

// decode returns the pixels as they are stored, on the canvas that the header names.
func (j *job) decode(data []byte, m meta) (*image.NRGBA, error) {
	img, err := m.Format.row().decode(j, data, &m)
	if err != nil {
		return nil, err
	}
	if img.Rect.Size() != m.view.Size() {
		return nil, fmt.Errorf("the image has %v pixels where its header names %v", img.Rect.Size(), m.view.Size())
	}
	if err := j.ended(); err != nil {
		return nil, err
	}
	if canvas := image.Rect(0, 0, m.Width, m.Height); m.view != canvas {
		whole := image.NewNRGBA(canvas)
		for y := range m.view.Dy() {
			copy(whole.Pix[whole.PixOffset(m.view.Min.X, m.view.Min.Y+y):], img.Pix[y*img.Stride:][:4*m.view.Dx()])
		}
		img = whole
	}
	return img, nil
}

// orient turns an image upright (Exif 2.32, tag Orientation).
func orient(img *image.NRGBA, orientation int) *image.NRGBA {
	switch orientation {
	case 2:
		return imaging.FlipH(img)
	case 3:
		return imaging.Rotate180(img)
	case 4:
		return imaging.FlipV(img)
	case 5:
		return imaging.Transpose(img)
	case 6:
		return imaging.Rotate270(img)
	case 7:
		return imaging.Transverse(img)
	case 8:
		return imaging.Rotate90(img)
	}
	return img
}
