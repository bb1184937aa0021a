package pixel

// A matrix turns Y, Cb and Cr into RGB, in fractions of 65536.
type matrix struct {
	luma, black        int32 // factor of Y, and the Y that is black
	redCr, blueCb      int32
	greenCb, greenCr   int32
	redBase, greenBase int32
	blueBase           int32
}

func newMatrix(luma float64, black int32, redCr, greenCb, greenCr, blueCb float64) matrix {
	fix := func(f float64) int32 { return int32(f*65536 + 0.5) }
	m := matrix{
		luma: fix(luma), black: black,
		redCr: fix(redCr), greenCb: fix(greenCb), greenCr: fix(greenCr), blueCb: fix(blueCb),
	}
	// Rounding and the offsets of Y, Cb and Cr are taken together.
	base := 32768 - m.black*m.luma
	m.redBase = base - 128*m.redCr
	m.greenBase = base + 128*(m.greenCb+m.greenCr)
	m.blueBase = base - 128*m.blueCb
	return m
}

var (
	jfif  = newMatrix(1, 0, 1.402, 0.344136, 0.714136, 1.772)                // ITU-T T.871
	bt601 = newMatrix(255.0/219, 16, 1.596027, 0.391762, 0.812968, 2.017232) // ITU-R BT.601, 16 to 235
)

func (m *matrix) row(out, luma, cb, cr []byte) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for x, y := range luma {
		yy, u, v := int32(y)*m.luma, int32(cb[x]), int32(cr[x])
		r := (yy + m.redBase + v*m.redCr) >> 16
		g := (yy + m.greenBase - u*m.greenCb - v*m.greenCr) >> 16
		b := (yy + m.blueBase + u*m.blueCb) >> 16
		p := out[4*x:][:4]
		p[0] = byte(min(max(r, 0), 255))
		p[1] = byte(min(max(g, 0), 255))
		p[2] = byte(min(max(b, 0), 255))
		p[3] = 255
	}
}

// Rows makes rows of pixels from planes of any sampling, decoded at full size. It needs two rows of memory for each
// plane. It is not for concurrent use.
type Rows struct {
	planes     *Planes
	shape      Shape
	hMax, vMax int
	bufs       [4][]byte
	rows       [4][]byte // those of planes that there are
}

// NewRows returns the Rows of planes that were decoded from a picture of shape s. It keeps p.
func NewRows(p *Planes, s Shape) *Rows {
	r := &Rows{planes: p, shape: s}
	r.hMax, r.vMax = s.Finest()
	for i := range p.N() {
		r.bufs[i] = make([]byte, s.Width+1)
	}
	return r
}

// at makes rows those of pixel row y. Samples that are half as many are raised by a triangle filter, others repeated.
func (r *Rows) at(y int) {
	width := r.shape.Width
	for i := range r.planes.N() {
		p, c := &r.planes.Plane[i], r.shape.Sampling[i]
		if r.hMax%c.H == 0 && r.vMax%c.V == 0 {
			r.rows[i] = raise(r.bufs[i], p, y, r.hMax/c.H, r.vMax/c.V, width)
			continue
		}
		row := p.Pix[(2*y+1)*c.V/(2*r.vMax)*p.Stride:]
		for x := range width {
			r.bufs[i][x] = row[(2*x+1)*c.H/(2*r.hMax)]
		}
		r.rows[i] = r.bufs[i][:width]
	}
}

// raise returns row y of a plane at the resolution of one that has sx × sy times as many samples, w wide. Samples that
// are half as many are raised by a triangle filter, 3:1 for each direction, as they stand between those of the other
// plane; others are repeated.
func raise(buf []byte, p *Plane, y, sx, sy, w int) []byte {
	near := p.Row(y / sy)
	if sx == 1 && sy == 1 {
		return near
	}
	far := near
	if sy == 2 {
		far = p.Row(min(max(0, y/2-1+2*(y&1)), p.H-1))
	}
	switch sx {
	case 1:
		for x := range buf[:w] {
			buf[x] = byte((3*int32(near[x]) + int32(far[x]) + 2) >> 2)
		}
	case 2:
		// buf has room for one sample more than an odd width needs.
		left := 3*int32(near[0]) + int32(far[0])
		here := left
		for cx := range near {
			right := here
			if cx+1 < len(near) {
				right = 3*int32(near[cx+1]) + int32(far[cx+1])
			}
			out := buf[2*cx:][:2]
			out[0] = byte((3*here + left + 8) >> 4)
			out[1] = byte((3*here + right + 7) >> 4)
			left, here = here, right
		}
	default:
		for x := range buf[:w] {
			buf[x] = byte((3*int32(near[x/sx]) + int32(far[x/sx]) + 2) >> 2)
		}
	}
	return buf[:w]
}

// RGB writes the pixels of row y to out: R, G, B and an alpha of 255. inverted says that 255 is no ink in CMYK and
// YCCK.
func (r *Rows) RGB(out []byte, y int, inverted bool) {
	r.at(y)
	rows, kind := &r.rows, r.planes.Kind
	switch kind {
	case Gray:
		for x, v := range rows[0] {
			p := out[4*x:][:4]
			p[0], p[1], p[2], p[3] = v, v, v, 255
		}
	case RGB, CMYK:
		for x := range rows[0] {
			p := out[4*x:][:4]
			p[0], p[1], p[2], p[3] = rows[0][x], rows[1][x], rows[2][x], 255
		}
	default:
		m := &jfif
		if r.planes.Video {
			m = &bt601
		}
		m.row(out, rows[0], rows[1], rows[2])
	}
	if kind == CMYK || kind == YCCK {
		inkRow(out, rows[3], kind, inverted)
	}
}

// inkRow makes pixels of inks, which stand in the place of RGB: of CMYK itself, or of YCCK the complements of C, M and
// Y. black is K.
func inkRow(out, black []byte, kind Kind, inverted bool) {
	flip, flipBlack := lights(kind, inverted)
	for x, k := range black {
		p := out[4*x:][:4]
		black := uint32(k^flipBlack) * 257
		for i, v := range p[:3] {
			p[i] = byte(uint32(v^flip) * 257 * black / 65535 >> 8)
		}
	}
}

// lights returns which bits of a value to flip so that it is the light that an ink leaves: flip for C, M and Y, or RGB
// that was made of YCC, and flipBlack for K.
func lights(kind Kind, inverted bool) (flip, flipBlack byte) {
	if !inverted {
		flipBlack = 255
	}
	if inverted == (kind == YCCK) {
		flip = 255
	}
	return flip, flipBlack
}

// Inks writes the inks of row y of CMYK or YCCK to out, four bytes for a pixel, of which 255 is all of an ink. inverted
// says that 255 is no ink in the planes.
func (r *Rows) Inks(out []byte, y int, inverted bool) {
	r.at(y)
	rows, kind := &r.rows, r.planes.Kind
	if kind == YCCK {
		jfif.row(out, rows[0], rows[1], rows[2])
	} else {
		for i, row := range rows[:3] {
			for x, v := range row {
				out[4*x+i] = v
			}
		}
	}
	flip, flipBlack := lights(kind, inverted)
	for x, k := range rows[3] {
		p := out[4*x:][:4]
		p[0], p[1], p[2], p[3] = ^(p[0] ^ flip), ^(p[1] ^ flip), ^(p[2] ^ flip), ^(k ^ flipBlack)
	}
}

// Samples writes the samples of row y to out as they are stored, four bytes apart for each pixel.
func (r *Rows) Samples(out []byte, y int) {
	r.at(y)
	for i, row := range r.rows[:r.planes.N()] {
		for x, v := range row {
			out[4*x+i] = v
		}
	}
}
