package png

import "encoding/binary"

// expand turns a row as it is in the file into R, G, B and A.
func (h *Header) expand(row, raw []byte) {
	put := func(x int, r, g, b, a byte) {
		p := row[4*x:][:4]
		p[0], p[1], p[2], p[3] = r, g, b, a
	}
	switch {
	case h.depth == 16:
		n := h.samples()
		for x := range h.Width {
			var v [4]byte
			for i := range n {
				v[i] = to8(binary.BigEndian.Uint16(raw[2*(n*x+i):]))
			}
			switch h.color {
			case gray:
				put(x, v[0], v[0], v[0], 255)
			case grayAlpha:
				put(x, v[0], v[0], v[0], v[1])
			case rgb:
				put(x, v[0], v[1], v[2], 255)
			default:
				put(x, v[0], v[1], v[2], v[3])
			}
		}
	case h.color == rgb:
		for x := range h.Width {
			p, a := raw[3*x:][:3], byte(255)
			if int(p[0])|int(p[1])<<8|int(p[2])<<16 == h.key {
				a = 0
			}
			put(x, p[0], p[1], p[2], a)
		}
	case h.color == grayAlpha:
		for to := row; len(to) >= 4 && len(raw) >= 2; to, raw = to[4:], raw[2:] {
			binary.LittleEndian.PutUint32(to, uint32(raw[0])*0x010101|uint32(raw[1])<<24)
		}
	case h.color == palette && h.depth == 8:
		for to := row; len(to) >= 4 && len(raw) >= 1; to, raw = to[4:], raw[1:] {
			*(*[4]byte)(to) = h.colors[raw[0]]
		}
	case h.color == gray && h.depth == 8:
		for x, v := range raw[:h.Width] {
			a := byte(255)
			if int(v) == h.key {
				a = 0
			}
			put(x, v, v, v, a)
		}
	default:
		// Samples of 1 to 8 bits, the first one highest.
		mask := byte(1<<h.depth - 1)
		for x := range h.Width {
			bit := x * h.depth
			v := raw[bit/8] >> (8 - h.depth - bit%8) & mask
			if h.color == palette {
				copy(row[4*x:4*x+4], h.colors[v][:])
				continue
			}
			v *= 255 / mask
			put(x, v, v, v, 255)
		}
	}
}

// to8 rounds a sample of 16 bits.
func to8(v uint16) byte { return byte((uint32(v)*255 + 32767) / 65535) }
