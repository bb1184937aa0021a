package transform

import (
	"errors"
	"fmt"
	"image"
	"strconv"

	"github.com/disintegration/imaging"

	"imgpipe/transform/internal/codec"
)

// load returns the pixels of an image file with header m, which is within the limits, turned upright from that EXIF
// orientation.
func (j *job) load(data []byte, m meta, orientation int) (*image.NRGBA, error) {
	j.doing = "decode " + string(m.Format)
	img, err := j.decode(data, m)
	if err != nil {
		return nil, j.fault(ClassDecode, err)
	}
	if orientation > 1 {
		j.doing = "turn upright"
		img = orient(img, orientation)
	}
	return img, j.ended()
}

// check returns an error unless an image of w × h pixels is within the limits.
func (l Limits) check(w, h int) error {
	limit := l.MaxPixels
	if limit <= 0 {
		limit = DefaultMaxPixels
	}
	if int64(w) > limit/int64(h) {
		millions := float64(w) * float64(h) / 1e6
		return fmt.Errorf("%dx%d is %.1f million pixels: expected at most %.1f", w, h, millions, float64(limit)/1e6)
	}
	return nil
}

// wants returns an error of ClassUnwanted unless an input with header h is one that the limits ask for.
func (l Limits) wants(h Header) error {
	short, long := int64(min(h.Width, h.Height)), int64(max(h.Width, h.Height))
	var err error
	switch {
	case short < l.MinSide:
		err = fmt.Errorf("%dx%d: expected at least %d pixels on the shorter side", h.Width, h.Height, l.MinSide)
	case l.MaxAspect > 0 && long*1000 > short*l.MaxAspect:
		err = fmt.Errorf("%dx%d: expected a longer side of at most %s times the shorter", h.Width, h.Height,
			strconv.FormatFloat(float64(l.MaxAspect)/1000, 'f', -1, 64))
	default:
		return nil
	}
	return &Error{Kind: ClassUnwanted, Doing: "read header of " + string(h.Format), Err: err}
}

// DefaultMaxPixels is the default of Limits.MaxPixels: 16383 × 16383, as in other programs. Phones make 200 million
// pixels; the memory that an image takes is bounded besides.
const DefaultMaxPixels = 16383 * 16383

// fault returns the *Error for what a decoder or encoder returned, and nil for nil. Its class is kind unless err knows
// better. If the context has ended, that is the error.
func (j *job) fault(kind string, err error) error {
	if err == nil {
		return nil
	}
	if over := j.ended(); over != nil {
		return over
	}
	return classed(kind, j.doing, err)
}

// classed is fault without a job. It is the only translator from errors of codecs to errors of this package.
func classed(kind, doing string, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	var unsupported codec.Unsupported
	if errors.As(err, &unsupported) {
		kind = ClassUnsupported
	}
	return &Error{Kind: kind, Doing: doing, Err: err}
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
