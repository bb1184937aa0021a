// Package bmp reads Windows and OS/2 bitmaps of every common kind: 1 to 32 bits for a pixel, palettes, bit fields with
// and without alpha, and run lengths of 4, 8 and 24 bits. It never writes one, and does not read bitmaps that hold a
// JPEG or PNG.
package bmp

import (
	"encoding/binary"
	"image"
	"math/bits"

	"imgpipe/transform/internal/codec"
)

// A Picture is what Decode returns.
type Picture struct {
	// Image has the pixels, not premultiplied. Rows that are missing are transparent where the file has alpha, else
	// black.
	Image *image.NRGBA
	// Damage says which rows are missing.
	Damage codec.Damage
	// Beyond is how many pixels name a color that the palette does not have. They are black.
	Beyond int
}

// Decode decodes the pixels. It calls stop every few rows. The only error is codec.ErrStopped. The caller has checked
// that the size of the image is acceptable.
func (h *Header) Decode(stop codec.Stop) (Picture, error) {
	d := decoder{h: h, img: image.NewNRGBA(image.Rect(0, 0, h.Width, h.Height)), damage: codec.Damage{Rows: h.Height}}
	for i := range d.palette {
		d.palette[i] = [4]byte{0, 0, 0, 255}
	}
	copy(d.palette[:], h.palette)
	var err error
	if h.compression == runs4 || h.compression == runs8 || h.compression == runs24 {
		err = d.runs(stop)
	} else {
		err = d.rows(stop)
	}
	return Picture{d.img, d.damage, d.beyond}, err
}

// A decoder makes one picture.
type decoder struct {
	h       *Header
	img     *image.NRGBA
	palette [256][4]byte // black where the file has none
	damage  codec.Damage
	beyond  int
}

// rows reads pixels that are not packed.
func (d *decoder) rows(stop codec.Stop) error {
	h := d.h
	rowBytes := (h.Width*h.bits + 31) / 32 * 4
	least := (h.Width*h.bits + 7) / 8 // the last row need not be padded
	src := h.pixels
	for y := range h.Height {
		if y%64 == 0 {
			if err := stop.Err(); err != nil {
				return err
			}
		}
		if len(src) < least {
			d.miss(codec.ErrCut, y)
			return nil
		}
		out := d.row(y)
		switch h.bits {
		case 16, 32:
			h.fieldsRow(out, src)
		case 24:
			for x := range h.Width {
				p := src[3*x:][:3]
				copy(out[4*x:4*x+4], []byte{p[2], p[1], p[0], 255})
			}
		default:
			d.indexRow(out, src)
		}
		src = src[min(rowBytes, len(src)):]
	}
	return nil
}

// row returns the pixels of the y-th row in the file.
func (d *decoder) row(y int) []byte {
	if !d.h.topDown {
		y = d.h.Height - 1 - y
	}
	return d.img.Pix[y*d.img.Stride:][:4*d.h.Width]
}

// miss fills the rows of the file from y on, which are not there.
func (d *decoder) miss(err error, y int) {
	n := d.h.Height - y
	if n <= 0 {
		return
	}
	first := 0
	if d.h.topDown {
		first = y
	}
	d.damage.Miss(err, first, n)
	for ; y < d.h.Height; y++ {
		out := d.row(y)
		clear(out)
		if !d.h.Alpha {
			for x := 3; x < len(out); x += 4 {
				out[x] = 255
			}
		}
	}
}

// count counts the pixels whose color is not in the palette.
func (d *decoder) count(i byte) {
	if int(i) >= len(d.h.palette) {
		d.beyond++
	}
}

func (d *decoder) indexRow(out, src []byte) {
	bits := d.h.bits
	perByte := 8 / bits
	mask := byte(1<<bits - 1)
	for x := range d.h.Width {
		i := src[x/perByte] >> (8 - bits - x%perByte*bits) & mask
		d.count(i)
		copy(out[4*x:4*x+4], d.palette[i][:])
	}
}

func (h *Header) fieldsRow(out, src []byte) {
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
	}
}
