package tiff

import (
	"errors"
	"image"
	"math"
)

// A source reads the samples of a row, scaled to 8 bits.
type source struct {
	l    *Layout
	row  []byte
	step int // samples from one pixel to the next
}

// raw gives the i-th sample of the row as it is stored.
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

// at gives sample c of pixel x from 0 to 255. Signed numbers are taken for unsigned ones, as by other programs, and floating point
// has the range from 0 to 1.
func (s *source) at(x, c int) uint8 {
	v := s.raw(x*s.step + c)
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

var errPalette = errors.New("a pixel names a color that the palette does not have")

// paint turns the samples of a block into pixels.
func (l *Layout) paint(img *image.NRGBA, where image.Rectangle, parts [][]byte) error {
	size := l.rowBytes()
	sources := make([]source, len(parts))
	for y := range min(where.Dy(), l.Height-where.Min.Y) {
		for p := range parts {
			if len(parts[p]) == 0 {
				continue
			}
			sources[p] = source{l: l, row: parts[p][y*size:][:size], step: l.samples / len(parts)}
		}
		sample := func(x, c int) uint8 {
			if len(sources) > 1 {
				return sources[c].at(x, 0)
			}
			return sources[0].at(x, c)
		}
		n := min(where.Dx(), l.Width-where.Min.X)
		out := img.Pix[img.PixOffset(where.Min.X, where.Min.Y+y):][:4*n]
		if l.photometric == rgb && l.bits == 8 && l.format == 1 && l.samples == 3 && len(sources) == 1 {
			row := sources[0].row // the common case, eight times as fast
			for x := range n {
				p, s := out[4*x:][:4], row[3*x:][:3]
				p[0], p[1], p[2], p[3] = s[0], s[1], s[2], 255
			}
			continue
		}
		for x := range n {
			p := out[4*x:][:4]
			p[3] = 255
			switch l.photometric {
			case whiteIsZero:
				v := 255 - sample(x, 0)
				p[0], p[1], p[2] = v, v, v
			case blackIsZero, mask:
				v := sample(x, 0)
				p[0], p[1], p[2] = v, v, v
			case rgb:
				p[0], p[1], p[2] = sample(x, 0), sample(x, 1), sample(x, 2)
			case paletted:
				i := int(sources[0].raw(x * sources[0].step))
				third := l.palette.Len() / 3
				if i >= third {
					return errPalette
				}
				for c := range 3 {
					p[c] = uint8(l.palette.At(c*third+i) >> 8)
				}
			case separated:
				k := 255 - int(sample(x, 3))
				for c := range 3 {
					p[c] = uint8(((255-int(sample(x, c)))*k + 127) / 255)
				}
			case ycbcr:
				p[0], p[1], p[2] = fromYCbCr(sample(x, 0), sample(x, 1), sample(x, 2))
			}
			if l.alpha > 0 {
				a := sample(x, l.alpha)
				p[3] = a
				if l.associated && a > 0 && a < 255 {
					for c := range 3 {
						p[c] = uint8(min(255, (int(p[c])*255+int(a)/2)/int(a)))
					}
				}
			}
		}
	}
	return nil
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

// subsampled reads such units: luma row by row, Cb, Cr.
func (l *Layout) subsampled(img *image.NRGBA, where image.Rectangle, data []byte) {
	across := (l.blockW + l.subX - 1) / l.subX
	unit := l.subX*l.subY + 2
	for y := range min(where.Dy(), l.Height-where.Min.Y) {
		for x := range min(where.Dx(), l.Width-where.Min.X) {
			u := data[(y/l.subY*across+x/l.subX)*unit:][:unit]
			p := img.Pix[img.PixOffset(where.Min.X+x, where.Min.Y+y):][:4]
			p[0], p[1], p[2] = fromYCbCr(u[y%l.subY*l.subX+x%l.subX], u[unit-2], u[unit-1])
			p[3] = 255
		}
	}
}
