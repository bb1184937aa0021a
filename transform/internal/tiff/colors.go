package tiff

import "math"

// A source reads the samples of a row, scaled to 8 bits.
type source struct {
	l   *Layout
	row []byte
}

// raw returns the i-th sample of the row as it is stored.
func (s *source) raw(i int) uint64 {
	l := s.l
	switch l.bits {
	case 8:
		return uint64(s.row[i])
	case 16:
		return uint64(l.d.order.Uint16(s.row[2*i:]))
	case 32:
		return uint64(l.d.order.Uint32(s.row[4*i:]))
	case 64:
		return l.d.order.Uint64(s.row[8*i:])
	case 24:
		b := s.row[3*i:][:3]
		if l.little() {
			return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16
		}
		return uint64(b[2]) | uint64(b[1])<<8 | uint64(b[0])<<16
	}
	// Other sizes are a stream of bits, the most significant first.
	var v uint64
	at := i * l.bits
	for n := l.bits; n > 0; {
		take := min(n, 8-at%8)
		part := uint64(s.row[at/8]) >> (8 - at%8 - take) & (1<<take - 1)
		v = v<<take | part
		at += take
		n -= take
	}
	return v
}

// at returns the i-th sample from 0 to 255. Signed numbers are taken for unsigned ones, as by other programs, and
// floating point has the range from 0 to 1.
func (s *source) at(i int) uint8 {
	v := s.raw(i)
	bits := s.l.bits
	if s.l.format == 3 {
		var f float64
		switch bits {
		case 16:
			f = half(uint16(v))
		case 32:
			f = float64(math.Float32frombits(uint32(v)))
		default:
			f = math.Float64frombits(v)
		}
		if !(f > 0) { // also what is no number
			return 0
		}
		return uint8(min(f, 1)*255 + 0.5)
	}
	if bits == 8 {
		return uint8(v)
	}
	top := uint64(1)<<bits - 1
	return uint8((v*255 + top/2) / top)
}

// fill puts the samples of the row into every stride-th byte of out.
func (s *source) fill(out []byte, stride int) {
	n := (len(out) + stride - 1) / stride
	integer := s.l.format != 3
	switch {
	case s.l.bits == 8 && integer:
		for i, v := range s.row[:n] {
			out[i*stride] = v
		}
	case s.l.bits == 16 && integer:
		high := 0
		if s.l.little() {
			high = 1
		}
		for i := range n {
			pair := s.row[2*i:][:2]
			out[i*stride] = uint8((uint32(pair[high])<<8*255 + uint32(pair[1-high])*255 + 32767) / 65535)
		}
	default:
		for i := range n {
			out[i*stride] = s.at(i)
		}
	}
}

// half reads a number of IEEE 754's binary16.
func half(h uint16) float64 {
	exponent, fraction := int(h>>10&31), float64(h&0x3ff)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 31:
		f = math.Inf(1)
		if fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if h&0x8000 != 0 {
		return -f
	}
	return f
}

// samples returns those of n pixels of a block's row y as bytes from 0 to 255, those of a pixel together. They are good
// until the next call.
func (d *Decoder) samples(parts [][]byte, y, n int) []byte {
	l := d.l
	size := l.rowBytes()
	if len(parts) == 1 && l.bits == 8 && l.format != 3 {
		return parts[0][y*size:][:n*l.samples]
	}
	d.eight = sized(d.eight, n*l.samples)
	for p, part := range parts {
		if len(part) > 0 {
			s := source{l, part[y*size:][:size]}
			s.fill(d.eight[p:], len(parts))
		}
	}
	return d.eight
}

// sized returns s with n elements, whose values are arbitrary.
func sized(s []byte, n int) []byte {
	if cap(s) < n {
		return make([]byte, n)
	}
	return s[:n]
}

// paint makes n pixels of out from row y of a block, whose samples are those of parts. It undoes the predictor there,
// and so can be called only once for a row.
func (d *Decoder) paint(out []byte, parts [][]byte, y, n int) {
	l := d.l
	if l.subX*l.subY > 1 {
		l.subsampled(out, parts[0], y, n)
		return
	}
	if l.Deep() && (d.deep || l.associated) {
		d.paintDeep(out, parts, y, n)
		return
	}
	size := l.rowBytes()
	if len(parts) == 1 && l.photometric == rgb && l.samples == 3 && l.bits == 8 && l.predictor == 2 {
		undoRGB(out, parts[0][y*size:][:3*n]) // the common case, in one pass in place of two
		return
	}
	for _, part := range parts {
		if len(part) > 0 {
			d.u.undo(part[y*size:][:size])
		}
	}
	var s []byte
	if !l.indirect() || l.alpha > 0 {
		s = d.samples(parts, y, n)
	}
	switch {
	case l.photometric == paletted:
		indices := source{l, parts[0][y*size:][:size]}
		for x := range n {
			i := indices.raw(x * l.samples / len(parts))
			if i >= uint64(l.entries()) {
				d.beyond++
			}
			c := d.fromPalette(i)
			copy(out[4*x:4*x+4], c[:])
		}
	case l.indirect():
		l.lab(out, parts, y, n)
	case l.CMYK && d.o.Inks != nil:
		for x := range n {
			copy(out[4*x:4*x+4], s[x*l.samples:])
		}
		d.o.Inks(out[:4*n])
	default:
		l.color(out, s)
	}
	if l.alpha == 0 {
		return
	}
	for x := range n {
		p, a := out[4*x:][:4], s[x*l.samples+l.alpha]
		p[3] = min(p[3], a) // a color that the palette does not have is clear already
		if l.associated && a > 0 && a < 255 {
			for c := range 3 {
				p[c] = uint8(min(255, (int(p[c])*255+int(a)/2)/int(a)))
			}
		}
	}
}

// undoRGB makes pixels of RGB of the differences to their neighbors on the left (section 14).
func undoRGB(out, diffs []byte) {
	var r, g, b byte
	for ; len(diffs) >= 3 && len(out) >= 4; diffs, out = diffs[3:], out[4:] {
		r, g, b = r+diffs[0], g+diffs[1], b+diffs[2]
		out[0], out[1], out[2], out[3] = r, g, b, 255
	}
}

// color makes opaque pixels of samples that are no indices.
func (l *Layout) color(out, s []byte) {
	k := l.samples
	switch {
	case l.Gray && l.photometric == whiteIsZero:
		for x := range len(s) / k {
			out[x] = 255 - s[x*k]
		}
	case l.Gray && k == 1:
		copy(out, s)
	case l.Gray:
		for x := range len(s) / k {
			out[x] = s[x*k]
		}
	case l.photometric == rgb && k == 3:
		for ; len(s) >= 3 && len(out) >= 4; s, out = s[3:], out[4:] {
			out[0], out[1], out[2], out[3] = s[0], s[1], s[2], 255
		}
	default:
		for ; len(s) >= k; s, out = s[k:], out[4:] {
			p := out[:4]
			p[3] = 255
			switch l.photometric {
			case whiteIsZero:
				p[0], p[1], p[2] = 255-s[0], 255-s[0], 255-s[0]
			case rgb:
				p[0], p[1], p[2] = s[0], s[1], s[2]
			case separated:
				k := 255 - int(s[3])
				for c := range 3 {
					p[c] = uint8(((255-int(s[c]))*k + 127) / 255)
				}
			case ycbcr:
				p[0], p[1], p[2] = fromYCbCr(s[0], s[1], s[2])
			default:
				p[0], p[1], p[2] = s[0], s[0], s[0]
			}
		}
	}
}

// fromPalette returns the i-th color of the palette.
func (d *Decoder) fromPalette(i uint64) (c [4]byte) {
	if d.l.bits <= 8 {
		return d.palette[i]
	}
	return d.entry(int(i))
}

// paletteShift is how many bits of the palette's values are too many. They have 16 bits; but some programs write 8,
// which shows in that no value is larger.
func (l *Layout) paletteShift() int {
	third := l.entries()
	for i := range min(1<<l.bits, third) {
		for j := range 3 {
			if l.palette.At(j*third+i) > 255 {
				return 8
			}
		}
	}
	return 0
}

// entry reads a color of the palette. What that does not have is transparent where the image has alpha, else black.
func (d *Decoder) entry(i int) (c [4]byte) {
	p, third := d.l.palette, d.l.entries()
	if i >= third {
		d.l.fill(c[:], len(c))
		return c
	}
	for j := range 3 {
		c[j] = uint8(p.At(j*third+i) >> d.shift)
	}
	c[3] = 255
	return c
}

// fromYCbCr is the conversion of section 21 with its default coefficients, those of ITU-R BT.601.
func fromYCbCr(y, cb, cr uint8) (r, g, b uint8) {
	yy, u, v := int32(y)<<16+1<<15, int32(cb)-128, int32(cr)-128
	clamp := func(v int32) uint8 { return uint8(min(max(v>>16, 0), 255)) }
	return clamp(yy + 91881*v), clamp(yy - 22554*u - 46802*v), clamp(yy + 116130*u)
}

// subsampledBytes is the length of a block in which luma and chroma stand in units of subX × subY pixels.
func (l *Layout) subsampledBytes(rows int) int {
	across, down := (l.blockW+l.subX-1)/l.subX, (rows+l.subY-1)/l.subY
	return across * down * (l.subX*l.subY + 2)
}

// subsampled makes n pixels of a block's row y from such units: luma row by row, Cb, Cr.
func (l *Layout) subsampled(out, data []byte, y, n int) {
	across := (l.blockW + l.subX - 1) / l.subX
	unit := l.subX*l.subY + 2
	for x := range n {
		u := data[(y/l.subY*across+x/l.subX)*unit:][:unit]
		p := out[4*x:][:4]
		p[0], p[1], p[2] = fromYCbCr(u[y%l.subY*l.subX+x%l.subX], u[unit-2], u[unit-1])
		p[3] = 255
	}
}
