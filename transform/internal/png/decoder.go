package png

import (
	"errors"
	"fmt"
	"slices"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/inflate"
	"imgpipe/transform/internal/pixel"
)

// A Decoder returns the rows of one file after another. The zero value is ready for Start. It keeps its buffers, which
// grow to what the largest image took; it is not for concurrent use.
type Decoder struct {
	h      *Header
	stop   codec.Stop
	data   []byte
	at     int // where the next chunk begins
	y      int // the next row
	lines  int // how many were asked for
	deep   bool
	damage codec.Damage

	lost    error  // why nothing more can be decoded, nil while it can
	unknown bool   // what stands above the next row is not there
	beyond  bool   // a pixel names a color that the palette does not have
	odd     string // what is wrong with the end of the pixels, "" for nothing
	suspect int64  // how many of the bytes of all rows are from chunks whose checksum is right; -1 for all
	doubted int    // the first row with others; the height of the picture for none

	z         inflate.Reader
	row       []byte // RGBA of the last row, unused where that is gray
	raw, prev []byte // as in the file, without filter: this row and the one before; unused where whole says so
	sixteen   []byte // a row of 16 bits a sample that is rounded then
	picture   []byte // all rows of an interlaced picture
}

var (
	errSum        = errors.New("the checksum of a chunk of pixels is wrong")
	errPaletteSum = errors.New("the checksum of the palette is wrong")
	errNoPalette  = errors.New("its palette is missing")
	errNoPixels   = errors.New("its pixels are missing")
	errBreaksOff  = errors.New("the compressed pixels break off")
)

// mayBeWrong is what rows lack that depend on bytes with a wrong checksum.
const mayBeWrong = "colors may be wrong"

// Start begins the file whose header is h, as ReadHeader returned it for the same data. It calls stop every few rows.
func (d *Decoder) Start(data []byte, h *Header, stop codec.Stop) { d.start(data, h, false, stop) }

// StartDeep is Start for a file whose Header is Deep. Rows have 16 bits a sample: two bytes each, the high one first.
func (d *Decoder) StartDeep(data []byte, h *Header, stop codec.Stop) { d.start(data, h, true, stop) }

func (d *Decoder) start(data []byte, h *Header, deep bool, stop codec.Stop) {
	d.deep = deep
	d.h, d.stop, d.data, d.at, d.y, d.lines = h, stop, data, h.idat, 0, 0
	d.damage = codec.Damage{Rows: h.Height}
	d.lost, d.unknown, d.beyond, d.odd, d.suspect, d.doubted = nil, false, false, "", -1, h.Height
	switch {
	case h.idat == 0 && !h.cut:
		d.lost = errNoPixels
	case h.color == palette && h.trust == noPalette && h.idat > 0:
		d.lost = errNoPalette
	case h.color == palette && h.trust == hurtPalette:
		d.damage.Doubt(errPaletteSum, 0, mayBeWrong)
	}
	if !h.bare(deep) {
		d.row = zeroed(d.row, h.pixelBytes(deep)*h.Width)
	}
	if !d.whole() {
		d.raw, d.prev = zeroed(d.raw, h.rowBytes(h.Width)), zeroed(d.prev, h.rowBytes(h.Width))
	}
	if h.interlaced {
		d.picture = sized(d.picture, h.pixelBytes(deep)*h.Width*h.Height)
	}
	d.z.Start(d.piece, 1+h.rowBytes(h.Width))
}

// Damage returns what was missing of the rows.
func (d *Decoder) Damage() codec.Damage { return d.damage }

// Remarks returns after the last row what is odd in the file and leaves nothing missing, a sentence each.
func (d *Decoder) Remarks() []string {
	r := slices.Clip(d.h.remarks)
	if d.beyond {
		black := "transparent"
		if d.h.Opaque {
			black = "black"
		}
		r = append(r, "pixels of a color that its palette does not have are "+black)
	}
	if missing, _, _ := d.damage.Missing(); missing == 0 && d.h.broken != "" {
		r = append(r, d.h.broken+": no pixel is missing")
	}
	if d.odd != "" {
		r = append(r, d.odd)
	}
	return r
}

// Release forgets the file, so that the garbage collector can take it.
func (d *Decoder) Release() {
	d.h, d.stop, d.data = nil, nil, nil
	d.z.Release()
}

// whole reports whether rows are unfiltered where they stay, four bytes for a pixel.
func (d *Decoder) whole() bool {
	return d.h.depth == 8 && (d.h.color == rgb && !d.h.clear || d.h.color == rgba)
}

// sized returns s with n elements, whatever they are.
func sized(s []byte, n int) []byte {
	if cap(s) < n {
		return make([]byte, n)
	}
	return s[:n]
}

// zeroed returns s with n elements of 0.
func zeroed(s []byte, n int) []byte {
	s = sized(s, n)
	clear(s)
	return s
}

// piece returns the content of the next IDAT chunk, nil after the last.
func (d *Decoder) piece() ([]byte, error) {
	if err := d.stop.Err(); err != nil {
		return nil, err
	}
	for d.at < d.h.end {
		c, ok := chunkAt(d.data, d.at)
		if !ok {
			break
		}
		d.at = c.next
		body := d.h.pixels(&c)
		if len(body) == 0 {
			continue
		}
		if d.suspect < 0 && c.sum != nil && !c.sound() {
			d.suspect = d.z.Unpacked()
		}
		return body, nil
	}
	return nil, nil
}

// pixels returns what a chunk has of the compressed pixels.
func (h *Header) pixels(c *chunk) []byte {
	switch {
	case !h.frame && c.is("IDAT"):
		return c.body
	case h.frame && c.is("fdAT"):
		return c.body[min(4, len(c.body)):] // behind its number
	}
	return nil
}

// Row returns the next row, four samples for a pixel: R, G, B, not premultiplied, and A. If the Header says Gray, or
// DeepGray of rows of 16 bits, a pixel has one sample. The row is good until the next call, and the caller may not
// change it. Row may be called as often as the image has rows. A row that is missing is filled. The only error is
// codec.ErrStopped.
func (d *Decoder) Row() (row []byte, err error) {
	h := d.h
	if h.interlaced {
		if d.y == 0 {
			if err := d.allPasses(); err != nil {
				return nil, err
			}
		}
		n := h.pixelBytes(d.deep) * h.Width
		d.y++
		return d.picture[(d.y-1)*n:][:n], nil
	}
	if row, err = d.line(d.y, h.Width); err != nil {
		return nil, err
	}
	if row == nil {
		row = d.row
		if h.bare(d.deep) {
			row = d.raw
		}
		d.fill(row)
	}
	if d.y++; d.y == h.Height {
		err = d.finish()
	}
	return row, err
}

// fill makes a row that is not there.
func (d *Decoder) fill(row []byte) {
	clear(row)
	size := d.h.pixelBytes(d.deep)
	if !d.h.Opaque || size < 4 {
		return
	}
	for i := 0; i < len(row); i += size {
		for k := 3 * size / 4; k < size; k++ {
			row[i+k] = 255
		}
	}
}

// line decodes the next row in the file, which has that width and is row y of the picture or part of it. It returns nil
// if the row is missing.
func (d *Decoder) line(y, width int) ([]byte, error) {
	h := d.h
	if d.lines&63 == 0 {
		if err := d.stop.Err(); err != nil {
			return nil, err
		}
	}
	d.lines++
	n := h.rowBytes(width)
	var line []byte
	if d.lost == nil {
		var err error
		if line, err = d.z.Take(1 + n); errors.Is(err, codec.ErrStopped) {
			return nil, err
		} else if err != nil {
			d.lose(err)
		}
	}
	if d.lost != nil {
		d.damage.Miss(d.lost, y, 1)
		return nil, nil
	}
	if d.suspect >= 0 && d.z.Taken() > d.suspect {
		d.doubted = min(d.doubted, y)
	}
	filter, src := line[0], line[1:]
	if filter > paeth || d.unknown && filter >= up {
		// What follows is there as soon as it does not look at what is above it.
		d.unknown = true
		d.damage.Miss(fmt.Errorf("a row names filter %d: expected 0 to 4", filter), y, 1)
		return nil, nil
	}
	d.unknown = false
	switch {
	case d.whole() && h.color == rgba:
		unfilterRGBA(filter, d.row, src)
		return d.row, nil
	case d.whole():
		unfilterRGB(filter, d.row, src[:len(src)+1]) // behind what was taken there is room
		return d.row, nil
	}
	d.raw, d.prev = d.prev, d.raw
	unfilter(filter, d.raw[:n], src, d.prev, max(1, h.samples()*h.depth/8))
	if h.color == palette && !d.beyond && h.named < 1<<h.depth {
		d.beyond = h.isBeyond(d.raw, width)
	}
	switch {
	case h.bare(d.deep):
		return d.raw, nil
	case d.deep:
		h.expandDeep(d.row, d.raw, width)
	case h.Deep():
		d.sixteen = sized(d.sixteen, 8*h.Width)
		h.expandDeep(d.sixteen, d.raw, width)
		pixel.Shallow(d.row[:4*width], d.sixteen)
	default:
		h.expand(d.row, d.raw, width)
	}
	return d.row, nil
}

// lose notes that the rest of the rows is missing, because of err, which z returned.
func (d *Decoder) lose(err error) {
	if d.doubted < d.h.Height {
		d.damage.Doubt(errSum, d.doubted, mayBeWrong)
	}
	switch {
	case !errors.Is(err, codec.ErrCut) || d.h.cut:
		d.lost = err
	case d.h.broken != "":
		d.lost = errors.New(d.h.broken)
	default:
		d.lost = errBreaksOff
	}
}

// finish looks at what stands behind the last row.
func (d *Decoder) finish() error {
	if d.lost != nil {
		return nil
	}
	err := d.z.Finish()
	switch {
	case errors.Is(err, codec.ErrStopped):
		return err
	case errors.Is(err, inflate.ErrTooMuch):
		d.odd = "it has more pixels than its header names"
	case errors.Is(err, inflate.ErrChecksum):
		d.odd = "the checksum of its pixels is wrong"
	case err != nil && !d.h.cut:
		d.odd = "its compressed pixels break off behind the last row"
	}
	switch {
	case d.doubted < d.h.Height && err == nil:
		d.damage.Miss(errSum, 0, 0) // the checksum of all pixels is right
	case d.doubted < d.h.Height:
		d.damage.Doubt(errSum, d.doubted, mayBeWrong)
	case d.suspect >= 0:
		d.odd = "the checksum of a chunk behind its pixels is wrong"
	}
	return nil
}
