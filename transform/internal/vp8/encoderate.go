package vp8

// A kindCosts has what tokens cost in blocks of one kind, by band and context. Those behind a level that is not 0
// include that the block goes on.
type kindCosts [8][3]struct {
	token [16]int32 // of which tokenEnd are there
	end   int32     // that the block ends here
	more  int32     // that it does not
}

// A rates has the costs of levels, times what a bit is worth as an error: of squared differences of coefficients.
type rates struct {
	kind  [4]kindCosts
	fixed [firstOfGroup6 + 1]int32 // the sign and extra bits of a level
	bit   int32                    // what a bit is worth, in 64ths
}

// cost returns what so many 256ths of a bit are worth.
func (r *rates) cost(bits int32) int32 { return int32(int64(bits) * int64(r.bit) >> 14) }

// set computes the costs from probabilities.
func (r *rates) set(probs *tokenProbs) {
	for kind := range r.kind {
		for band := range 8 {
			for ctx := range 3 {
				p := &probs[kind][band][ctx]
				t := &r.kind[kind][band][ctx]
				bit := func(i int, one bool) int32 { return costOf(one, p[i]) }
				t.end, t.more = bit(0, false), bit(0, true)
				two := bit(1, true) + bit(2, true)
				low, high := two+bit(3, false), two+bit(3, true)
				far := high + bit(6, true)
				t.token = [16]int32{
					bit(1, false), bit(1, true) + bit(2, false),
					low + bit(4, false), low + bit(4, true) + bit(5, false), low + bit(4, true) + bit(5, true),
					high + bit(6, false) + bit(7, false), high + bit(6, false) + bit(7, true),
					far + bit(8, false) + bit(9, false), far + bit(8, false) + bit(9, true),
					far + bit(8, true) + bit(10, false), far + bit(8, true) + bit(10, true),
				}
				for i := range t.token[:tokenEnd] {
					if ctx > 0 {
						t.token[i] += t.more
					}
					t.token[i] = r.cost(t.token[i])
				}
				t.end, t.more = r.cost(t.end), r.cost(t.more)
			}
		}
	}
	for v := range r.fixed {
		r.fixed[v] = r.cost(fixedCosts[v])
	}
}

// fixedCosts are the costs of the sign and the extra bits of a level.
var fixedCosts [firstOfGroup6 + 1]int32

func makeFixedCosts() (costs [firstOfGroup6 + 1]int32) {
	for v := 1; v < len(costs); v++ {
		var c costCounter
		c.bit(false, 128)
		extra(&c, v)
		costs[v] = int32(c)
	}
	return costs
}

// ends stands for a level: the block ends before it.
const ends = -1

// infinite is more than anything costs.
const infinite = 1 << 30

// search quantizes coefficients from the first on so that the squared error and what the levels cost are least
// together, and replaces them by what their levels stand for. It is dynamic programming from the last coefficient back
// to the first: for each position and context, the cheapest way to the end. The candidates for a level are the two
// around the quotient, and 0. Errors are divided by 1<<shift. It returns which levels are not 0, and the costs.
func (q *quantizer) search(c *coefficients, first, context int, k *kindCosts, fixed *[firstOfGroup6 + 1]int32,
	shift int, out *levels) (mask uint16, cost int32) {
	var size [16]int32
	var all int32
	last := -1
	step, inverse := q.step[0], q.inverse[0]
	for n := first; n < 16; n++ {
		if n == 1 {
			step, inverse = q.step[1], q.inverse[1]
		}
		v := abs(c[zigzag[n&15]&15])
		size[n&15] = v
		all += v * v >> shift
		if 2*v > step {
			last = n
		}
	}
	if last < 0 {
		*c = coefficients{0: c[0]}
		if first == 0 {
			c[0] = 0
		}
		return 0, all + k[bands[first]&7][context].end
	}
	var choice [16][3]int16
	next := [4]int32{infinite, 0, 0} // the costs from the next position on, by context
	if last < 15 {
		t := &k[bands[last+1]&7]
		next[1], next[2] = t[1].end, t[2].end
	}
	for n := last; n >= first; n-- {
		t := &k[bands[n&15]&7]
		if n == first && context == 0 {
			// That the block has not ended is said in this context, too.
			next[0] += t[0].more
			next[1] += t[0].more
			next[2] += t[0].more
		}
		if n == 0 {
			step, inverse = q.step[0], q.inverse[0]
		}
		v := size[n&15]
		low := min(int32(uint32(v)*inverse>>quantShift), maxLevel-1)
		var l0, l1, l2 int16 // the best levels, by context; 0 at first
		b0, b1, b2 := int32(infinite), t[1].end, t[2].end
		if low <= 1 {
			b0 = t[0].token[0] + next[0]
			if b := t[1].token[0] + next[0]; b < b1 {
				b1 = b
			} else {
				l1 = ends
			}
			if b := t[2].token[0] + next[0]; b < b2 {
				b2 = b
			} else {
				l2 = ends
			}
		} else {
			l1, l2 = ends, ends
		}
		l, most := max(low, 1), low
		if v-low*step > step>>2 {
			most++
		}
		for ; l <= most; l++ {
			far := min(l, firstOfGroup6)
			rest := next[min(l, 2)&3] + fixed[far] + l*step*(l*step-2*v)>>shift
			token := tokenOf[far] & 15
			if b := rest + t[0].token[token]; b < b0 {
				b0, l0 = b, int16(l)
			}
			if b := rest + t[1].token[token]; b < b1 {
				b1, l1 = b, int16(l)
			}
			if b := rest + t[2].token[token]; b < b2 {
				b2, l2 = b, int16(l)
			}
		}
		choice[n&15] = [3]int16{l0, l1, l2}
		next = [4]int32{b0, b1, b2}
	}
	if end := k[bands[first]&7][context].end; end <= next[context] {
		next[context], choice[first][context] = end, ends
	}
	cost = all + next[context]
	ctx := context
	n := first
	for ; n <= last; n++ {
		at := zigzag[n&15] & 15
		l := choice[n&15][ctx]
		if l == ends {
			break
		}
		ctx = int(min(l, 2))
		if l == 0 {
			c[at], out[n&15] = 0, 0
			continue
		}
		if c[at] < 0 {
			l = -l
		}
		out[n&15] = l
		c[at] = int32(l) * q.step[min(n, 1)&1]
		mask |= 1 << n
	}
	for ; n < 16; n++ {
		c[zigzag[n&15]&15] = 0
	}
	return mask, cost
}
