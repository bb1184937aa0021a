package bmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"imgpipe/transform/internal/codec"
)

// A Header is what stands before the pixels.
type Header struct {
	// Width and Height are in pixels.
	Width, Height int
	// Alpha reports that the header names a mask for alpha.
	Alpha bool
	// Odd says what the header has wrong that does no harm.
	Odd []string

	topDown     bool
	bits        int
	compression compression
	masks       [4]uint32 // red, green, blue, alpha
	palette     [][4]byte
	pixels      []byte
}

type compression uint8

const (
	plain compression = iota
	runs8
	runs4
	fields
	runs24
)

// Values of the field for the compression.
const (
	biRGB            = 0
	biRLE8           = 1
	biRLE4           = 2
	biBitFields      = 3 // Huffman coding in OS/2
	biJPEG           = 4 // runs of 24 bits in OS/2
	biPNG            = 5
	biAlphaBitFields = 6
)

// Sizes of headers. All from sizeV2 on but OS/2's have masks, from sizeV3 on that of alpha, too.
const (
	sizeCore = 12
	sizeInfo = 40
	sizeV2   = 52
	sizeV3   = 56
	sizeOS2  = 64
	sizeV5   = 124
)

// ReadHeader reads the file header, the DIB header of any version, masks and palette. It allocates little but the
// palette. Pixels are views of data.
func ReadHeader(data []byte) (Header, error) {
	var h Header
	le := binary.LittleEndian
	if len(data) < 26 || string(data[:2]) != "BM" {
		return h, codec.ErrHeader
	}
	start, size := uint64(le.Uint32(data[10:])), uint64(le.Uint32(data[14:]))
	if size > 1024 || 14+size > uint64(len(data)) {
		return h, codec.ErrHeader
	}
	if size < sizeCore || size > sizeCore && size < 16 {
		return h, codec.Unsupported(fmt.Sprintf("a header of %d bytes", size))
	}
	kind, used := h.readDIB(data[14 : 14+size])
	at, err := h.readMasks(data, 14+int(size), kind)
	if err != nil {
		return h, err
	}
	if err := h.setCompression(kind, size == sizeOS2); err != nil {
		return h, err
	}
	if start == 0 {
		h.Odd = append(h.Odd, "it does not say where its pixels begin")
	}
	end := at
	if h.bits <= 8 {
		entry := 4
		if size == sizeCore {
			entry = 3
		}
		if end, err = h.readPalette(data, at, start, used, entry); err != nil {
			return h, err
		}
	}
	switch {
	case start == 0:
		start = uint64(end)
	case start < uint64(at):
		return h, fmt.Errorf("its pixels begin at byte %d: expected %d to %d", start, at, len(data))
	case start > uint64(len(data)):
		return h, fmt.Errorf("the file ends before its pixels: expected them from byte %d on", start)
	}
	h.pixels = data[start:]
	return h, nil
}

// readDIB reads the header behind that of the file. It returns the kind of compression, and how many colors of the
// palette are used; 0 is all.
func (h *Header) readDIB(dib []byte) (kind, used uint32) {
	var planes uint16
	le, size := binary.LittleEndian, len(dib)
	if size == sizeCore {
		h.Width, h.Height = int(le.Uint16(dib[4:])), int(le.Uint16(dib[6:]))
		planes, h.bits = le.Uint16(dib[8:]), int(le.Uint16(dib[10:]))
	} else {
		// Fields that a short OS/2 header leaves out are zero.
		full := make([]byte, sizeV5)
		copy(full, dib)
		h.Width, h.Height = int(int32(le.Uint32(full[4:]))), int(int32(le.Uint32(full[8:])))
		planes, h.bits = le.Uint16(full[12:]), int(le.Uint16(full[14:]))
		kind, used = le.Uint32(full[16:]), le.Uint32(full[32:])
		if h.Height < 0 {
			h.Height, h.topDown = -h.Height, true
		}
		if size >= sizeV2 && size != sizeOS2 {
			h.masks = [4]uint32{le.Uint32(full[40:]), le.Uint32(full[44:]), le.Uint32(full[48:])}
		}
		if size >= sizeV3 && size != sizeOS2 {
			h.masks[3] = le.Uint32(full[52:])
		}
	}
	if planes != 1 {
		h.Odd = append(h.Odd, fmt.Sprintf("it has %d planes: expected 1", planes))
	}
	return kind, used
}

// readMasks reads the masks that stand behind a header of Windows 3, which ends at that place. It returns where they
// end.
func (h *Header) readMasks(data []byte, at int, kind uint32) (end int, err error) {
	if at-14 != sizeInfo || kind != biBitFields && kind != biAlphaBitFields {
		return at, nil
	}
	n := 3
	if kind == biAlphaBitFields {
		n = 4
	}
	if at+4*n > len(data) {
		return at, codec.ErrHeader
	}
	for i := range n {
		h.masks[i] = binary.LittleEndian.Uint32(data[at+4*i:])
	}
	return at + 4*n, nil
}

// readPalette reads the palette, whose colors have so many bytes each. It ends where pixels begin, if start says so,
// and in any case with the file. It returns where it ends.
func (h *Header) readPalette(data []byte, at int, start uint64, used uint32, entry int) (end int, err error) {
	n := 1 << h.bits
	if used > 0 && used < uint32(n) {
		n = int(used)
	}
	most := uint64(len(data))
	if start > 0 {
		most = min(most, start)
	}
	n = max(0, min(n, (int(most)-at)/entry))
	if n == 0 {
		return at, errors.New("it has no palette")
	}
	for i := range n {
		e := data[at+i*entry:]
		h.palette = append(h.palette, [4]byte{e[2], e[1], e[0], 255})
	}
	return at + n*entry, nil
}

// setCompression checks that the way of packing fits the number of bits, and sets the masks that are implied.
func (h *Header) setCompression(kind uint32, os2 bool) error {
	switch {
	case kind == biRGB:
		h.compression = plain
	case kind == biRLE8 && h.bits == 8:
		h.compression = runs8
	case kind == biRLE4 && h.bits == 4:
		h.compression = runs4
	case kind == biJPEG && os2 && h.bits == 24:
		h.compression = runs24
	case (kind == biBitFields && !os2 || kind == biAlphaBitFields) && (h.bits == 16 || h.bits == 32):
		h.compression = fields
	case kind == biBitFields && os2:
		return codec.Unsupported("Huffman coding")
	case kind == biJPEG:
		return codec.Unsupported("a JPEG in a bitmap")
	case kind == biPNG:
		return codec.Unsupported("a PNG in a bitmap")
	default:
		return fmt.Errorf("compression %d does not go with %d bits for a pixel", kind, h.bits)
	}
	switch h.bits {
	case 1, 2, 4, 8, 24:
		return nil
	case 16:
		h.implied([3]uint32{0x7c00, 0x3e0, 0x1f}, 0xffff)
	case 32:
		h.implied([3]uint32{0xff0000, 0xff00, 0xff}, 0xffffffff)
	default:
		return fmt.Errorf("it has %d bits for a pixel: expected 1, 2, 4, 8, 16, 24 or 32", h.bits)
	}
	var all uint32
	for _, m := range h.masks {
		m >>= bits.TrailingZeros32(m | 1<<31)
		if m&(m+1) != 0 {
			return errors.New("the bits of a color are not next to each other")
		}
	}
	for _, m := range h.masks {
		if all&m != 0 {
			return errors.New("two colors share a bit")
		}
		all |= m
	}
	h.Alpha = h.masks[3] != 0
	return nil
}

// implied sets the masks of a file without bit fields. Masks of colors in its header mean nothing; that of alpha counts
// if it has only bits that the colors leave.
func (h *Header) implied(colors [3]uint32, all uint32) {
	if h.compression != plain {
		return
	}
	copy(h.masks[:], colors[:])
	free := all &^ (colors[0] | colors[1] | colors[2])
	if h.masks[3]&^free != 0 {
		h.masks[3] = 0
	}
}

// Least is how many bytes the pixels take: in two bytes of run lengths there are 255 pixels at most. A file that leaves
// pixels out with a step to the next row, or that ends before them, is a small picture where it is meant well. The same
// holds for what is cut of a file without run lengths.
func (h *Header) Least() int64 {
	least := int64(2)
	if h.compression == runs24 {
		least = 4
	}
	return int64(h.Width) * int64(h.Height) * least / 255
}
