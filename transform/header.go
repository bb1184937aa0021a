package transform

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/png"
)

// A meta is what inspect finds before any pixel is decoded.
type meta struct {
	Header
	icc   []byte          // color profile as it is in the file, nil if none
	torn  tornProfile     // one that is not whole
	space string          // color space of the pixels as they are stored, as a profile names it; "" is RGB
	bare  bool            // four components of a JPEG without Adobe's marker
	view  image.Rectangle // where the first frame of an animation stands on the canvas; the canvas itself for others
	webp  webpFrame
	frame *jpeg.Header // of a JPEG
	more  bool         // there are frames or pages behind the first, which is all that is taken
	// pngHead is that of a PNG.
	pngHead *png.Header
	remarks []string // what is odd in the file besides what its decoder says
}

// ReadHeader reads what can be known of an image file without decoding its pixels. An image that is not known is an
// *Error, and so is a panic: headers are read where a panic would end a whole run, also when workers do the rest.
func ReadHeader(data []byte) (Header, error) {
	var m meta
	doing := "read header"
	err := guard(&doing, func() (err error) {
		m, err = inspect(data)
		return err
	})
	return m.Header, err
}

// inspect reads the header of any format. It allocates next to nothing, whatever the file claims.
func inspect(data []byte) (m meta, err error) {
	f := Sniff(data)
	if f == "" {
		return m, refusal(data)
	}
	m.Format, m.Orientation = f, 1
	switch f {
	case JPEG:
		if err = m.jpeg(data); err == nil {
			err = m.findPlanes(data)
		}
	case PNG:
		err = m.png(data)
	case GIF:
		err = m.gif(data)
	case TIFF:
		err = m.tiff(data)
	case BMP:
		err = m.bmp(data)
	case WebP:
		err = m.readWebP(data)
	}
	if err == nil && (m.Width <= 0 || m.Height <= 0) {
		err = fmt.Errorf("it has no pixels: its size is %dx%d", m.Width, m.Height)
	}
	if err != nil {
		var unsupported unsupportedError
		kind := ClassDecode
		if errors.As(err, &unsupported) || errors.Is(err, jpeg.ErrUnsupported) {
			kind = ClassUnsupported
		}
		return meta{}, &Error{Kind: kind, Doing: "read header of " + string(f), Err: err}
	}
	if m.view.Empty() {
		m.view = image.Rect(0, 0, m.Width, m.Height)
	}
	m.appraise(data)
	return m, nil
}

// An unsupportedError says which feature of a format cannot be read.
type unsupportedError string

func (e unsupportedError) Error() string { return string(e) + " cannot be read" }

var errShort = errors.New("the file ends in its header")

// maxParts bounds the chunks, segments or blocks of a file that are looked at: real files have some thousands, of which
// nearly all hold pixels. Without a bound, a file of nothing but empty parts costs as much to read as an image.
const maxParts = 1 << 18

var errParts = fmt.Errorf("it has over %d parts: expected an image among them", maxParts)

// gif reads the logical screen and finds the first frame (GIF89a, sections 18 to 23).
func (m *meta) gif(data []byte) error {
	if len(data) < 13 {
		return errShort
	}
	m.Width, m.Height = int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))
	at := 13
	if data[10]&0x80 != 0 {
		at += 3 << (data[10]&7 + 1)
	}
	for count := 0; at < len(data); count++ {
		if count == maxParts {
			return errParts
		}
		switch data[at] {
		case 0x21: // extension
			if at+6 < len(data) && data[at+1] == 0xf9 && data[at+3]&1 != 0 {
				m.Alpha = true
			}
			if bytes.HasPrefix(data[at+1:], []byte(gifProfile)) {
				m.takeProfile(gifContent(data, at+1+len(gifProfile)))
			}
			at = gifBlocks(data, at+2)
		case 0x2c: // image
			if at+10 > len(data) {
				return errShort
			}
			field := func(i int) int { return int(binary.LittleEndian.Uint16(data[at+i:])) }
			m.view = image.Rect(field(1), field(3), field(1)+field(5), field(3)+field(7))
			if m.view.Empty() {
				return errors.New("its first frame has no pixels")
			}
			// A frame that stands over the screen makes it larger, as in browsers.
			m.Width, m.Height = max(m.Width, m.view.Max.X), max(m.Height, m.view.Max.Y)
			if m.view != image.Rect(0, 0, m.Width, m.Height) {
				m.Alpha = true
			}
			m.decode = 2
			m.more = gifGoesOn(data, at)
			return nil
		case 0x3b:
			return errors.New("it has no frame")
		default:
			return fmt.Errorf("block of unknown kind 0x%02x", data[at])
		}
	}
	return errShort
}

// gifProfile begins the application extension that holds a color profile (Embedding ICC Profiles in GIF, section 26).
const gifProfile = "\xff\x0bICCRGBG1012"

// gifContent joins the sub-blocks that begin at data[at], until they have more than a color profile may.
func gifContent(data []byte, at int) []byte {
	content := []byte{}
	for at < len(data) && data[at] != 0 && len(content) <= maxProfile {
		end := min(at+1+int(data[at]), len(data))
		content = append(content, data[at+1:end]...)
		at = end
	}
	return content
}

// gifGoesOn tells whether another frame follows the one at data[at] (GIF89a, section 20). What is damaged has none.
func gifGoesOn(data []byte, at int) bool {
	if data[at+9]&0x80 != 0 {
		at += 3 << (data[at+9]&7 + 1)
	}
	at = gifBlocks(data, at+11) // behind the descriptor and the size of codes
	for count := 0; at < len(data) && data[at] == 0x21 && count < maxParts; count++ {
		at = gifBlocks(data, at+2)
	}
	return at < len(data) && data[at] == 0x2c
}

// gifBlocks gives where the sub-blocks that begin at data[at] end (section 15).
func gifBlocks(data []byte, at int) int {
	for at < len(data) && data[at] != 0 {
		at += int(data[at]) + 1
	}
	return at + 1
}
