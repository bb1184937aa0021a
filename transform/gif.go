package transform

import (
	"encoding/binary"
	"image"
	stdgif "image/gif"
	"strings"

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
	m.frames = gifAnimation(data, h.More)
	m.head = &h
	m.rgbBytes = 1
	m.price.least = h.Least()
	m.price.work = 8*int64(h.Frame.Dx())*int64(h.Frame.Dy()) + 4*int64(h.Width)*int64(h.Height)
	return nil
}

// readGIF decodes the first frame onto the screen.
func (j *job) readGIF(_ []byte, m *meta) (*image.NRGBA, error) {
	p, err := m.head.(*gif.Header).Decode(j.stop)
	if err != nil {
		return nil, err
	}
	j.remarksOf(p.Odd)
	return p.Pixels, j.damaged(p.Damage)
}

// encodeGIF encodes an image with at most 256 colors.
func (j *job) encodeGIF(img *image.NRGBA, e encoding) ([]byte, error) {
	few, err := j.bilevel(img, GIF, e.colors)
	if err != nil {
		return nil, err
	}
	out := &writer{stop: j.stop}
	if err := stdgif.Encode(out, few, nil); err != nil {
		return nil, trimmed{err}
	}
	return out.Bytes(), nil
}

// trimmed says what an error of image/gif says without the name of that package.
type trimmed struct{ error }

func (t trimmed) Error() string { return strings.TrimPrefix(t.error.Error(), "gif: ") }

func (t trimmed) Unwrap() error { return t.error }

// measureGIF reads the size from the screen descriptor (GIF89a, section 18).
func measureGIF(data []byte) (w, h int, ends bool) {
	if len(data) < 13 {
		return 0, 0, false
	}
	w, h = int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))
	return w, h, data[len(data)-1] == 0x3b
}
