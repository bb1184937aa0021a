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

// frequencies are how often each symbol occurs, by class (0 DC, 1 AC) and number of a table.
type frequencies [2][2][257]int

// count adds the symbols of entries and masks to freq.
func (e *Encoder) count(freq *frequencies) {
	order := e.tables()
	entries := e.entries
	for i := 0; i < len(e.masks); {
		for _, number := range order {
			mask := e.masks[i]
			i++
			n := bits.OnesCount64(mask)
			freq[0][number][entries[0].symbol()]++
			ac := &freq[1][number]
			for _, v := range entries[1:n] {
				ac[0xf0] += v.runs()
				ac[v.symbol()]++
			}
			entries = entries[n:]
			if mask>>63 == 0 {
				ac[0]++
			}
		}
	}
}

// optimize makes the codes that suit freq best.
func (e *Encoder) optimize(freq *frequencies) {
	e.made = false
	for class := range e.codes {
		for number := range min(e.n, 2) {
			e.codes[class][number].set(shortest(&freq[class][number]))
		}
	}
}

// An entry is a coefficient as it is coded (T.81, F.1.2):
//
//	bits  0–15  the bits of its value
//	bits 16–23  its symbol: how many bits the value has, and from bit 20 on how many zeros come before it,
//	            beyond the whole runs of 16
//	bits 24–25  how many runs of 16 zeros these are
type entry uint32

func newEntry(zeros int, v int16) entry {
	s := v >> 15
	size := bits.Len16(uint16((v ^ s) - s))
	return entry(zeros>>4)<<24 | entry(zeros&15)<<20 | entry(size)<<16 | entry(v+s)&(1<<(size&31)-1)
}

func (v entry) symbol() uint8 { return uint8(v >> 16) }
func (v entry) size() int     { return int(v >> 16 & 15) }
func (v entry) runs() int     { return int(v >> 24) }

// shortest makes the table for symbols of the frequencies given, with no code over 16 bits and none that is all ones
// (T.81, K.2). freq is used up.
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

// code writes the blocks in entries and masks, and empties these.
func (e *Encoder) code() {
	order := e.tables()
	entries := e.entries
	for i := 0; i < len(e.masks); {
		e.out.reserve(len(order) * blockBytes)
		for _, number := range order {
			mask := e.masks[i]
			i++
			n := bits.OnesCount64(mask)
			e.out.block(entries[:n], mask>>63 == 0, &e.codes[0][number].code, &e.codes[1][number].code)
			entries = entries[n:]
		}
	}
	e.entries, e.masks = e.entries[:0], e.masks[:0]
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

// block writes a block: its entries, the difference of the DC coefficients first, and the end of the block if it ends
// before its last coefficient (T.81, F.1.2). There must be room.
func (w *bitWriter) block(entries []entry, ends bool, dc, ac *[256]uint32) {
	acc, n := w.acc, w.n
	buf := w.buf[len(w.buf):cap(w.buf)]
	at := 0

	v := entries[0]
	code := dc[v.symbol()]
	acc = acc<<(code&31) | uint64(code>>8)
	acc = acc<<v.size() | uint64(uint16(v))
	n += int(code&31) + v.size()
	for _, v := range entries[1:] {
		if n >= 32 {
			n -= 32
			at += put32(buf[at:], uint32(acc>>(uint(n)&63)))
		}
		for range v.runs() {
			code := ac[0xf0]
			acc = acc<<(code&31) | uint64(code>>8)
			n += int(code & 31)
			if n >= 32 {
				n -= 32
				at += put32(buf[at:], uint32(acc>>(uint(n)&63)))
			}
		}
		code := ac[v.symbol()]
		acc = acc<<(code&31) | uint64(code>>8)
		acc = acc<<v.size() | uint64(uint16(v))
		n += int(code&31) + v.size()
	}
	if n >= 32 {
		n -= 32
		at += put32(buf[at:], uint32(acc>>(uint(n)&63)))
	}
	if ends {
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

// put32 writes four bytes, stuffed, and returns how many bytes these became.
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
