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
	doubted bool
	doubt   int    // the first row that may not be as it was encoded
	lack    string // what such rows lack
}

// Miss notes that n rows from first on are missing or not whole. Rows that were noted before are counted once; what lies
// outside the picture is left out. Rows must be set.
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
// first row that was noted counts, and what the first call said.
func (r *Report) Doubt(err error, first int, lack string) {
	r.found(err)
	if !r.doubted {
		r.doubted, r.doubt, r.lack = true, first, lack
	}
	r.doubt = min(r.doubt, first)
}

// Part notes what a part of the picture lacks, whose first row is that one.
func (r *Report) Part(p Report, first int) {
	if p.Err == nil {
		return
	}
	for y := range p.Rows {
		if p.Lacks(y) {
			r.Miss(p.Err, first+y, 1)
		}
	}
	if p.doubted {
		r.Doubt(p.Err, first+p.doubt, p.lack)
	}
}

func (r *Report) found(err error) {
	if r.Err == nil {
		r.Err = err
	}
}

// Lacks reports whether row y was noted as missing.
func (r *Report) Lacks(y int) bool { return r.missing != nil && r.missing[y/64]>>(y%64)&1 != 0 }

// Missing returns how many rows are missing, and the first and last of them.
func (r *Report) Missing() (n, first, last int) {
	first = -1
	for y := range r.Rows {
		if r.Lacks(y) {
			if first < 0 {
				first = y
			}
			n, last = n+1, y
		}
	}
	return n, max(first, 0), last
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
	s := r.Err.Error()
	switch {
	case n > 0 && n == r.Rows:
		return s + fmt.Sprintf(": none of %d rows is there", r.Rows)
	case n == 1:
		return s + fmt.Sprintf(": of %d rows row %d is missing", r.Rows, first)
	case n > 0 && last-first+1 > n:
		return s + fmt.Sprintf(": of %d rows %d between row %d and row %d are missing", r.Rows, n, first, last)
	case n > 0 && last == r.Rows-1:
		return s + fmt.Sprintf(": of %d rows the last %d are missing", r.Rows, n)
	case n > 0 && first == 0:
		return s + fmt.Sprintf(": of %d rows the first %d are missing", r.Rows, n)
	case n > 0:
		return s + fmt.Sprintf(": of %d rows %d from row %d on are missing", r.Rows, n, first)
	case r.doubted:
		return s + fmt.Sprintf(": of %d rows none is missing, but from row %d on %s", r.Rows, r.doubt, r.lack)
	}
	return s + fmt.Sprintf(": of %d rows none is missing", r.Rows)
}
