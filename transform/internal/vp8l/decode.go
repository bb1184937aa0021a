// Package vp8l reads and writes the lossless image of a WebP file (RFC 9649, section 3). To read one, start with
// [ReadHeader], whose Header decodes. To write one, start with [Encoder].
//
//	bytes -> reader: bits -> codes -> pixels, with references to earlier ones -> transforms, undone
//	pixels -> ways: which transforms -> residue -> matches, cache of colors -> groups of codes -> bytes
//
// If the data ends too early or has an impossible code, the rows before are decoded.
package vp8l

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"imgpipe/transform/internal/codec"
)

// A Picture is rows of pixels.
type Picture struct {
	// Pix has four bytes for each pixel: red, green, blue and alpha, not premultiplied.
	Pix []byte
	// Damage says which rows are missing: always the last ones. They are zero.
	Damage codec.Damage
}

// A Header is what stands before the pixels.
type Header struct {
	// Width and Height are in pixels.
	Width, Height int
	// Alpha reports that pixels may be transparent.
	Alpha bool

	data []byte
}

const headerSize = 5

// ReadHeader reads the first bytes of an image (RFC 9649, section 3.4).
func ReadHeader(data []byte) (Header, error) {
	if len(data) < headerSize || data[0] != 0x2f {
		return Header{}, errors.New("its lossless image has no header")
	}
	if version := data[4] >> 5; version != 0 {
		return Header{}, fmt.Errorf("its lossless image is of version %d: expected 0", version)
	}
	v := binary.LittleEndian.Uint32(data[1:])
	h := Headless(data[headerSize:], 1+int(v&0x3fff), 1+int(v>>14&0x3fff))
	h.Alpha = data[4]&0x10 != 0
	return h, nil
}

// Headless returns the Header of an image that has none in its data, such as the alpha of a lossy image.
func Headless(data []byte, width, height int) Header {
	return Header{Width: width, Height: height, data: data}
}

var (
	errCodes     = errors.New("its codes are not complete")
	errReference = errors.New("its pixel data refers to pixels that are not there")
	errCache     = errors.New("its pixel data refers to a color that is not there")
)

// A decoder decodes one image, and the smaller ones that it is made with.
type decoder struct {
	r    reader
	stop codec.Stop
	// room is how many bytes may be taken for codes: a file can ask for more than for its pixels.
	room int

	lengths [256 + 24 + 1<<11]uint8 // of the code that is being read
}

// Decode decodes the image. Besides the pixels it takes up to two bytes for each, and half a megabyte. It calls stop
// every few rows. The only error is codec.ErrStopped.
func (h *Header) Decode(stop codec.Stop) (Picture, error) {
	width, height := h.Width, h.Height
	d := &decoder{r: reader{data: h.data}, stop: stop, room: width*height + 1<<19}
	p := Picture{Pix: make([]byte, 4*width*height), Damage: codec.Damage{Rows: height}}
	rows := 0
	transforms, packed, err := d.transforms(width, height)
	if err == nil {
		// Pixels that stand for several are unpacked from the end of the memory that they will fill.
		raw := p.Pix[4*(width-packed)*height:]
		var n int
		n, err = d.pixels(raw, packed, height, true)
		rows = n / packed
		clear(raw[4*rows*packed:])
		for _, t := range slices.Backward(transforms) {
			if t.kind == palette {
				raw = p.Pix
			}
			t.undo(raw, rows)
		}
		clear(p.Pix[4*rows*width:])
	}
	switch {
	case err == codec.ErrStopped:
		return Picture{}, err
	case err != nil && d.r.short:
		p.Damage.Miss(codec.ErrShort, rows, height-rows) // zeros may have been taken for anything
	case err != nil:
		p.Damage.Miss(err, rows, height-rows)
	}
	return p, nil
}

// transforms reads the transforms. packed is how many pixels a row has before they are undone.
func (d *decoder) transforms(width, height int) (list []transform, packed int, err error) {
	var seen [4]bool
	packed = width
	for d.r.bits(1) == 1 {
		t := transform{kind: kind(d.r.bits(2)), width: packed, packed: packed}
		if seen[t.kind] {
			return nil, 0, errors.New("it has a transform twice")
		}
		seen[t.kind] = true
		switch t.kind {
		case predictor, crossColor:
			t.bits = d.r.bits(3) + 2
			t.data, err = d.image(tiles(packed, t.bits), tiles(height, t.bits))
		case palette:
			n := d.r.bits(8) + 1
			t.bits = 0
			for t.bits < 3 && n <= 1<<(8>>(t.bits+1)) {
				t.bits++
			}
			packed = tiles(packed, t.bits)
			t.packed = packed
			if t.data, err = d.image(n, 1); err == nil {
				for i := 4; i < len(t.data); i++ {
					t.data[i] += t.data[i-4]
				}
			}
		}
		if err != nil {
			return nil, 0, err
		}
		list = append(list, t)
	}
	return list, packed, d.r.err()
}

// image reads a smaller image, all of it.
func (d *decoder) image(width, height int) ([]byte, error) {
	if err := d.r.err(); err != nil {
		return nil, err
	}
	pix := make([]byte, 4*width*height)
	_, err := d.pixels(pix, width, height, false)
	return pix, err
}

// tiles returns how many squares of 1<<bits pixels on a side it takes.
func tiles(n, bits int) int { return (n + 1<<bits - 1) >> bits }

// pixels reads pixels up to the end of pix (section 5). It returns how many there were, which is fewer if there is an
// error. top means that codes may differ from part to part of the image.
func (d *decoder) pixels(pix []byte, width, height int, top bool) (n int, err error) {
	r := &d.r
	cache, g, err := d.codes(width, height, top)
	if err != nil {
		return 0, err
	}
	total := width * height
	x, y := 0, 0
	cached := 0 // pixels that are in the cache
	now := &g.list[0]
	asked := 0 // the row when stop was last called
	for n < total {
		if x&g.mask == 0 {
			now = g.at(x, y)
		}
		r.fill()
		code := now.green.next(r)
		switch {
		case code < 256:
			red := now.red.next(r)
			r.fill()
			blue := now.blue.next(r)
			alpha := now.alpha.next(r)
			if r.short {
				return n, codec.ErrShort
			}
			binary.LittleEndian.PutUint32(pix[4*n:], uint32(red)|uint32(code)<<8|uint32(blue)<<16|uint32(alpha)<<24)
			n++
			x++
		case code < 256+24:
			length := r.long(code - 256)
			r.fill()
			from := n - distance(r.long(now.distance.next(r)), width)
			if r.short {
				return n, codec.ErrShort
			}
			if from < 0 || length > total-n {
				return n, errReference
			}
			copyPixels(pix, n, from, length)
			n += length
			x += length
		default:
			if r.short {
				return n, codec.ErrShort
			}
			for ; cached < n; cached++ {
				cache.add(binary.LittleEndian.Uint32(pix[4*cached:]))
			}
			if code -= 256 + 24; code >= len(cache.colors) {
				return n, errCache
			}
			binary.LittleEndian.PutUint32(pix[4*n:], cache.colors[code])
			n++
			x++
		}
		if x >= width {
			y += x / width
			x %= width
			if y >= asked+16 {
				asked = y
				if err := d.stop.Err(); err != nil {
					return n, err
				}
			}
		}
		if code >= 256 && n < total { // a reference may end anywhere
			now = g.at(x, y)
		}
	}
	return n, nil
}

// codes reads what stands before pixels: the size of the cache of colors, and the codes of all groups.
func (d *decoder) codes(width, height int, top bool) (cache colorCache, g groups, err error) {
	r := &d.r
	if r.bits(1) == 1 {
		bits := r.bits(4)
		if bits < 1 || bits > 11 {
			return cache, g, fmt.Errorf("its cache of colors has %d bits: expected 1 to 11", bits)
		}
		cache = newColorCache(bits)
	}
	g = groups{list: make([]group, 1), mask: -1}
	if top && r.bits(1) == 1 {
		if err := d.parts(&g, width, height); err != nil {
			return cache, g, err
		}
	}
	err = d.readGroups(&g, len(cache.colors))
	return cache, g, err
}

// copyPixels copies earlier pixels, which may be among those that are being written.
func copyPixels(pix []byte, n, from, length int) {
	to, end := 4*n, 4*(n+length)
	for at := 4 * from; to < end; {
		to += copy(pix[to:end], pix[at:to])
	}
}

// A colorCache has the last color for each hash (section 5.2.3).
type colorCache struct {
	colors []uint32
	shift  int
}

func newColorCache(bits int) colorCache { return colorCache{make([]uint32, 1<<bits), 32 - bits} }

func (c *colorCache) add(color uint32) { c.colors[c.place(color)] = color }

// place returns where color stands if it is there.
func (c *colorCache) place(color uint32) int {
	swapped := color&0xff00ff00 | color<<16&0xff0000 | color>>16&0xff // blue first
	return int(swapped * 0x1e35a7bd >> c.shift)
}
