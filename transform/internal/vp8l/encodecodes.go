package vp8l

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// A bitWriter writes bits, the lowest of each byte first.
type bitWriter struct {
	out  []byte
	word uint64
	have int // bits in word, below 32
}

// put writes the lowest n bits of v, at most 32. The others must be zero.
func (w *bitWriter) put(v uint32, n int) {
	w.word |= uint64(v) << w.have
	if w.have += n; w.have >= 32 {
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(w.word))
		w.word >>= 32
		w.have -= 32
	}
}

// finish fills the last byte.
func (w *bitWriter) finish() {
	for ; w.have > 0; w.have -= 8 {
		w.out = append(w.out, byte(w.word))
		w.word >>= 8
	}
	w.word, w.have = 0, 0
}

// A prefixCode is a code as it is written.
type prefixCode struct {
	lengths []uint8  // of all symbols
	codes   []uint16 // with the first bit lowest
	only    bool     // there is one symbol, which takes no bit
}

// write writes symbol s.
func (c *prefixCode) write(w *bitWriter, s int) {
	if !c.only {
		w.put(uint32(c.codes[s]), int(c.lengths[s]))
	}
}

// A codeMaker makes codes. It keeps its buffers.
type codeMaker struct {
	nodes  []codeNode
	depths []uint8
	own    []lengthToken
}

// A codeNode is a node of Huffman's tree. The leaves stand first, the rarest first.
type codeNode struct {
	count  uint64
	symbol int
	parent int
}

// make sets c to the best code for symbols that are as frequent as counts says. No length is over most.
func (m *codeMaker) make(c *prefixCode, counts []uint32, most int) {
	c.lengths = resized(c.lengths, len(counts))
	c.codes = resized(c.codes, len(counts))
	clear(c.lengths)
	used, last := 0, 0
	for s, n := range counts {
		if n > 0 {
			used++
			last = s
		}
	}
	if c.only = used < 2; c.only {
		c.lengths[last] = 1 // an empty code is one of the symbol 0
		return
	}
	// Counts that differ less make a tree that is less deep.
	for least := uint64(1); !m.tree(c.lengths, counts, least, most); least *= 2 {
	}
	c.assign()
}

// tree sets the lengths of Huffman's code for counts, of which no one is taken to be under least. It reports whether
// none is over most.
func (m *codeMaker) tree(lengths []uint8, counts []uint32, least uint64, most int) bool {
	m.nodes = m.nodes[:0]
	for s, n := range counts {
		if n > 0 {
			m.nodes = append(m.nodes, codeNode{count: max(uint64(n), least), symbol: s})
		}
	}
	slices.SortFunc(m.nodes, func(a, b codeNode) int {
		return cmp.Or(cmp.Compare(a.count, b.count), cmp.Compare(a.symbol, b.symbol))
	})
	leaves := len(m.nodes)
	leaf, inner := 0, leaves // the first of each kind that has no parent
	for len(m.nodes) < 2*leaves-1 {
		next := codeNode{}
		for range 2 {
			at := &leaf
			if leaf == leaves || inner < len(m.nodes) && m.nodes[inner].count < m.nodes[leaf].count {
				at = &inner
			}
			next.count += m.nodes[*at].count
			m.nodes[*at].parent = len(m.nodes)
			*at++
		}
		m.nodes = append(m.nodes, next)
	}
	m.depths = resized(m.depths, len(m.nodes))
	m.depths[len(m.nodes)-1] = 0
	for i := len(m.nodes) - 2; i >= 0; i-- {
		m.depths[i] = m.depths[m.nodes[i].parent] + 1
		if i < leaves {
			if int(m.depths[i]) > most {
				return false
			}
			lengths[m.nodes[i].symbol] = m.depths[i]
		}
	}
	return true
}

// assign makes the codes of the lengths: the shorter first, and those of one length in the order of their symbols.
func (c *prefixCode) assign() {
	var next [maxLength + 2]int
	for _, n := range c.lengths {
		if n > 0 {
			next[n+1]++
		}
	}
	for n := 2; n <= maxLength; n++ {
		next[n] = (next[n-1] + next[n]) << 1
	}
	for s, n := range c.lengths {
		if n > 0 {
			c.codes[s] = bits.Reverse16(uint16(next[n])) >> (16 - n)
			next[n]++
		}
	}
}

// A lengthToken is a symbol of the code of lengths, with the bits that follow it.
type lengthToken struct{ symbol, extra uint8 }

// lengthExtra has the number of bits behind the symbols from 16 on.
var lengthExtra = [3]int{2, 3, 7}

// writeCode writes the lengths of c (RFC 9649, section 3.7.2.1).
func (m *codeMaker) writeCode(w *bitWriter, c *prefixCode) {
	var two []int
	for s, n := range c.lengths {
		if n > 0 && len(two) < 3 {
			two = append(two, s)
		}
	}
	if len(two) < 3 && two[len(two)-1] < 256 {
		writeSimple(w, two)
		return
	}
	w.put(0, 1)
	m.own = lengthTokens(m.own[:0], c.lengths)
	end, saved := len(m.own), 0 // without the zeros at the end
	for end > 0 && (m.own[end-1].symbol == 0 || m.own[end-1].symbol > 16) {
		end--
		saved += 3 // or so, for each
	}
	if end < 2 {
		end, saved = len(m.own), 0
	}
	if saved <= 12 {
		end = len(m.own)
	}
	var counts [19]uint32
	for _, t := range m.own[:end] {
		counts[t.symbol]++
	}
	var of prefixCode
	var inner codeMaker
	inner.make(&of, counts[:], 7)
	n := len(lengthOrder)
	for n > 4 && of.lengths[lengthOrder[n-1]] == 0 {
		n--
	}
	w.put(uint32(n-4), 4)
	for _, s := range lengthOrder[:n] {
		w.put(uint32(of.lengths[s]), 3)
	}
	if end < len(m.own) {
		v := end - 2
		size := 0 // of v: twice this, and two more
		for v >= 1<<(2+2*size) {
			size++
		}
		w.put(1, 1)
		w.put(uint32(size), 3)
		w.put(uint32(v), 2+2*size)
	} else {
		w.put(0, 1)
	}
	for _, t := range m.own[:end] {
		of.write(w, int(t.symbol))
		if t.symbol >= 16 {
			w.put(uint32(t.extra), lengthExtra[t.symbol-16])
		}
	}
}

// writeSimple writes a code of one or two symbols below 256.
func writeSimple(w *bitWriter, symbols []int) {
	w.put(1, 1)
	w.put(uint32(len(symbols)-1), 1)
	if symbols[0] < 2 {
		w.put(0, 1)
		w.put(uint32(symbols[0]), 1)
	} else {
		w.put(1, 1)
		w.put(uint32(symbols[0]), 8)
	}
	if len(symbols) == 2 {
		w.put(uint32(symbols[1]), 8)
	}
}

// lengthTokens appends the lengths to list, with runs of zeros and of one length taken together.
func lengthTokens(list []lengthToken, lengths []uint8) []lengthToken {
	before := uint8(8)
	for i := 0; i < len(lengths); {
		n := lengths[i]
		run := 1
		for i+run < len(lengths) && lengths[i+run] == n {
			run++
		}
		i += run
		if n == 0 {
			for run >= 11 {
				k := min(run, 138)
				list = append(list, lengthToken{18, uint8(k - 11)})
				run -= k
			}
			if run >= 3 {
				list = append(list, lengthToken{17, uint8(run - 3)})
				run = 0
			}
		} else {
			if n != before {
				list = append(list, lengthToken{n, 0})
				before = n
				run--
			}
			for run >= 3 {
				k := min(run, 6)
				list = append(list, lengthToken{16, uint8(k - 3)})
				run -= k
			}
		}
		for range run {
			list = append(list, lengthToken{n, 0})
		}
	}
	return list
}

// resized returns a slice of n elements, which may hold anything. It has the memory of s if that is enough.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
