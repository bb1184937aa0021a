package codec

import "fmt"

// Damage says what a decoder could not read of a picture that it decoded all the same. The zero Damage means that
// nothing is wrong.
//
// A decoder calls [Damage.Miss] for rows that are not there, and fills them: with mid-gray in JPEG and lossy WebP, with
// transparent black if the picture has alpha, and with black otherwise. It calls [Damage.Doubt] for rows that are there
// and may not be as they were encoded.
type Damage struct {
	// Err is what was found wrong first; nil means that nothing was.
	Err error
	// Rows is the height of the picture as stored. A decoder sets it before anything else.
	Rows int

	missing []uint64 // a bit for each row, nil while no row is missing
	doubts  []doubt
}

// A doubt says what rows lack that are there.
type doubt struct {
	first int // the first of them
	lack  string
}

// Miss notes that n rows from first on are missing or not whole. A row that was noted before is counted once. Rows
// outside the picture are left out.
func (d *Damage) Miss(err error, first, n int) {
	d.found(err)
	if d.missing == nil {
		d.missing = make([]uint64, (d.Rows+63)/64)
	}
	for y := max(first, 0); y < min(first+n, d.Rows); y++ {
		d.missing[y/64] |= 1 << (y % 64)
	}
}

// Doubt notes that rows from first on are there, but lack something: "detail is missing", "colors may be wrong". Of the
// first rows that are noted for one lack, the topmost counts.
func (d *Damage) Doubt(err error, first int, lack string) {
	d.found(err)
	for i := range d.doubts {
		if o := &d.doubts[i]; o.lack == lack {
			o.first = min(o.first, first)
			return
		}
	}
	d.doubts = append(d.doubts, doubt{first, lack})
}

// Part notes the damage of a part of the picture that begins at row first.
func (d *Damage) Part(p Damage, first int) {
	if p.Err == nil {
		return
	}
	for y := range p.Rows {
		if p.Misses(y) {
			d.Miss(p.Err, first+y, 1)
		}
	}
	for _, o := range p.doubts {
		if o.first < p.Rows {
			d.Doubt(p.Err, first+o.first, o.lack)
		}
	}
}

func (d *Damage) found(err error) {
	if d.Err == nil {
		d.Err = err
	}
}

// Missing returns how many rows are missing, and the first and last of them.
func (d *Damage) Missing() (n, first, last int) {
	first = -1
	for y := range d.Rows {
		if d.Misses(y) {
			if first < 0 {
				first = y
			}
			n, last = n+1, y
		}
	}
	return n, max(first, 0), last
}

// Whole returns how many rows there are before the first that is missing.
func (d *Damage) Whole() int {
	for y := range d.Rows {
		if d.Misses(y) {
			return y
		}
	}
	return d.Rows
}

// Misses reports whether row y was noted as missing.
func (d *Damage) Misses(y int) bool {
	return d.missing != nil && d.missing[y/64]>>(y%64)&1 != 0
}

// Sound reports whether row y is there, and as it was encoded.
func (d *Damage) Sound(y int) bool {
	for _, o := range d.doubts {
		if y >= o.first {
			return false
		}
	}
	return !d.Misses(y)
}

// Nothing reports whether every row is missing.
func (d *Damage) Nothing() bool {
	n, _, _ := d.Missing()
	return d.Err != nil && n >= d.Rows
}

// String is one sentence: what is wrong, and how much is missing. It is empty if nothing is wrong.
func (d *Damage) String() string {
	if d.Err == nil {
		return ""
	}
	n, first, last := d.Missing()
	if n > 0 && n == d.Rows {
		return fmt.Sprintf("%v: none of %d rows is there", d.Err, d.Rows)
	}
	s := fmt.Sprintf("%v: of %d rows ", d.Err, d.Rows)
	join := ", and"
	switch {
	case n == 0:
		s += "none is missing"
		join = ", but"
	case n == 1 && first == d.Rows-1:
		s += "the last is missing"
	case n == 1 && first == 0:
		s += "the first is missing"
	case n == 1:
		s += fmt.Sprintf("row %d is missing", first)
	case last-first+1 > n:
		s += fmt.Sprintf("%d between row %d and row %d are missing", n, first, last)
	case last == d.Rows-1:
		s += fmt.Sprintf("the last %d are missing", n)
	case first == 0:
		s += fmt.Sprintf("the first %d are missing", n)
	default:
		s += fmt.Sprintf("%d from row %d on are missing", n, first)
	}
	for _, o := range d.doubts {
		s += fmt.Sprintf("%s from row %d on %s", join, o.first, o.lack)
		join = ", and"
	}
	return s
}
