package vp8l

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"imgpipe/transform/internal/codec"
)

// A reader reads bits, the lowest of each byte first.
type reader struct {
	data []byte
	word uint64
	have int // bits in word
	// short reports that bits were read behind the last one, where zeros are read.
	short bool
}

// fill makes sure that there are 32 bits, as long as there is data.
func (r *reader) fill() {
	if r.have >= 32 {
		return
	}
	if len(r.data) >= 4 {
		r.word |= uint64(binary.LittleEndian.Uint32(r.data)) << r.have
		r.data = r.data[4:]
		r.have += 32
		return
	}
	for ; len(r.data) > 0; r.data = r.data[1:] {
		r.word |= uint64(r.data[0]) << r.have
		r.have += 8
	}
}

// take uses n bits.
func (r *reader) take(n int) {
	if r.have -= n; r.have < 0 {
		r.have, r.short = 0, true
	}
	r.word >>= n
}

// bits reads a number of n bits, at most 32.
func (r *reader) bits(n int) int {
	r.fill()
	v := int(r.word & (1<<n - 1))
	r.take(n)
	return v
}

func (r *reader) err() error {
	if r.short {
		return codec.ErrShort
	}
	return nil
}

// long reads a length or distance, whose code is followed by bits of its own (section 5.2.2).
func (r *reader) long(code int) int {
	if code < 4 {
		return code + 1
	}
	extra := (code - 2) >> 1
	return (2+code&1)<<extra + r.bits(extra) + 1
}

// near has the distances that have codes of their own, in columns and rows, the nearest first.
var near = func() (list [][2]int) {
	for y := range 8 {
		for x := -7; x <= 8; x++ {
			if y > 0 || x > 0 {
				list = append(list, [2]int{x, y})
			}
		}
	}
	abs := func(v int) int { return max(v, -v) }
	slices.SortFunc(list, func(a, b [2]int) int {
		if d := a[0]*a[0] + a[1]*a[1] - b[0]*b[0] - b[1]*b[1]; d != 0 {
			return d
		}
		if d := abs(a[0]) - abs(b[0]); d != 0 {
			return d
		}
		return b[0] - a[0]
	})
	return list
}()

// distance returns how many pixels back a reference points.
func distance(code, width int) int {
	if code > len(near) {
		return code - len(near)
	}
	d := near[code-1]
	return max(d[0]+d[1]*width, 1)
}

// maxLength is how many bits a code has at most.
const maxLength = 15

// A code is a canonical prefix code.
type code struct {
	// table has, for each value of the next bits, a symbol and the length of its code; 0 where the code is longer.
	table []uint32
	bits  int
	// What follows decodes codes that are longer.
	symbols []uint16 // in the order of their codes
	count   [maxLength + 1]uint16
	only    int // the symbol that takes no bit, -1 where there are several
}

// newCode makes a code of the lengths of all symbols, with a table of up to most bits.
func newCode(lengths []uint8, most int) (code, error) {
	c := code{only: -1}
	used, longest := 0, 0
	for s, n := range lengths {
		if n > 0 {
			c.count[n]++
			used++
			c.only = s
			longest = max(longest, int(n))
		}
	}
	if used == 0 {
		return c, errCodes
	}
	if used == 1 {
		return c, nil
	}
	c.only = -1
	c.symbols = make([]uint16, used)
	var first, place [maxLength + 2]int // the first code of each length, and its place among the symbols
	for n := 1; n <= maxLength; n++ {
		first[n+1] = (first[n] + int(c.count[n])) << 1
		place[n+1] = place[n] + int(c.count[n])
	}
	if first[maxLength+1] != 2<<maxLength {
		return c, errCodes
	}
	c.bits = min(longest, most)
	c.table = make([]uint32, 1<<c.bits)
	next := place
	for s, n := range lengths {
		if n == 0 {
			continue
		}
		at := next[n]
		next[n]++
		c.symbols[at] = uint16(s)
		if int(n) > c.bits {
			continue
		}
		value := first[n] + at - place[n]
		for i := int(bits.Reverse16(uint16(value)) >> (16 - n)); i < len(c.table); i += 1 << n {
			c.table[i] = uint32(s)<<8 | uint32(n)
		}
	}
	return c, nil
}

// next reads a symbol. The reader must have 15 bits, if there are so many.
func (c *code) next(r *reader) int {
	if c.only >= 0 {
		return c.only
	}
	if e := c.table[r.word&(1<<c.bits-1)]; e != 0 {
		r.take(int(e & 0xff))
		return int(e >> 8)
	}
	value, first, place := 0, 0, 0
	word := r.word
	for n := 1; n <= maxLength; n++ {
		value |= int(word & 1)
		word >>= 1
		if k := int(c.count[n]); value-first < k {
			r.take(n)
			return int(c.symbols[place+value-first])
		}
		place += int(c.count[n])
		first = (first + int(c.count[n])) << 1
		value <<= 1
	}
	return 0 // never: a code is complete
}
