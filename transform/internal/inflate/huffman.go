package inflate

import "math/bits"

// tableBits is how many bits of a code are looked up at once. With 12, two literals of a photograph are often found
// together.
const tableBits = 12

// A table is looked up with the next bits of the stream, the first one lowest. Codes of 13 to 15 bits go on in eight
// entries behind the first part.
//
// An entry has in its lowest six bits how many bits are used up: by one or two literals, or by a length or distance
// with its extra bits. Bits 6 and 7 count literals, which stand from bit 8 on. A length stands from bit 8, and the
// number of its extra bits from 17; a distance from 8, and its extra bits from 23.
type table [1<<tableBits + 8*288]uint32

const (
	literals = 3 << 6
	special  = 1 << 31 // not a length or distance, but one of these:
	longer   = 1 << 30 // the rest of the code is looked up in eight entries, the first of which stands from bit 8
	ending   = 1 << 29 // the block ends
	// special alone is no code.
)

// build makes the table for code lengths (RFC 1951, section 3.2.2). entry returns what a symbol means. The code must be
// complete, unless it has a single symbol of one bit, or none.
func (t *table) build(lengths []uint8, entry func(symbol int) uint32) bool {
	var count, code [17]int
	for _, n := range lengths {
		count[n]++
	}
	used := len(lengths) - count[0]
	count[0] = 0
	space := 0
	for n := 1; n <= 15; n++ {
		code[n] = (code[n-1] + count[n-1]) << 1
		space += count[n] << (15 - n)
	}
	if space != 1<<15 && (used > 1 || used == 1 && count[1] != 1) {
		return false
	}
	for i := range t[:1<<tableBits] {
		t[i] = special
	}
	behind := 1 << tableBits
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		c := int(bits.Reverse16(uint16(code[n])) >> (16 - n))
		code[n]++
		part, step, e := t[:1<<tableBits], 1<<n, entry(s)+uint32(n)
		if n > tableBits {
			start := c & (1<<tableBits - 1)
			if t[start]&longer == 0 {
				t[start] = special | longer | uint32(behind)<<8
				for i := range t[behind : behind+8] {
					t[behind+i] = special
				}
				behind += 8
			}
			part = t[t[start]>>8&0xffff:][:8]
			c, step, e = c>>tableBits, 1<<(n-tableBits), e-tableBits
		}
		for ; c < len(part); c += step {
			part[c] = e
		}
	}
	return true
}

// pair adds a second literal to the entries that have room for it. What remains of an index after its first code is a
// smaller index, whose entry has not been changed yet.
func (t *table) pair() {
	for i := 1<<tableBits - 1; i >= 0; i-- {
		a := t[i]
		if a&literals == 0 {
			continue
		}
		b := t[i>>(a&63)]
		if b&literals != 0 && a&63+b&63 <= tableBits {
			t[i] = a&63 + b&63 | 2<<6 | a&0xff00 | b&0xff00<<8
		}
	}
}

// literalEntry returns the entry of a literal, a length (RFC 1951, section 3.2.5) or the end of a block, but for the
// bits of its code.
func literalEntry(s int) uint32 {
	switch {
	case s < 256:
		return 1<<6 | uint32(s)<<8
	case s == 256:
		return special | ending
	case s < 265:
		return uint32(s-257+3) << 8
	case s < 285:
		extra := uint32(s-261) / 4
		return (3+uint32(4+(s-265)%4)<<extra)<<8 | extra<<17 | extra
	case s == 285:
		return 258 << 8
	}
	return special
}

func distanceEntry(s int) uint32 {
	switch {
	case s < 4:
		return uint32(s+1) << 8
	case s < 30:
		extra := uint32(s-2) / 2
		return (1+uint32(2+s%2)<<extra)<<8 | extra<<23 | extra
	}
	return special
}

func (z *Reader) fixedCodes() error {
	if z.fixed {
		return nil
	}
	var lengths [288]uint8
	for s := range lengths {
		switch {
		case s < 144:
			lengths[s] = 8
		case s < 256:
			lengths[s] = 9
		case s < 280:
			lengths[s] = 7
		default:
			lengths[s] = 8
		}
	}
	z.lit.build(lengths[:], literalEntry)
	z.lit.pair()
	z.lengths = lengths
	for s := range lengths[:32] {
		lengths[s] = 5
	}
	z.dist.build(lengths[:32], distanceEntry)
	z.fixed = true
	return nil
}

// dynamicCodes reads the codes that stand before a block (RFC 1951, section 3.2.7).
func (z *Reader) dynamicCodes() error {
	z.fixed = false
	v, err := z.bits(14)
	if err != nil {
		return err
	}
	nLit, nDist, nLen := 257+v&31, 1+v>>5&31, 4+v>>10
	if nLit > 286 || nDist > 30 {
		return ErrDamaged
	}
	var lengths [320]uint8
	for _, s := range []uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:nLen] {
		n, err := z.bits(3)
		if err != nil {
			return err
		}
		lengths[s] = uint8(n)
	}
	// The table of distances is free for now. Codes of at most 7 bits need no second look.
	if !z.dist.build(lengths[:19], func(s int) uint32 { return uint32(s) << 8 }) {
		return ErrDamaged
	}
	clear(lengths[:19])
	for i := 0; i < nLit+nDist; {
		s, err := z.symbol(&z.dist)
		if err != nil {
			return err
		}
		if s < 16 {
			lengths[i] = uint8(s)
			i++
			continue
		}
		repeat := [3]struct {
			n    int
			bits uint
		}{{3, 2}, {3, 3}, {11, 7}}[s-16]
		more, err := z.bits(repeat.bits)
		if err != nil {
			return err
		}
		n := repeat.n + more
		if n > nLit+nDist-i || s == 16 && i == 0 {
			return ErrDamaged
		}
		if s == 16 {
			for k := range n {
				lengths[i+k] = lengths[i-1]
			}
		}
		i += n
	}
	if lengths[256] == 0 || !z.lit.build(lengths[:nLit], literalEntry) ||
		!z.dist.build(lengths[nLit:nLit+nDist], distanceEntry) {
		return ErrDamaged
	}
	z.lit.pair()
	copy(z.lengths[:], lengths[:nLit])
	return nil
}

// symbol decodes one code of at most 7 bits, bit by bit: it is not known how many bits are left.
func (z *Reader) symbol(t *table) (int, error) {
	for {
		if e := t[z.acc&(1<<tableBits-1)]; e&special == 0 && uint(e&63) <= z.n {
			z.drop(uint(e & 63))
			return int(e >> 8), nil
		} else if z.n >= 7 {
			return 0, ErrDamaged
		}
		if err := z.need(z.n + 1); err != nil {
			return 0, err
		}
	}
}
