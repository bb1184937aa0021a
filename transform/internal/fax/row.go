package fax

import "imgpipe/transform/internal/codec"

// readRow decodes the next row by itself (T.4, section 4.1): its changes are in d.row then.
func (d *Decoder) readRow() error {
	row, n, a := d.row, 0, 0
	for color := 0; a < d.width; color ^= 1 {
		run, err := d.run(&d.tables.runs[color], d.width-a)
		if err != nil {
			return err
		}
		a += run
		n = change(row, n, a)
	}
	return d.close(n)
}

// readRowBelow decodes the next row by its differences from the one above (T.4, section 4.2, and T.6).
//
// The words of the standard: a is the pixel a0 where the coding stands, -1 before the first. above[i] is b1, the first
// change above it to the color that the row does not have at a. So i is even where that is white.
func (d *Decoder) readRowBelow() error {
	above, row, width := d.above, d.row, d.width
	n, i, a := 0, 0, -1
	for a < width {
		if d.n < 16 {
			d.fill()
		}
		e := d.tables.modes[d.acc>>(64-modeBits)]
		if e == 0 {
			return d.badMode()
		}
		d.acc <<= e & 15
		d.n -= int(e & 15)
		for int(above[i]) <= a && int(above[i]) < width {
			i += 2
		}
		to := int(above[i])
		switch e >> 4 {
		case right1, right2, right3:
			to += int(e>>4) - vertical
		case left1, left2, left3:
			to -= int(e>>4) - right3
		case pass:
			a = int(above[i+1])
			continue
		case horizontal:
			a = max(a, 0)
			for k := range 2 {
				run, err := d.run(&d.tables.runs[(i^k)&1], width-a)
				if err != nil {
					return err
				}
				a += run
				n = change(row, n, a)
			}
			continue
		}
		if to < max(a, 0) || to > width {
			return d.unlessCut(errCode)
		}
		a = to
		n = change(row, n, a)
		if i > 0 {
			i--
		} else {
			i++
		}
	}
	return d.close(n)
}

// badMode says what is wrong where no mode is found.
func (d *Decoder) badMode() error {
	const extension = 0b0000001111
	if d.acc>>54 == extension {
		return ErrUncompressed
	}
	return d.bad()
}

// change notes that the color changes at a, in a row with n changes, and returns how many there are then. A run of no
// pixels joins those on both sides of it.
func change(row []int32, n, a int) int {
	if n > 0 && int(row[n-1]) == a {
		return n - 1
	}
	row[n] = int32(a)
	return n + 1
}

// close ends the row that has n changes. What is behind them is the right side.
func (d *Decoder) close(n int) error {
	if d.n < 0 {
		return codec.ErrCut
	}
	for n > 0 && int(d.row[n-1]) == d.width {
		n--
	}
	for i := n; i < n+sides; i++ {
		d.row[i] = int32(d.width)
	}
	return nil
}

// keep writes the row that was decoded as the y-th, and makes it the one above.
func (d *Decoder) keep(y int) {
	out := d.out[y*d.stride:][:d.stride]
	clear(out)
	for c := d.row; int(c[0]) < d.width; c = c[2:] {
		blacken(out, int(c[0]), int(c[1]))
	}
	d.above, d.row = d.row, d.above
}

// blacken sets the bits of a row from one place to the next.
func blacken(row []byte, from, to int) {
	i, j := from>>3, to>>3
	first, last := byte(0xff)>>(from&7), ^(byte(0xff) >> (to & 7))
	if i == j {
		row[i] |= first & last
		return
	}
	row[i] |= first
	for k := i + 1; k < j; k++ {
		row[k] = 0xff
	}
	if last != 0 {
		row[j] |= last
	}
}
