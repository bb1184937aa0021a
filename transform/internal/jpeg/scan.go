package jpeg

import "fmt"

// A scan is one pass over the picture, or over some components or coefficients of it (T.81, B.2.3).
type scan struct {
	n      int // how many components it has
	comp   [4]*component
	index  [4]int // the components' numbers in the frame
	dc, ac [4]*huffTable
	// Of a progressive scan: the band of coefficients, and the bit positions before and after (T.81, G.1.1.1).
	ss, se int
	ah, al uint

	pred   [4]int32 // the DC prediction for each component
	units  []unit   // of a sequential scan
	eobRun int      // how many further blocks end before they begin
	idle   bool     // such blocks stay as they are
}

// A unit is one block of each MCU of a sequential scan.
type unit struct {
	c      *component
	dc, ac *huffTable
	pred   *int32
	// at is where the block's samples begin in the first MCU, right and down what is added for the next to the right and below.
	at, right, down int
}

// layOut lists the blocks of an MCU in their order (T.81, A.2.2 and A.2.3).
func (s *scan) layOut(units []unit) {
	s.units = units[:0]
	for i, c := range s.comp[:s.n] {
		h, v := c.h, c.v
		if s.n == 1 {
			h, v = 1, 1
		}
		for y := range v {
			for x := range h {
				s.units = append(s.units, unit{c: c, dc: s.dc[i], ac: s.ac[i], pred: &s.pred[i],
					at: (y*c.stride + x) * c.scale, right: h * c.scale, down: v * c.scale * c.stride})
			}
		}
	}
}

// parseSOS reads the header of a scan.
func (d *Decoder) parseSOS(b []byte) (scan, error) {
	s := scan{se: 63}
	if len(b) < 6 || len(b) != 4+2*int(b[0]) {
		return s, FormatError("a scan header has the wrong length")
	}
	s.n = int(b[0])
	if s.n > d.h.N {
		return s, FormatError(fmt.Sprintf("a scan has %d components, at most %d were expected", s.n, d.h.N))
	}
	if d.h.Progressive {
		p := b[1+2*s.n:]
		s.ss, s.se, s.ah, s.al = int(p[0]), int(p[1]), uint(p[2]>>4), uint(p[2]&15)
		if s.ss > s.se || s.se > 63 || s.ss == 0 && s.se != 0 || s.ss > 0 && s.n > 1 {
			return s, FormatError(fmt.Sprintf("a scan of %d components has coefficients %d to %d, which cannot be", s.n, s.ss, s.se))
		}
		if s.al > 13 || s.ah > 0 && s.ah != s.al+1 {
			return s, FormatError(fmt.Sprintf("a scan goes from bit %d to bit %d, which cannot be", s.ah, s.al))
		}
	}
	blocks := 0
	for i := range s.n {
		s.index[i] = -1
		for j := range d.h.N {
			if d.h.Components[j].ID == b[1+2*i] {
				s.index[i] = j
			}
		}
		if s.index[i] < 0 {
			return s, FormatError(fmt.Sprintf("a scan names component %d, which the frame has not", b[1+2*i]))
		}
		for j := range i {
			if s.index[j] == s.index[i] {
				return s, FormatError("a scan names a component twice")
			}
		}
		c := &d.comp[s.index[i]]
		s.comp[i] = c
		blocks += c.h * c.v
		var err error
		if s.dc[i], err = d.table(0, b[2+2*i]>>4, s.ss == 0 && s.ah == 0); err != nil {
			return s, err
		}
		if s.ac[i], err = d.table(1, b[2+2*i]&15, s.se > 0); err != nil {
			return s, err
		}
		if !c.seen {
			q := &d.quant[d.h.Components[s.index[i]].Quant]
			if !q.defined {
				return s, errNoQuant
			}
			c.place.set(&q.q, c.scale)
		}
	}
	if s.n > 1 && blocks > 10 {
		return s, FormatError(fmt.Sprintf("an MCU has %d blocks, at most 10 were expected", blocks))
	}
	return s, nil
}

const errNoQuant = FormatError("a scan needs a quantisation table that the file has not")

// table finds a Huffman table that a scan needs, if it does. Frames of Motion JPEG leave out the usual ones (T.81, K.3).
func (d *Decoder) table(class int, number uint8, needed bool) (*huffTable, error) {
	if !needed {
		return nil, nil
	}
	if number > 3 {
		return nil, FormatError(fmt.Sprintf("a scan names Huffman table %d, 0 to 3 were expected", number))
	}
	t := &d.huff[class][number]
	if !t.given {
		if number > 1 {
			return nil, FormatError("a scan needs a Huffman table that the file has not")
		}
		std := &standardTables[class][number]
		if err := t.define(std.counts[:], std.symbols); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// scan decodes the scan s, whose data begin at data[off:].
func (d *Decoder) scan(s *scan, off int) error {
	for _, c := range s.comp[:s.n] {
		if c.seen && !d.h.Progressive {
			return FormatError("there is a second scan of a component, one was expected")
		}
		c.seen = true
	}
	if d.h.Progressive {
		return d.progressiveScan(s, off)
	}
	for i, c := range s.comp[:s.n] {
		s.dc[i].makeDC()
		if c.place.need > 1 {
			s.ac[i].makeAC()
		}
		if c.place.need < 64 {
			s.ac[i].makeSkip()
		}
	}
	d.bits.start(d.data, off)
	s.layOut(d.units[:])
	if s.n > 1 {
		return d.eachMCU(s, d.decodeMCU, d.blankMCU)
	}
	c := s.comp[0]
	for by := range c.allRows { // What only pads the plane is not in the scan.
		bx := 0
		if by < c.rows {
			bx = c.cols
		}
		for ; bx < c.allCols; bx++ {
			c.blank(bx, by)
		}
	}
	return d.eachMCU(s, d.decodeMCU, d.blankBlock)
}

// decodeMCU decodes an MCU of a sequential scan.
func (d *Decoder) decodeMCU(s *scan, mx, my int) {
	for i := range s.units {
		u := &s.units[i]
		last := d.bits.block(u.dc, u.ac, &u.c.place, u.pred, &d.coefs)
		u.c.transform(&d.coefs, last, u.at+mx*u.right+my*u.down)
	}
}

func (d *Decoder) blankMCU(s *scan, mx, my int) {
	for _, c := range s.comp[:s.n] {
		for v := range c.v {
			for h := range c.h {
				c.blank(mx*c.h+h, my*c.v+v)
			}
		}
	}
}

func (d *Decoder) blankBlock(s *scan, bx, by int) { s.comp[0].blank(bx, by) }

// The kinds of damage to a scan.
const (
	errBadCode = FormatError("the scan has a code that means nothing")
	errShort   = FormatError("the scan ends early")
	errRestart = FormatError("the scan lacks a restart marker where one was expected")
	errExcess  = FormatError("the scan has more data before a restart marker than was expected")
)

// eachMCU calls decode for each MCU of a scan, in order, and sees to the restart intervals between them (T.81, E.2.4). After
// damage it calls blank instead for those up to the next restart marker, if that is the one expected, else to the end.
func (d *Decoder) eachMCU(s *scan, decode, blank func(s *scan, mx, my int)) error {
	r := &d.bits
	cols, rows := d.h.mcus()
	rowHeight := 8 * d.h.vMax
	if s.n == 1 {
		cols, rows = s.comp[0].cols, s.comp[0].rows
		rowHeight /= s.comp[0].v
	}
	left := d.ri // MCUs to the next restart marker
	begun := 0   // the row in which the restart interval began
	var number byte
	lost, gone := false, false // the rest of the interval, the rest of the scan
	for my := range rows {
		if d.stop != nil && d.stop() {
			return ErrStopped
		}
		for mx := 0; mx < cols; mx++ {
			if d.ri > 0 && left == 0 {
				if !lost && !r.whole() {
					d.hurt(errShort, begun*rowHeight)
				}
				exact, ok := r.restart(number)
				switch {
				case gone:
				case !ok:
					d.hurt(errRestart, my*rowHeight)
					gone = true
				case !exact && !lost:
					d.hurt(errExcess, begun*rowHeight)
				}
				lost = gone
				left, begun, number = d.ri, my, (number+1)&7
				s.pred, s.eobRun, r.bad = [4]int32{}, 0, false
			}
			left--
			if lost {
				blank(s, mx, my)
				continue
			}
			if s.idle && s.eobRun > 0 && d.ri == 0 {
				// Nothing changes in the blocks of a run of empty bands, which may be most of a picture.
				n := min(s.eobRun, cols-mx)
				s.eobRun -= n
				mx += n - 1
				continue
			}
			decode(s, mx, my)
			short := r.pos > r.limit && !r.check()
			if short || r.bad {
				err := errBadCode
				if short || r.done && r.pos >= r.end {
					err = errShort
				}
				d.hurt(err, my*rowHeight)
				blank(s, mx, my)
				lost, gone = true, gone || d.ri == 0
			}
		}
	}
	if !lost && !r.whole() {
		d.hurt(errShort, begun*rowHeight)
	}
	return nil
}
