package vp8

// chooseQuickly chooses the modes of a macroblock by the activity that their predictions leave, and codes it.
func (e *Encoder) chooseQuickly(r *record, q *segmentQuant, at *place) (*lumaBlocks, *chromaBlocks) {
	mb := &e.mb
	luma, wholeCost := e.predictWhole(r, q, at)
	eachCost, bits := e.codeEach(r, q, at, wholeCost)
	if r.each = eachCost < wholeCost; r.each {
		luma = &mb.each[0]
		at.room -= bits
	} else {
		e.codeWhole(luma, q)
		at.room -= int(lumaCosts[r.luma])
	}
	chroma := e.predictChroma(r, q, at)
	for i := range chroma.out {
		c := &chroma.coefs[i]
		forward(&mb.chroma[i], &chroma.out[i], c)
		chroma.masks[i] = q.uv.quantize(c, 0, &chroma.levels[i])
		inverse(c, &chroma.out[i], &chroma.out[i])
	}
	return luma, chroma
}

// predictWhole chooses the mode of a whole macroblock. It returns the prediction and what it costs.
func (e *Encoder) predictWhole(r *record, q *segmentQuant, at *place) (*lumaBlocks, int32) {
	mb := &e.mb
	best, free := int32(infinite), 0
	for mode := range uint8(4) {
		if mode != predictDC && !at.affords(lumaCosts[mode]) {
			continue
		}
		pred := &mb.whole[free].out
		predictBlocks(mode, 16, mb.above[:], mb.left[:], at.hasAbove, at.hasLeft, pred[:])
		c := lumaCosts[mode] * q.activityBit >> 12
		for i := range pred {
			c += activity(&mb.lanes[i], &pred[i])
		}
		if c < best {
			best, r.luma = c, mode
			free ^= 1
		}
	}
	return &mb.whole[free^1], best
}

// codeWhole quantizes and reconstructs a macroblock with one mode.
func (e *Encoder) codeWhole(l *lumaBlocks, q *segmentQuant) {
	mb := &e.mb
	var first coefficients
	for i := range mb.luma {
		forward(&mb.luma[i], &l.out[i], &l.coefs[i])
		first[i] = l.coefs[i][0]
		l.masks[1+i] = q.y1.quantize(&l.coefs[i], 1, &l.levels[1+i])
	}
	forwardSecond(&first, &l.second)
	l.masks[0] = q.y2.quantize(&l.second, 0, &l.levels[0])
	l.reconstruct()
}

// reconstruct makes the samples of a macroblock with one mode.
func (l *lumaBlocks) reconstruct() {
	var first coefficients
	inverseSecond(&l.second, &first)
	for i := range l.out {
		l.coefs[i][0] = first[i]
		inverse(&l.coefs[i], &l.out[i], &l.out[i])
	}
}

// startCanvas puts what is around the macroblock into the canvas.
func (mb *work) startCanvas() {
	copy(mb.canvas[3:], mb.above[:])
	for y := range 16 {
		mb.canvas[(y+1)*canvasStride+3] = mb.left[y]
	}
	for y := 4; y < 16; y += 4 {
		copy(mb.canvas[y*canvasStride+20:], mb.above[17:])
	}
}

// predictEach makes all predictions of subblock i.
func (mb *work) predictEach(i int) {
	at := (i/4*4+1)*canvasStride + i%4*4 + 4
	for k := range 4 {
		mb.edge[3-k] = int32(mb.canvas[at+k*canvasStride-1])
	}
	for k, v := range mb.canvas[at-canvasStride-1:][:9] {
		mb.edge[4+k] = int32(v)
	}
	predictAll(&mb.edge, &mb.all)
}

// draw puts a reconstructed subblock into the canvas.
func (mb *work) draw(i int, b *samples) {
	at := (i/4*4+1)*canvasStride + i%4*4 + 4
	for k := range 4 {
		*(*[4]byte)(mb.canvas[at+k*canvasStride:]) = [4]byte(b[4*k:])
	}
}

// codeEach chooses and codes a mode for each subblock, as long as they cost less than most and there is room for them.
// It returns what they cost, infinite if there is no room, and the bits of the modes alone.
func (e *Encoder) codeEach(r *record, q *segmentQuant, at *place, most int32) (cost int32, bits int) {
	mb := &e.mb
	l := &mb.each[0]
	mb.startCanvas()
	above, left := *at.aboveModes, e.left
	total, spent := costEach*q.activityBit>>12, costEach
	for i := range 16 {
		mb.predictEach(i)
		costs := &modeCosts[above[i%4]][left[i/4]]
		best, mode := int32(infinite), 0
		for m := range mb.all {
			c := activity(&mb.lanes[i], &mb.all[m]) + costs[m]*q.activityBit>>12
			if c < best {
				best, mode = c, m
			}
		}
		spent += costs[mode]
		if total += best; total >= most || !at.affords(spent) {
			return infinite, 0
		}
		r.modes[i] = uint8(mode)
		above[i%4], left[i/4] = uint8(mode), uint8(mode)
		forward(&mb.luma[i], &mb.all[mode], &l.coefs[i])
		l.masks[1+i] = q.y1.quantize(&l.coefs[i], 0, &l.levels[1+i])
		inverse(&l.coefs[i], &mb.all[mode], &l.out[i])
		mb.draw(i, &l.out[i])
	}
	l.masks[0] = 0
	return total, int(spent)
}

// predictChroma chooses the mode of chroma and returns the prediction.
func (e *Encoder) predictChroma(r *record, q *segmentQuant, at *place) *chromaBlocks {
	mb := &e.mb
	best, free := int32(infinite), 0
	for mode := range uint8(4) {
		if mode != predictDC && int(chromaCosts[mode]) > at.room {
			continue
		}
		pred := &mb.uv[free].out
		mb.predictUV(mode, at, pred)
		c := chromaCosts[mode] * q.activityBit >> 12
		for i := range pred {
			c += activity(&mb.lanes[16+i], &pred[i])
		}
		if c < best {
			best, r.chroma = c, mode
			free ^= 1
		}
	}
	at.room -= int(chromaCosts[r.chroma])
	return &mb.uv[free^1]
}

// predictUV predicts both planes of chroma.
func (mb *work) predictUV(mode uint8, at *place, out *[8]samples) {
	for i := range 2 {
		predictBlocks(mode, 8, mb.uvAbove[i][:], mb.uvLeft[i][:], at.hasAbove, at.hasLeft, out[4*i:4*i+4])
	}
}
