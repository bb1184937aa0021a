package transform

import (
	"encoding/binary"
	"errors"
	"image"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/vp8"
	"imgpipe/transform/internal/vp8l"
	"imgpipe/transform/internal/webp"
)

// A webpFrame holds the chunks of the first image in a WebP file; slices of the file.
type webpFrame struct {
	lossy, lossless, alpha []byte
	head                   vp8.Header // of a lossy image
	width, height          int
	cut                    bool // the file ends in the last of them
	unannounced            bool // there was alpha that the file does not announce
	transparent            bool // a lossless image says that it has alpha
}

// webp reads the header: the chunks of the file, then the head of its first image.
func (m *meta) webp(data []byte) error {
	f := new(webpFrame)
	m.head = f
	c, err := m.webpChunks(webp.Chunks(data), f)
	if err != nil {
		return err
	}
	if f.width == 0 {
		if err := f.measure(); err != nil {
			return err
		}
		m.view = image.Rect(0, 0, f.width, f.height)
	}
	if !c.extended {
		m.Width, m.Height = f.width, f.height
	}
	if m.Lossless = f.lossless != nil; f.transparent {
		m.Alpha = true // a lossless image says so itself, whatever stands before it
	}
	canvas := image.Rect(0, 0, m.Width, m.Height)
	if !m.view.In(canvas) || !c.animated && m.view != canvas {
		return errors.New("its image does not have the size that its header names")
	}
	if f.lossy != nil && !m.Alpha && f.alpha != nil {
		// The header decides, as in browsers.
		f.alpha, f.unannounced = nil, true
	}
	m.Orientation, m.bits = orientation(c.exif, c.xmp), 8
	m.described = described{exif: c.exif, xmp: c.xmp}
	m.webpTraits(f, m.view == canvas)
	if c.animated && c.frames.source != nil && (m.more || webpShort(data)) {
		m.frames = &c.frames
	}
	return nil
}

// A webpContainer is what the chunks around the images say.
type webpContainer struct {
	exif, xmp          []byte
	extended, animated bool
	frames             animation
}

// webpChunks walks the chunks (RFC 9649, section 2) and keeps those of the first image in f. It believes the length of
// the file more than that in the RIFF header.
func (m *meta) webpChunks(rest []byte, f *webpFrame) (c webpContainer, err error) {
	for range maxParts {
		chunk, next, ok := webp.Next(rest)
		if !ok {
			switch {
			case !f.empty():
				return c, nil
			case f.cut:
				return c, codec.ErrHeader
			}
			return c, errors.New("it has no image")
		}
		rest = next
		body := chunk.Body
		switch string(chunk.Name) {
		case "VP8X":
			if len(body) < 10 {
				return c, codec.ErrHeader
			}
			c.extended, c.animated, m.Alpha = true, body[0]&2 != 0, body[0]&0x10 != 0
			m.Width, m.Height = 1+webp.Uint24(body[4:]), 1+webp.Uint24(body[7:])
		case "ANIM":
			if len(body) >= 6 {
				c.frames.plays = int(binary.LittleEndian.Uint16(body[4:]))
			}
		case "ANMF":
			c.frames.count(body)
			if err := m.webpAnimation(body, f); err != nil {
				return c, err
			}
		case "EXIF":
			c.exif = first(c.exif, body)
		case "XMP ":
			c.xmp = first(c.xmp, body)
		case "ICCP":
			m.takeProfile(body)
		default:
			f.add(chunk)
		}
	}
	return c, errParts
}

// webpAnimation reads one frame of an animation: its place on the canvas, and the chunks of its image. The first
// counts.
func (m *meta) webpAnimation(body []byte, f *webpFrame) error {
	if !f.empty() {
		m.more = true
		return nil
	}
	if len(body) < 16 {
		return nil
	}
	x, y := 2*webp.Uint24(body), 2*webp.Uint24(body[3:])
	rest := body[16:]
	for range maxParts {
		chunk, next, ok := webp.Next(rest)
		if !ok {
			break
		}
		rest = next
		f.add(chunk)
	}
	if err := f.measure(); err != nil {
		return err
	}
	m.view = image.Rect(x, y, x+f.width, y+f.height)
	return nil
}

// webpTraits works out how the image is decoded and what that costs. whole reports whether it fills the canvas.
func (m *meta) webpTraits(f *webpFrame, whole bool) {
	m.rgbBytes = 2
	if f.alpha != nil {
		m.rgbBytes = 5 // an image whose green is the alpha comes first, and then that apart, and the planes
	}
	switch {
	case !whole:
		m.Alpha = true
		m.rgbBytes += 4
	case f.lossy != nil && f.alpha == nil:
		m.planes = webpPlanes{f}
	}
	pixels, frame := int64(m.Width)*int64(m.Height), int64(f.width)*int64(f.height)
	perPixel := int64(8)
	if f.lossless != nil {
		perPixel = 20 // which may take no bits at all
	}
	m.price.work = 4*(pixels-frame) + perPixel*frame
}

func (f *webpFrame) empty() bool { return f.lossy == nil && f.lossless == nil }

// add keeps the chunks of the first image.
func (f *webpFrame) add(c webp.Chunk) {
	if !f.empty() {
		return
	}
	switch string(c.Name) {
	case "VP8 ":
		f.lossy = c.Body
	case "VP8L":
		f.lossless = c.Body
	case "ALPH":
		f.alpha = c.Body
	}
	f.cut = c.Cut
}

// measure reads the size from the head of the image itself: RFC 6386, section 9.1, or RFC 9649, section 3.4.
func (f *webpFrame) measure() error {
	switch {
	case f.cut && (f.lossless != nil && len(f.lossless) < 5 || f.lossy != nil && len(f.lossy) < 10):
		return codec.ErrHeader
	case f.lossless != nil:
		h, err := vp8l.ReadHeader(f.lossless)
		if err != nil {
			return err
		}
		f.width, f.height, f.alpha, f.transparent = h.Width, h.Height, nil, h.Alpha
	case f.lossy != nil:
		h, err := vp8.ReadHeader(f.lossy)
		if err != nil {
			return err
		}
		f.head = h
		if f.width, f.height = h.Width, h.Height; f.width == 0 || f.height == 0 {
			return errors.New("its lossy image has no pixels")
		}
	default:
		return errors.New("its frame has no image")
	}
	return nil
}
