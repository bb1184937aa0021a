package png

import (
	"encoding/binary"

	"imgpipe/transform/internal/pixel"
)

// expand turns a row of that width, as it is in the file, into R, G, B and A.
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
	case h.depth == 16:
		h.expandRounded(row, raw, width)
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

// expandRounded is expand for samples of 16 bits, which become 8.
func (h *Header) expandRounded(row, raw []byte, width int) {
	for x := range width {
		v := h.deepPixel(raw, x)
		p := row[4*x:][:4]
		p[0], p[1], p[2], p[3] = pixel.To8(v[0]), pixel.To8(v[1]), pixel.To8(v[2]), pixel.To8(v[3])
	}
}

// expandDeep is expand for samples of 16 bits, which stay so.
func (h *Header) expandDeep(row, raw []byte, width int) {
	if h.color == rgba {
		copy(row, raw[:8*width])
		return
	}
	for x := range width {
		v := h.deepPixel(raw, x)
		binary.BigEndian.PutUint64(row[8*x:], uint64(v[0])<<48|uint64(v[1])<<32|uint64(v[2])<<16|uint64(v[3]))
	}
}

// deepPixel returns R, G, B and A of pixel x of a row of 16 bits a sample.
func (h *Header) deepPixel(raw []byte, x int) (v [4]uint16) {
	n := h.samples()
	for i := range n {
		v[i] = binary.BigEndian.Uint16(raw[2*(n*x+i):])
	}
	key := int64(v[0])
	switch h.color {
	case gray:
		v = [4]uint16{v[0], v[0], v[0], 0xffff}
	case grayAlpha:
		v = [4]uint16{v[0], v[0], v[0], v[1]}
	case rgb:
		key |= int64(v[1])<<16 | int64(v[2])<<32
		v[3] = 0xffff
	}
	if key == h.key {
		v[3] = 0
	}
	return v
}
