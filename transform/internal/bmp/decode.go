// Package bmp reads Windows and OS/2 bitmaps of every common kind: 1 to 32 bits for a pixel, palettes, bit fields with and without
// alpha, and run lengths of 4, 8 and 24 bits. It never writes one, and does not read bitmaps that hold a JPEG or PNG.
package bmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math/bits"
)

// Unsupported is an error that names a feature which is valid but cannot be read.
type Unsupported string

func (u Unsupported) Error() string { return string(u) + " cannot be read" }

// A Header is what stands before the pixels.
type Header struct {
	// Width and Height are in pixels.
	Width, Height int
	// Alpha tells that pixels have a field for it.
	Alpha bool

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

var (
	errShort   = errors.New("the file ends in its header")
	errPalette = errors.New("a pixel names a color that the palette does not have")
)

// ReadHeader reads the file header, the DIB header of any version, masks and palette. It allocates the palette alone. Pixels are
// views of data.
func ReadHeader(data []byte) (Header, error) {
	var h Header
	if len(data) < 26 || string(data[:2]) != "BM" {
		return h, errShort
	}
	le := binary.LittleEndian
	start, size := uint64(le.Uint32(data[10:])), uint64(le.Uint32(data[14:]))
	if size > 1024 || 14+size > uint64(len(data)) {
		return h, errShort
	}
	dib := data[14 : 14+size]
	if size < 12 || size > 12 && size < 16 {
		return h, Unsupported(fmt.Sprintf("a header of %d bytes", size))
	}
	entry := 4
	var planes uint16
	var used uint32
	var kind uint32
	if size == 12 {
		h.Width, h.Height = int(le.Uint16(dib[4:])), int(le.Uint16(dib[6:]))
		planes, h.bits = le.Uint16(dib[8:]), int(le.Uint16(dib[10:]))
		entry = 3
	} else {
		// Fields that a short OS/2 header leaves out are zero.
		full := make([]byte, 124)
		copy(full, dib)
		h.Width, h.Height = int(int32(le.Uint32(full[4:]))), int(int32(le.Uint32(full[8:])))
		planes, h.bits = le.Uint16(full[12:]), int(le.Uint16(full[14:]))
		kind, used = le.Uint32(full[16:]), le.Uint32(full[32:])
		if h.Height < 0 {
			h.Height, h.topDown = -h.Height, true
		}
		if size >= 52 && size != 64 {
			h.masks = [4]uint32{le.Uint32(full[40:]), le.Uint32(full[44:]), le.Uint32(full[48:])}
		}
		if size >= 56 && size != 64 {
			h.masks[3] = le.Uint32(full[52:])
		}
	}
	if planes != 1 {
		return h, fmt.Errorf("it has %d planes: expected 1", planes)
	}
	at := 14 + int(size)
	if size == 40 && (kind == 3 || kind == 6) {
		n := 3
		if kind == 6 {
			n = 4
		}
		if at+4*n > len(data) {
			return h, errShort
		}
		for i := range n {
			h.masks[i] = le.Uint32(data[at+4*i:])
		}
		at += 4 * n
	}
	if err := h.setCompression(kind, size); err != nil {
		return h, err
	}
	if h.bits <= 8 {
		n := 1 << h.bits
		if used > 0 && used < uint32(n) {
			n = int(used)
		}
		if room := int(min(start, uint64(len(data)))) - at; room < n*entry {
			n = max(0, room/entry)
		}
		for i := range n {
			e := data[at+i*entry:]
			h.palette = append(h.palette, [4]byte{e[2], e[1], e[0], 255})
		}
		if n == 0 {
			return h, errors.New("it has no palette")
		}
	}
	if start < uint64(at) || start > uint64(len(data)) {
		return h, fmt.Errorf("its pixels begin at byte %d: expected %d to %d", start, at, len(data))
	}
	h.pixels = data[start:]
	return h, nil
}

// setCompression checks that the way of packing fits the number of bits, and sets the masks that are implied.
func (h *Header) setCompression(kind uint32, size uint64) error {
	os2 := size == 64
	switch {
	case kind == 0:
		h.compression = plain
	case kind == 1 && h.bits == 8:
		h.compression = runs8
	case kind == 2 && h.bits == 4:
		h.compression = runs4
	case kind == 4 && os2 && h.bits == 24:
		h.compression = runs24
	case (kind == 3 && !os2 || kind == 6) && (h.bits == 16 || h.bits == 32):
		h.compression = fields
	case kind == 3 && os2:
		return Unsupported("Huffman coding")
	case kind == 4:
		return Unsupported("a JPEG in a bitmap")
	case kind == 5:
		return Unsupported("a PNG in a bitmap")
	default:
		return fmt.Errorf("compression %d does not go with %d bits for a pixel", kind, h.bits)
	}
	switch h.bits {
	case 1, 2, 4, 8, 24:
		return nil
	case 16:
		if h.compression == plain {
			h.masks = [4]uint32{0x7c00, 0x3e0, 0x1f}
		}
	case 32:
		if h.compression == plain {
			h.masks = [4]uint32{0xff0000, 0xff00, 0xff, h.masks[3]}
			if size < 108 {
				h.masks[3] = 0 // the fourth byte has no meaning in older headers
			}
		}
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

// Least is how many bytes the pixels take in any file of run lengths: in two bytes there are 255 pixels at most. A file
// that leaves pixels out with a step to the next row, or that ends before them, is a small picture where it is meant
// well. It is 0 for files without run lengths, which Decode refuses where they are short.
func (h *Header) Least() int64 {
	switch pixels := int64(h.Width) * int64(h.Height); h.compression {
	case runs8, runs4:
		return pixels * 2 / 255
	case runs24:
		return pixels * 4 / 255
	default:
		return 0
	}
}

// Decode gives the pixels, not premultiplied. stop is asked from time to time, and its error ends the work. The caller has checked
// that the size of the image is acceptable.
func (h *Header) Decode(stop func() error) (*image.NRGBA, error) {
	if h.compression == runs4 || h.compression == runs8 || h.compression == runs24 {
		img := image.NewNRGBA(image.Rect(0, 0, h.Width, h.Height))
		return img, h.runs(img, stop)
	}
	rowBytes := (h.Width*h.bits + 31) / 32 * 4
	// The last row need not be padded.
	least := (h.Width*h.bits + 7) / 8
	if len(h.pixels) < rowBytes*(h.Height-1)+least {
		return nil, io.ErrUnexpectedEOF
	}
	img := image.NewNRGBA(image.Rect(0, 0, h.Width, h.Height))
	src := h.pixels
	opaque := true
	for y := range h.Height {
		if y%64 == 0 {
			if err := stop(); err != nil {
				return nil, err
			}
		}
		out := h.row(img, y)
		switch h.bits {
		case 16, 32:
			opaque = h.fieldsRow(out, src) && opaque
		case 24:
			for x := range h.Width {
				p := src[3*x:][:3]
				copy(out[4*x:4*x+4], []byte{p[2], p[1], p[0], 255})
			}
		default:
			if err := h.indexRow(out, src); err != nil {
				return nil, err
			}
		}
		src = src[min(rowBytes, len(src)):]
	}
	if h.Alpha && !opaque {
		h.forgiveClear(img)
	}
	return img, nil
}

// row gives the pixels of the y-th row in the file.
func (h *Header) row(img *image.NRGBA, y int) []byte {
	if !h.topDown {
		y = h.Height - 1 - y
	}
	return img.Pix[y*img.Stride:][:4*h.Width]
}

func (h *Header) indexRow(out, src []byte) error {
	perByte := 8 / h.bits
	mask := byte(1<<h.bits - 1)
	for x := range h.Width {
		i := src[x/perByte] >> (8 - h.bits - x%perByte*h.bits) & mask
		if int(i) >= len(h.palette) {
			return errPalette
		}
		copy(out[4*x:4*x+4], h.palette[i][:])
	}
	return nil
}

// fieldsRow tells whether the whole row is opaque.
func (h *Header) fieldsRow(out, src []byte) (opaque bool) {
	opaque = true
	var shift, top [4]uint32
	for c, m := range h.masks {
		if m != 0 {
			shift[c] = uint32(bits.TrailingZeros32(m))
			top[c] = m >> shift[c]
		}
	}
	for x := range h.Width {
		var v uint32
		if h.bits == 16 {
			v = uint32(binary.LittleEndian.Uint16(src[2*x:]))
		} else {
			v = binary.LittleEndian.Uint32(src[4*x:])
		}
		p := out[4*x : 4*x+4]
		for c := range p {
			switch f := v & h.masks[c] >> shift[c]; {
			case top[c] == 255:
				p[c] = byte(f)
			case top[c] != 0:
				p[c] = byte((uint64(f)*255 + uint64(top[c]/2)) / uint64(top[c]))
			case c == 3:
				p[c] = 255
			}
		}
		opaque = opaque && p[3] == 255
	}
	return opaque
}

// forgiveClear makes an image opaque that is transparent everywhere: its writer named a field for alpha and left it empty, and
// other programs show such an image.
func (h *Header) forgiveClear(img *image.NRGBA) {
	for i := 3; i < len(img.Pix); i += 4 {
		if img.Pix[i] != 0 {
			return
		}
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
}

// runs reads the run lengths of 4, 8 or 24 bits. Pixels that are left out have the first color of the palette, or are black.
func (h *Header) runs(img *image.NRGBA, stop func() error) error {
	blank := [4]byte{0, 0, 0, 255}
	if len(h.palette) > 0 {
		blank = h.palette[0]
	}
	for i := 0; i < len(img.Pix); i += 4 {
		copy(img.Pix[i:i+4], blank[:])
	}
	r := runReader{h: h, src: h.pixels}
	x, y := 0, 0
	for step := 0; y < h.Height; step++ {
		if step%4096 == 0 {
			if err := stop(); err != nil {
				return err
			}
		}
		count, ok := r.byte()
		if !ok {
			return nil // the end may be missing
		}
		row := h.row(img, y)
		if count > 0 {
			if err := r.run(row, &x, int(count)); err != nil {
				return err
			}
			continue
		}
		code, ok := r.byte()
		if !ok {
			return nil
		}
		switch code {
		case 0:
			x, y = 0, y+1
		case 1:
			return nil
		case 2:
			dx, _ := r.byte()
			dy, ok := r.byte()
			if !ok {
				return nil
			}
			x, y = x+int(dx), y+int(dy)
		default:
			if err := r.literal(row, &x, int(code)); err != nil {
				return err
			}
		}
	}
	return nil
}

// A runReader takes colors off a run-length stream.
type runReader struct {
	h   *Header
	src []byte
}

func (r *runReader) byte() (byte, bool) {
	if len(r.src) == 0 {
		return 0, false
	}
	b := r.src[0]
	r.src = r.src[1:]
	return b, true
}

// set puts one pixel and steps on; what stands over the right side is dropped.
func set(row []byte, x *int, c [4]byte) {
	if *x < len(row)/4 {
		copy(row[4**x:], c[:])
	}
	*x++
}

func (r *runReader) color(i byte) ([4]byte, error) {
	if int(i) >= len(r.h.palette) {
		return [4]byte{}, errPalette
	}
	return r.h.palette[i], nil
}

// run repeats a color, or two by turns with 4 bits.
func (r *runReader) run(row []byte, x *int, count int) error {
	if r.h.compression == runs24 {
		if len(r.src) < 3 {
			return io.ErrUnexpectedEOF
		}
		c := [4]byte{r.src[2], r.src[1], r.src[0], 255}
		r.src = r.src[3:]
		for range count {
			set(row, x, c)
		}
		return nil
	}
	b, ok := r.byte()
	if !ok {
		return io.ErrUnexpectedEOF
	}
	for i := range count {
		index := b
		if r.h.compression == runs4 {
			index = b >> (4 * (1 - i&1)) & 15
		}
		c, err := r.color(index)
		if err != nil {
			return err
		}
		set(row, x, c)
	}
	return nil
}

// literal takes colors that follow one by one, padded to an even number of bytes.
func (r *runReader) literal(row []byte, x *int, count int) error {
	size := count
	switch r.h.compression {
	case runs4:
		size = (count + 1) / 2
	case runs24:
		size = 3 * count
	}
	if len(r.src) < size {
		return io.ErrUnexpectedEOF
	}
	body := r.src[:size]
	r.src = r.src[min(size+size&1, len(r.src)):]
	for i := range count {
		var c [4]byte
		var err error
		switch r.h.compression {
		case runs24:
			c = [4]byte{body[3*i+2], body[3*i+1], body[3*i], 255}
		case runs4:
			c, err = r.color(body[i/2] >> (4 * (1 - i&1)) & 15)
		default:
			c, err = r.color(body[i])
		}
		if err != nil {
			return err
		}
		set(row, x, c)
	}
	return nil
}
