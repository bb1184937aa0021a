package transform

import (
	"encoding/binary"
	"fmt"
	"image"

	"imgpipe/transform/internal/vp8l"
	"imgpipe/transform/internal/webp"
)

// maxWebPSide is the longest side of a WebP: lossy images have 14 bits for it (RFC 6386, section 9.1), and other
// readers take no longer lossless ones.
const maxWebPSide = 1<<14 - 1

// losslessEffort returns the effort of the lossless encoder.
func (e encoding) losslessEffort() vp8l.Effort {
	switch e.effort {
	case EffortNormal:
		return vp8l.Normal
	case EffortHigh:
		return vp8l.High
	}
	return vp8l.Fast
}

// encodeWebPLossless encodes an image whose pixels come back as they are, but for the color of what cannot be seen.
func (j *job) encodeWebPLossless(img *image.NRGBA, e encoding) ([]byte, error) {
	w := j.space
	w.large = w.large || len(img.Pix) > keepBytes/8 // the encoder keeps as much as eight times the pixels
	s := webp.Still{W: img.Rect.Dx(), H: img.Rect.Dy()}
	src := vp8l.Source{Pix: img.Pix, Stride: img.Stride, W: s.W, H: s.H}
	var err error
	s.Lossless, err = w.vp8ls.Append(nil, &src, vp8l.EncodeOptions{Effort: e.losslessEffort(), Stop: j.stop})
	if err != nil {
		return nil, err
	}
	return webp.Append(nil, &s, webp.Extras{ICC: j.webpProfile(e.profile, WebPLossless)})
}

// webpProfile returns the bytes of p that go into a WebP, whose pixels always have colors.
func (j *job) webpProfile(p *profile, f Format) []byte {
	if p != nil && p.gray {
		j.color(leftOut(p.name, fmt.Sprintf(" of the %s: it is for gray, and the pixels of a WebP have colors", f)))
		return nil
	}
	return j.embed(p, f, false)
}

// webpImages returns the first chunk of a file that holds pixels. Before it, Do writes few others.
func webpImages(data []byte) (image webp.Chunk, ends bool) {
	if !webp.Is(data) || int64(binary.LittleEndian.Uint32(data[4:])) != int64(len(data))-8 {
		return image, false
	}
	const most = 8
	rest := webp.Chunks(data)
	for range most {
		c, next, ok := webp.Next(rest)
		if !ok || c.Cut {
			return image, false
		}
		switch string(c.Name) {
		case "VP8X", "ICCP", "ALPH":
			rest = next
		default:
			return c, true
		}
	}
	return image, false
}

// measureWebPLossless reads the size from the head of the image.
func measureWebPLossless(data []byte) (w, h int, ends bool) {
	c, ends := webpImages(data)
	if string(c.Name) != "VP8L" {
		return 0, 0, false
	}
	head, err := vp8l.ReadHeader(c.Body)
	if err != nil {
		return 0, 0, false
	}
	return head.Width, head.Height, ends
}
