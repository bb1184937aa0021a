// Package gif reads the first frame of a GIF (GIF87a and GIF89a), also of files that many programs write or keep and
// that the standard does not allow. Start with [ReadHeader], whose Header decodes.
//
//	bytes -> ReadHeader: blocks -> Header.Decode: codes -> places in the palette -> RGB and alpha
//
// It never writes a file and never looks at the pixels of later frames.
package gif

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"

	"imgpipe/transform/internal/codec"
)

// A Header is what stands before the pixels of the first frame.
type Header struct {
	// Width and Height are those of the logical screen in pixels, or more where the frame stands over it.
	Width, Height int
	// Frame is where the frame stands on the screen. It is never empty.
	Frame image.Rectangle
	// Alpha reports that pixels may be transparent: the file says so, or the frame does not fill the screen.
	Alpha bool
	// More reports that other frames follow.
	More bool

	interlaced bool
	palette    []byte // red, green and blue of each color; nil where there is none
	clear      int    // the place in the palette that is transparent, -1 for none
	codes      int    // the minimum code size
	pixels     []byte // from the first sub-block on
	profile    []byte // sub-blocks that hold a color profile, and all behind them; nil for none
	odd        oddities
}

// oddities are what the header has that the standard does not allow. The first of a kind counts.
type oddities struct {
	unknown int // an extension's label, 0 for none
	control int // the length of a control block that should be 4, 0 for none
	between int // bytes between blocks
}

const (
	extension  = 0x21
	descriptor = 0x2c
	trailer    = 0x3b
)

// Labels of extensions.
const (
	plainText   = 0x01
	control     = 0xf9
	comment     = 0xfe
	application = 0xff
)

// maxBlocks bounds the blocks that are looked at: real files have few before their first frame.
const maxBlocks = 1 << 18

var errBlocks = fmt.Errorf("it has over %d parts: expected an image among them", maxBlocks)

// ReadHeader reads everything before the pixels of the first frame, and looks whether another frame follows. It
// allocates nothing; palette and pixels are views of data.
func ReadHeader(data []byte) (Header, error) {
	h := Header{clear: -1}
	if len(data) < 13 {
		return h, codec.ErrHeader
	}
	h.Width, h.Height = int(binary.LittleEndian.Uint16(data[6:])), int(binary.LittleEndian.Uint16(data[8:]))
	at := 13
	var ok bool
	if h.palette, at, ok = readPalette(data, at, data[10]); !ok {
		return h, codec.ErrHeader
	}
	for range maxBlocks {
		from := at
		if at = nextBlock(data, at); at > from && h.odd.between == 0 {
			h.odd.between = at - from
		}
		if at >= len(data) {
			return h, codec.ErrHeader
		}
		switch data[at] {
		case extension:
			h.extension(data[at+1:])
			if h.profile == nil && bytes.HasPrefix(data[at+1:], []byte(profileLabel)) {
				h.profile = data[at+1+len(profileLabel):]
			}
			at = skipBlocks(data, at+2)
		case descriptor:
			return h, h.frame(data, at+1)
		default:
			return h, errors.New("it has no frame")
		}
	}
	return h, errBlocks
}

// profileLabel begins the application extension that holds a color profile (Embedding ICC Profiles in GIF, section 26).
const profileLabel = "\xff\x0bICCRGBG1012"

// Profile returns the color profile, or its beginning where it has more than most bytes. It is nil where there is none.
func (h *Header) Profile(most int) []byte {
	if h.profile == nil {
		return nil
	}
	content := []byte{}
	for b := h.profile; len(b) > 0 && b[0] != 0 && len(content) <= most; {
		end := min(1+int(b[0]), len(b))
		content = append(content, b[1:end]...)
		b = b[end:]
	}
	return content
}

// readPalette reads the palette that flags announce, and returns where it ends.
func readPalette(data []byte, at int, flags byte) (palette []byte, end int, ok bool) {
	if flags&0x80 == 0 {
		return nil, at, true
	}
	end = at + 3<<(flags&7+1)
	if end > len(data) {
		return nil, at, false
	}
	return data[at:end], end, true
}

// nextBlock returns where the next block begins. Bytes that begin no block are passed over, as most readers do.
func nextBlock(data []byte, at int) int {
	for at < len(data) && data[at] != extension && data[at] != descriptor && data[at] != trailer {
		at++
	}
	return at
}

// skipBlocks returns where the sub-blocks that begin at data[at] end (GIF89a, section 15).
func skipBlocks(data []byte, at int) int {
	for at < len(data) && data[at] != 0 {
		at += int(data[at]) + 1
	}
	return at + 1
}

// extension reads what is wanted of an extension: the label, the length of its first sub-block, and that.
func (h *Header) extension(b []byte) {
	if len(b) == 0 {
		return
	}
	switch b[0] {
	case plainText, comment, application:
	case control:
		if len(b) < 2 {
			return
		}
		if b[1] != 4 && h.odd.control == 0 {
			h.odd.control = int(b[1]) | 1<<8
		}
		// A block that is one byte too short takes its end for the color, in all readers.
		if b[1] >= 3 && len(b) >= 6 && b[2]&1 != 0 {
			h.clear, h.Alpha = int(b[5]), true
		}
	default:
		if h.odd.unknown == 0 {
			h.odd.unknown = int(b[0]) | 1<<8
		}
	}
}

// frame reads an image descriptor (section 20) behind its first byte, and what follows up to the pixels.
func (h *Header) frame(data []byte, at int) error {
	if at+9 > len(data) {
		return codec.ErrHeader
	}
	field := func(i int) int { return int(binary.LittleEndian.Uint16(data[at+i:])) }
	h.Frame = image.Rect(field(0), field(2), field(0)+field(4), field(2)+field(6))
	if h.Frame.Empty() {
		return errors.New("its first frame has no pixels")
	}
	// A frame that stands over the screen makes it larger, as in browsers.
	h.Width, h.Height = max(h.Width, h.Frame.Max.X), max(h.Height, h.Frame.Max.Y)
	if h.Frame != image.Rect(0, 0, h.Width, h.Height) {
		h.Alpha = true
	}
	flags := data[at+8]
	h.interlaced = flags&0x40 != 0
	local, at, ok := readPalette(data, at+9, flags)
	if local != nil {
		h.palette = local
	}
	if !ok || at >= len(data) {
		return codec.ErrHeader
	}
	h.codes, h.pixels = int(data[at]), data[at+1:]
	if h.codes >= maxWidth {
		return fmt.Errorf("its codes have %d bits at least: expected at most %d", h.codes+1, maxWidth)
	}
	h.More = goesOn(h.pixels)
	return nil
}

// goesOn reports whether another frame follows the one with these pixels. In a damaged file it may not be found.
func goesOn(pixels []byte) bool {
	at := nextBlock(pixels, skipBlocks(pixels, 0))
	for count := 0; at < len(pixels) && pixels[at] == extension && count < maxBlocks; count++ {
		at = nextBlock(pixels, skipBlocks(pixels, at+2))
	}
	return at < len(pixels) && pixels[at] == descriptor
}

// Least is how many bytes the pixels take at least: the longest string of pixels that a code of 12 bits stands for has
// one pixel for each code that can be defined, and one more.
func (h *Header) Least() int64 {
	return int64(h.Frame.Dx()) * int64(h.Frame.Dy()) * maxWidth / 8 / maxString
}

// list says what the header had that the standard does not allow.
func (o oddities) list() []string {
	var list []string
	if o.unknown != 0 {
		list = append(list, fmt.Sprintf("an extension of the unknown label 0x%02x was passed over", o.unknown&0xff))
	}
	if o.control != 0 {
		list = append(list, fmt.Sprintf("its control block has %d bytes: expected 4", o.control&0xff))
	}
	if o.between != 0 {
		list = append(list, fmt.Sprintf("bytes that belong to no block were passed over: %d", o.between))
	}
	return list
}
