package png

import (
	"errors"
	"fmt"

	"imgpipe/transform/internal/damage"
	"imgpipe/transform/internal/inflate"
)

// A Decoder gives the rows of one file after another. The zero value is ready for Start. It keeps its buffers, which grow to what the
// widest image took; it is not for concurrent use.
type Decoder struct {
	h      *Header
	stop   func() bool
	data   []byte
	at     int // where the next chunk begins
	left   int // rows to come
	damage damage.Report

	z         inflate.Reader
	row       []byte // RGBA of the last row, unused where it is gray
	raw, prev []byte // as in the file, without filter: this row and the one before; unused where whole says so
}

// ErrStopped is what Row returns after the stop of Start said so.
var ErrStopped = errors.New("decoding was stopped")

// Start begins the file whose header is h, as ReadHeader gave it for the same data. stop, if not nil, is asked every few rows.
func (d *Decoder) Start(data []byte, h *Header, stop func() bool) {
	d.h, d.stop, d.data, d.at, d.left = h, stop, data, h.idat, h.Height
	d.damage = damage.Report{Rows: h.Height}
	if !h.Gray {
		d.row = zeroed(d.row, 4*h.Width)
	}
	if !d.whole() {
		d.raw, d.prev = zeroed(d.raw, h.rowBytes()), zeroed(d.prev, h.rowBytes())
	}
	d.z.Start(d.piece, 1+h.rowBytes())
}

// Damage says what was missing of the rows.
func (d *Decoder) Damage() damage.Report { return d.damage }

// Release forgets the file, which is not to be kept from the garbage collector.
func (d *Decoder) Release() {
	d.h, d.stop, d.data = nil, nil, nil
	d.z.Release()
}

// whole tells whether rows are unfiltered where they stay, four bytes for a pixel.
func (d *Decoder) whole() bool {
	return d.h.depth == 8 && (d.h.color == rgb && d.h.key < 0 || d.h.color == rgba)
}

// zeroed gives s with n elements of 0.
func zeroed(s []byte, n int) []byte {
	if cap(s) < n {
		return make([]byte, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// piece gives the content of the next IDAT chunk, nil after the last.
func (d *Decoder) piece() ([]byte, error) {
	if d.stop != nil && d.stop() {
		return nil, ErrStopped
	}
	for {
		c, err := chunkAt(d.data, d.at)
		if err != nil || string(c.name) != "IDAT" {
			return nil, err
		}
		if !c.sound() {
			return nil, errors.New("the checksum of a chunk of pixels is wrong")
		}
		d.at += 12 + len(c.body)
		if len(c.body) > 0 {
			return c.body, nil
		}
	}
}

// Row gives the next row, four bytes for a pixel: R, G, B, not premultiplied, and A; of a file whose Header says Gray, one. It is good until the next call, and the
// caller may not change it. It may be called as often as the image has rows. An error is for good; with the last row, it also tells of
// what follows the pixels.
func (d *Decoder) Row() ([]byte, error) {
	h := d.h
	if d.left&63 == 0 && d.stop != nil && d.stop() {
		return nil, ErrStopped
	}
	line, err := d.z.Take(1 + h.rowBytes())
	if err != nil {
		return nil, err
	}
	filter, src := line[0], line[1:]
	if filter > 4 {
		return nil, fmt.Errorf("a row names filter %d: expected 0 to 4", filter)
	}
	d.left--
	switch {
	case !d.whole():
		d.raw, d.prev = d.prev, d.raw
		unfilter(filter, d.raw, src, d.prev, max(1, h.samples()*h.depth/8))
		if !h.Gray {
			h.expand(d.row, d.raw)
		}
	case h.color == rgba:
		unfilterRGBA(filter, d.row, src)
	default:
		unfilterRGB(filter, d.row, src[:len(src)+1]) // behind what was taken there is room
	}
	if d.left == 0 {
		if err := d.z.Finish(); err != nil {
			return nil, err
		}
	}
	if h.Gray {
		return d.raw, nil
	}
	return d.row, nil
}
