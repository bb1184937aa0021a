package transform

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/vp8"
)

func isWebP(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP"
}

// A webpFrame holds the chunks of the first image in a WebP file; slices of the file.
type webpFrame struct {
	lossy, lossless, alpha []byte
	width, height          int
	cut                    bool // the file ends in the last of them
	unannounced            bool // there was alpha that the file does not announce
}

// readWebP walks the chunks (RFC 9649, section 2). It believes the length of the file more than that in the RIFF
// header.
func (m *meta) readWebP(data []byte) error {
	f := new(webpFrame)
	m.head = f
	var exif, xmp []byte
	var extended, animated bool
	rest := data[12:]
	for count := 0; ; count++ {
		if count == maxParts {
			return errParts
		}
		chunk, next, ok := nextChunk(rest)
		if !ok {
			break
		}
		rest = next
		body := chunk.body
		switch string(chunk.name) {
		case "VP8X":
			if len(body) < 10 {
				return errShort
			}
			extended = true
			animated, m.Alpha = body[0]&2 != 0, body[0]&0x10 != 0
			m.Width, m.Height = 1+uint24(body[4:]), 1+uint24(body[7:])
		case "ANMF":
			if !f.empty() {
				m.more = true
				continue
			}
			if len(body) < 16 {
				continue
			}
			x, y := 2*uint24(body), 2*uint24(body[3:])
			inner := body[16:]
			for range maxParts {
				chunk, next, ok := nextChunk(inner)
				if !ok {
					break
				}
				inner = next
				f.add(chunk)
			}
			if err := f.measure(); err != nil {
				return err
			}
			m.view = image.Rect(x, y, x+f.width, y+f.height)
		case "EXIF":
			exif = first(exif, body)
		case "XMP ":
			xmp = first(xmp, body)
		case "ICCP":
			m.takeProfile(body)
		default:
			f.add(chunk)
		}
	}
	if f.empty() {
		if f.cut {
			return errShort
		}
		return errors.New("it has no image")
	}
	if f.width == 0 {
		if err := f.measure(); err != nil {
			return err
		}
		m.view = image.Rect(0, 0, f.width, f.height)
	}
	if !extended {
		m.Width, m.Height = f.width, f.height
	}
	if f.lossless != nil && f.lossless[4]&0x10 != 0 {
		m.Alpha = true // a lossless image says so itself, whatever stands before it
	}
	canvas := image.Rect(0, 0, m.Width, m.Height)
	if !m.view.In(canvas) || !animated && m.view != canvas {
		return errors.New("its image does not have the size that its header names")
	}
	if f.lossy != nil && !m.Alpha && f.alpha != nil {
		// The header decides, as in browsers.
		f.alpha, f.unannounced = nil, true
	}
	m.decode = 2
	if f.alpha != nil {
		m.decode = 5 // an image whose green is the alpha comes first, and then that apart, and the planes
	}
	if m.view != canvas {
		m.Alpha = true
		m.decode += 4
	} else if f.lossy != nil && f.alpha == nil {
		m.planes = webpPlanes{f}
	}
	m.Orientation = orientation(exif, xmp)
	pixels, frame := int64(m.Width)*int64(m.Height), int64(f.width)*int64(f.height)
	perPixel := int64(8)
	if f.lossless != nil {
		perPixel = 20 // which may take no bits at all
	}
	m.price.work = 4*(pixels-frame) + perPixel*frame
	return nil
}

// A webpChunk is a part of the file. One that the file ends in is as long as there are bytes.
type webpChunk struct {
	name, body []byte
	cut        bool
}

// nextChunk takes the first chunk off a list.
func nextChunk(b []byte) (c webpChunk, rest []byte, ok bool) {
	if len(b) < 8 {
		return c, nil, false
	}
	size := uint64(binary.LittleEndian.Uint32(b[4:]))
	c.name, b = b[:4], b[8:]
	if size > uint64(len(b)) {
		c.body, c.cut = b, true
		return c, nil, true
	}
	c.body, rest = b[:size], b[size:]
	if size%2 == 1 && len(rest) > 0 {
		rest = rest[1:]
	}
	return c, rest, true
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func (f *webpFrame) empty() bool { return f.lossy == nil && f.lossless == nil }

// add keeps the chunks of the first image.
func (f *webpFrame) add(c webpChunk) {
	if !f.empty() {
		return
	}
	switch string(c.name) {
	case "VP8 ":
		f.lossy = c.body
	case "VP8L":
		f.lossless = c.body
	case "ALPH":
		f.alpha = c.body
	}
	f.cut = c.cut
}

// measure reads the size from the head of the image itself: RFC 6386, section 9.1, or RFC 9649, section 3.4.
func (f *webpFrame) measure() error {
	switch {
	case f.cut && (f.lossless != nil && len(f.lossless) < 5 || f.lossy != nil && len(f.lossy) < 10):
		return errShort
	case f.lossless != nil:
		b := f.lossless
		if len(b) < 5 || b[0] != 0x2f {
			return errors.New("its lossless image has no header")
		}
		if version := b[4] >> 5; version != 0 {
			return fmt.Errorf("its lossless image is of version %d: expected 0", version)
		}
		bits := binary.LittleEndian.Uint32(b[1:])
		f.width, f.height = 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)
		f.alpha = nil
	case f.lossy != nil:
		h, err := vp8.ReadHeader(f.lossy)
		if err != nil {
			return err
		}
		if f.width, f.height = h.Width, h.Height; f.width == 0 || f.height == 0 {
			return errors.New("its lossy image has no pixels")
		}
	default:
		return errors.New("its frame has no image")
	}
	return nil
}
