package transform

import (
	"errors"
	"image"

	"imgpipe/transform/internal/bmp"
)

// bmp reads the header of a Windows or OS/2 bitmap.
func (m *meta) bmp(data []byte) error {
	h, err := bmp.ReadHeader(data)
	m.Width, m.Height, m.Alpha = h.Width, h.Height, h.Alpha
	m.decode = 1
	m.price.least = h.Least()
	return bmpError(err)
}

func (j *job) readBMP(data []byte) (image.Image, error) {
	h, err := bmp.ReadHeader(data)
	if err != nil {
		return nil, bmpError(err)
	}
	img, err := h.Decode(j.over)
	if err != nil {
		return nil, bmpError(err)
	}
	return img, nil
}

func bmpError(err error) error {
	var unsupported bmp.Unsupported
	if errors.As(err, &unsupported) {
		return unsupportedError(unsupported)
	}
	return err
}
