package vp8

// chooseWell chooses the modes and levels of a macroblock by what they cost in bits and in squared errors.
func (e *Encoder) chooseWell(r *record, q *segmentQuant, at *place) (*lumaBlocks, *chromaBlocks) {
	mb := &e.mb
	luma, wholeCost := e.searchWhole(r, q, at)
	eachCost, bits := e.searchEach(r, q, at, wholeCost)
	if r.each = eachCost < wholeCost; r.each {
		luma = &mb.each
		at.room -= bits
	} else {
		luma.reconstruct()
		at.room -= int(lumaCosts[r.luma])
	}
	return luma, e.searchChroma(r, q, at)
}

// candidates returns how many modes are searched: so many, or all of them.
func (e *Encoder) candidates(most int) int {
	if e.effort == High {
		return 10
	}
	return most
}

// searchWhole chooses the mode and levels of a whole macroblock. It returns what they cost.
func (e *Encoder) searchWhole(r *record, q *segmentQuant, at *place) (*lumaBlocks, int) {
	mb := &e.mb
	k := e.rankWhole(q, at, e.candidates(1))
	best, free := 1<<60, 0
	for _, mode := range k.modes[:k.n] {
		l := &mb.whole[free]
		mb.predictLuma(mode, at, &l.out)
		cost := int(q.rates.cost(lumaCosts[mode]))
		above, left := at.above.luma, at.left.luma
		var first coefficients
		for i := range mb.luma {
			c := &l.coefs[i]
			forward(&mb.luma[i], &l.out[i], c)
			first[i] = c[0]
			mask, n := q.y1.search(c, 1, int(above[i%4]+left[i/4]), &q.rates.kind[lumaWithoutFirst], &q.rates.fixed, 0,
				&l.levels[1+i])
			l.masks[1+i] = mask
			above[i%4] = some(mask)
			left[i/4] = above[i%4]
			if cost += int(n); cost >= best {
				break
			}
		}
		if cost >= best {
			continue
		}
		forwardSecond(&first, &l.second)
		mask, n := q.y2.search(&l.second, 0, int(at.above.second+at.left.second), &q.rates.kind[firstOfLuma],
			&q.rates.fixed, 2, &l.levels[0])
		l.masks[0] = mask
		if cost += int(n); cost < best {
			best, r.luma = cost, mode
			free ^= 1
		}
	}
	return &mb.whole[free^1], best
}

// searchEach chooses a mode and levels for each subblock, as long as they cost less than limit and there is room for
// them. It returns what they cost, infinite if there is no room, and the bits of the modes alone.
func (e *Encoder) searchEach(r *record, q *segmentQuant, at *place, limit int) (cost, bits int) {
	mb := &e.mb
	l := &mb.each
	mb.startCanvas()
	modesAbove, modesLeft := *at.aboveModes, e.left
	above, left := at.above.luma, at.left.luma
	total, spent := int(q.rates.cost(costEach)), costEach
	var coefs [2]coefficients
	var lev [2]levels
	for i := range 16 {
		costs := &modeCosts[modesAbove[i%4]][modesLeft[i/4]]
		var activities [10]int32
		e.rankEach(i, q, costs, &activities)
		var k ranking
		for m, c := range activities {
			k.add(uint8(m), c, e.candidates(4))
		}
		most := k.costs[0] + k.costs[0]/3
		if e.effort == High {
			most = 2 * k.costs[0]
		}
		best, free := int32(infinite), 0
		for j, m := range k.modes[:k.n] {
			if k.costs[j] > most {
				break // its residue is so much larger that no levels make up for it
			}
			c := &coefs[free]
			forward(&mb.luma[i], &mb.all[m], c)
			mask, n := q.y1.search(c, 0, int(above[i%4]+left[i/4]), &q.rates.kind[lumaBlock], &q.rates.fixed, 0,
				&lev[free])
			if n += q.rates.cost(costs[m]); n < best {
				best, r.modes[i], l.masks[1+i] = n, m, mask
				free ^= 1
			}
		}
		m := r.modes[i]
		spent += costs[m]
		if total += int(best); total >= limit || !at.affords(spent) {
			return 1 << 60, 0
		}
		l.levels[1+i] = lev[free^1]
		modesAbove[i%4], modesLeft[i/4] = m, m
		above[i%4] = some(l.masks[1+i])
		left[i/4] = above[i%4]
		inverse(&coefs[free^1], &mb.all[m], &l.out[i])
		mb.draw(i, &l.out[i])
	}
	l.masks[0] = 0
	return total, int(spent)
}

// searchChroma chooses the mode and levels of chroma.
func (e *Encoder) searchChroma(r *record, q *segmentQuant, at *place) *chromaBlocks {
	mb := &e.mb
	k := e.rankChroma(q, at, e.candidates(1))
	best, free := 1<<60, 0
	for _, mode := range k.modes[:k.n] {
		l := &mb.uv[free]
		mb.predictUV(mode, at, &l.out)
		cost := int(q.rates.cost(chromaCosts[mode]))
		above, left := at.above.chroma, at.left.chroma
		for i := range l.out {
			a, b := &above[i/4*2+i%2], &left[i/4*2+i/2%2]
			forward(&mb.chroma[i], &l.out[i], &l.coefs[i])
			mask, n := q.uv.search(&l.coefs[i], 0, int(*a+*b), &q.rates.kind[chromaBlock], &q.rates.fixed, 0,
				&l.levels[i])
			l.masks[i] = mask
			*a = some(mask)
			*b = *a
			cost += int(n)
		}
		if cost < best {
			best, r.chroma = cost, mode
			free ^= 1
		}
	}
	at.room -= int(chromaCosts[r.chroma])
	l := &mb.uv[free^1]
	for i := range l.out {
		inverse(&l.coefs[i], &l.out[i], &l.out[i])
	}
	return l
}
