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
	pic, err := h.Decode(j.over)
	if err != nil {
		return nil, err
	}
	for _, odd := range h.Odd {
		j.remark("%s", odd)
	}
	if pic.Beyond > 0 {
		j.remark("pixels of a color that its palette does not have are black: %d", pic.Beyond)
	}
	return pic.Image, j.damaged(pic.Damage)
}

func bmpError(err error) error {
	var unsupported bmp.Unsupported
	if errors.As(err, &unsupported) {
		return unsupportedError(unsupported)
	}
	return err
}
