package fax

import "imgpipe/transform/internal/codec"

// A gap is a number of rows that follow each other and are missing.
type gap struct {
	err      error
	first, n int
}

// maxSpares is how many rows may be too many, each of which moves all that stands behind a gap.
const maxSpares = 4

// group3 decodes rows behind End-of-Lines (T.4, section 4). What is bad between two of these counts as one missing row.
// If there is one gap, and rows are too few or too many in the end, then the bad codes in it had hidden an End-of-Line
// or looked like one, and the rows behind it are moved.
func (d *Decoder) group3(rows int, mixed bool) error {
	d.gap, d.gaps = gap{}, 0
	y, spares, tries := 0, 0, 0
	cut, above := false, true // the data ends within a row; the row above is there
	for y < rows || d.gaps == 1 && d.gap.n > 1 && spares < maxSpares {
		if tries++; tries%stopEvery == 1 {
			if err := d.stop.Err(); err != nil {
				return err
			}
		}
		lines, alone := d.lines(mixed)
		if lines >= 3 || d.end() { // six of them end an image
			break
		}
		if y == rows {
			if lines != 1 {
				break
			}
			y = d.move(y, -1)
			spares++
		}
		if lines == 2 && y > 0 {
			y = d.lose(errEOL, y)
			above = false
			if y == rows {
				continue
			}
		}
		start, first, err := d.bitReader, y, errAbove
		if alone || above {
			y, err = d.between(y, rows, mixed, alone)
		}
		if err == codec.ErrStopped {
			return err
		}
		if above = err == nil; above {
			continue
		}
		if cut = err == codec.ErrCut; cut {
			break
		}
		if y == first+1 && lines > 0 {
			y = first // it was as long as a row by chance
		}
		y = d.lose(err, y)
		d.bitReader = start // a bad code may have taken part of the End-of-Line behind it
		d.seek()
	}
	if y < rows && d.gaps == 1 && !cut {
		y = d.move(y, rows-y)
	}
	if d.gaps > 0 {
		d.report.Miss(d.gap.err, d.gap.first, d.gap.n)
	}
	if y < rows {
		d.report.Miss(codec.ErrCut, y, rows-y)
	}
	return nil
}

// lines takes the End-of-Lines that come next, and returns how many there are and whether the row behind is by itself.
func (d *Decoder) lines(mixed bool) (n int, alone bool) {
	alone = true
	for d.eol() {
		n++
		if mixed {
			if d.n < 1 {
				d.fill()
			}
			alone = d.acc>>63 == 1
			d.take(1)
		}
	}
	return n, alone
}

// between decodes rows from y on up to the next End-of-Line. It returns where it ended, and what was wrong there.
func (d *Decoder) between(y, rows int, mixed, alone bool) (int, error) {
	for n := 1; ; n++ {
		if n%stopEvery == 0 {
			if err := d.stop.Err(); err != nil {
				return y, err
			}
		}
		var err error
		if alone {
			err = d.readRow()
		} else {
			err = d.readRowBelow()
		}
		if err != nil {
			return y, err
		}
		d.keep(y)
		y++
		if y == rows || d.atEOL() {
			return y, nil
		}
		if mixed {
			return y, errCode // a row is not known without the bit behind an End-of-Line
		}
	}
}

// lose notes that row y is missing, and returns the next.
func (d *Decoder) lose(err error, y int) int {
	if d.gaps > 0 && y == d.gap.first+d.gap.n {
		d.gap.n++
		return y + 1
	}
	if d.gaps > 0 {
		d.report.Miss(d.gap.err, d.gap.first, d.gap.n)
	}
	d.gap, d.gaps = gap{err, y, 1}, d.gaps+1
	return y + 1
}

// move makes the only gap longer by n rows, and moves the rows from there to y.
func (d *Decoder) move(y, n int) int {
	behind := d.gap.first + d.gap.n
	copy(d.out[(behind+n)*d.stride:], d.out[behind*d.stride:y*d.stride])
	d.gap.n += n
	return y + n
}
