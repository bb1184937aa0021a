// Package damage describes what a decoder could not read of a picture that it decoded all the same. Every codec of
// transform reports damage with it, so that one rule and one sentence hold for all formats.
//
// A codec calls [Report.Miss] for rows that are not there, and fills them: with mid-gray in JPEG and lossy WebP, with
// transparent black where the picture has alpha, else with black. It calls [Report.Doubt] for rows that are there and
// may not be as they were encoded.
package damage

import "fmt"

// A Report says what is wrong with a picture. The zero Report means that nothing is.
type Report struct {
	// Err is what was found wrong first; nil means that nothing was.
	Err error
	// Rows is the height of the picture as stored.
	Rows int

	missing []uint64 // a bit for each row, nil while no row is missing
	doubts  []doubt
}

// A doubt says what rows lack that are there.
type doubt struct {
	first int // the first of them
	lack  string
}

// Miss notes that n rows from first on are missing or not whole. Rows that were noted before are counted once; what
// lies outside the picture is left out. Rows must be set.
func (r *Report) Miss(err error, first, n int) {
	r.found(err)
	if r.missing == nil {
		r.missing = make([]uint64, (r.Rows+63)/64)
	}
	for y := max(first, 0); y < min(first+n, r.Rows); y++ {
		r.missing[y/64] |= 1 << (y % 64)
	}
}

// Doubt notes that rows from first on are there, but lack something: "detail is missing", "colors may be wrong". The
// first row that was noted for each lack counts.
func (r *Report) Doubt(err error, first int, lack string) {
	r.found(err)
	for i := range r.doubts {
		if d := &r.doubts[i]; d.lack == lack {
			d.first = min(d.first, first)
			return
		}
	}
	r.doubts = append(r.doubts, doubt{first, lack})
}

// Part notes what a part of the picture lacks, whose first row is that one.
func (r *Report) Part(p Report, first int) {
	if p.Err == nil {
		return
	}
	for y := range p.Rows {
		if p.Misses(y) {
			r.Miss(p.Err, first+y, 1)
		}
	}
	for _, d := range p.doubts {
		if d.first < p.Rows {
			r.Doubt(p.Err, first+d.first, d.lack)
		}
	}
}

func (r *Report) found(err error) {
	if r.Err == nil {
		r.Err = err
	}
}

// Missing returns how many rows are missing, and the first and last of them.
func (r *Report) Missing() (n, first, last int) {
	first = -1
	for y := range r.Rows {
		if r.Misses(y) {
			if first < 0 {
				first = y
			}
			n, last = n+1, y
		}
	}
	return n, max(first, 0), last
}

// Misses reports whether row y was noted as missing.
func (r *Report) Misses(y int) bool {
	return r.missing != nil && r.missing[y/64]>>(y%64)&1 != 0
}

// Sound reports whether row y is there, and as it was encoded.
func (r *Report) Sound(y int) bool {
	for _, d := range r.doubts {
		if y >= d.first {
			return false
		}
	}
	return !r.Misses(y)
}

// Nothing reports whether not one whole row is there.
func (r *Report) Nothing() bool {
	n, _, _ := r.Missing()
	return r.Err != nil && n >= r.Rows
}

// String is one sentence: what is wrong, and how much is missing.
func (r *Report) String() string {
	if r.Err == nil {
		return ""
	}
	n, first, last := r.Missing()
	if n > 0 && n == r.Rows {
		return fmt.Sprintf("%v: none of %d rows is there", r.Err, r.Rows)
	}
	s := fmt.Sprintf("%v: of %d rows ", r.Err, r.Rows)
	join := ", and"
	switch {
	case n == 0:
		s += "none is missing"
		join = ", but"
	case n == 1 && first == r.Rows-1:
		s += "the last is missing"
	case n == 1 && first == 0:
		s += "the first is missing"
	case n == 1:
		s += fmt.Sprintf("row %d is missing", first)
	case last-first+1 > n:
		s += fmt.Sprintf("%d between row %d and row %d are missing", n, first, last)
	case last == r.Rows-1:
		s += fmt.Sprintf("the last %d are missing", n)
	case first == 0:
		s += fmt.Sprintf("the first %d are missing", n)
	default:
		s += fmt.Sprintf("%d from row %d on are missing", n, first)
	}
	for _, d := range r.doubts {
		s += fmt.Sprintf("%s from row %d on %s", join, d.first, d.lack)
		join = ", and"
	}
	return s
}
