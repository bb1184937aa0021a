package jpeg

import (
	"fmt"
	"slices"

	"imgpipe/transform/internal/codec"
)

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
	// at is where the block's samples begin in the first MCU, right and down what is added for the next to the right
	// and below.
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
		return s, formatError("a scan header has the wrong length")
	}
	s.n = int(b[0])
	if s.n > d.h.N {
		return s, formatError(fmt.Sprintf("a scan has %d components, at most %d were expected", s.n, d.h.N))
	}
	if d.h.Progressive {
		p := b[1+2*s.n:]
		s.ss, s.se, s.ah, s.al = int(p[0]), int(p[1]), uint(p[2]>>4), uint(p[2]&15)
		if s.ss > s.se || s.se > 63 || s.ss == 0 && s.se != 0 || s.ss > 0 && s.n > 1 {
			return s, formatError(fmt.Sprintf("a scan of %d components has coefficients %d to %d, which is impossible",
				s.n, s.ss, s.se))
		}
		if s.al > 13 || s.ah > 0 && s.ah != s.al+1 {
			return s, formatError(fmt.Sprintf("a scan goes from bit %d to bit %d: expected the next lower bit",
				s.ah, s.al))
		}
	}
	blocks := 0
	for i := range s.n {
		var err error
		if s.index[i], err = d.named(&s, i, b[1+2*i]); err != nil {
			return s, err
		}
		c := &d.comp[s.index[i]]
		s.comp[i] = c
		blocks += c.h * c.v
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
		return s, formatError(fmt.Sprintf("an MCU has %d blocks, at most 10 were expected", blocks))
	}
	return s, nil
}

// named returns the component that number names in a scan whose first i components are known. Where several have that
// number, it is the first for which the scan can be.
func (d *Decoder) named(s *scan, i int, number byte) (int, error) {
	found := -1
	for j := range d.h.N {
		if d.h.Components[j].ID != number || slices.Contains(s.index[:i], j) {
			continue
		}
		if !d.repeats(s, j) {
			return j, nil
		}
		if found < 0 {
			found = j
		}
	}
	if found < 0 {
		return 0, formatError(fmt.Sprintf("a scan names component %d more often than the frame has it", number))
	}
	return found, nil
}

// repeats reports whether a scan would hold, of component i, what earlier scans held, or leave something out between.
func (d *Decoder) repeats(s *scan, i int) bool {
	if !d.h.Progressive {
		return d.comp[i].seen
	}
	for _, bit := range d.prog.comp[i].bit[s.ss : s.se+1] {
		if s.ah == 0 && bit >= 0 || s.ah > 0 && bit != int8(s.ah) {
			return true
		}
	}
	return false
}

const errNoQuant = formatError("a scan needs a quantization table that the file does not have")

// table finds a Huffman table that a scan needs, if it does. Frames of Motion JPEG leave out the usual ones (T.81,
// K.3).
func (d *Decoder) table(class int, number uint8, needed bool) (*huffTable, error) {
	if !needed {
		return nil, nil
	}
	if number > 3 {
		return nil, formatError(fmt.Sprintf("a scan names Huffman table %d, 0 to 3 were expected", number))
	}
	t := &d.huff[class][number]
	if !t.given {
		if number > 1 {
			return nil, formatError("a scan needs a Huffman table that the file does not have")
		}
		std := &standardTables[class][number]
		if err := t.define(std.counts[:], std.symbols); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// has reports whether earlier scans held all that s holds of component i.
func (d *Decoder) has(s *scan, i int) bool {
	if !d.h.Progressive {
		return d.comp[i].seen
	}
	for _, bit := range d.prog.comp[i].bit[s.ss : s.se+1] {
		if bit < 0 || bit > int8(s.al) {
			return false
		}
	}
	return true
}

// scan decodes the scan s, whose data begin at data[off:]. One that comes again is passed over.
func (d *Decoder) scan(s *scan, off int) error {
	again := true
	for _, i := range s.index[:s.n] {
		again = again && d.has(s, i)
	}
	if again {
		d.again = true
		d.bits.passOver(d.data, off)
		return nil
	}
	for _, i := range s.index[:s.n] {
		if d.repeats(s, i) {
			return formatError("a scan repeats or skips bits of a component")
		}
	}
	for _, c := range s.comp[:s.n] {
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
		return d.eachMCU(s, d.decodeMCU, d.loseMCU)
	}
	c := s.comp[0]
	for by := range c.allRows { // What only pads the plane is not in the scan.
		bx := 0
		if by < c.rows {
			bx = c.cols
		}
		for ; bx < c.allCols; bx++ {
			c.fill(bx, by)
		}
	}
	return d.eachMCU(s, d.decodeMCU, d.loseMCU)
}

// decodeMCU decodes an MCU of a sequential scan.
func (d *Decoder) decodeMCU(s *scan, mx, my int) {
	for i := range s.units {
		u := &s.units[i]
		last := d.bits.block(u.dc, u.ac, &u.c.place, u.pred, &d.coefs)
		u.c.transform(&d.coefs, last, u.at+mx*u.right+my*u.down)
	}
}

// loseMCU fills an MCU of a sequential scan that is missing.
func (d *Decoder) loseMCU(s *scan, mx, my int) {
	s.each(mx, my, func(i, bx, by int) { s.comp[i].lose(bx, by) })
}

// each calls f for the blocks of an MCU, with the number of their component in the scan.
func (s *scan) each(mx, my int, f func(i, bx, by int)) {
	if s.n == 1 {
		f(0, mx, my)
		return
	}
	for i, c := range s.comp[:s.n] {
		for v := range c.v {
			for h := range c.h {
				f(i, mx*c.h+h, my*c.v+v)
			}
		}
	}
}

// The kinds of damage to a scan.
const (
	errBadCode  = formatError("the scan has a code that means nothing")
	errShort    = formatError("the scan ends early") // before a marker
	errCut      = codec.Cut(errShort)                // with the file
	errInterval = formatError("a restart interval ends early")
	errMissing  = formatError("a restart interval is missing")
	errTwice    = formatError("a restart interval comes twice")
)

// eachMCU calls decode for each MCU of a scan, in order, and sees to the restart intervals between them (T.81, E.2.4).
// From damage on it calls lose instead, until the next restart interval that is there.
func (d *Decoder) eachMCU(s *scan, decode, lose func(s *scan, mx, my int)) error {
	r := &d.bits
	cols, rows := d.h.mcus()
	if s.n == 1 {
		cols, rows = s.comp[0].cols, s.comp[0].rows
	}
	left := d.ri // MCUs to the next restart marker
	var number byte
	lost := false // the rest of the interval, or of the scan where it has none
	for my := range rows {
		if err := d.stop.Err(); err != nil {
			return err
		}
		for mx := 0; mx < cols; mx++ {
			if d.ri > 0 && left == 0 {
				first, _ := d.pixelRows(s.comp[0], my*s.down())
				lost = !d.restart(number, lost, first)
				left, number = d.ri, (number+1)&7
				s.pred, s.eobRun, r.bad = [4]int32{}, 0, false
			}
			left--
			if lost {
				lose(s, mx, my)
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
				d.found(r.fault(short))
				lose(s, mx, my)
				lost = true
			}
		}
	}
	d.behind = d.behind || !lost && r.unread()
	if d.gap && r.ahead() {
		d.move(d.gapAt) // What was taken to be missing came later.
	}
	return nil
}

// down is the number of rows of blocks that an MCU has of the first component of s.
func (s *scan) down() int {
	if s.n == 1 {
		return 1
	}
	return s.comp[0].v
}

// restart goes to the next restart interval, before which the marker with a number is expected, and reports whether the
// interval is there. after means that the one before was lost in part; first is the row of the picture where it begins.
func (d *Decoder) restart(number byte, after bool, first int) bool {
	found := d.bits.restart(number)
	if found.repeated {
		d.found(errTwice)
		d.move(first)
		if d.gap {
			d.move(d.gapAt)
		}
	}
	switch {
	case found.none && found.ahead:
		d.found(errMissing)
		if !d.gap {
			d.gap, d.gapAt = true, first
		}
	case found.none:
		d.found(d.bits.short())
	case found.renumbered:
		d.renumbered++
		d.move(first)
	}
	if found.excess && !after && !found.none && !found.repeated {
		d.excess++
	}
	return !found.none
}
