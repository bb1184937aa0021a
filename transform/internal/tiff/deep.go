package tiff

import (
	"encoding/binary"
	"fmt"

	"imgpipe/transform/internal/pixel"
)

// Deep reports whether pixels are gray or RGB of 16 bits a sample, which rows can have as well.
func (l *Layout) Deep() bool {
	switch l.photometric {
	case whiteIsZero, blackIsZero, rgb:
		return l.bits == 16 && l.format != 3
	}
	return false
}

// Rounded returns what samples of more than 8 bits are that become 8 in all rows, in words; "" if there are none.
func (l *Layout) Rounded() string {
	switch {
	case l.bits <= 8 || l.Deep() || l.photometric == paletted:
		return ""
	case l.format == 3:
		return "samples of floating point"
	case l.CMYK:
		return "inks (CMYK)"
	case l.photometric == cieLab || l.photometric == iccLab:
		return "L*a*b*"
	case l.bits != 16:
		return fmt.Sprintf("samples of %d bits", l.bits)
	}
	return "this color model"
}

// paintDeep is paint for a Layout that is Deep. If rows have 8 bits, it rounds the pixels: colors that were multiplied
// by alpha are divided by it before, so that both kinds of rows show the same.
func (d *Decoder) paintDeep(out []byte, parts [][]byte, y, n int) {
	l := d.l
	size := l.rowBytes()
	for _, part := range parts {
		if len(part) > 0 {
			d.u.undo(part[y*size:][:size])
		}
	}
	pixels := out
	if !d.deep {
		d.sixteen = sized(d.sixteen, 2*len(out))
		pixels = d.sixteen
	}
	// rows begin with the first sample of red, green, blue and alpha; gray stands for all three.
	var rows [4][]byte
	step := 2 * l.samples / len(parts)
	for i, c := range [4]int{0, min(1, l.colors-1), l.colors - 1, l.alpha} {
		if len(parts) > 1 {
			rows[i] = parts[c][y*size:]
		} else {
			rows[i] = parts[0][y*size+2*c:]
		}
	}
	high, flip := 0, uint16(0)
	if l.little() {
		high = 1
	}
	if l.photometric == whiteIsZero {
		flip = 0xffff
	}
	at := func(row []byte, x int) uint16 {
		b := row[step*x:][:2]
		return uint16(b[high])<<8 | uint16(b[1-high])
	}
	for x := range n {
		v := at(rows[0], x) ^ flip
		if l.Gray {
			binary.BigEndian.PutUint16(pixels[2*x:], v)
			continue
		}
		p := [4]uint16{v, at(rows[1], x) ^ flip, at(rows[2], x) ^ flip, 0xffff}
		if l.alpha > 0 {
			p[3] = at(rows[3], x)
			if l.associated {
				divide(&p)
			}
		}
		word := uint64(p[0])<<48 | uint64(p[1])<<32 | uint64(p[2])<<16 | uint64(p[3])
		binary.BigEndian.PutUint64(pixels[8*x:], word)
	}
	if !d.deep {
		pixel.Shallow(out, pixels)
	}
}

// divide takes alpha out of colors that were multiplied by it.
func divide(p *[4]uint16) {
	a := uint32(p[3])
	if a == 0 || a == 0xffff {
		return
	}
	for c, v := range p[:3] {
		p[c] = uint16(min((uint64(v)*0xffff+uint64(a)/2)/uint64(a), 0xffff))
	}
}
