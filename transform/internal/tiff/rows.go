package tiff

import (
	"errors"
	"image"

	"imgpipe/transform/internal/damage"
)

// keepFlipped is how large a copy of a block with its bits reversed may be to be used again.
const keepFlipped = 1 << 20

// Options are what the decoding needs from outside.
type Options struct {
	// Stop is asked before each block and every few rows; its error ends the work.
	Stop func() error
	// JPEG decodes a JPEG file, which has at most width × height pixels, into RGB; raw tells that its components are
	// RGB already. It may be nil: then compression 7 cannot be read.
	JPEG func(file []byte, width, height int, raw bool) (*image.NRGBA, error)
}

// A Decoder gives the rows of one file after another. The zero value is ready for Start. It keeps its buffers, which grow to what the
// largest block took; it is not for concurrent use.
type Decoder struct {
	l *Layout
	o Options
	u unpacker

	y       int // the row that comes next
	at, end int // where it is in its band, the row of blocks that it crosses, and how many rows that has
	err     error
	damage  damage.Report
	parts   [][]byte
	band    []byte // pixels, of a banded layout
	row     []byte // pixels, of others
	eight   []byte // samples
	palette [256][4]byte
}

// Start begins the file of layout l. The caller has checked that the size of the image is acceptable.
func (d *Decoder) Start(l *Layout, o Options) {
	d.l, d.o, d.u.l = l, o, l
	d.damage = damage.Report{Rows: l.Height}
	d.y, d.at, d.end, d.err = 0, 0, 0, nil
	for len(d.parts) < l.planes() {
		d.parts = append(d.parts, nil)
	}
	d.parts = d.parts[:l.planes()]
	clear(d.parts)
	if !l.banded() {
		d.row = sized(d.row, l.Width*l.pixelBytes())
	}
	if l.photometric == paletted && l.bits <= 8 {
		for i := range 1 << l.bits {
			d.palette[i] = l.entry(i)
		}
	}
}

// Damage says what was missing of the rows.
func (d *Decoder) Damage() damage.Report { return d.damage }

// Release forgets the file, and what is large only because that was. Nothing is to be kept of a file from one image to the next but what Start overwrites.
func (d *Decoder) Release() {
	d.l, d.o, d.u.l = nil, Options{}, nil
	clear(d.parts)
	d.u.zip.Release()
	if cap(d.u.flipped) > keepFlipped {
		d.u.flipped = nil
	}
}

// Row gives the next row, four bytes for a pixel: R, G, B, not premultiplied, and A; of a file whose Layout says Gray, one. Pixels are as they are
// stored: orientation is not applied. The row is good until the next call, and the caller may not change it. Row may be called as often as the image
// has rows. An error is for good.
func (d *Decoder) Row() ([]byte, error) {
	l := d.l
	switch {
	case d.err != nil:
	case d.at == d.end:
		d.err = d.nextBand()
	case d.y&63 == 0:
		d.err = d.o.Stop()
	}
	if d.err != nil {
		return nil, d.err
	}
	at := d.at
	d.at++
	d.y++
	if l.banded() {
		size := l.Width * l.pixelBytes()
		return d.band[at*size:][:size], nil
	}
	d.paint(d.row, d.parts, at, l.Width)
	return d.row, nil
}

// nextBand unpacks the blocks that row y crosses: one strip, whose samples are kept, or tiles, whose pixels are.
func (d *Decoder) nextBand() error {
	l := d.l
	by := d.y / l.blockH
	d.at, d.end = 0, min(l.blockH, l.Height-by*l.blockH)
	stride := l.Width * l.pixelBytes()
	for bx := range l.across {
		if err := d.o.Stop(); err != nil {
			return err
		}
		block := by*l.across + bx
		left := bx * l.blockW
		n := min(l.blockW, l.Width-left)
		if l.compression == 7 {
			if err := d.jpegBlock(block, left, n); err != nil {
				return err
			}
			continue
		}
		for p := range d.parts {
			if p >= l.colors && p != l.alpha {
				continue // a plane that nothing is made of, and that may be empty
			}
			raw, err := l.block(block + p*l.across*l.down)
			if err != nil {
				return err
			}
			if d.parts[p], err = d.u.unpack(p, raw, d.end); err != nil {
				return err
			}
			d.damage.Part(d.u.lost, d.y)
		}
		if !l.banded() {
			return nil
		}
		d.makeBand()
		for y := range d.end {
			d.paint(d.band[y*stride+left*l.pixelBytes():][:n*l.pixelBytes()], d.parts, y, n)
		}
	}
	return nil
}

// makeBand makes room for the pixels of a band, once there is something to put there.
func (d *Decoder) makeBand() { d.band = sized(d.band, d.l.bandRows()*d.l.Width*d.l.pixelBytes()) }

// jpegBlock puts n columns of a block that is a JPEG into the band. It may lack the tables that all blocks share (Technical Note 2).
func (d *Decoder) jpegBlock(i, left, n int) error {
	l := d.l
	if d.o.JPEG == nil || l.planar || l.bits != 8 {
		return Unsupported("this kind of JPEG compression")
	}
	raw, err := l.block(i)
	if err != nil {
		return err
	}
	if len(raw) < 4 || raw[0] != 0xff || raw[1] != 0xd8 {
		return errors.New("a block is no JPEG")
	}
	file := []byte{0xff, 0xd8}
	if len(l.tables.Bytes) > 4 {
		file = append(file, l.tables.Bytes[2:len(l.tables.Bytes)-2]...)
	}
	// The count of a block may be of all that follows it, time and again.
	file = append(file, raw[2:min(len(raw), l.mostJPEG())]...)
	rows := d.end
	if l.tiled {
		rows = l.blockH
	}
	pic, err := d.o.JPEG(file, l.blockW, rows, l.photometric == rgb)
	if err != nil {
		return err
	}
	d.makeBand()
	size := l.pixelBytes()
	for y := range d.end {
		out := d.band[(y*l.Width+left)*size:][:n*size]
		var there []byte // what the JPEG has of it; it may be smaller than its block
		if y < pic.Rect.Dy() {
			there = pic.Pix[y*pic.Stride:][:4*min(n, pic.Rect.Dx())]
		}
		rest := out[len(there)/4*size:]
		clear(rest)
		if !l.Gray {
			copy(out, there)
			for x := range len(rest) / 4 {
				rest[4*x+3] = 255
			}
			continue
		}
		for x := range len(there) / 4 {
			p := there[4*x:][:3]
			v := uint8((19595*uint32(p[0]) + 38470*uint32(p[1]) + 7471*uint32(p[2])) >> 16) // should there be colors
			if l.photometric == whiteIsZero {
				v = 255 - v
			}
			out[x] = v
		}
	}
	return nil
}
