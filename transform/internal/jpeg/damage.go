package jpeg

import (
	"fmt"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

// faults are what was found wrong with the file that is being decoded, apart from where.
type faults struct {
	err        error // the first that leaves something missing
	ended      bool  // the marker of the file's end was found
	thorough   bool  // also scans that the scale has no use for are read
	passed     bool  // such a scan was passed over
	odd        oddities
	excess     int  // restart intervals with bytes behind their end
	again      bool // a scan came twice
	behind     bool // the last interval of a scan has such bytes
	renumbered int  // restart markers with the number of another one
	moved      bool // restart markers do not count on, so that intervals may be in the wrong place
	movedAt    int  // from this row of the picture on
	gap        bool // a restart interval was taken to be missing for its number
	gapAt      int  // in this row of the picture, the first in which one was
}

// found notes damage, of which the first counts.
func (d *Decoder) found(err error) {
	if d.err == nil {
		d.err = err
	}
}

// move notes that a restart interval that begins in a row of the picture may be another than was expected.
func (d *Decoder) move(row int) {
	if !d.moved {
		d.moved, d.movedAt = true, row
	}
	d.movedAt = min(d.movedAt, row)
}

// lose fills the block (bx, by) and notes that it is missing.
func (c *component) lose(bx, by int) {
	c.fill(bx, by)
	c.loseRow(by)
}

// loseRow notes that something is missing in a row of blocks.
func (c *component) loseRow(by int) {
	if c.lost == nil {
		c.lost = make([]bool, c.allRows)
	}
	c.lost[by] = true
}

// loseAll fills the component and notes that all of it is missing.
func (c *component) loseAll() {
	fill(c.pix, c.blank)
	for by := range c.allRows {
		c.loseRow(by)
	}
}

// fill fills a block.
func (c *component) fill(bx, by int) {
	for y := range c.scale {
		at := (by*c.scale+y)*c.stride + bx*c.scale
		fill(c.pix[at:at+c.scale], c.blank)
	}
}

// loseDC notes that an MCU of the first scan of DC coefficients is missing.
func (d *Decoder) loseDC(s *scan, mx, my int) {
	s.each(mx, my, func(i, bx, by int) {
		_, mask := d.prog.block(d, s.index[i], bx, by)
		*mask |= noDC
		s.comp[i].loseRow(by)
	})
}

// loseDetail notes that an MCU of a later scan is missing. Its coefficients stay as the scans before left them.
func (d *Decoder) loseDetail(s *scan, mx, my int) {
	s.each(mx, my, func(i, bx, by int) {
		c := s.comp[i]
		c.coarse = min(c.coarse, by)
		if k := &d.prog.comp[s.index[i]]; s.ss > 0 {
			number := by*c.allCols + bx
			k.hurt[number/64] |= 1 << (number % 64)
			k.hurts = true
		}
	})
}

// finishProgressive fills components of which no scan held the DC coefficients, and notes which lack detail as no scan
// held some of their bits. A file that ends as it should may leave out bits.
func (d *Decoder) finishProgressive() {
	sound := d.err == nil && d.ended
	for i := range d.h.N {
		c, k := &d.comp[i], &d.prog.comp[i]
		switch {
		case k.bit[0] >= 0:
		case sound && c.seen:
			d.found(errNoDC)
			c.flat = true
		default:
			d.found(errNoDC)
			c.loseAll()
		}
	}
	for i := range d.h.N {
		for _, bit := range d.prog.comp[i].bit {
			if bit != 0 && !sound {
				d.comp[i].coarse = 0
			}
		}
	}
}

const errNoDC = formatError("a component has no first scan")

// pixelRows returns the rows of the picture at its full size that a row of c's blocks shows, which may share the last
// with the next row of blocks.
func (d *Decoder) pixelRows(c *component, by int) (first, end int) {
	return 8 * d.h.vMax * by / c.v, ceilDiv(8*d.h.vMax*(by+1), c.v)
}

// report says what is missing of the picture, in rows of its full size.
func (d *Decoder) report() codec.Damage {
	r := codec.Damage{Rows: d.h.Height}
	if d.err == nil {
		return r
	}
	for i := range d.h.N {
		if d.h.essential(i) {
			for by, lost := range d.comp[i].lost {
				if first, end := d.pixelRows(&d.comp[i], by); lost {
					r.Miss(d.err, first, end-first)
				}
			}
		}
	}
	// Of a row that is missing nothing else need be said.
	doubt := func(first, end int, lack string) {
		for y := first; y < min(end, r.Rows); y++ {
			if !r.Misses(y) {
				r.Doubt(d.err, y, lack)
				return
			}
		}
	}
	if d.moved {
		doubt(d.movedAt, r.Rows, "parts may be in the wrong place")
	}
	for i := range d.h.N {
		c := &d.comp[i]
		for by, lost := range c.lost {
			if first, end := d.pixelRows(c, by); lost {
				doubt(first, end, "color is missing")
			}
		}
		if c.flat && d.h.essential(i) {
			doubt(0, r.Rows, "brightness is missing")
		} else if c.flat {
			doubt(0, r.Rows, "color is missing")
		}
		first, _ := d.pixelRows(c, c.coarse)
		doubt(first, r.Rows, "detail is missing")
	}
	r.Err = d.err
	return r
}

// essential reports whether there is no picture without component i.
func (h *Header) essential(i int) bool {
	return h.Kind != pixel.YCbCr && h.Kind != pixel.YCCK || i == 0 || i == 3
}

// oddities are what the standard forbids in segments and does no harm.
type oddities struct {
	length  byte // the marker of a segment whose length was below 2, 0 for none
	arith   bool // there are conditions for arithmetic coding
	sameIDs bool // two components have the same number
	stray   int  // how many bytes stand between segments
}

// Remarks returns what was odd in the file that was decoded last and left nothing missing, a sentence each.
func (d *Decoder) Remarks() []string {
	var out []string
	if d.odd.length != 0 {
		const what = "the segment of marker ff%02x has a length below 2, and was taken for an empty one"
		out = append(out, fmt.Sprintf(what, d.odd.length))
	}
	if d.odd.arith {
		out = append(out, "it has conditions for arithmetic coding, which it does not use; they were passed over")
	}
	if d.odd.sameIDs {
		out = append(out, "components have the same number, and were told apart by their place")
	}
	count := func(n int, one, many string) {
		switch {
		case n == 1:
			out = append(out, one)
		case n > 1:
			out = append(out, fmt.Sprintf(many, n))
		}
	}
	count(d.odd.stray, "a byte stands between two segments, and was passed over",
		"%d bytes stand between segments, and were passed over")
	if d.again {
		out = append(out, "a scan comes again, and what came first was taken")
	}
	if d.behind {
		out = append(out, "a scan has bytes after its end, which were passed over")
	}
	count(d.excess, "a restart interval has bytes after its end, which were passed over",
		"%d restart intervals have bytes after their end, which were passed over")
	count(d.renumbered, "a restart marker has a wrong number, and was taken for the one expected",
		"%d restart markers have wrong numbers, and were taken for those expected")
	return out
}
