package png

import "encoding/binary"

// Filters (section 9.2).
const (
	none = iota
	sub
	up
	average
	paeth
)

// unfilter makes dst from src, whose pixels have bpp bytes, and the row above.
func unfilter(filter byte, dst, src, above []byte, bpp int) {
	dst, above = dst[:len(src)], above[:len(src)]
	switch {
	case filter == none:
		copy(dst, src)
		return
	case filter == up:
		for i, v := range src {
			dst[i] = v + above[i]
		}
		return
	case filter == paeth && bpp == 2:
		// Two samples at once, as neither waits for the other.
		var a0, a1, c0, c1 int32
		for i := 0; i+2 <= len(src); i += 2 {
			s, b, to := src[i:][:2], above[i:][:2], dst[i:][:2]
			b0, b1 := int32(b[0]), int32(b[1])
			a0 = int32(uint8(predict(a0, b0, c0)) + s[0])
			a1 = int32(uint8(predict(a1, b1, c1)) + s[1])
			to[0], to[1] = byte(a0), byte(a1)
			c0, c1 = b0, b1
		}
		return
	}
	for first := range min(bpp, len(src)) {
		var a, c int32 // left, and left above
		switch filter {
		case sub:
			for i := first; i < len(src); i += bpp {
				a = int32(src[i] + uint8(a))
				dst[i] = uint8(a)
			}
		case average:
			for i := first; i < len(src); i += bpp {
				a = int32(src[i] + uint8((a+int32(above[i]))/2))
				dst[i] = uint8(a)
			}
		case paeth:
			for i := first; i < len(src); i += bpp {
				b := int32(above[i])
				a = int32(src[i] + uint8(predict(a, b, c)))
				dst[i] = uint8(a)
				c = b
			}
		}
	}
}

// predict returns whichever of a (left), b (above) and c (left above) is nearest to a+b-c, the first of them if they
// are equally near (section 9.4). It compares with 3c-a-b, which needs neither distances nor jumps that no processor
// can predict in a photograph. That value is at least the larger of a and b if the smaller is nearest, at most the
// smaller if the larger is nearest, and between them if c is.
func predict(a, b, c int32) int32 {
	low, high, t := min(a, b), max(a, b), 3*c-a-b
	if high <= t {
		c = low
	}
	if t <= low {
		c = high
	}
	return c
}

const (
	highs = 0x80808080
	lows  = 0x7f7f7f7f
	alpha = 0xff000000
)

// sum adds the four bytes of two words.
func sum(a, b uint32) uint32 { return (a&lows + b&lows) ^ (a^b)&highs }

// mean returns half the sum of the four bytes of two words, rounded down.
func mean(a, b uint32) uint32 { return a&b + (a^b)>>1&lows }

// unfilterRGBA turns row, which is the one above, into the one that src has, a word at a time.
func unfilterRGBA(filter byte, row, src []byte) {
	row = row[:len(src)]
	le := binary.LittleEndian
	var a uint32 // left
	switch filter {
	case none:
		copy(row, src)
	case sub:
		for i := 0; i+4 <= len(src); i += 4 {
			a = sum(a, le.Uint32(src[i:]))
			le.PutUint32(row[i:], a)
		}
	case up:
		for i := 0; i+4 <= len(src); i += 4 {
			le.PutUint32(row[i:], sum(le.Uint32(row[i:]), le.Uint32(src[i:])))
		}
	case average:
		for i := 0; i+4 <= len(src); i += 4 {
			a = sum(mean(a, le.Uint32(row[i:])), le.Uint32(src[i:]))
			le.PutUint32(row[i:], a)
		}
	case paeth:
		var a0, a1, a2, a3, c0, c1, c2, c3 int32
		for i := 0; i+4 <= len(src); i += 4 {
			p, s := row[i:i+4:i+4], src[i:i+4:i+4]
			b0, b1, b2, b3 := int32(p[0]), int32(p[1]), int32(p[2]), int32(p[3])
			a0 = (predict(a0, b0, c0) + int32(s[0])) & 255
			a1 = (predict(a1, b1, c1) + int32(s[1])) & 255
			a2 = (predict(a2, b2, c2) + int32(s[2])) & 255
			a3 = (predict(a3, b3, c3) + int32(s[3])) & 255
			p[0], p[1], p[2], p[3] = byte(a0), byte(a1), byte(a2), byte(a3)
			c0, c1, c2, c3 = b0, b1, b2, b3
		}
	}
}

// unfilterRGB does the same if src has three bytes for a pixel; each pixel gets an alpha of 255. src is one byte longer
// than its pixels, so that each can be read as a word.
func unfilterRGB(filter byte, row, src []byte) {
	le := binary.LittleEndian
	n := (len(src) - 1) / 3
	row, src = row[:4*n], src[:3*n+1]
	var a uint32
	switch filter {
	case none:
		for x := range n {
			le.PutUint32(row[4*x:], le.Uint32(src[3*x:])|alpha)
		}
	case sub:
		for x := range n {
			a = sum(a, le.Uint32(src[3*x:]))
			le.PutUint32(row[4*x:], a|alpha)
		}
	case up:
		for x := range n {
			le.PutUint32(row[4*x:], sum(le.Uint32(row[4*x:]), le.Uint32(src[3*x:]))|alpha)
		}
	case average:
		for x := range n {
			a = sum(mean(a, le.Uint32(row[4*x:])), le.Uint32(src[3*x:]))
			le.PutUint32(row[4*x:], a|alpha)
		}
	case paeth:
		var a0, a1, a2, c0, c1, c2 int32
		for len(row) >= 4 && len(src) >= 4 {
			b, s := le.Uint32(row), le.Uint32(src)
			b0, b1, b2 := int32(b&255), int32(b>>8&255), int32(b>>16&255)
			a0 = int32(uint8(predict(a0, b0, c0) + int32(s)))
			a1 = int32(uint8(predict(a1, b1, c1) + int32(s>>8)))
			a2 = int32(uint8(predict(a2, b2, c2) + int32(s>>16)))
			le.PutUint32(row, uint32(a0|a1<<8|a2<<16)|alpha)
			c0, c1, c2 = b0, b1, b2
			row, src = row[4:], src[3:]
		}
	}
}
