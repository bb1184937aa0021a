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

// png walks the chunks (PNG, third edition, section 5). Damage after the header is left to the decoder to judge.
func (m *meta) png(data []byte) error {
	if len(data) < 33 || string(data[12:16]) != "IHDR" {
		return errShort
	}
	w, h := binary.BigEndian.Uint32(data[16:]), binary.BigEndian.Uint32(data[20:])
	if w > 1<<31-1 || h > 1<<31-1 {
		return errors.New("its size is over 2,147,483,647")
	}
	m.Width, m.Height = int(w), int(h)
	depth, colors, interlaced := data[24], data[25], data[28]
	m.Alpha = colors == 4 || colors == 6
	m.decode = 4
	if colors == 0 || colors == 3 {
		m.decode = 1
	}
	if depth == 16 {
		m.decode *= 2
	}
	var exif, xmp []byte
	// A file may hold any number of texts that unpack to a thousand times their size; one of each kind is enough.
	inflations := 0
	inflate := func(b []byte) []byte {
		if inflations++; inflations > 4 {
			return nil
		}
		return inflate(b)
	}
	for at := 8; at+12 <= len(data); {
		size := int(binary.BigEndian.Uint32(data[at:]))
		if size < 0 || size > len(data)-at-12 {
			break
		}
		body := data[at+8 : at+8+size]
		switch string(data[at+4 : at+8]) {
		case "tRNS":
			m.Alpha = true
			m.decode = max(m.decode, 4*max(1, int(depth)/8))
		case "acTL":
			m.more = len(body) >= 4 && binary.BigEndian.Uint32(body) > 1
		case "eXIf":
			exif = body
		case "iTXt":
			if text, ok := bytes.CutPrefix(body, []byte("XML:com.adobe.xmp\x00")); ok && len(text) > 2 {
				xmp = internationalText(text, inflate)
			}
		case "tEXt", "zTXt":
			name, text, _ := bytes.Cut(body, []byte{0})
			kind, ok := bytes.CutPrefix(name, []byte("Raw profile type "))
			if !ok || len(text) == 0 {
				break
			}
			if data[at+4] == 'z' {
				text = inflate(text[1:])
			}
			switch string(kind) {
			case "exif", "APP1":
				raw := rawProfile(text)
				if packet, ok := bytes.CutPrefix(raw, []byte(xmpName)); ok {
					xmp = packet
				} else if exif == nil {
					exif = raw
				}
			case "xmp":
				xmp = rawProfile(text)
			}
		case "iCCP":
			if _, text, ok := bytes.Cut(body, []byte{0}); ok && len(text) > 1 {
				m.icc = inflate(text[1:])
			}
		}
		at += size + 12
	}
	if interlaced != 0 {
		m.decode *= 2 // each pass is an image of its own
	}
	m.Orientation = orientation(exif, xmp)
	return nil
}

// findPNGRows finds out whether rows can be decoded one after the other.
func (m *meta) findPNGRows(data []byte) {
	h, err := png.ReadHeader(data)
	switch {
	case err != nil:
		m.general = err.Error()
	default:
		m.findRows(pngRows{h})
	}
}

// findRows has the rows of r decoded one after the other, unless there are too many for the resampler.
func (m *meta) findRows(r rowSource) {
	if max(m.Width, m.Height) > prescaleSide {
		m.general = fmt.Sprintf("a side is over %d", prescaleSide)
		return
	}
	m.rows = r
}

// internationalText gives the text of an iTXt chunk that follows its keyword: a flag, a method, a language, a translated keyword.
func internationalText(b []byte, inflate func([]byte) []byte) []byte {
	packed := b[0] == 1
	_, b, _ = bytes.Cut(b[2:], []byte{0})
	_, b, _ = bytes.Cut(b, []byte{0})
	if packed {
		return inflate(b)
	}
	return b
}

// inflate unpacks what zlib packed, nil where that is damaged or larger than a profile may be.
func inflate(b []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(r, maxProfile+1))
	if err != nil || len(out) > maxProfile {
		return nil
	}
	return out
}
