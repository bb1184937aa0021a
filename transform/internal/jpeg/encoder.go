package jpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// DefaultQuality is the quality of the zero EncodeOptions.
const DefaultQuality = 85

// EncodeOptions say how to encode. The zero value means DefaultQuality, the typical Huffman tables and no profile.
type EncodeOptions struct {
	// Quality scales the example quantization tables of T.81, K.1, as the Independent JPEG Group's library does: 1 to
	// 100; 0 means DefaultQuality.
	Quality int
	// Optimize makes Huffman tables for this picture (T.81, K.2), in a second pass over its coefficients. No pixel
	// differs; camera pictures of half a megapixel become 1 per cent smaller at quality 85 and 7 at 100, small or plain
	// ones more, and encoding takes a fifth longer.
	Optimize bool
	// Progressive makes a file of several scans (T.81, G), each with tables of its own: no pixel differs.
	Progressive bool
	// ICC is a color profile to put into the file; none if empty.
	ICC []byte
	// EXIF, XMP and IPTC are metadata to put into the file, each 65,504 bytes at most; none if empty.
	EXIF, XMP, IPTC []byte
	// Stop is called once for each row of MCUs.
	Stop codec.Stop
}

// An Encoder encodes pictures one after the other. The zero value is ready. It keeps its buffers; it is not for
// concurrent use.
type Encoder struct {
	table [2][64]uint8 // quantization, in natural order
	quant [2]quantizer
	set   int // the quality that table and quant are for; 0 before the first

	n     int // components
	comp  [3]plane
	codes [2][2]codeTable // by class (0 DC, 1 AC) and number
	made  bool            // codes are the typical ones

	edge    [64]byte  // a block that is partly outside its plane
	coefs   [64]int16 // a block, in natural order
	entries []entry   // the coefficients that are not 0, but each DC one in any case, of the blocks in masks
	masks   []uint64  // for each block which coefficients are not 0, but bit 0 set in any case
	spectra [3]spectrum
	out     bitWriter
	fewer   int // than maxEntries are kept, in tests
}

// A plane is a component to encode.
type plane struct {
	pixel.Plane
	h, v   int // sampling factors
	number int // of its tables: 0 for luminance, 1 for chrominance
	pred   int16
}

// maxEntries is how many coefficients are kept from the first pass to the second, in 32 MB. If a picture has more, they
// are computed again; a photograph of 24 megapixels has fewer.
const maxEntries = 8 << 20

// Append encodes the picture p, Gray or YCbCr, as a JFIF file, and appends it to dst. The first plane's W and H are the
// picture's size, 1 to 65,535 each; the other two are alike, and have that size or half of it, rounded up, in either
// direction. p is only read; of each plane W×H samples count, and its Extent does not. The error is
// codec.ErrStopped, or says what is wrong with p or o.
func (e *Encoder) Append(dst []byte, p *pixel.Planes, o EncodeOptions) ([]byte, error) {
	if err := e.layOut(p); err != nil {
		return dst, err
	}
	if o.Quality == 0 {
		o.Quality = DefaultQuality
	}
	if o.Quality < 1 || o.Quality > 100 {
		return dst, fmt.Errorf("quality is %d, 1 to 100 was expected", o.Quality)
	}
	if len(o.ICC) > maxICCSegments*iccPart {
		return dst, fmt.Errorf("the color profile has %d bytes, at most %d were expected",
			len(o.ICC), maxICCSegments*iccPart)
	}
	if len(o.EXIF) > maxMetadata || len(o.XMP) > maxMetadata || len(o.IPTC) > maxMetadata {
		return dst, fmt.Errorf("EXIF, XMP and IPTC have %d, %d and %d bytes, at most %d were expected of each",
			len(o.EXIF), len(o.XMP), len(o.IPTC), maxMetadata)
	}
	e.setQuality(o.Quality)
	e.entries, e.masks = e.entries[:0], e.masks[:0]
	e.out = bitWriter{buf: dst}
	defer func() { e.out, e.comp = bitWriter{}, [3]plane{} }()
	encode := e.plainly
	switch {
	case o.Progressive:
		encode = e.progressively
	case o.Optimize:
		encode = e.optimally
	}
	if err := encode(o); err != nil {
		return dst, err
	}
	e.out.flush()
	return append(e.out.buf, 0xff, mEOI), nil
}

// plainly writes the picture with the typical tables.
func (e *Encoder) plainly(o EncodeOptions) error {
	e.standard()
	e.baseline(&o)
	return e.eachRow(o.Stop, e.code)
}

// optimally writes the picture with tables that are made for it.
func (e *Encoder) optimally(o EncodeOptions) error {
	var freq frequencies
	kept := true
	err := e.eachRow(o.Stop, func() {
		if len(e.entries) > maxEntries-e.fewer {
			e.count(&freq)
			e.entries, e.masks = e.entries[:0], e.masks[:0]
			kept = false
		}
	})
	if err != nil {
		return err
	}
	e.count(&freq)
	e.optimize(&freq)
	e.baseline(&o)
	if kept {
		e.code()
		return nil
	}
	e.entries, e.masks = e.entries[:0], e.masks[:0]
	return e.eachRow(o.Stop, e.code)
}

// layOut takes over p.
func (e *Encoder) layOut(p *pixel.Planes) error {
	if p.Kind != pixel.Gray && p.Kind != pixel.YCbCr {
		return fmt.Errorf("the picture is %v, Gray or YCbCr was expected", p.Kind)
	}
	w, h := p.Plane[0].W, p.Plane[0].H
	if w < 1 || h < 1 || w > 65535 || h > 65535 {
		return fmt.Errorf("the picture has %d×%d pixels, 1 to 65535 were expected", w, h)
	}
	e.n = p.N()
	for i := range e.n {
		q := p.Plane[i]
		if q.Stride < q.W || len(q.Pix) < (q.H-1)*q.Stride+q.W {
			return fmt.Errorf("plane %d has %d samples and rows of %d, too few for %d×%d",
				i, len(q.Pix), q.Stride, q.W, q.H)
		}
		e.comp[i] = plane{Plane: q, h: 1, v: 1, number: min(i, 1)}
	}
	if e.n == 1 {
		return nil
	}
	c := p.Plane[1]
	if p.Plane[2].W != c.W || p.Plane[2].H != c.H {
		return errors.New("the two chroma planes differ in size")
	}
	switch c.W {
	case w:
	case (w + 1) / 2:
		e.comp[0].h = 2
	default:
		return fmt.Errorf("the chroma planes are %d wide, %d or %d was expected", c.W, w, (w+1)/2)
	}
	switch c.H {
	case h:
	case (h + 1) / 2:
		e.comp[0].v = 2
	default:
		return fmt.Errorf("the chroma planes are %d high, %d or %d was expected", c.H, h, (h+1)/2)
	}
	return nil
}

// setQuality makes the quantization tables.
func (e *Encoder) setQuality(quality int) {
	if e.set == quality {
		return
	}
	e.set = quality
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	for i := range e.table {
		for j, step := range standardQuant[i] {
			e.table[i][j] = uint8(min(max((int(step)*scale+50)/100, 1), 255))
		}
		e.quant[i].set(&e.table[i])
	}
}

// eachRow transforms and quantizes the picture and calls f after each row of MCUs, with their blocks in entries and
// masks, in the order of the scan (T.81, A.2.3).
func (e *Encoder) eachRow(stop codec.Stop, f func()) error {
	y := &e.comp[0]
	cols, rows := ceilDiv(y.W, 8*y.h), ceilDiv(y.H, 8*y.v)
	for i := range e.n {
		e.comp[i].pred = 0
	}
	for my := range rows {
		if err := stop.Err(); err != nil {
			return err
		}
		for mx := range cols {
			for i := range e.n {
				c := &e.comp[i]
				for v := range c.v {
					for h := range c.h {
						e.block(c, 8*(mx*c.h+h), 8*(my*c.v+v))
					}
				}
			}
		}
		f()
	}
	return nil
}

// forward makes coefs those of the block at (x, y) of c. It returns which are not 0. What lies outside the plane
// repeats its last column and row.
func (e *Encoder) forward(c *plane, x, y int) (mask uint64) {
	src, stride := e.edge[:], 8
	if at := y*c.Stride + x; x+8 <= c.W && y+8 <= c.H {
		src, stride = c.Pix[at:], c.Stride
	} else {
		for j := range 8 {
			row := c.Pix[min(y+j, c.H-1)*c.Stride:][:c.W]
			for i := range 8 {
				e.edge[8*j+i] = row[min(x+i, c.W-1)]
			}
		}
	}
	return forward8(src, stride, &e.quant[c.number], &e.coefs)
}

// block appends the coefficients of the block at (x, y) of c to entries and masks.
func (e *Encoder) block(c *plane, x, y int) {
	mask := e.forward(c, x, y)
	dc := e.coefs[0]
	if cap(e.entries)-len(e.entries) < 64 {
		e.entries = append(e.entries, make([]entry, 64)...)[:len(e.entries)]
	}
	n := len(e.entries)
	entries := e.entries[n : n+64]
	entries[0] = newEntry(0, dc-c.pred)
	c.pred = dc
	mask |= 1
	i, next := 1, 1
	for m := mask &^ 1; m != 0; m &= m - 1 {
		k := bits.TrailingZeros64(m)
		entries[i&63] = newEntry(k-next, e.coefs[zigzag[k&63]&63])
		next = k + 1
		i++
	}
	e.entries = e.entries[:n+i]
	e.masks = append(e.masks, mask)
}

// tables lists, for each block of an MCU, the number of its tables.
func (e *Encoder) tables() []int {
	order := make([]int, 0, 6)
	for _, c := range e.comp[:e.n] {
		for range c.h * c.v {
			order = append(order, c.number)
		}
	}
	return order
}

const (
	jfifHeader = "JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
	// iccPart is how much of a profile fits into a segment.
	iccPart   = 65535 - 2 - len(iccHeader) - 2
	iccHeader = "ICC_PROFILE\x00"
)

// headers writes everything up to the tables of codes (T.81, B.2.1). sof is the marker of the frame.
func (e *Encoder) headers(o *EncodeOptions, sof byte) {
	w, icc := &e.out, o.ICC
	w.buf = append(w.buf, 0xff, mSOI)
	w.segment(mAPP0, []byte(jfifHeader))
	w.metadata(o)
	for number, count := 1, ceilDiv(len(icc), iccPart); number <= count; number++ {
		part := icc[:min(len(icc), iccPart)]
		icc = icc[len(part):]
		w.segment(mAPP2, []byte(iccHeader), []byte{byte(number), byte(count)}, part)
	}
	for i := range min(e.n, 2) {
		var t [65]byte
		t[0] = byte(i)
		for k, natural := range zigzag {
			t[1+k] = e.table[i][natural]
		}
		w.segment(mDQT, t[:])
	}
	y := &e.comp[0]
	frame := []byte{8, byte(y.H >> 8), byte(y.H), byte(y.W >> 8), byte(y.W), byte(e.n)}
	for i, c := range e.comp[:e.n] {
		frame = append(frame, byte(i+1), byte(c.h<<4|c.v), byte(c.number))
	}
	w.segment(sof, frame)
}

// baseline writes everything up to the one scan of a baseline file.
func (e *Encoder) baseline(o *EncodeOptions) {
	e.headers(o, mSOF0)
	for number := range min(e.n, 2) {
		for class := range e.codes {
			e.huffman(class, number)
		}
	}
	scan := []byte{byte(e.n)}
	for i, c := range e.comp[:e.n] {
		scan = append(scan, byte(i+1), byte(c.number<<4|c.number))
	}
	e.out.segment(mSOS, append(scan, 0, 63, 0))
}

// huffman writes a table of codes (T.81, B.2.4.2).
func (e *Encoder) huffman(class, number int) {
	s := &e.codes[class][number].spec
	e.out.segment(mDHT, []byte{byte(class<<4 | number)}, s.counts[:], s.symbols)
}

// segment writes a marker and its parameters.
func (w *bitWriter) segment(marker byte, parts ...[]byte) {
	n := 2
	for _, p := range parts {
		n += len(p)
	}
	w.buf = append(w.buf, 0xff, marker)
	w.buf = binary.BigEndian.AppendUint16(w.buf, uint16(n))
	for _, p := range parts {
		w.buf = append(w.buf, p...)
	}
}
