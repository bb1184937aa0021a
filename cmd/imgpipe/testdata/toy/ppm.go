package transform

import (
	"bytes"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
)

// PPM is the format of Netpbm for colors: a line of text, and three bytes for each pixel.
const PPM Format = "ppm"

const ppmHead = "P6\n%d %d\n255\n"

// ppm reads the header. It must find the size. What else a format knows before its pixels, such as an orientation or a
// profile, goes into other fields of m.
func (m *meta) ppm(data []byte) error {
	if n, err := fmt.Sscanf(string(data[:min(len(data), 64)]), ppmHead, &m.Width, &m.Height); n < 2 {
		return fmt.Errorf("its header is not that of a PPM of 8 bits: %w", err)
	}
	m.head = ppmPixels(data) // what decode needs; any type will do
	m.price.least = 3 * int64(m.Width) * int64(m.Height)
	return nil
}

// ppmPixels returns what comes after three lines.
func ppmPixels(data []byte) []byte {
	for range 3 {
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	return data
}

// readPPM decodes the pixels. Rows that are missing stay transparent, and are in the report.
func (j *job) readPPM(_ []byte, m *meta) (*image.NRGBA, error) {
	pixels := m.head.([]byte)
	img := image.NewNRGBA(image.Rect(0, 0, m.Width, m.Height))
	report := codec.Damage{Rows: m.Height}
	if rows := len(pixels) / 3 / m.Width; rows < m.Height {
		report.Miss(codec.ErrCut, rows, m.Height-rows)
	}
	for i := 0; i < len(pixels)/3 && 4*i < len(img.Pix); i++ {
		copy(img.Pix[4*i:], pixels[3*i:][:3])
		img.Pix[4*i+3] = 255
	}
	return img, j.damaged(report)
}

// encodePPM encodes an image over the background.
func (j *job) encodePPM(img *image.NRGBA, _ encoding) ([]byte, error) {
	img = j.flatten(PPM, img)
	out := fmt.Appendf(nil, ppmHead, img.Rect.Dx(), img.Rect.Dy())
	for i := 0; i < len(img.Pix); i += 4 {
		out = append(out, img.Pix[i:i+3]...)
	}
	return out, nil
}

// measurePPM reads the size of a file that encodePPM made.
func measurePPM(data []byte) (w, h int, ends bool) {
	if n, _ := fmt.Sscanf(string(data[:min(len(data), 64)]), ppmHead, &w, &h); n < 2 {
		return 0, 0, false
	}
	return w, h, len(ppmPixels(data)) == 3*w*h
}
