package vp8

// Kinds of blocks in a tokenProbs (section 13.3).
const (
	lumaWithoutFirst = iota
	firstOfLuma
	chromaBlock
	lumaBlock
)

// A blockProbs has the probabilities of tokens for one kind of block: those of each place of a coefficient and each
// context. Rows are as long as is convenient to find.
type blockProbs [16][4][16]uint8

// spreadProbs returns the probabilities of bands by places.
func spreadProbs(bandProbs *[8][3][11]uint8) (p blockProbs) {
	for n := range p {
		for context, row := range bandProbs[bands[n]] {
			copy(p[n][context][:], row[:])
		}
	}
	return p
}

// readCoefficients reads the coefficients of macroblock x of the row (section 13).
func (d *decoder) readCoefficients(x int, r *boolReader) {
	mb, above, left := &d.mb, &d.above[x], &d.left
	mb.coded = 0
	if mb.skipped {
		above.luma, above.chroma, left.luma, left.chroma = [4]uint8{}, [4]uint8{}, [4]uint8{}, [4]uint8{}
		if !mb.each {
			above.second, left.second = 0, 0
		}
		return
	}
	mb.last = [24]uint8{}
	probs, first := &d.probs[lumaBlock], 0
	if !mb.each {
		probs, first = &d.probs[lumaWithoutFirst], 1
		var second [16]int16
		n := readBlock(r, &d.probs[firstOfLuma], above.second+left.second, 0, &second)
		above.second = min(n, 1)
		left.second = above.second
		if n > 0 {
			mb.spread(&second, &d.steps[mb.segment].y2)
		}
	}
	for i := range 16 {
		a, l := &above.luma[i%4], &left.luma[i/4]
		n := readBlock(r, probs, *a+*l, first, &mb.coefficients[i])
		*a = min(n, 1)
		*l = *a
		mb.note(i, n)
	}
	for i := range 8 {
		a, l := &above.chroma[i/4*2+i%2], &left.chroma[i/4*2+i/2%2]
		n := readBlock(r, &d.probs[chromaBlock], *a+*l, 0, &mb.coefficients[16+i])
		*a = min(n, 1)
		*l = *a
		mb.note(16+i, n)
	}
}

// note notes that n coefficients of a block have been read, up to the last that is not zero.
func (mb *macroblock) note(block int, n uint8) {
	if n > 0 {
		mb.last[block] = n
		mb.coded |= 1 << block
	}
}

// blockBytes is more than a block may take: 16 coefficients of 19 bits, each of which uses at most seven bits of the
// data, and a full window.
const blockBytes = 288

// readBlock reads the coefficients of a block from the first on, in steps of the quantizer. It returns one more than
// the place of the last, 0 if there is none. It holds the window of r in registers. The window is filled for several
// bits together, which may reach behind the block: so the end of the data is left to readLast.
func readBlock(r *boolReader, probs *blockProbs, context uint8, first int, out *[16]int16) uint8 {
	if len(r.data) < blockBytes {
		return readLast(r, probs, context, first, out)
	}
	w := r.window
	if w.low() {
		w = r.more(w)
	}
	p := &probs[first&15][context&3]
	split := w.split(p[0])
	if w.isZero(split) {
		r.window = w.zero(split)
		return 0
	}
	w = w.one(split)
	for n := first; ; {
		if w.low() {
			w = r.more(w)
		}
		if split = w.split(p[1]); w.isZero(split) {
			w = w.zero(split)
			if n++; n == 16 {
				r.window = w
				return 16
			}
			p = &probs[n&15][0]
			continue
		}
		w = w.one(split)
		v, next := int32(1), 1
		if split = w.split(p[2]); w.isZero(split) {
			w = w.zero(split)
		} else {
			w, v = r.large(w.one(split), p)
			next = 2
		}
		w, v = w.withSign(v)
		out[zigzag[n&15]&15] = int16(v)
		if n++; n == 16 {
			r.window = w
			return 16
		}
		p = &probs[n&15][next]
		if split = w.split(p[0]); w.isZero(split) {
			r.window = w.zero(split)
			return uint8(n)
		}
		w = w.one(split)
	}
}

// large returns w after the rest of a coefficient that is larger than 1, and that coefficient (section 13.2). w has
// enough bits for a sign and another bit then.
func (r *boolReader) large(w window, p *[16]uint8) (window, int32) {
	if w.low() {
		w = r.more(w)
	}
	v, bit := int32(2), 0
	if w, bit = w.next(p[3]); bit == 0 {
		if w, bit = w.next(p[4]); bit != 0 {
			w, bit = w.next(p[5])
			v = 3 + int32(bit)
		}
	} else if w, bit = w.next(p[6]); bit == 0 {
		if w, bit = w.next(p[7]); w.low() {
			w = r.more(w)
		}
		if bit == 0 {
			w, bit = w.next(159)
			v = 5 + int32(bit)
		} else {
			w, bit = w.next(165)
			v = 7 + 2*int32(bit)
			w, bit = w.next(145)
			v += int32(bit)
		}
	} else {
		var group, low int
		if w, group = w.next(p[8]); w.low() {
			w = r.more(w)
		}
		w, low = w.next(p[9+group])
		group = 2*group + low
		v = 0
		for _, prob := range extraBits[group] {
			if w.low() {
				w = r.more(w)
			}
			w, bit = w.next(prob)
			v = 2*v + int32(bit)
		}
		v += 3 + 8<<group
	}
	if w.low() {
		w = r.more(w)
	}
	return w, v
}

// readLast is readBlock bit by bit, which fails with the first bit that is not there.
func readLast(r *boolReader, probs *blockProbs, context uint8, first int, out *[16]int16) uint8 {
	p, n := &probs[first][context], first
	if !r.bit(p[0]) {
		return 0
	}
	for {
		for !r.bit(p[1]) {
			if n++; n == 16 {
				return 16
			}
			p = &probs[n][0]
		}
		v, next := int32(1), 1
		if r.bit(p[2]) {
			v, next = readLarge(r, p), 2
		}
		if r.flag() {
			v = -v
		}
		out[zigzag[n]] = int16(v)
		if n++; n == 16 {
			return 16
		}
		if p = &probs[n][next]; !r.bit(p[0]) {
			return uint8(n)
		}
	}
}

// readLarge reads the rest of a coefficient that is larger than 1 (section 13.2).
func readLarge(r *boolReader, p *[16]uint8) int32 {
	if !r.bit(p[3]) {
		if !r.bit(p[4]) {
			return 2
		}
		return 3 + int32(toInt(r.bit(p[5])))
	}
	if !r.bit(p[6]) {
		if !r.bit(p[7]) {
			return 5 + int32(toInt(r.bit(159)))
		}
		v := 7 + 2*int32(toInt(r.bit(165)))
		return v + int32(toInt(r.bit(145)))
	}
	group := 2 * toInt(r.bit(p[8]))
	group += toInt(r.bit(p[9+group/2]))
	var v int32
	for _, prob := range extraBits[group] {
		v = 2*v + int32(toInt(r.bit(prob)))
	}
	return v + 3 + 8<<group
}
