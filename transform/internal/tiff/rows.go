package tiff

import (
	"errors"
	"fmt"
	"slices"

	"imgpipe/transform/internal/codec"
)

// keepFlipped is how large a copy of a block with its bits reversed may be to be used again.
const keepFlipped = 1 << 20

// Options are what decoding needs from outside. The zero value decodes to the end, and no block that is a file itself.
type Options struct {
	// Stop is called before each block, every few rows, and within a block now and then, but not while a block is
	// unpacked from LZW or PackBits.
	Stop codec.Stop
	// JPEG decodes a JPEG file of at most width × height pixels. The tags of the TIFF say what its components are, and
	// markers in the JPEG do not count. If ycbcr is set, they are YCbCr, and JPEG returns RGB; otherwise it returns
	// samples as they are stored. An error ends the work on the whole file; damage is no error. If JPEG is nil,
	// compression 7 cannot be read.
	JPEG func(file []byte, width, height int, ycbcr bool) (Samples, error)
	// WebP is the same for WebP files; it returns RGB and alpha.
	WebP func(file []byte, width, height int) (Samples, error)
	// Inks makes RGB and an alpha of 255 of pixels of CMYK, four bytes each, in their place; 255 is all of an ink. If
	// it is nil, a plain formula does.
	Inks func(pix []byte)
}

// A Decoder returns the rows of one file after another. The zero value is ready for Start. It keeps its buffers, which
// grow to what the largest block took; it is not for concurrent use.
type Decoder struct {
	l *Layout
	o Options
	u unpacker

	y       int          // the row that comes next
	at, end int          // where it is in its band, the row of blocks that it crosses, and how many rows that has
	whole   int          // how many of them are there, of a layout that is not banded
	gone    codec.Damage // of the last block: rows that are missing between others
	err     error
	damage  codec.Damage
	remarks []string
	starts  []uint64 // where things begin in the file, in order; nil until it is needed
	parts   [][]byte
	band    []byte // pixels, of a banded layout
	row     []byte // pixels, of others
	eight   []byte // samples
	deep    bool   // pixels have 16 bits a sample
	sixteen []byte // pixels of 16 bits a sample that are rounded then
	palette [256][4]byte
	shift   int // of the colors of the palette
	beyond  int // pixels of a color that the palette does not have
}

// Start begins the file of layout l. The caller has checked that the size of the image is acceptable.
func (d *Decoder) Start(l *Layout, o Options) { d.start(l, false, o) }

// StartDeep is Start for a Layout that is Deep. Rows have 16 bits a sample: two bytes each, the high one first.
func (d *Decoder) StartDeep(l *Layout, o Options) { d.start(l, true, o) }

func (d *Decoder) start(l *Layout, deep bool, o Options) {
	d.deep = deep
	d.l, d.o, d.u.l, d.u.stop = l, o, l, o.Stop
	d.damage = codec.Damage{Rows: l.Height}
	d.y, d.at, d.end, d.err, d.remarks, d.starts, d.beyond = 0, 0, 0, nil, nil, nil, 0
	for len(d.parts) < l.planes() {
		d.parts = append(d.parts, nil)
	}
	d.parts = d.parts[:l.planes()]
	clear(d.parts)
	if !l.banded() {
		d.row = sized(d.row, l.Width*l.pixelBytes(deep))
	}
	if l.photometric == paletted {
		d.shift = l.paletteShift()
		for i := range min(len(d.palette), 1<<l.bits) {
			d.palette[i] = d.entry(i)
		}
	}
	if l.odd != "" {
		d.remark(l.odd)
	}
	if l.oversize() {
		d.remark(fmt.Sprintf("its tiles are %dx%d, and what lies outside the image was left out", l.blockW, l.blockH))
	}
}

// remark notes what is odd in the file, each thing once.
func (d *Decoder) remark(what string) {
	if !slices.Contains(d.remarks, what) {
		d.remarks = append(d.remarks, what)
	}
}

// Damage returns what was missing of the rows.
func (d *Decoder) Damage() codec.Damage { return d.damage }

// Remarks returns after the last row what is odd in a file of which nothing is missing for that, a sentence each.
func (d *Decoder) Remarks() []string { return d.remarks }

// Release forgets the file, and buffers that are large only because the file was. It keeps nothing but what Start
// overwrites.
func (d *Decoder) Release() {
	d.l, d.o, d.u.l, d.u.stop, d.starts, d.damage, d.remarks = nil, Options{}, nil, nil, nil, codec.Damage{}, nil
	clear(d.parts)
	d.u.zip.Release()
	if cap(d.u.flipped) > keepFlipped {
		d.u.flipped = nil
	}
}

// Row returns the next row, four samples for a pixel: R, G, B, not premultiplied, and A. If the Layout says Gray, a
// pixel has one sample. Pixels are as they are stored: orientation is not applied. A row that is missing is filled,
// with transparent black if the image has alpha and with black otherwise, and is in Damage. The row is good until the
// next call, and the caller may not change it. Row may be called as often as the image has rows. After an error, every
// call returns it.
func (d *Decoder) Row() ([]byte, error) {
	l := d.l
	switch {
	case d.err != nil:
	case d.at == d.end:
		d.err = d.nextBand()
	case d.y&63 == 0:
		d.err = d.o.Stop.Err()
	}
	if d.err != nil {
		return nil, d.err
	}
	at := d.at
	d.at++
	d.y++
	row := d.row
	switch {
	case l.banded():
		size := l.Width * l.pixelBytes(d.deep)
		row = d.band[at*size:][:size]
	case at < d.whole && !d.gone.Misses(at):
		d.paint(row, d.parts, at, l.Width)
	default:
		l.fill(row, l.pixelBytes(d.deep))
	}
	if d.y == l.Height && d.beyond > 0 {
		d.remark(fmt.Sprintf("pixels of a color that its palette does not have are %s: %d", l.nothing(), d.beyond))
	}
	return row, nil
}

// nothing returns what pixels look like that have no color.
func (l *Layout) nothing() string {
	if l.Alpha {
		return "transparent"
	}
	return "black"
}

// fill fills out with such pixels, of so many bytes each.
func (l *Layout) fill(out []byte, size int) {
	clear(out)
	if l.Gray || l.Alpha {
		return
	}
	for i := 0; i < len(out); i += size {
		for k := 3 * size / 4; k < size; k++ {
			out[i+k] = 255
		}
	}
}

// nextBand unpacks the blocks that row y crosses: one strip, whose samples are kept, or tiles, whose pixels are.
func (d *Decoder) nextBand() error {
	l := d.l
	by := d.y / l.blockH
	d.at, d.end = 0, min(l.blockH, l.Height-by*l.blockH)
	for bx := range l.across {
		if err := d.o.Stop.Err(); err != nil {
			return err
		}
		left := bx * l.blockW
		n := min(l.blockW, l.Width-left)
		whole, err := d.load(by*l.across+bx, n)
		if err != nil {
			return err
		}
		if !l.banded() {
			d.whole = whole
			return nil
		}
		size := l.pixelBytes(d.deep)
		d.band = sized(d.band, l.bandRows()*l.Width*size)
		for y := range d.end {
			if out := d.band[(y*l.Width+left)*size:][:n*size]; y < whole && !d.gone.Misses(y) {
				d.paint(out, d.parts, y, n)
			} else {
				l.fill(out, size)
			}
		}
	}
	return nil
}

// load unpacks the planes of a block of which n columns count, and returns how many of its rows are there,
// less those that are gone between them.
func (d *Decoder) load(block, n int) (int, error) {
	l := d.l
	rows := d.end
	d.gone = codec.Damage{Rows: d.end}
	for p := range d.parts {
		if p >= l.colors && p != l.alpha {
			continue // a plane that nothing is made of, and that may be empty
		}
		i := block + p*l.across*l.down
		raw, odd, bad := d.block(i, l.size(d.end))
		d.parts[p] = nil
		if bad == nil {
			var err error
			if l.compression == jpegCoded || l.compression == webpCoded {
				d.parts[p], bad, err = d.picture(p, raw, n)
			} else {
				d.parts[p], bad = d.u.unpack(p, raw, d.end)
			}
			var unsupported codec.Unsupported
			if errors.As(bad, &unsupported) || bad == codec.ErrStopped {
				err = bad
			}
			if err != nil {
				return 0, err
			}
		}
		d.lostRows(i, raw)
		whole := l.whole(len(d.parts[p]), d.end)
		if whole < d.end {
			d.damage.Miss(l.lacking(i, raw, bad), d.y+whole, d.end-whole)
			rows = min(rows, whole)
		} else if odd != "" && d.gone.Err == nil {
			d.remark("its " + l.kind() + odd)
		}
	}
	return rows, nil
}
