package gif

import (
	"compress/lzw"
	"encoding/binary"
	"errors"
	"image"
	mathbits "math/bits"

	"imgpipe/transform/internal/codec"
)

// A Writer makes a file of an animation, frame by frame. Start with [NewWriter]; it is not for concurrent use.
type Writer struct {
	file          []byte
	width, height int
}

// An Image is a frame to write.
type Image struct {
	// Place is where it stands on the screen; it is within.
	Place image.Rectangle
	// Pix holds, for each pixel, the place of its color in Palette. Rows follow each other without a gap.
	Pix []byte
	// Palette has 1 to 256 colors of R, G, B and A. Of those that are not opaque, there is at most one.
	Palette [][4]byte
	// Delay is how long it is shown, in hundredths of a second.
	Delay   int
	Dispose int
}

// ErrImage is the error about an Image or a size that contradicts itself.
var ErrImage = errors.New("the frame cannot be written as GIF")

// maxSide is the longest side of a screen.
const maxSide = 1<<16 - 1

// NewWriter begins a file that is shown so many times, 0 for ever. Its screen has no palette: each frame has its own.
func NewWriter(width, height, plays int) (*Writer, error) {
	if width < 1 || height < 1 || width > maxSide || height > maxSide || plays < 0 || plays > MaxPlays {
		return nil, ErrImage
	}
	w := &Writer{width: width, height: height}
	w.file = append(w.file, "GIF89a"...)
	w.put(width)
	w.put(height)
	w.file = append(w.file, 0, 0, 0)
	if plays != 1 {
		w.file = append(w.file, extension)
		w.file = append(w.file, LoopName...)
		w.file = append(w.file, 3, 1)
		w.put(max(plays-1, 0))
		w.file = append(w.file, 0)
	}
	return w, nil
}

// MaxPlays is how often a file can be shown, if not for ever.
const MaxPlays = 1 << 16

func (w *Writer) put(v int) { w.file = binary.LittleEndian.AppendUint16(w.file, uint16(v)) }

// Add writes a frame. It calls stop every few rows. An error is codec.ErrStopped or ErrImage.
func (w *Writer) Add(m *Image, stop codec.Stop) error {
	width, height, n := m.Place.Dx(), m.Place.Dy(), len(m.Palette)
	if m.Place.Empty() || !m.Place.In(image.Rect(0, 0, w.width, w.height)) || len(m.Pix) < width*height ||
		n < 1 || n > 256 || m.Delay < 0 || m.Delay > 1<<16-1 {
		return ErrImage
	}
	flags, clear := byte(m.Dispose<<2), 0
	for i, c := range m.Palette {
		if c[3] == 0 {
			flags, clear = flags|1, i
		}
	}
	w.file = append(w.file, extension, control, 4, flags)
	w.put(m.Delay)
	w.file = append(w.file, byte(clear), 0, descriptor)
	for _, v := range []int{m.Place.Min.X, m.Place.Min.Y, width, height} {
		w.put(v)
	}
	depth := max(1, mathbits.Len(uint(n-1))) // bits of a place in the palette
	w.file = append(w.file, 0x80|byte(depth-1))
	for _, c := range m.Palette {
		w.file = append(w.file, c[:3]...)
	}
	w.file = append(w.file, make([]byte, 3*(1<<depth-n))...)
	codes := max(2, depth) // section 22
	w.file = append(w.file, byte(codes))
	out := &blocks{file: w.file}
	packer := lzw.NewWriter(out, lzw.LSB, codes)
	const part = 1 << 16
	for pix := m.Pix[:width*height]; len(pix) > 0; {
		if err := stop.Err(); err != nil {
			return err
		}
		n := min(part, len(pix))
		if _, err := packer.Write(pix[:n]); err != nil {
			return ErrImage // a pixel names a color that the palette has no room for
		}
		pix = pix[n:]
	}
	if err := packer.Close(); err != nil {
		return ErrImage
	}
	w.file = out.end()
	return nil
}

// Bytes returns the file.
func (w *Writer) Bytes() []byte { return append(w.file, trailer) }

// blocks appends what is written to a file, in sub-blocks (section 15).
type blocks struct {
	file  []byte
	block int // where the last sub-block begins, 0 for none
}

// Write goes on with the sub-block.
func (b *blocks) Write(p []byte) (int, error) {
	for _, v := range p {
		b.WriteByte(v)
	}
	return len(p), nil
}

// WriteByte goes on with the sub-block. compress/lzw calls it where there is one.
func (b *blocks) WriteByte(v byte) error {
	if b.block == 0 || b.file[b.block] == 255 {
		b.block = len(b.file)
		b.file = append(b.file, 0)
	}
	b.file[b.block]++
	b.file = append(b.file, v)
	return nil
}

// Flush does nothing: there is no buffer. It is one of three methods that compress/lzw asks for.
func (b *blocks) Flush() error { return nil }

func (b *blocks) end() []byte { return append(b.file, 0) }
