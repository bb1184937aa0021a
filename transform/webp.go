package transform

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"golang.org/x/image/webp"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/resample"
)

// A webpFrame holds the chunks of the first image in a WebP file; slices of the file.
type webpFrame struct {
	lossy, lossless, alpha []byte
	width, height          int
}

// readWebP walks the chunks (RFC 9649, section 2). It believes the length of the file more than that in the RIFF header.
func (m *meta) readWebP(data []byte) error {
	var exif, xmp []byte
	var extended, animated bool
	rest := data[12:]
	for count := 0; ; count++ {
		if count == maxParts {
			return errParts
		}
		name, body, next, ok := webpChunk(rest)
		if !ok {
			break
		}
		rest = next
		switch string(name) {
		case "VP8X":
			if len(body) < 10 {
				return errShort
			}
			extended = true
			animated = body[0]&2 != 0
			m.Alpha = body[0]&0x10 != 0
			m.Width, m.Height = 1+uint24(body[4:]), 1+uint24(body[7:])
		case "ANMF":
			if !m.webp.empty() || len(body) < 16 {
				m.more = true
				continue
			}
			x, y := 2*uint24(body), 2*uint24(body[3:])
			inner := body[16:]
			for range maxParts {
				name, chunk, next, ok := webpChunk(inner)
				if !ok {
					break
				}
				inner = next
				m.webp.add(name, chunk)
			}
			if err := m.webp.measure(); err != nil {
				return err
			}
			m.view = image.Rect(x, y, x+m.webp.width, y+m.webp.height)
		case "EXIF":
			exif = first(exif, body)
		case "XMP ":
			xmp = first(xmp, body)
		case "ICCP":
			m.takeProfile(body)
		default:
			m.webp.add(name, body)
		}
	}
	if m.webp.empty() {
		return errors.New("it has no image")
	}
	if m.webp.width == 0 {
		if err := m.webp.measure(); err != nil {
			return err
		}
		m.view = image.Rect(0, 0, m.webp.width, m.webp.height)
	}
	if !extended {
		m.Width, m.Height = m.webp.width, m.webp.height
		m.Alpha = m.webp.lossless != nil && m.webp.lossless[4]&0x10 != 0
	}
	canvas := image.Rect(0, 0, m.Width, m.Height)
	if !m.view.In(canvas) || !animated && m.view != canvas {
		return errors.New("its image does not have the size that its header names")
	}
	if m.view != canvas {
		m.Alpha = true
	}
	m.decode = 1
	m.copies = 2 * int64(len(m.webp.lossy)+len(m.webp.lossless)+len(m.webp.alpha))
	if m.webp.lossy != nil {
		m.decode = 2
		if m.webp.alpha != nil {
			m.decode += 9 // an image whose green is the alpha, and that apart
		} else if m.view == canvas {
			m.planes = &jpeg.Header{Width: m.Width, Height: m.Height, Kind: jpeg.YCbCr, N: 3,
				Components: [4]jpeg.Component{{H: 2, V: 2}, {H: 1, V: 1}, {H: 1, V: 1}}}
		}
	}
	m.Orientation = orientation(exif, xmp)
	return nil
}

// webpChunk takes the first chunk off a list. A last chunk that is cut short is given as far as it goes: its decoder judges.
func webpChunk(b []byte) (name, body, rest []byte, ok bool) {
	if len(b) < 8 {
		return nil, nil, nil, false
	}
	size := uint64(binary.LittleEndian.Uint32(b[4:]))
	name, b = b[:4], b[8:]
	if size > uint64(len(b)) {
		return name, b, nil, true
	}
	body, rest = b[:size], b[size:]
	if size%2 == 1 && len(rest) > 0 {
		rest = rest[1:]
	}
	return name, body, rest, true
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func (f *webpFrame) empty() bool { return f.lossy == nil && f.lossless == nil }

// add keeps the chunks of the first image.
func (f *webpFrame) add(name, body []byte) {
	if !f.empty() {
		return
	}
	switch string(name) {
	case "VP8 ":
		f.lossy = body
	case "VP8L":
		f.lossless = body
	case "ALPH":
		f.alpha = body
	}
}

// measure reads the size from the head of the image itself: RFC 6386, section 9.1, or RFC 9649, section 3.4.
func (f *webpFrame) measure() error {
	switch {
	case f.lossless != nil:
		b := f.lossless
		if len(b) < 5 || b[0] != 0x2f {
			return errors.New("its lossless image has no header")
		}
		bits := binary.LittleEndian.Uint32(b[1:])
		f.width, f.height = 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)
		f.alpha = nil
	case f.lossy != nil:
		b := f.lossy
		if len(b) < 10 || b[0]&1 != 0 || string(b[3:6]) != "\x9d\x01\x2a" {
			return errors.New("its lossy image has no header")
		}
		f.width, f.height = int(binary.LittleEndian.Uint16(b[6:])&0x3fff), int(binary.LittleEndian.Uint16(b[8:])&0x3fff)
	default:
		return errors.New("its frame has no image")
	}
	return nil
}

// still gives a WebP file of this one image, in which only what golang.org/x/image/webp needs is left: a flag that announces alpha
// where there is none, or metadata in an unexpected place, would make it refuse.
func (f *webpFrame) still() []byte {
	out := append(make([]byte, 0, 64+len(f.lossy)+len(f.lossless)+len(f.alpha)), "RIFF\x00\x00\x00\x00WEBP"...)
	chunk := func(name string, body []byte) {
		out = append(out, name...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(body)))
		out = append(out, body...)
		if len(body)%2 == 1 {
			out = append(out, 0)
		}
	}
	if f.lossless != nil {
		chunk("VP8L", f.lossless)
	} else {
		if f.alpha != nil {
			w, h := f.width-1, f.height-1
			chunk("VP8X", []byte{0x10, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)})
			chunk("ALPH", f.alpha)
		}
		chunk("VP8 ", f.lossy)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// webpPlanes decodes the planes of a lossy WebP without alpha. Their samples have the range of video.
func (j *job) webpPlanes(m meta) (*jpeg.Planes, error) {
	img, err := webp.Decode(j.reader(m.webp.still()))
	if err != nil {
		return nil, j.fault(err)
	}
	pic, ok := img.(*image.YCbCr)
	if !ok || pic.Rect != m.view || pic.SubsampleRatio != image.YCbCrSubsampleRatio420 {
		return nil, j.fault(fmt.Errorf("the image is %T of %v where its header names %v", img, img.Bounds(), m.view))
	}
	w, h := m.Width, m.Height
	chroma := jpeg.Plane{Stride: pic.CStride, W: (w + 1) / 2, H: (h + 1) / 2, ExtentW: float64(w) / 2, ExtentH: float64(h) / 2}
	blue, red := chroma, chroma
	blue.Pix, red.Pix = pic.Cb, pic.Cr
	luma := jpeg.Plane{Pix: pic.Y, Stride: pic.YStride, W: w, H: h, ExtentW: float64(w), ExtentH: float64(h)}
	return &jpeg.Planes{Kind: jpeg.YCbCr, Plane: [4]jpeg.Plane{luma, blue, red}}, nil
}

// levels has, for luma and chroma, what becomes of a sample with the range of video, 16 to 235 and 16 to 240 (ITU-R BT.601), at full range.
var levels = func() (t [2][256]uint8) {
	for v := range 256 {
		t[0][v] = uint8(min(max((2*(v-16)*255+219)/(2*219), 0), 255))
		t[1][v] = uint8(min(max(((v-128)*255+128*224+112)/224, 0), 255))
	}
	return t
}()

// fullRange makes dst of the samples of src, which may be the same plane.
func fullRange(dst, src resample.Plane, chroma bool) {
	table := &levels[0]
	if chroma {
		table = &levels[1]
	}
	for y := range dst.H {
		to, from := dst.Row(y), src.Row(y)
		for x, v := range from {
			to[x] = table[v]
		}
	}
}
