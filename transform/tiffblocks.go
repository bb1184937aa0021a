package transform

import (
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
	"imgpipe/transform/internal/tiff"
	"imgpipe/transform/internal/webp"
)

// jpegInTIFF decodes one block of a TIFF. Only the tags of the TIFF say what its components are, not the markers of
// JFIF and Adobe in the block.
func (j *job) jpegInTIFF(file []byte, width, height int, ycbcr bool) (tiff.Samples, error) {
	h, err := jpeg.ReadHeader(file)
	if forGood(err) {
		return tiff.Samples{}, err
	}
	if err != nil {
		return lost(err), nil
	}
	switch {
	case h.N == 3 && ycbcr:
		h.Kind = pixel.YCbCr
	case h.N == 3:
		h.Kind = pixel.RGB
	case h.N == 4:
		h.Kind = pixel.CMYK
	}
	if h.Width > width || h.Height > height {
		return tiff.Samples{}, blockTooLarge("JPEG", h.Width, h.Height, width, height)
	}
	w := jpeg.ReadWork(file)
	short := h.Width*h.Height > tiff.HarmlessPixels && w.Least > int64(len(file))
	if j.free -= generalBlock * w.Blocks; j.free < 0 || short {
		least := max(w.Least, -j.free/workPerByte)
		return tiff.Samples{}, &Error{
			Kind: ClassTooLarge, Doing: j.doing, Err: fewBytes(int64(len(file)), least, h.Width, h.Height, w.Scans),
		}
	}
	planes, report, err := j.space.decoder.Decode(file, &h, jpeg.Options{Stop: j.stop})
	if forGood(err) {
		return tiff.Samples{}, err
	}
	if err != nil {
		return lost(err), nil
	}
	s := tiff.Samples{W: h.Width, H: h.Height, N: h.N, Damage: report}
	if s.N == 1 {
		s.Pix, s.Stride, s.Step = planes.Plane[0].Pix, planes.Plane[0].Stride, 1
		return s, nil
	}
	s.Step, s.Stride, s.Pix = 4, 4*s.W, together(planes, &h)
	return s, nil
}

// forGood reports whether an error in a block ends the work on all blocks.
func forGood(err error) bool {
	var unsupported codec.Unsupported
	return err == codec.ErrStopped || errors.As(err, &unsupported)
}

// lost returns a block that is missing.
func lost(err error) tiff.Samples { return tiff.Samples{Damage: codec.Damage{Err: err}} }

func blockTooLarge(what string, w, h, mostW, mostH int) error {
	return fmt.Errorf("a block holds a %s of %dx%d: expected at most %dx%d", what, w, h, mostW, mostH)
}

// together returns the samples of all planes for each pixel, four bytes apart, or RGB that is made of YCbCr.
func together(p *pixel.Planes, h *jpeg.Header) []byte {
	out := make([]byte, 4*h.Width*h.Height)
	rows := pixel.NewRows(p, h.Shape())
	for y := range h.Height {
		to := out[4*h.Width*y:][:4*h.Width]
		if h.Kind == pixel.YCbCr {
			rows.RGB(to, y, false)
		} else {
			rows.Samples(to, y)
		}
	}
	return out
}

// webpInTIFF decodes one block of a TIFF.
func (j *job) webpInTIFF(file []byte, width, height int) (tiff.Samples, error) {
	if !webp.Is(file) {
		return lost(errors.New("it is no WebP")), nil
	}
	var m meta
	if err := m.webp(file); err != nil {
		return lost(err), nil
	}
	if m.Width > width || m.Height > height || m.view != image.Rect(0, 0, m.Width, m.Height) {
		return tiff.Samples{}, blockTooLarge("WebP", m.Width, m.Height, width, height)
	}
	pic, report, err := j.webpPixels(&m)
	if over := j.ended(); over != nil {
		return tiff.Samples{}, over
	}
	if err != nil {
		return lost(err), nil
	}
	return tiff.Samples{Pix: pic.Pix, Stride: pic.Stride, Step: 4, N: 4, W: m.Width, H: m.Height, Damage: report}, nil
}
