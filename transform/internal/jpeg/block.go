package jpeg

import "encoding/binary"

// A block holds the dequantized coefficients of one block as its inverse DCT wants them: two to a word, those of
// columns 2i and 2i+1 as low + high<<32, row by row. All arithmetic of the inverse DCT on such a word is that on both
// coefficients at once, so long as each stays within 32 bits. A word is made by adding, and begins as 0.
//
// It is longer than it need be, so that a byte as index needs no test against its length.
type block [256]int64

// A placing says, for each coefficient in the order of a scan, what it is multiplied by and which word of a block the
// product is added to. The factor is the quantizer step, moved up to its half of the word, or 0 if the coefficient is
// not needed.
type placing struct {
	scale int // M of the scale M/8
	need  int // coefficients from this number on are not needed
	mul   [64]int64
	word  [64]uint8
}

// set makes the placing for a quantization table, in the order of a scan, and the inverse DCT of scale×scale
// coefficients.
func (p *placing) set(quant *[64]uint16, scale int) {
	p.scale, p.need = scale, 0
	for k, natural := range zigzag {
		row, col := int(natural>>3), int(natural&7)
		p.mul[k], p.word[k] = 0, 0
		if row >= scale || col >= scale {
			continue
		}
		p.need = k + 1
		p.word[k] = uint8(row*pairs(scale) + col/2)
		p.mul[k] = int64(quant[k]) << (32 * (col & 1))
	}
}

// pairs is the number of words in a row of a block of scale×scale coefficients.
func pairs(scale int) int { return (scale + 1) / 2 }

// block decodes a block of a sequential scan (T.81, F.2.2) into b, which must be all 0. last is at least the number of
// the last coefficient that is kept; it is 0 only if there is none but DC. Bad codes set r.bad.
func (r *bitReader) block(dc, ac *huffTable, p *placing, pred *int32, b *block) (last int) {
	acc, n, pos := r.acc, r.n, r.pos
	acc |= binary.BigEndian.Uint64(r.win[pos&winMask:pos&winMask+8]) >> (n & 63)
	pos += int(63-n) >> 3
	n |= 56

	if e := dc.dc[acc>>(64-dcBits)]; e != 0 {
		*pred += e >> 8
		acc <<= e & 63
		n -= uint64(e & 63)
	} else {
		symbol, length := dc.symbol(acc)
		if length == 0 || symbol > 15 {
			r.bad = true
			return 0
		}
		acc <<= length & 63
		*pred += int32(extend(acc, uint(symbol)))
		acc <<= symbol & 63
		n -= uint64(length) + uint64(symbol)
	}
	b[0] += int64(*pred) * p.mul[0]

	// Two look-ups for one refill, written out: 5 per cent of the decoding time at 4/8.
	k := 1
	for k < p.need {
		acc |= binary.BigEndian.Uint64(r.win[pos&winMask:pos&winMask+8]) >> (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e := ac.ac[acc>>(64-lookBits)]
		k2 := k + int(e>>10&63)
		if k2 < 63 {
			acc <<= e & 63
			n -= uint64(e & 63)
			k1 := uint(k) + uint(e>>6&15)
			b[p.word[k1&63]] += int64(int8(e>>16)) * p.mul[k1&63]
			b[p.word[k2&63]] += int64(int32(e<<1)>>25) * p.mul[k2&63]
			if int32(e) < 0 {
				r.acc, r.n, r.pos = acc, n, pos
				if e&acAlone == 0 {
					k2--
				}
				return k2
			}
			k = k2 + 1
			// There are bits enough for another.
			e = ac.ac[acc>>(64-lookBits)]
			k2 = k + int(e>>10&63)
			if k2 < 63 {
				acc <<= e & 63
				n -= uint64(e & 63)
				k1 := uint(k) + uint(e>>6&15)
				b[p.word[k1&63]] += int64(int8(e>>16)) * p.mul[k1&63]
				b[p.word[k2&63]] += int64(int32(e<<1)>>25) * p.mul[k2&63]
				if int32(e) < 0 {
					r.acc, r.n, r.pos = acc, n, pos
					if e&acAlone == 0 {
						k2--
					}
					return k2
				}
				k = k2 + 1
				continue
			}
		}
		var v, run int
		if length := uint(e & 63); length > 0 && e&acSlow == acSlow {
			size := uint(e >> 16 & 15)
			run = int(e >> 6 & 15)
			acc <<= length & 63
			v = extend(acc, size)
			acc <<= size
			n -= uint64(length + size)
		} else {
			r.acc, r.n, r.pos = acc, n, pos
			var ok bool
			if v, run, ok = r.acCode(ac); !ok || v == 0 && run == 0 {
				return k - 1
			}
			acc, n, pos = r.acc, r.n, r.pos
		}
		k += run
		if k > 63 {
			r.acc, r.n, r.pos, r.bad = acc, n, pos, true
			return 63
		}
		b[p.word[k]] += int64(v) * p.mul[k]
		k++
	}
	for k < 64 {
		acc |= binary.BigEndian.Uint64(r.win[pos&winMask:pos&winMask+8]) >> (n & 63)
		pos += int(63-n) >> 3
		n |= 56
		e := ac.skip[acc>>(64-lookBits)]
		if k2 := k + int(e>>6&127); k2 <= 64 {
			acc <<= e & 63
			n -= uint64(e & 63)
			k = k2
			if int16(e) < 0 {
				break
			}
			// There are bits enough for another.
			e = ac.skip[acc>>(64-lookBits)]
			if k2 = k + int(e>>6&127); k2 <= 64 {
				acc <<= e & 63
				n -= uint64(e & 63)
				k = k2
				if int16(e) < 0 {
					break
				}
				continue
			}
			if k >= 64 {
				break
			}
		}
		r.acc, r.n, r.pos = acc, n, pos
		v, run, ok := r.acCode(ac)
		if !ok || v == 0 && run == 0 {
			return k - 1
		}
		acc, n, pos = r.acc, r.n, r.pos
		k += run + 1
	}
	if k > 64 {
		r.bad = true
	}
	r.acc, r.n, r.pos = acc, n, pos
	return k - 1
}

// acCode decodes one AC code and its value: the way for what the tables do not hold. The end of the block is the value
// 0 after no zeros. Bad codes set r.bad.
func (r *bitReader) acCode(ac *huffTable) (v, run int, ok bool) {
	r.refill()
	symbol, length := ac.symbol(r.acc)
	size := uint(symbol & 15)
	run = int(symbol >> 4)
	if length == 0 || size == 0 && run != 0 && run != 15 {
		r.bad = true
		return 0, 0, false
	}
	r.acc <<= length & 63
	r.n -= uint64(length)
	if size > 0 {
		v = r.take(size)
	}
	return v, run, true
}
