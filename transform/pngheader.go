package transform

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"imgpipe/transform/internal/png"
)

// png reads the header and the other chunks that count (PNG, third edition, section 5). The decoder finds out what is
// damaged or missing of the pixels.
func (m *meta) png(data []byte) error {
	var texts pngTexts
	var colors pngColors
	var frames pngAnimation
	var code []byte // of the color space (section 11.3.2.6)
	h, err := png.ReadHeader(data, func(name string, body []byte) {
		switch name {
		case "acTL":
			frames.begin(body)
		case "fcTL":
			frames.add(body)
		case "eXIf":
			texts.exif = first(texts.exif, body)
		case "iTXt":
			texts.international(body)
		case "tEXt":
			m.described.more = m.described.more || pngMore(body)
			texts.raw(body, false)
		case "zTXt":
			m.described.more = m.described.more || pngMore(body)
			texts.raw(body, true)
		case "iCCP":
			m.pngProfile(body)
		case "cICP":
			code, colors.known = first(code, body), true
		default:
			colors.add(name, body)
		}
	})
	if err != nil {
		return err
	}
	m.more = frames.told > 1
	if m.more && frames.frames > 0 {
		m.frames = &frames.animation
	}
	m.Width, m.Height, m.Alpha, m.bits, m.head = h.Width, h.Height, !h.Opaque, h.Bits(), h
	m.rgbBytes = int(h.Memory(false)/(int64(h.Width)*int64(h.Height))) + 1
	m.price.raw = h.Unpacked()
	if h.Colorless() {
		m.space = spaceGray
	}
	if srgb := "\x01\x0d\x00\x01"; len(code) == len(srgb) && string(code) != srgb && m.icc == nil && m.torn.why == "" {
		m.torn.why = "it is a code in the chunk cICP, which is not read"
	}
	m.described.exif, m.described.xmp = first(texts.exif, texts.rawEXIF), first(texts.xmp, texts.rawXMP)
	m.Orientation = orientation(m.described.exif, m.described.xmp)
	if m.icc == nil && m.torn.why == "" {
		m.remarks = colors.remarks()
	}
	m.findRows(pngRows{h}, h.Deep())
	pixels := int64(h.Width) * int64(h.Height)
	m.price.least = m.price.raw / 1032 // RFC 1951: 258 bytes take two bits at least
	m.price.work = 6*pixels + 4*max(m.price.raw, pixels)
	if m.rows != nil {
		m.price.work = pngRows{h}.work(pixels, m.price.raw)
	}
	return nil
}

// findRows lets the rows of r be decoded one after the other, unless a side is too long for the resampler. deep reports
// whether they can have 16 bits a sample.
func (m *meta) findRows(r rowSource, deep bool) {
	if max(m.Width, m.Height) > prescaleSide {
		if m.general = fmt.Sprintf("a side is over %d", prescaleSide); deep {
			m.rounded = m.general
		}
		return
	}
	m.rows, m.deep = r, deep
}

// pngTexts are the texts of a PNG that may hold an orientation. A file may have any number of each kind, and each may
// unpack to a thousand times its size. So the first of a kind counts, and others are skipped.
type pngTexts struct {
	exif, xmp       []byte // chunks of their own
	rawEXIF, rawXMP []byte // ImageMagick's raw profiles
	looked          int    // how many were unpacked or read from digits
}

// maxTexts bounds how many texts of a PNG are unpacked or read from digits.
const maxTexts = 4

// first returns a unless it is nil, and then b.
func first(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// inflate unpacks b, unless too many were unpacked before.
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

// pngProfile reads a color profile: a name, a method, and the packed profile. The first counts.
func (m *meta) pngProfile(body []byte) {
	if m.icc != nil || m.torn.why != "" {
		return
	}
	name, packed, _ := bytes.Cut(body, []byte{0})
	m.torn.name = strings.ToValidUTF8(string(name[:min(len(name), 79)]), "?")
	if len(packed) > 0 {
		packed = packed[1:]
	}
	switch data, err := unpack(packed); {
	case err == errUnpacked:
		m.torn.why, m.torn.head = tooLong, data
	case err != nil:
		m.torn.why, m.torn.head = "it cannot be unpacked", data
	default:
		m.icc = data
	}
}

// inflate returns the data of a zlib stream; nil if it is damaged or larger than a profile may be.
func inflate(b []byte) []byte {
	out, err := unpack(b)
	if err != nil {
		return nil
	}
	return out
}

var errUnpacked = errors.New("too much was packed")

// unpack returns the data of a zlib stream, as much as there is. The error is errUnpacked if that is more than a
// profile may have.
func unpack(b []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	// Real profiles and texts are packed to a half or a fifth. For others, the buffer grows once to the largest size.
	out := make([]byte, 0, min(8*len(b)+64, maxProfile+1))
	for {
		if len(out) > maxProfile {
			return out, errUnpacked
		}
		if len(out) == cap(out) {
			out = append(make([]byte, 0, maxProfile+1), out...)
		}
		n, err := r.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if err == io.EOF && len(out) <= maxProfile {
			return out, nil
		}
		if err != nil && err != io.EOF {
			return out, err
		}
	}
}
