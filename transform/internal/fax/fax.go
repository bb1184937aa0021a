// Package fax decodes the black and white images of fax machines (ITU-T T.4 and T.6), as they are in TIFF files:
// modified Huffman, Group 3 in one and two dimensions, and Group 4. It does not read the uncompressed mode, which was
// hardly ever used.
//
// Start with [Decoder.Decode]. A row is decoded to the places where its color changes, which is what the coding of the
// next row refers to, and written as bits from there. In Group 4 this takes a sixth of the time or less of
// golang.org/x/image/ccitt, which unpacks to bytes and walks them (rows of 4960 pixels, noisy or like text).
//
// Damage costs as few rows as it can. In Group 3, each row begins with an End-of-Line. So decoding goes on with the row
// behind a bad one, or with the next that does not refer to it. In the others there is no such mark, and what follows a
// bad code is missing.
package fax

import (
	"errors"

	"imgpipe/transform/internal/codec"
)

// A Coding is how rows are encoded.
type Coding uint8

const (
	Huffman      Coding = iota // each row by itself, from the beginning of a byte
	HuffmanWords               // each row by itself, from an even number of bytes
	Group3                     // each row by itself, behind an End-of-Line
	Group3Mixed                // behind an End-of-Line and a bit that says whether it is by itself
	Group4                     // each row by what changes from the one above
)

// ErrUncompressed is in the Damage of an image that has pixels in uncompressed mode, or that is damaged.
var ErrUncompressed = errors.New("the fax data goes over to the uncompressed mode")

var (
	errCode  = errors.New("the fax data has a bad code")
	errEOL   = errors.New("the fax data has a row that ends early")
	errLong  = errors.New("the fax data has a row that is too long")
	errAbove = errors.New("the fax data has a row that depends on a missing one")
)

// sides is how many places at the right side follow the changes of a row, so that a search among them ends there.
const sides = 4

// A Decoder decodes one image after another, and keeps memory for two rows. The zero value is ready to use. It is not
// for concurrent use.
type Decoder struct {
	bitReader
	tables     *tables
	width      int
	stride     int
	out        []byte
	row, above []int32 // where the color changes, the first time to black; then the width, a few times
	stop       codec.Stop
	report     codec.Damage
	gap        gap // the last one, which the report does not have yet
	gaps       int
}

// Memory is how many bytes a Decoder needs for an image of that width, besides the image and the tables.
func Memory(width int) int64 { return 8 * (int64(width) + sides + 1) }

// Decode decodes rows of that width from src into out: a bit for a pixel, 1 for black, the first one highest, each row
// from the beginning of a byte. The bits of a byte of src must be in that order, too. It returns what is missing, and
// leaves such rows in out as they are. What follows the last row is not looked at. The only error is codec.ErrStopped.
func (d *Decoder) Decode(out, src []byte, width, rows int, c Coding, stop codec.Stop) (codec.Damage, error) {
	d.bitReader = bitReader{src: src}
	d.tables, d.width, d.stride, d.out = codes(), width, (width+7)/8, out
	d.report = codec.Damage{Rows: rows}
	if size := width + sides + 1; cap(d.row) < size || cap(d.above) < size {
		d.row, d.above = make([]int32, size), make([]int32, size)
	} else {
		d.row, d.above = d.row[:size], d.above[:size]
	}
	d.blank()
	d.stop = stop
	var err error
	switch c {
	case Group3, Group3Mixed:
		err = d.group3(rows, c == Group3Mixed)
	case Group4:
		err = d.untilBad(rows, d.readRowBelow)
	default:
		err = d.untilBad(rows, func() error { return d.readAligned(len(src), c) })
	}
	d.bitReader, d.out, d.stop = bitReader{}, nil, nil
	return d.report, err
}

// blank makes the row above white.
func (d *Decoder) blank() {
	for i := range sides {
		d.above[i] = int32(d.width)
	}
}

// stopEvery is how many rows are decoded between two calls of stop.
const stopEvery = 64

// untilBad decodes rows up to the first that is bad.
func (d *Decoder) untilBad(rows int, read func() error) error {
	for y := range rows {
		if y%stopEvery == 0 {
			if err := d.stop.Err(); err != nil {
				return err
			}
		}
		err := read()
		if err != nil {
			if err == errEOL {
				err = codec.ErrCut // End-of-Lines are found at the end alone
			}
			d.report.Miss(err, y, rows-y)
			return nil
		}
		d.keep(y)
	}
	return nil
}

// readAligned decodes a row of modified Huffman, in data of so many bytes.
func (d *Decoder) readAligned(size int, c Coding) error {
	d.align()
	if left := d.n/8 + len(d.src); c == HuffmanWords && (size-left)%2 != 0 {
		d.fill()
		d.take(8)
	}
	return d.readRow()
}

// Least returns how many bytes an image takes at least. No row takes less than a bit, and a row by itself takes a code
// for each 2560 pixels.
func Least(width, rows int, c Coding) int64 {
	bits := int64(1)
	switch c {
	case Huffman, Group3:
		bits = 12*(int64(width)/2560) + 2
	}
	return int64(rows) * bits / 8
}
