package jpeg

import (
	"encoding/binary"
	"math/bits"
)

// A codeTable encodes one kind of symbol.
type codeTable struct {
	spec huffSpec
	// code has, for each symbol, its code<<8 | the code's length, 0 for a symbol that has none.
	code [256]uint32
}

// set makes the codes of a table (T.81, C.2).
func (t *codeTable) set(spec huffSpec) {
	t.spec = spec
	clear(t.code[:])
	code, at := uint32(0), 0
	for i, n := range spec.counts {
		for range n {
			t.code[spec.symbols[at]] = code<<8 | uint32(i+1)
			code++
			at++
		}
		code <<= 1
	}
}

// standard makes the typical codes.
func (e *Encoder) standard() {
	if e.made {
		return
	}
	e.made = true
	for class := range e.codes {
		for number := range e.codes[class] {
			e.codes[class][number].set(standardTables[class][number])
		}
	}
}

// optimise makes the codes that suit values and masks best.
func (e *Encoder) optimise() {
	e.made = false
	var freq [2][2][257]int
	order := e.tables()
	values := e.values
	for i := 0; i < len(e.masks); {
		for _, number := range order {
			mask := e.masks[i] &^ 1
			i++
			freq[0][number][size(values[0])]++
			values = values[1:]
			ac := &freq[1][number]
			last := 0
			for ; mask != 0; mask &= mask - 1 {
				k := bits.TrailingZeros64(mask)
				run := k - last - 1
				last = k
				for ; run > 15; run -= 16 {
					ac[0xf0]++
				}
				ac[uint8(run<<4)|uint8(size(values[0]))]++
				values = values[1:]
			}
			if last < 63 {
				ac[0]++
			}
		}
	}
	for class := range e.codes {
		for number := range min(e.n, 2) {
			e.codes[class][number].set(shortest(&freq[class][number]))
		}
	}
}

// size is the number of bits that v takes (T.81, tables F.1 and F.2).
func size(v int16) int {
	s := v >> 15
	return bits.Len16(uint16((v ^ s) - s))
}

// shortest makes the table for symbols of the frequencies given, with no code over 16 bits and none that is all ones (T.81,
// K.2). freq is used up.
func shortest(freq *[257]int) huffSpec {
	freq[256] = 1 // takes the code that is all ones
	var length [257]int
	var next [257]int // the symbols in the same subtree
	for i := range next {
		next[i] = -1
	}
	// The symbols that occur. They are few, so that looking through all of them each time costs little.
	var live [257]int
	n := 0
	for i, f := range freq {
		if f > 0 {
			live[n] = i
			n++
		}
	}
	for n > 1 {
		// The two least frequent; of equals the greater symbol, so that the reserved one stays deepest.
		a, b := 0, 1
		if less(freq, live[b], live[a]) {
			a, b = b, a
		}
		for i := 2; i < n; i++ {
			if less(freq, live[i], live[a]) {
				a, b = i, a
			} else if less(freq, live[i], live[b]) {
				b = i
			}
		}
		x, y := live[a], live[b]
		freq[y] += freq[x]
		end := y
		for i := y; i >= 0; i = next[i] {
			length[i]++
			end = i
		}
		next[end] = x
		for i := x; i >= 0; i = next[i] {
			length[i]++
		}
		n--
		live[a] = live[n]
	}
	var counts [257]int
	longest := 0
	for _, l := range length {
		if l > 0 {
			counts[l]++
			longest = max(longest, l)
		}
	}
	// Codes over 16 bits: of each pair one takes the place of their common prefix, the other goes beside a shorter code
	// (T.81, figure K.3).
	for i := longest; i > 16; i-- {
		for counts[i] > 0 {
			j := i - 2
			for counts[j] == 0 {
				j--
			}
			counts[i] -= 2
			counts[i-1]++
			counts[j+1] += 2
			counts[j]--
		}
	}
	for i := 16; i > 0; i-- { // without the reserved code
		if counts[i] > 0 {
			counts[i]--
			break
		}
	}
	var spec huffSpec
	for i := range spec.counts {
		spec.counts[i] = uint8(counts[i+1])
	}
	for l := 1; l <= longest; l++ {
		for symbol := range 256 {
			if length[symbol] == l {
				spec.symbols = append(spec.symbols, uint8(symbol))
			}
		}
	}
	return spec
}

// less orders symbols by frequency, equals by number, the greatest first.
func less(freq *[257]int, a, b int) bool {
	return freq[a] < freq[b] || freq[a] == freq[b] && a > b
}

// blockBytes is more than a block can take: 64 codes and values of at most 16+11 bits, each byte stuffed.
const blockBytes = 512

// code writes the blocks in values and masks, and empties these.
func (e *Encoder) code() {
	order := e.tables()
	values := e.values
	for i := 0; i < len(e.masks); {
		e.out.reserve(len(order) * blockBytes)
		for _, number := range order {
			mask := e.masks[i]
			i++
			n := bits.OnesCount64(mask)
			e.out.block(values[:n], mask&^1, &e.codes[0][number].code, &e.codes[1][number].code)
			values = values[n:]
		}
	}
	e.values, e.masks = e.values[:0], e.masks[:0]
}

// A bitWriter appends bits to buf, with byte stuffing (T.81, F.1.2.3).
type bitWriter struct {
	buf []byte
	acc uint64 // bits not yet in buf, the last one lowest
	n   int    // how many these are, under 32
}

// reserve makes room for n more bytes.
func (w *bitWriter) reserve(n int) {
	if cap(w.buf)-len(w.buf) < n {
		buf := make([]byte, len(w.buf), 2*cap(w.buf)+n)
		copy(buf, w.buf)
		w.buf = buf
	}
}

// block writes a block: the values, the DC difference first, of the coefficients in mask (T.81, F.1.2). There must be room.
func (w *bitWriter) block(values []int16, mask uint64, dc, ac *[256]uint32) {
	acc, n := w.acc, w.n
	buf := w.buf[len(w.buf):cap(w.buf)]
	at := 0

	v := int(values[0])
	s := v >> 63
	bitsV := bits.Len16(uint16((v ^ s) - s))
	code := dc[bitsV]
	acc = acc<<(code&31) | uint64(code>>8)
	acc = acc<<(uint(bitsV)&31) | uint64(v+s)&(1<<(uint(bitsV)&31)-1)
	n += int(code&31) + bitsV

	last := 0
	for i := 1; mask != 0; mask &= mask - 1 {
		if n >= 32 {
			n -= 32
			at += put32(buf[at:], uint32(acc>>(uint(n)&63)))
		}
		k := bits.TrailingZeros64(mask)
		run := k - last - 1
		last = k
		for run > 15 {
			code := ac[0xf0]
			acc = acc<<(code&31) | uint64(code>>8)
			n += int(code & 31)
			run -= 16
			if n >= 32 {
				n -= 32
				at += put32(buf[at:], uint32(acc>>(uint(n)&63)))
			}
		}
		v := int(values[i])
		i++
		s := v >> 63
		size := uint(bits.Len16(uint16((v ^ s) - s)))
		code := ac[uint8(run<<4)|uint8(size)]
		acc = acc<<(code&31) | uint64(code>>8)
		acc = acc<<(size&31) | uint64(v+s)&(1<<(size&31)-1)
		n += int(code&31) + int(size)
	}
	if n >= 32 {
		n -= 32
		at += put32(buf[at:], uint32(acc>>(uint(n)&63)))
	}
	if last < 63 {
		code := ac[0]
		acc = acc<<(code&31) | uint64(code>>8)
		n += int(code & 31)
		if n >= 32 {
			n -= 32
			at += put32(buf[at:], uint32(acc>>(uint(n)&63)))
		}
	}
	w.acc, w.n = acc, n
	w.buf = w.buf[:len(w.buf)+at]
}

// put32 writes four bytes, stuffed, and gives how many these became.
func put32(buf []byte, v uint32) int {
	const ones, tops = 0x01010101, 0x80808080
	if (^v-ones)&v&tops == 0 { // no byte is ff
		binary.BigEndian.PutUint32(buf, v)
		return 4
	}
	n := 0
	for shift := 24; shift >= 0; shift -= 8 {
		b := byte(v >> shift)
		buf[n] = b
		n++
		if b == 0xff {
			buf[n] = 0
			n++
		}
	}
	return n
}

// flush writes what is left, filled up with ones.
func (w *bitWriter) flush() {
	w.reserve(16)
	fill := -w.n & 7
	acc, n := w.acc<<fill|(1<<fill-1), w.n+fill
	for n > 0 {
		n -= 8
		b := byte(acc >> n)
		w.buf = append(w.buf, b)
		if b == 0xff {
			w.buf = append(w.buf, 0)
		}
	}
	w.acc, w.n = 0, 0
}
