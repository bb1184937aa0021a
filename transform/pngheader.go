package transform

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"imgpipe/transform/internal/png"
)

// png reads the header, and those of the other chunks that count (PNG, third edition, section 5). What is damaged or
// missing of the pixels is left to the decoder to find.
func (m *meta) png(data []byte) error {
	var texts pngTexts
	var colors pngColors
	h, err := png.ReadHeader(data, func(name string, body []byte) {
		switch name {
		case "acTL":
			m.more = len(body) >= 4 && binary.BigEndian.Uint32(body) > 1
		case "eXIf":
			texts.exif = first(texts.exif, body)
		case "iTXt":
			texts.international(body)
		case "tEXt":
			texts.raw(body, false)
		case "zTXt":
			texts.raw(body, true)
		case "iCCP":
			if _, text, ok := bytes.Cut(body, []byte{0}); ok && len(text) > 1 && m.icc == nil {
				m.icc = texts.inflate(text[1:])
			}
			colors.unread = m.icc == nil
		default:
			colors.add(name, body)
		}
	})
	if err != nil {
		return pngError(err)
	}
	m.Width, m.Height, m.Alpha, m.pngHead = h.Width, h.Height, !h.Opaque, h
	m.decode = int(h.Memory()/(int64(h.Width)*int64(h.Height))) + 1
	m.price.raw = h.Unpacked()
	m.Orientation = orientation(first(texts.exif, texts.rawEXIF), first(texts.xmp, texts.rawXMP))
	if m.icc == nil {
		m.remarks = colors.remarks()
	}
	m.findRows(pngRows{h})
	return nil
}

// pngError is err in the words of this package.
func pngError(err error) error {
	var unsupported png.Unsupported
	if errors.As(err, &unsupported) {
		return unsupportedError(unsupported)
	}
	return err
}

// findRows has the rows of r decoded one after the other, unless there are too many for the resampler.
func (m *meta) findRows(r rowSource) {
	if max(m.Width, m.Height) > prescaleSide {
		m.general = fmt.Sprintf("a side is over %d", prescaleSide)
		return
	}
	m.rows = r
}

// pngTexts are the texts of a PNG in which an orientation may stand. A file may hold any number of each kind, which
// unpack to a thousand times their size: the first of a kind counts, and all others are passed over.
type pngTexts struct {
	exif, xmp       []byte // chunks of their own
	rawEXIF, rawXMP []byte // ImageMagick's raw profiles
	looked          int    // how many were unpacked or read from digits
}

// maxTexts bounds how many texts of a PNG are unpacked or read from digits, the color profile among them.
const maxTexts = 4

// first returns a unless it is nil, and then b.
func first(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// inflate unpacks b, unless that was done for too many before.
func (t *pngTexts) inflate(b []byte) []byte {
	if t.looked++; t.looked > maxTexts {
		return nil
	}
	return inflate(b)
}

// international reads XMP from an iTXt chunk: a keyword, a flag, a method, a language, a translated keyword, and the
// text.
func (t *pngTexts) international(body []byte) {
	b, ok := bytes.CutPrefix(body, []byte("XML:com.adobe.xmp\x00"))
	if !ok || len(b) <= 2 || t.xmp != nil {
		return
	}
	packed := b[0] == 1
	_, b, _ = bytes.Cut(b[2:], []byte{0})
	_, b, _ = bytes.Cut(b, []byte{0})
	if packed {
		b = t.inflate(b)
	}
	t.xmp = b
}

// raw reads one of ImageMagick's raw profiles from a tEXt or zTXt chunk: a keyword and the text.
func (t *pngTexts) raw(body []byte, packed bool) {
	kind, ok := bytes.CutPrefix(body, []byte("Raw profile type "))
	if !ok {
		return
	}
	kind, text, _ := bytes.Cut(kind, []byte{0})
	name := string(kind[:min(len(kind), 8)])
	if name != "exif" && name != "APP1" && name != "xmp" || len(text) == 0 || t.rawEXIF != nil && t.rawXMP != nil {
		return
	}
	if packed {
		text = t.inflate(text[1:])
	} else if t.looked++; t.looked > maxTexts {
		return
	}
	raw := rawProfile(text)
	packet, isXMP := bytes.CutPrefix(raw, []byte(xmpName))
	switch {
	case name == "xmp":
		t.rawXMP = first(t.rawXMP, raw)
	case isXMP:
		t.rawXMP = first(t.rawXMP, packet)
	default:
		t.rawEXIF = first(t.rawEXIF, raw)
	}
}

// inflate unpacks what zlib packed; nil where that is damaged or larger than a profile may be.
func inflate(b []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	// Real profiles and texts are packed to a half or a fifth. For others there is room for as much as may be.
	out := make([]byte, 0, min(8*len(b)+64, maxProfile+1))
	for {
		if len(out) > maxProfile {
			return nil
		}
		if len(out) == cap(out) {
			out = append(make([]byte, 0, maxProfile+1), out...)
		}
		n, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if err == io.EOF && len(out) <= maxProfile {
			return out
		}
		if err != nil {
			return nil
		}
	}
}
