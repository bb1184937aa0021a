package png

// A pass has every dx-th pixel of every dy-th row, from x, y on (section 8).
type pass struct{ x, y, dx, dy int }

var (
	onePass = []pass{{0, 0, 1, 1}}
	adam7   = []pass{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}
)

func (h *Header) passes() []pass {
	if h.interlaced {
		return adam7
	}
	return onePass
}

// size returns the width and height of a pass, 0x0 for one that has no pixels and does not come in the file.
func (p pass) size(h *Header) (width, height int) {
	width, height = (h.Width-p.x+p.dx-1)/p.dx, (h.Height-p.y+p.dy-1)/p.dy
	if width <= 0 || height <= 0 {
		return 0, 0
	}
	return width, height
}

// scatter puts the pixels of a row of the pass, each n bytes long, where they belong in a row of the picture.
func (p pass) scatter(to, row []byte, n int) {
	switch n {
	case 1:
		for i, v := range row {
			to[p.x+i*p.dx] = v
		}
	case 4:
		for i := 0; i+4 <= len(row); i += 4 {
			copy(to[4*p.x+i*p.dx:][:4], row[i:i+4])
		}
	default:
		for i := 0; i+n <= len(row); i += n {
			copy(to[n*p.x+i*p.dx:][:n], row[i:i+n])
		}
	}
}

// allPasses decodes an interlaced picture. A row of the picture is there if its part of every pass is.
func (d *Decoder) allPasses() error {
	h, n := d.h, d.h.pixelBytes(d.deep)
	stride := n * h.Width
	for _, p := range adam7 {
		width, height := p.size(h)
		// Nothing stands above the first row.
		clear(d.raw)
		clear(d.row)
		d.unknown = false
		for i := range height {
			y := p.y + i*p.dy
			row, err := d.line(y, width)
			if err != nil {
				return err
			}
			if row != nil {
				p.scatter(d.picture[y*stride:][:stride], row[:n*width], n)
			}
		}
	}
	if err := d.finish(); err != nil {
		return err
	}
	for y := range h.Height {
		if d.damage.Misses(y) {
			d.fill(d.picture[y*stride:][:stride])
		}
	}
	return nil
}
