package transform

import (
	"image"

	"imgpipe/transform/internal/gif"
)

// gif reads everything before the pixels of the first frame.
func (m *meta) gif(data []byte) error {
	h, err := gif.ReadHeader(data)
	if err != nil {
		return err
	}
	m.Width, m.Height, m.Alpha, m.more = h.Width, h.Height, h.Alpha, h.More
	if p := h.Profile(maxProfile); p != nil {
		m.takeProfile(p)
	}
	m.decode = 1
	m.price.least = h.Least()
	m.price.work = 8*int64(h.Frame.Dx())*int64(h.Frame.Dy()) + 4*int64(h.Width)*int64(h.Height)
	return nil
}

// readGIF decodes the first frame onto the screen.
func (j *job) readGIF(data []byte) (*image.NRGBA, error) {
	h, err := gif.ReadHeader(data)
	if err != nil {
		return nil, err
	}
	p, err := h.Decode(j.ended)
	if err != nil {
		return nil, err
	}
	j.remarksOf(p.Odd)
	return p.Pixels, j.damaged(p.Damage)
}
