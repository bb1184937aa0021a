package transform

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"imgpipe/transform/internal/codec"
)

// Markers of a JPEG (ITU-T T.81, table B.1): the second byte, after ff.
const (
	endOfImage  = 0xd9
	startOfScan = 0xda
)

// jpegSegments walks the marker segments up to the first scan (ITU-T T.81, annex B).
func (m *meta) jpegSegments(data []byte, head *jpegHead) error {
	var apps jpegApps
	rest := data[2:]
	for range maxParts {
		marker, body, after, err := nextSegment(rest)
		switch {
		case err != nil:
			return err
		case marker == endOfImage:
			return errors.New("it has no scan")
		case marker == startOfScan:
			return m.startOfScan(&apps, head)
		case startsFrame(marker):
			if m.Width != 0 {
				return errors.New("it has two frame headers")
			}
			if err := m.startOfFrame(marker, body); err != nil {
				return err
			}
		default:
			apps.add(marker, body)
		}
		rest = after
	}
	return errParts
}

// nextSegment takes the first segment off b. Its body is nil if the marker has none; the marker is endOfImage at the
// end of the file, too. A segment that is too short for its length is passed over, or the decoder says what is wrong
// with it.
func nextSegment(b []byte) (marker byte, body, rest []byte, err error) {
	// Some writers leave bytes between segments; decoders skip them.
	at := bytes.IndexByte(b, 0xff)
	if at < 0 {
		return endOfImage, nil, nil, nil
	}
	for at < len(b) && b[at] == 0xff {
		at++
	}
	if at+3 > len(b) {
		return endOfImage, nil, nil, nil
	}
	marker, b = b[at], b[at+1:]
	switch {
	case marker == 0 || marker == 1 || marker >= 0xd0 && marker <= endOfImage:
		return marker, nil, b, nil
	case marker < 0xc0:
		return 0, nil, nil, fmt.Errorf("marker ff%02x has no meaning here", marker)
	}
	size := int(binary.BigEndian.Uint16(b))
	switch {
	case size < 2 && marker != startOfScan && marker > 0xcf:
		return marker, nil, b[2:], nil
	case size < 2:
		return 0, nil, nil, fmt.Errorf("the segment of marker ff%02x has length %d: expected at least 2", marker, size)
	case size > len(b):
		return 0, nil, nil, codec.ErrHeader
	}
	return marker, b[2:size], b[size:], nil
}

// startsFrame reports whether a marker is one of the start of frame: of c0 to cf, all but c4, c8 and cc.
func startsFrame(marker byte) bool {
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}

// jpegApps are the application segments that count. Of EXIF and XMP that is the first.
type jpegApps struct {
	exif, xmp []byte
	profile   jpegProfile
	adobe     bool
	photoshop bool // there are resources of Photoshop
}

func (a *jpegApps) add(marker byte, body []byte) {
	switch {
	case marker == 0xe1 && a.exif == nil && bytes.HasPrefix(body, []byte("Exif\x00")) && len(body) > 6:
		a.exif = body[6:]
	case marker == 0xe1 && a.xmp == nil && bytes.HasPrefix(body, []byte(xmpName)):
		a.xmp = body[len(xmpName):]
	case marker == 0xe2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")) && len(body) >= 14:
		a.profile.add(body[12], body[13], body[14:])
	case marker == 0xee && bytes.HasPrefix(body, []byte("Adobe")) && len(body) >= 12:
		a.adobe = true
	case marker == 0xed && bytes.HasPrefix(body, []byte(photoshopName)):
		a.photoshop = true
	}
}

// startOfFrame reads a frame header (ITU-T T.81, B.2.2).
func (m *meta) startOfFrame(marker byte, body []byte) error {
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return codec.ErrHeader
	}
	switch {
	case marker == 0xc3 || marker == 0xc7 || marker == 0xcb || marker == 0xcf:
		return codec.Unsupported("lossless coding")
	case marker >= 0xc9:
		return codec.Unsupported("arithmetic coding")
	case marker >= 0xc5:
		return codec.Unsupported("hierarchical coding")
	case body[0] != 8:
		return codec.Unsupported(fmt.Sprintf("a precision of %d bits", body[0]))
	}
	m.Height, m.Width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if m.Height == 0 && m.Width > 0 {
		return codec.Unsupported("a height that stands after the first scan (DNL)")
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

// startOfScan takes from the segments before the first scan what they say of the whole image.
func (m *meta) startOfScan(apps *jpegApps, head *jpegHead) error {
	if m.Width == 0 {
		return errors.New("its scan comes before its frame header")
	}
	m.Orientation = orientation(apps.exif, apps.xmp)
	head.bare = m.space == spaceCMYK && !apps.adobe
	m.icc, m.torn = apps.profile.join()
	m.described = described{exif: apps.exif, xmp: apps.xmp, more: apps.photoshop}
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
