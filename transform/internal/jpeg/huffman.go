package jpeg

import "fmt"

// lookBits is the width of the tables that decode AC coefficients. Wider ones do not pay: they fall out of the
// first-level cache.
const lookBits = 12

// A codebook decodes one symbol at a time (T.81, annex C and F.2.2.3).
type codebook struct {
	// short is indexed by the next lookBits bits: symbol<<8 | length of the code, 0 for a longer one or none.
	short [1 << lookBits]uint16
	// Of the codes of each length, first is what the smallest would be as 16 bits, limit the end of the largest, and
	// index where their symbols begin.
	first, limit, index [17]int32
	symbols             [256]uint8
}

// A huffTable is one table of a file (T.81, B.2.4.2), with what it takes to decode quickly made when it is first
// needed.
type huffTable struct {
	defined bool // there is a table, if only of an earlier file
	given   bool // it is one of this file
	counts  [16]uint8
	symbols [256]uint8
	n       int // how many symbols there are

	coded, dcMade, acMade, skipMade bool
	codebook
	// dc is indexed by the next dcBits bits: difference<<8 | bits used, 0 where more bits are needed.
	dc [1 << dcBits]int32
	// ac is indexed by the next lookBits bits; see acEntry.
	ac [1 << lookBits]uint32
	// skip is indexed by the next lookBits bits; see skipEntry.
	skip [1 << lookBits]skipEntry
}

const dcBits = 10

// define takes over a table, and keeps what was made for it if it is the one that is there: all files of a camera or
// program tend to have the same.
func (t *huffTable) define(counts, symbols []byte) error {
	t.given = true
	if t.defined && string(t.counts[:]) == string(counts) && string(t.symbols[:t.n]) == string(symbols) {
		return nil
	}
	code := 0
	for i, c := range counts {
		code += int(c)
		if code > 1<<(i+1) {
			t.given = false
			return formatError("a Huffman table has more codes than fit")
		}
		code <<= 1
	}
	t.n = copy(t.symbols[:], symbols)
	copy(t.counts[:], counts)
	t.defined, t.coded, t.dcMade, t.acMade, t.skipMade = true, false, false, false, false
	return nil
}

// makeCodes makes the codebook.
func (t *huffTable) makeCodes() {
	if t.coded {
		return
	}
	t.coded = true
	clear(t.short[:])
	t.codebook.symbols = t.symbols
	code, at := 0, 0
	for i, c := range t.counts {
		length := i + 1
		shift := 16 - length
		t.first[length] = int32(code << shift)
		t.index[length] = int32(at)
		for range c {
			if length <= lookBits {
				e := uint16(t.symbols[at])<<8 | uint16(length)
				low := code << (lookBits - length)
				for j := range 1 << (lookBits - length) {
					t.short[low+j] = e
				}
			}
			code++
			at++
		}
		t.limit[length] = int32(code << shift)
		code <<= 1
	}
}

// symbol decodes one symbol. The length of its code is 0 where the bits are no code.
func (b *codebook) symbol(acc uint64) (symbol uint8, length uint) {
	if e := b.short[acc>>(64-lookBits)]; e != 0 {
		return uint8(e >> 8), uint(e & 255)
	}
	bits := int32(acc >> 48)
	for length := uint(lookBits + 1); length <= 16; length++ {
		if bits < b.limit[length] {
			if bits < b.first[length] {
				break
			}
			return b.symbols[uint8(b.index[length]+(bits-b.first[length])>>(16-length))], length
		}
	}
	return 0, 0
}

func (t *huffTable) makeDC() {
	t.makeCodes()
	if t.dcMade {
		return
	}
	t.dcMade = true
	for i := range t.dc {
		acc := uint64(i) << (64 - dcBits)
		size, length := t.symbol(acc)
		if total := length + uint(size); length > 0 && total <= dcBits {
			t.dc[i] = int32(extend(acc<<length, uint(size)))<<8 | int32(total)
		} else {
			t.dc[i] = 0
		}
	}
}

// An acEntry says what the next lookBits bits hold: up to two AC coefficients, and whether the block ends behind them
// (T.81, F.1.2.2). With the first coefficient still missing being number k,
//
//	bits  0–5   the bits used
//	bits  6–9   how many zeros come before the first
//	bits 10–15  acLast: the second is number k+acLast; without one this is as the first
//	bits 16–23  the value of the first, signed
//	bits 24–30  the value of the second, signed, 0 for none
//	bit  31     the block ends behind these
//
// An entry that cannot be used, for the code or value is too long or no such code exists, has 63 for acLast; so one
// test, k+acLast ≥ 63, finds these and also the entries that may reach beyond the block. If only the value is too
// long, bits 0–5 are the length of the code, 6–9 how many zeros come before the coefficient, and 16–19 the bits
// of its value; else all these are 0.
type acEntry = uint32

const (
	acSlow = 63 << 10
	acEnd  = 1 << 31
	// acAlone covers what is 0 in an entry that holds nothing but the end of the block.
	acAlone = acEnd - 1<<6
)

func (t *huffTable) makeAC() {
	t.makeCodes()
	if t.acMade {
		return
	}
	t.acMade = true
	for i := range t.ac {
		t.ac[i] = t.acEntry(uint64(i) << (64 - lookBits))
	}
}

func (t *huffTable) acEntry(acc uint64) acEntry {
	v1, run1, used, end := t.acCode(acc, lookBits)
	switch {
	case used == 0:
		if symbol, length := t.symbol(acc); length > 0 && length <= lookBits && symbol&15 > 0 {
			return acSlow | acEntry(length) | acEntry(symbol>>4)<<6 | acEntry(symbol&15)<<16
		}
		return acSlow
	case end:
		return acEntry(used) | acEnd
	}
	last := run1
	v2, run2, used2, end := t.acCode(acc<<used, lookBits-used)
	if used2 > 0 && !end && v2 == v2<<57>>57 {
		last += 1 + run2
		used += used2
		_, _, used2, end = t.acCode(acc<<used, lookBits-used)
	} else {
		v2 = 0
	}
	e := acEntry(run1)<<6 | acEntry(last)<<10 | acEntry(uint8(v1))<<16 | acEntry(v2&0x7f)<<24
	if used2 > 0 && end {
		used += used2
		e |= acEnd
	}
	return e | acEntry(used)
}

// acCode decodes one AC code and its value from the top of acc, if they take at most avail bits and the value fits into
// eight; used is 0 otherwise. A run of 16 zeros is one of 15 and the value 0.
func (t *huffTable) acCode(acc uint64, avail uint) (v int, run, used uint, end bool) {
	symbol, length := t.symbol(acc)
	size := uint(symbol & 15)
	run = uint(symbol >> 4)
	used = length + size
	if length == 0 || used > avail || size == 0 && run != 0 && run != 15 {
		return 0, 0, 0, false
	}
	v = extend(acc<<length, size)
	if v != int(int8(v)) {
		return 0, 0, 0, false
	}
	return v, run, used, size == 0 && run == 0
}

// A skipEntry says how far the next lookBits bits lead, for coefficients of which only the number counts:
//
//	bits  0–5   the bits used; those of the last value need not be among the lookBits
//	bits  6–12  how many coefficients these are, the end of the block counted as one
//	bit  15     the block ends behind these
//
// If these are more coefficients than the block still has, the last codes belong to the next block, and the entry
// cannot be used; one that could never be has 127 of them.
type skipEntry uint16

const (
	skipSlow = 127 << 6
	skipEnd  = 1 << 15
)

func (t *huffTable) makeSkip() {
	t.makeCodes()
	if t.skipMade {
		return
	}
	t.skipMade = true
	for i := range t.skip {
		t.skip[i] = t.skipEntry(uint32(i))
	}
}

func (t *huffTable) skipEntry(look uint32) skipEntry {
	var used, count uint32
	for used < lookBits && count < 48 {
		e := t.short[look<<used&(1<<lookBits-1)]
		length, symbol := uint32(e&255), uint32(e>>8)
		size, run := symbol&15, symbol>>4
		if length == 0 || used+length > lookBits || size == 0 && run != 0 && run != 15 {
			break
		}
		used += length + size
		count += run + 1
		if symbol == 0 {
			return skipEntry(used | count<<6 | skipEnd)
		}
	}
	if used == 0 {
		return skipSlow
	}
	return skipEntry(used | count<<6)
}

// parseDHT takes over the tables of a segment (T.81, B.2.4.2).
func (d *Decoder) parseDHT(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 {
			return formatError("a Huffman table segment has the wrong length")
		}
		class, number := b[0]>>4, b[0]&15
		if class > 1 || number > 3 {
			const say = "there is a Huffman table of class %d and number %d, 0 or 1 and 0 to 3 were expected"
			return formatError(fmt.Sprintf(say, class, number))
		}
		n := 0
		for _, c := range b[1:17] {
			n += int(c)
		}
		if n > 256 || 17+n > len(b) {
			return formatError("a Huffman table segment has the wrong length")
		}
		if err := d.huff[class][number].define(b[1:17], b[17:17+n]); err != nil {
			return err
		}
		b = b[17+n:]
	}
	return nil
}
