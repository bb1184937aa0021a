package png

import "encoding/binary"

// expand turns a row of that width and of up to 8 bits a sample, as it is in the file, into R, G, B and A.
func (h *Header) expand(row, raw []byte, width int) {
	put := func(x int, r, g, b, a byte) {
		p := row[4*x:][:4]
		p[0], p[1], p[2], p[3] = r, g, b, a
	}
	// alpha is that of a pixel with samples of such a value.
	alpha := func(v int64) byte {
		if v == h.key {
			return 0
		}
		return 255
	}
	switch {
	case h.color == rgb:
		for x := range width {
			p := raw[3*x:][:3]
			put(x, p[0], p[1], p[2], alpha(int64(p[0])|int64(p[1])<<8|int64(p[2])<<16))
		}
	case h.color == grayAlpha:
		for to := row[:4*width]; len(to) >= 4 && len(raw) >= 2; to, raw = to[4:], raw[2:] {
			binary.LittleEndian.PutUint32(to, uint32(raw[0])*0x010101|uint32(raw[1])<<24)
		}
	case h.color == palette && h.depth == 8:
		for to := row[:4*width]; len(to) >= 4 && len(raw) >= 1; to, raw = to[4:], raw[1:] {
			*(*[4]byte)(to) = h.colors[raw[0]]
		}
	case h.color == gray && h.depth == 8:
		for x, v := range raw[:width] {
			put(x, v, v, v, alpha(int64(v)))
		}
	case h.color == palette:
		for x := range width {
			copy(row[4*x:4*x+4], h.colors[h.small(raw, x)][:])
		}
	default:
		scale := byte(255 / (1<<h.depth - 1))
		for x := range width {
			v := h.small(raw, x)
			put(x, v*scale, v*scale, v*scale, alpha(int64(v)))
		}
	}
}

// small returns the sample of pixel x of a row, of 1 to 8 bits. The first sample of a byte stands highest.
func (h *Header) small(raw []byte, x int) byte {
	bit := x * h.depth
	return raw[bit/8] >> (8 - h.depth - bit%8) & byte(1<<h.depth-1)
}

// isBeyond reports whether a row names a color that the palette does not have.
func (h *Header) isBeyond(raw []byte, width int) bool {
	most := byte(0)
	if h.depth == 8 {
		for _, v := range raw[:width] {
			most = max(most, v)
		}
	} else {
		for x := range width {
			most = max(most, h.small(raw, x))
		}
	}
	return int(most) >= h.named
}

// expandDeep turns a row of 16 bits a sample, as it is in the file, into R, G, B and A of 16 bits.
func (h *Header) expandDeep(row, raw []byte, width int) {
	row, raw = row[:8*width], raw[:h.rowBytes(width)]
	be := binary.BigEndian
	// alpha is that of a pixel with samples of such a value.
	alpha := func(v int64) uint64 {
		if v == h.key {
			return 0
		}
		return 0xffff
	}
	switch h.color {
	case gray:
		for ; len(row) >= 8 && len(raw) >= 2; row, raw = row[8:], raw[2:] {
			v := uint64(be.Uint16(raw))
			be.PutUint64(row, v*0x0001_0001_0001_0000|alpha(int64(v)))
		}
	case grayAlpha:
		for ; len(row) >= 8 && len(raw) >= 4; row, raw = row[8:], raw[4:] {
			be.PutUint64(row, uint64(be.Uint16(raw))*0x0001_0001_0001_0000|uint64(be.Uint16(raw[2:])))
		}
	case rgb:
		for ; len(row) >= 8 && len(raw) >= 6; row, raw = row[8:], raw[6:] {
			r, g, b := uint64(be.Uint16(raw)), uint64(be.Uint16(raw[2:])), uint64(be.Uint16(raw[4:]))
			be.PutUint64(row, r<<48|g<<32|b<<16|alpha(int64(r|g<<16|b<<32)))
		}
	default:
		copy(row, raw)
	}
}
