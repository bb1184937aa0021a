package transform

import (
	"bytes"
	"encoding/binary"
	"image"
	"math"
	"strings"

	xbmp "golang.org/x/image/bmp"

	"imgpipe/transform/internal/bmp"
)

// isBMP reports whether head is that of a bitmap. Other files begin with BM, too, so two fields must have small values.
func isBMP(head []byte) bool {
	return bytes.HasPrefix(head, []byte("BM")) && len(head) >= 18 && head[15] == 0 && head[16] == 0 && head[17] == 0
}

// bmp reads the header of a Windows or OS/2 bitmap.
func (m *meta) bmp(data []byte) error {
	h, err := bmp.ReadHeader(data)
	m.Width, m.Height, m.Alpha = h.Width, h.Height, h.Alpha
	m.head = &h
	m.rgbBytes = 1
	m.price.least, m.price.work = h.Least(), 6*int64(h.Width)*int64(h.Height)
	if err == nil {
		m.bmpProfile(data[14:])
	}
	return err
}

// bmpProfile reads what a header of version 4 or 5 says of colors (BITMAPV5HEADER in Windows' wingdi.h).
func (m *meta) bmpProfile(header []byte) {
	const v4, v5 = 108, 124
	field := func(at int) uint32 { return binary.LittleEndian.Uint32(header[at:]) }
	if len(header) < v4 || field(0) != v4 && field(0) != v5 || field(0) == v5 && len(header) < v5 {
		return
	}
	kind := string(header[56:60])
	switch {
	case kind == "\x00\x00\x00\x00" && !likeSRGB(header[60:v4]):
		m.torn.why = "it is a calibration in the header of the bitmap, which is not read"
	case field(0) == v4:
	case kind == "DEBM", kind == "KNIL": // MBED and LINK, in reverse: embedded, and in another file
		at, size := uint64(field(112)), uint64(field(116))
		if at >= uint64(len(header)) {
			m.torn.why = "it is not in the file"
			return
		}
		b := header[at:min(at+size, uint64(len(header)))]
		if kind == "DEBM" {
			m.takeProfile(b)
			return
		}
		m.torn.name = strings.ToValidUTF8(strings.TrimRight(string(b[:min(len(b), 260)]), "\x00"), "?")
		m.torn.why = "it is in another file"
	}
}

// likeSRGB reports whether a calibration is empty or that of sRGB. It has X, Y and Z of red, green and blue, with 30
// binary places, and three exponents with 16.
func likeSRGB(b []byte) bool {
	for i, want := range [9]float64{0.64, 0.33, 0.03, 0.30, 0.60, 0.10, 0.15, 0.06, 0.79} {
		v := float64(binary.LittleEndian.Uint32(b[4*i:])) / (1 << 30)
		if v != 0 && math.Abs(v-want) > 0.02 {
			return false
		}
	}
	for i := range 3 {
		gamma := float64(binary.LittleEndian.Uint32(b[36+4*i:])) / (1 << 16)
		if gamma != 0 && math.Abs(gamma-2.2) > 0.1 {
			return false
		}
	}
	return true
}

func (j *job) readBMP(_ []byte, m *meta) (*image.NRGBA, error) {
	h := m.head.(*bmp.Header)
	pic, err := h.Decode(j.stop)
	if err != nil {
		return nil, err
	}
	j.remarksOf(h.Odd)
	if pic.Beyond > 0 {
		j.remark("pixels of a color that its palette does not have are black: %d", pic.Beyond)
	}
	return pic.Image, j.damaged(pic.Damage)
}

// encodeBMP encodes an image over the background.
func (j *job) encodeBMP(img *image.NRGBA, _ encoding) ([]byte, error) {
	out := &writer{stop: j.stop}
	out.Grow(len(img.Pix) + 4*img.Rect.Dy() + 1<<10) // the file is no larger, so it is never copied
	err := xbmp.Encode(out, j.flatten(BMP, img))
	return out.Bytes(), err
}

// measureBMP reads the sizes of the file and of its image from their headers.
func measureBMP(data []byte) (w, h int, ends bool) {
	if len(data) < 26 {
		return 0, 0, false
	}
	w, h = int(binary.LittleEndian.Uint32(data[18:])), int(binary.LittleEndian.Uint32(data[22:]))
	return w, h, int(binary.LittleEndian.Uint32(data[2:])) == len(data)
}
