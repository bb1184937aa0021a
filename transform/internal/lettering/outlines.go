package lettering

import (
	"encoding/binary"
	"errors"
)

// maxPoints bounds the points of a glyph, its parts included. Letters have some tens, the most complex some thousands.
const maxPoints = 1 << 13

// maxDepth bounds how deep the parts of a glyph may have parts themselves, as the reader does.
const maxDepth = 8

var errComplex = errors.New("a letter of it has too many points: expected another font")

// outlines are where the outlines of a font lie (OpenType, tables loca and glyf). A glyph may consist of others, which
// may consist of others: a few bytes can stand for any number of points. So they are counted before they are read.
type outlines struct {
	loca, glyf []byte
	long       bool // an entry of loca has four bytes
}

// findOutlines finds the outlines of a font, or of the first in a collection.
func findOutlines(data []byte) (o outlines, err error) {
	at := int64(0)
	if len(data) < 16 {
		return o, errDamaged
	}
	if string(data[:4]) == "ttcf" {
		at = int64(binary.BigEndian.Uint32(data[12:]))
	}
	if at+12 > int64(len(data)) {
		return o, errDamaged
	}
	switch string(data[at : at+4]) {
	case "\x00\x01\x00\x00", "true":
	case "OTTO":
		return o, errors.New("its outlines are PostScript's: expected a TrueType font, as in a file .ttf")
	default:
		return o, errors.New("it is no font: expected a TrueType font, as in a file .ttf")
	}
	head, ok := table(data, at, "head")
	if !ok || len(head) < 54 {
		return o, errDamaged
	}
	o.long = head[51] != 0
	var found bool
	o.loca, ok = table(data, at, "loca")
	o.glyf, found = table(data, at, "glyf")
	if !ok || !found {
		return o, errors.New("it has no outlines: expected a TrueType font, as in a file .ttf")
	}
	return o, nil
}

// table returns a table of the font at an offset of data.
func table(data []byte, at int64, tag string) ([]byte, bool) {
	list := data[at+12:]
	for range binary.BigEndian.Uint16(data[at+4:]) {
		if len(list) < 16 {
			return nil, false
		}
		if string(list[:4]) == tag {
			from, n := int64(binary.BigEndian.Uint32(list[8:])), int64(binary.BigEndian.Uint32(list[12:]))
			if from+n > int64(len(data)) {
				return nil, false
			}
			return data[from : from+n], true
		}
		list = list[16:]
	}
	return nil, false
}

// glyph returns the outline of a glyph, which is empty if there is nothing to draw.
func (o *outlines) glyph(g int) ([]byte, bool) {
	var from, to int64
	if o.long {
		if 4*g+8 > len(o.loca) {
			return nil, false
		}
		from, to = int64(binary.BigEndian.Uint32(o.loca[4*g:])), int64(binary.BigEndian.Uint32(o.loca[4*g+4:]))
	} else {
		if 2*g+4 > len(o.loca) {
			return nil, false
		}
		from, to = 2*int64(binary.BigEndian.Uint16(o.loca[2*g:])), 2*int64(binary.BigEndian.Uint16(o.loca[2*g+2:]))
	}
	if from > to || to > int64(len(o.glyf)) {
		return nil, false
	}
	return o.glyf[from:to], true
}

// check returns an error unless a glyph has at most maxPoints points.
func (o *outlines) check(g int) error {
	left := maxPoints
	return o.count(g, &left, 0)
}

// The flags of a part of a glyph (OpenType, table glyf, composite glyph description).
const (
	partWords  = 1 << 0
	partScale  = 1 << 3
	partMore   = 1 << 5
	partScales = 1 << 6
	partMatrix = 1 << 7
)

// count takes the points of a glyph from left.
func (o *outlines) count(g int, left *int, depth int) error {
	d, ok := o.glyph(g)
	if *left--; *left < 0 || depth == maxDepth {
		return errComplex
	}
	switch {
	case !ok || len(d) > 0 && len(d) < 10:
		return errDamaged
	case len(d) == 0:
		return nil
	}
	contours := int(int16(binary.BigEndian.Uint16(d)))
	if contours == 0 {
		return nil
	}
	if contours > 0 {
		if len(d) < 10+2*contours {
			return errDamaged
		}
		if *left -= 1 + int(binary.BigEndian.Uint16(d[8+2*contours:])); *left < 0 {
			return errComplex
		}
		return nil
	}
	for rest := d[10:]; ; {
		if len(rest) < 4 {
			return errDamaged
		}
		flags := binary.BigEndian.Uint16(rest)
		n := 6
		if flags&partWords != 0 {
			n = 8
		}
		switch {
		case flags&partScale != 0:
			n += 2
		case flags&partScales != 0:
			n += 4
		case flags&partMatrix != 0:
			n += 8
		}
		if len(rest) < n {
			return errDamaged
		}
		if err := o.count(int(binary.BigEndian.Uint16(rest[2:])), left, depth+1); err != nil {
			return err
		}
		if flags&partMore == 0 {
			return nil
		}
		rest = rest[n:]
	}
}
