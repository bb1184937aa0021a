package transform

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// jpegSegments walks the marker segments up to the first scan (ITU-T T.81, annex B).
func (m *meta) jpegSegments(data []byte, head *jpegHead) error {
	var exif, xmp []byte
	var profile jpegProfile
	adobe := false
	for at, count := 2, 0; ; count++ {
		if count == maxParts {
			return errParts
		}
		// Some writers leave bytes between segments; decoders skip them.
		skip := bytes.IndexByte(data[min(at, len(data)):], 0xff)
		if skip < 0 {
			break
		}
		at += skip
		for at < len(data) && data[at] == 0xff {
			at++
		}
		if at+3 > len(data) {
			break
		}
		marker := data[at]
		at++
		if marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8 {
			continue
		}
		if marker == 0xd9 {
			break
		}
		if marker < 0xc0 {
			return fmt.Errorf("marker ff%02x has no meaning here", marker)
		}
		size := int(binary.BigEndian.Uint16(data[at:]))
		switch {
		case size < 2 && marker != 0xda && (marker < 0xc0 || marker > 0xcf):
			// It is passed over, or the decoder says what is wrong with it.
			at += 2
			continue
		case size < 2:
			return fmt.Errorf("the segment of marker ff%02x has length %d: expected at least 2", marker, size)
		case at+size > len(data):
			return errShort
		}
		body := data[at+2 : at+size]
		at += size
		switch {
		case marker == 0xda:
			return m.finishJPEG(exif, xmp, &profile, head, adobe)
		case marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			if m.Width != 0 {
				return errors.New("it has two frame headers")
			}
			if err := m.startOfFrame(marker, body); err != nil {
				return err
			}
		case marker == 0xe1 && exif == nil && bytes.HasPrefix(body, []byte("Exif\x00")) && len(body) > 6:
			exif = body[6:]
		case marker == 0xe1 && xmp == nil && bytes.HasPrefix(body, []byte(xmpName)):
			xmp = body[len(xmpName):]
		case marker == 0xe2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")) && len(body) >= 14:
			profile.add(body[12], body[13], body[14:])
		case marker == 0xee && bytes.HasPrefix(body, []byte("Adobe")) && len(body) >= 12:
			adobe = true
		}
	}
	return errors.New("it has no scan")
}

func (m *meta) startOfFrame(marker byte, body []byte) error {
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return errShort
	}
	switch {
	case marker == 0xc3 || marker == 0xc7 || marker == 0xcb || marker == 0xcf:
		return unsupportedError("lossless coding")
	case marker >= 0xc9:
		return unsupportedError("arithmetic coding")
	case marker >= 0xc5:
		return unsupportedError("hierarchical coding")
	case body[0] != 8:
		return unsupportedError(fmt.Sprintf("a precision of %d bits", body[0]))
	}
	m.Height, m.Width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if m.Height == 0 && m.Width > 0 {
		return unsupportedError("a height that stands after the first scan (DNL)")
	}
	m.Progressive = marker == 0xc2
	switch body[5] {
	case 1:
		m.space = spaceGray
	case 4:
		m.space = spaceCMYK
	}
	return nil
}

func (m *meta) finishJPEG(exif, xmp []byte, profile *jpegProfile, head *jpegHead, adobe bool) error {
	if m.Width == 0 {
		return errors.New("its scan comes before its frame header")
	}
	m.Orientation = orientation(exif, xmp)
	head.bare = m.space == spaceCMYK && !adobe
	m.icc, m.torn = profile.join()
	return nil
}

// A jpegProfile is the parts of a color profile, which are numbered from 1 and each name how many there are
// (ICC.1:2022, annex B.4). The first of a number counts.
type jpegProfile struct {
	parts [256][]byte
	last  byte // the highest number that was met, or that a part has named
	begun bool
	size  int
}

func (p *jpegProfile) add(number, of byte, part []byte) {
	p.begun = true
	p.last = max(p.last, number, of, 1)
	if p.parts[number] == nil {
		p.parts[number] = part
		p.size += len(part)
	}
}

// join returns the whole profile, nil if there is none, or what there is of it.
func (p *jpegProfile) join() (whole []byte, torn tornProfile) {
	if !p.begun {
		return nil, torn
	}
	for _, part := range p.parts[1 : int(p.last)+1] {
		if part == nil {
			return nil, tornProfile{why: "parts of it are missing", head: p.parts[1]}
		}
	}
	if p.size > maxProfile {
		return nil, tornProfile{why: tooLong, head: p.parts[1]}
	}
	whole = make([]byte, 0, p.size)
	for _, part := range p.parts[1 : int(p.last)+1] {
		whole = append(whole, part...)
	}
	return whole, torn
}
