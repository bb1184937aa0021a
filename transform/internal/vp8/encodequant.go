package vp8

import "math/bits"

// A quantizer divides the coefficients of one kind of block by its steps: of the first coefficient, and of the others.
type quantizer struct {
	step    [2]int32
	inverse [2]uint32 // 1<<shift / step, rounded up
	bias    [2]uint32 // what is added before the shift: less than half a step, since small coefficients cost more
}

const quantShift = 17

func newQuantizer(step [2]int32, bias [2]uint32) (q quantizer) {
	q.step = step
	for i, s := range step {
		q.inverse[i] = (1<<quantShift + uint32(s) - 1) / uint32(s)
		q.bias[i] = bias[i] << (quantShift - 8)
	}
	return q
}

// maxLevel is the largest quantized coefficient that a file may hold (RFC 6386, section 13.2).
const maxLevel = 2047

// levels are the quantized coefficients of a block in zigzag order.
type levels = [16]int16

// quantize quantizes coefficients from the first on, and replaces them by what their levels stand for. It returns which
// levels, in zigzag order, are not 0.
func (q *quantizer) quantize(c *coefficients, first int, out *levels) (mask uint16) {
	k := min(first, 1)
	for n := first; n < 16; n++ {
		at := zigzag[n&15] & 15
		v := c[at]
		sign := v >> 31
		u := uint32((v ^ sign) - sign)
		l := int32((u*q.inverse[k&1] + q.bias[k&1]) >> quantShift)
		if l == 0 {
			c[at], out[n&15] = 0, 0
		} else {
			l = (min(l, maxLevel) ^ sign) - sign
			out[n&15] = int16(l)
			c[at] = l * q.step[k&1]
			mask |= 1 << (n & 15)
		}
		k = 1
	}
	return mask
}

// count adds the tokens of a block to the counts.
func (t *tokenCounts) count(kind, context, first int, mask uint16, l *levels) {
	counts := &t[kind]
	c := &counts[bands[first]][context]
	n := first
	for rest := mask >> first; rest != 0; {
		c[tokenMore]++
		for rest&1 == 0 {
			c[tokenZero]++
			n++
			c = &counts[bands[n]][0]
			rest >>= 1
		}
		v := l[n]
		v = max(v, -v)
		c[tokenOf[min(v, firstOfGroup6)]]++
		n++
		rest >>= 1
		c = &counts[bands[n]][min(v, 2)]
	}
	if n < 16 {
		c[tokenEnd]++
	}
}

// block writes the tokens of a block. l has the levels that are not 0; it returns the others behind them.
func (w *boolWriter) block(probs *[8][3][11]uint8, context, first int, mask uint16, l []int16) []int16 {
	p := &probs[bands[first]][context]
	n := first
	for rest := mask >> first; rest != 0; {
		w.bit(true, p[0])
		for rest&1 == 0 {
			w.bit(false, p[1])
			n++
			p = &probs[bands[n]][0]
			rest >>= 1
		}
		w.bit(true, p[1])
		v := int(l[0])
		negative := v < 0
		v = max(v, -v)
		if v == 1 {
			w.bit(false, p[2])
		} else {
			w.bit(true, p[2])
			w.large(v, p)
		}
		w.flag(negative)
		l = l[1:]
		n++
		rest >>= 1
		p = &probs[bands[n]][min(v, 2)]
	}
	if n < 16 {
		w.bit(false, p[0])
	}
	return l
}

// large writes the rest of a level that is larger than 1 (section 13.2).
func (w *boolWriter) large(v int, p *[11]uint8) {
	switch {
	case v <= 4:
		w.bit(false, p[3])
		w.bit(v > 2, p[4])
		if v > 2 {
			w.bit(v == 4, p[5])
		}
		return
	case v <= 10:
		w.bit(true, p[3])
		w.bit(false, p[6])
		w.bit(v > 6, p[7])
	default:
		w.bit(true, p[3])
		w.bit(true, p[6])
		group := groupOf(v)
		w.bit(group > 1, p[8])
		w.bit(group&1 != 0, p[9+group/2])
	}
	extra(w, v)
}

// groupOf returns which of the last four groups of values v is in, from 11, 19, 35 and 67 on.
func groupOf(v int) int { return min(bits.Len(uint(v-3))-4, 3) }

// extra writes the extra bits of a level (section 13.2).
func extra(w bitSink, v int) {
	switch {
	case v <= 4:
	case v <= 6:
		w.bit(v == 6, 159)
	case v <= 10:
		w.bit(v > 8, 165)
		w.bit(v&1 == 0, 145)
	default:
		group := groupOf(v)
		v -= 3 + 8<<group
		probs := extraBits[group]
		for i, prob := range probs {
			w.bit(v>>(len(probs)-1-i)&1 != 0, prob)
		}
	}
}
