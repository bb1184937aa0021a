package isobmff

import (
	"image"
	"math/big"
	"slices"

	"imgpipe/transform/internal/codec"
)

// size returns the size of an item by its property "ispe" (ISO/IEC 23008-12, 6.5.3).
func (f *file) size(it *item) (w, h int, err error) {
	c := cursor{b: f.property(it, "ispe")}
	c.full()
	width, height := c.number(4), c.number(4)
	switch {
	case c.bad:
		return 0, 0, errorf("its image %d has no size", it.id)
	case width == 0 || height == 0 || width > maxSide || height > maxSide:
		return 0, 0, errorf("its image has %dx%d pixels: expected sides of 1 to %d", width, height, maxSide)
	}
	return int(width), int(height), nil
}

// grid returns the coded images that a grid is made of (6.6.2.3), and checks that they fill it.
func (f *file) grid(it *item) ([]*item, error) {
	head, err := f.bytes(it)
	if err != nil {
		return nil, err
	}
	c := cursor{b: head}
	c.number(1)
	n := 2
	if c.number(1)&1 != 0 {
		n = 4
	}
	rows, columns := int(c.number(1))+1, int(c.number(1))+1
	w, h := c.number(n), c.number(n)
	if c.bad {
		return nil, errorf("its grid is too short")
	}
	ispeW, ispeH, err := f.size(it)
	if err != nil {
		return nil, err
	}
	if w != uint64(ispeW) || h != uint64(ispeH) {
		return nil, errorf("its grid has %dx%d pixels where its size is %dx%d", w, h, ispeW, ispeH)
	}
	var ids []uint32
	err = f.referring("dimg", func(from uint32, to []uint32) {
		if from == it.id && ids == nil {
			ids = to
		}
	})
	if err != nil {
		return nil, err
	}
	if len(ids) != rows*columns || len(ids) > maxItems {
		return nil, errorf("its grid has %d images: expected %dx%d", len(ids), columns, rows)
	}
	tiles := make([]*item, len(ids))
	tileW, tileH := 0, 0
	for i, id := range ids {
		t := f.item(id)
		if t == nil || !t.listed || t.kind != "av01" && t.kind != "hvc1" || i > 0 && t.kind != tiles[0].kind {
			return nil, errorf("its grid is made of something else than coded images")
		}
		tw, th, err := f.size(t)
		if err != nil {
			return nil, err
		}
		if i > 0 && (tw != tileW || th != tileH) {
			return nil, errorf("its grid is made of images of different sizes")
		}
		tiles[i], tileW, tileH = t, tw, th
	}
	// No row and no column of images may lie outside the picture.
	if tileW*columns < ispeW || tileH*rows < ispeH || tileW*(columns-1) >= ispeW || tileH*(rows-1) >= ispeH {
		return nil, errorf("its grid of %dx%d images of %dx%d pixels does not make %dx%d",
			columns, rows, tileW, tileH, ispeW, ispeH)
	}
	return tiles, nil
}

// bits returns the number of bits of a sample of a coded image, by its configuration (AV1-ISOBMFF, 2.3;
// ISO/IEC 14496-15, 8.3.2). It is 8 if there is none.
func (f *file) bits(it *item) int {
	if it.kind == "hvc1" {
		if b := f.property(it, "hvcC"); len(b) > 17 {
			return 8 + int(b[17]&7)
		}
		return 8
	}
	b := f.property(it, "av1C")
	switch {
	case len(b) < 3 || b[2]&0x40 == 0:
		return 8
	case b[2]&0x20 != 0:
		return 12
	}
	return 10
}

// color reads the properties "colr" (ISO/IEC 14496-12, 12.1.5) of an image, and for a grid without any those of its
// first coded image. The first profile and the first numbers count.
func (f *file) color(h *Header, it, coded *item) {
	read := func(x box) {
		if x.kind != "colr" {
			return
		}
		c := cursor{b: x.body}
		switch kind := string(c.take(4)); kind {
		case "prof", "rICC":
			if h.Profile == nil && len(c.b) > 0 {
				h.Profile = c.b
			}
		case "nclx":
			n := Color{Named: true}
			n.Primaries, n.Transfer, n.Matrix = int(c.number(2)), int(c.number(2)), int(c.number(2))
			n.Full = c.number(1)&0x80 != 0
			if !h.Color.Named && !c.bad {
				h.Color = n
			}
		}
	}
	f.propertiesOf(it, read)
	if h.Profile == nil && !h.Color.Named && coded != it {
		f.propertiesOf(coded, read)
	}
}

// turn reads what crops, rotates and mirrors the picture (ISO/IEC 23008-12, 6.5.9 to 6.5.12), in their order.
func (f *file) turn(h *Header, it *item) {
	f.propertiesOf(it, func(x box) {
		switch {
		case x.kind == "irot" && len(x.body) > 0:
			h.Orientation = then(h.Orientation, [4]int{1, 8, 3, 6}[x.body[0]&3])
		case x.kind == "imir" && len(x.body) > 0:
			h.Orientation = then(h.Orientation, [2]int{4, 2}[x.body[0]&1])
		case x.kind == "clap":
			crop, ok := aperture(x.body, h.Width, h.Height)
			if !ok || h.Orientation != 1 {
				h.Odd = []string{"the part of the picture that is to be shown is not one of whole pixels: all is"}
				return
			}
			h.Crop = crop
		}
	})
}

// aperture returns the part of a picture that a property "clap" names: width, height, and how far the middle of the
// part is from that of the picture, each a fraction. ok is false unless the part lies in the picture and has whole
// pixels.
func aperture(b []byte, w, h int) (part image.Rectangle, ok bool) {
	c := cursor{b: b}
	var v [4]*big.Rat
	for i := range v {
		n, d := int64(int32(c.number(4))), int64(int32(c.number(4)))
		if c.bad || d <= 0 {
			return part, false
		}
		v[i] = big.NewRat(n, d)
	}
	left := func(size int, part, offset *big.Rat) (from, to int, ok bool) {
		x := new(big.Rat).Sub(big.NewRat(int64(size), 1), part)
		x.Quo(x, big.NewRat(2, 1)).Add(x, offset)
		if !x.IsInt() || !part.IsInt() || part.Sign() <= 0 || x.Sign() < 0 {
			return 0, 0, false
		}
		from = int(x.Num().Int64()) // at most size and some 2³¹
		to = from + int(part.Num().Int64())
		return from, to, to <= size
	}
	x0, x1, okX := left(w, v[0], v[2])
	y0, y1, okY := left(h, v[1], v[3])
	return image.Rect(x0, y0, x1, y1), okX && okY
}

// turns are the eight EXIF orientations as matrices: what becomes of (x, y), where y is down.
var turns = [9][4]int{
	1: {1, 0, 0, 1}, 2: {-1, 0, 0, 1}, 3: {-1, 0, 0, -1}, 4: {1, 0, 0, -1},
	5: {0, 1, 1, 0}, 6: {0, -1, 1, 0}, 7: {0, -1, -1, 0}, 8: {0, 1, -1, 0},
}

// then returns the orientation that is first a and then b.
func then(a, b int) int {
	p, q := turns[b], turns[a]
	m := [4]int{p[0]*q[0] + p[1]*q[2], p[0]*q[1] + p[1]*q[3], p[2]*q[0] + p[3]*q[2], p[2]*q[1] + p[3]*q[3]}
	for o := 1; o < len(turns); o++ {
		if turns[o] == m {
			return o
		}
	}
	return 1
}

// alphaOf returns the item that is the alpha of another (ISO/IEC 23008-12, 6.5.8); nil if there is none.
func (f *file) alphaOf(id uint32) (alpha *item) {
	f.referring("auxl", func(from uint32, to []uint32) {
		it := f.item(from)
		if alpha != nil || it == nil || !slices.Contains(to, id) {
			return
		}
		c := cursor{b: f.property(it, "auxC")}
		c.full()
		switch c.text() {
		case "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", "urn:mpeg:hevc:2015:auxid:1":
			alpha = it
		}
	})
	return alpha
}

// metadata finds the items of metadata that describe the primary image (ISO/IEC 23008-12, annex A). The first of each
// kind counts: each that is looked at may be joined from pieces as long as the file.
func (f *file) metadata(h *Header) {
	exif, xmp := false, false
	f.referring("cdsc", func(from uint32, to []uint32) {
		it := f.item(from)
		if it == nil || len(to) == 0 || to[0] != f.primary {
			return
		}
		switch {
		case it.kind == "Exif" && !exif:
			exif = true
			if b, err := f.bytes(it); err == nil && len(b) > 4 {
				c := cursor{b: b}
				c.take(int(c.number(4))) // from here to the TIFF structure
				h.EXIF = c.b
			}
		case it.kind == "mime" && it.content == "application/rdf+xml" && !xmp:
			xmp = true
			if b, err := f.bytes(it); err == nil {
				h.XMP = b
			}
		}
	})
}

// pieces calls fn with each piece of the bytes of an item (ISO/IEC 14496-12, 8.11.3).
func (f *file) pieces(it *item, fn func(b []byte)) error {
	p := it.place
	from := f.data
	switch {
	case !it.located:
		return errorf("its item %d is nowhere in the file", it.id)
	case p.foreign:
		return codec.Unsupported("an image in another file")
	case p.method == 1:
		from = f.idat
	case p.method != 0:
		return codec.Unsupported("an image that is a part of another item")
	}
	c := cursor{b: p.extents}
	total := uint64(0)
	for range p.n {
		c.number(p.sizes[0])
		offset := p.base + c.number(p.sizes[1])
		length := c.number(p.sizes[2])
		if offset < p.base || offset > uint64(len(from)) {
			return codec.ErrCut
		}
		if p.sizes[2] == 0 || length == 0 && p.n == 1 { // all of it
			length = uint64(len(from)) - offset
		}
		if length > uint64(len(from))-offset {
			return codec.ErrCut
		}
		if total += length; total > uint64(len(f.data)) {
			return errorf("its item %d has more bytes than the file", it.id)
		}
		fn(from[offset:][:length:length])
	}
	return nil
}

// bytes returns the bytes of an item: a view of the file if they are in one piece.
func (f *file) bytes(it *item) (b []byte, err error) {
	pieces := 0
	err = f.pieces(it, func(piece []byte) {
		switch pieces++; pieces {
		case 1:
			b = piece
		case 2:
			b = append(append(make([]byte, 0, 2*len(b)+len(piece)), b...), piece...)
		default:
			b = append(b, piece...)
		}
	})
	return b, err
}
