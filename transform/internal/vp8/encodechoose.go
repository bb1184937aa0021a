package vp8

import "encoding/binary"

// chooseQuickly chooses the modes of a macroblock by the activity that their predictions leave, and codes it.
func (e *Encoder) chooseQuickly(r *record, q *segmentQuant, at *place) (*lumaBlocks, *chromaBlocks) {
	mb := &e.mb
	luma := &mb.each
	k := e.rankWhole(q, at, 1)
	eachCost, bits := e.codeEach(r, q, at, k.costs[0])
	if r.each = eachCost < k.costs[0]; r.each {
		at.room -= bits
	} else {
		r.luma = k.modes[0]
		luma = &mb.whole[0]
		mb.predictLuma(r.luma, at, &luma.out)
		e.codeWhole(luma, q)
		at.room -= int(lumaCosts[r.luma])
	}
	k = e.rankChroma(q, at, 1)
	r.chroma = k.modes[0]
	at.room -= int(chromaCosts[r.chroma])
	chroma := &mb.uv[0]
	mb.predictUV(r.chroma, at, &chroma.out)
	for i := range chroma.out {
		c := &chroma.coefs[i]
		forward(&mb.chroma[i], &chroma.out[i], c)
		chroma.masks[i] = q.uv.quantize(c, 0, &chroma.levels[i])
		inverse(c, &chroma.out[i], &chroma.out[i])
	}
	return luma, chroma
}

// A ranking has modes in the order of what they cost by activity, the cheapest first.
type ranking struct {
	n     int
	costs [10]int32
	modes [10]uint8
}

// add puts a mode into a ranking of at most so many.
func (k *ranking) add(mode uint8, cost int32, most int) {
	i := k.n
	if i == most {
		if i--; cost >= k.costs[i] {
			return
		}
	} else {
		k.n++
	}
	for ; i > 0 && cost < k.costs[i-1]; i-- {
		k.costs[i], k.modes[i] = k.costs[i-1], k.modes[i-1]
	}
	k.costs[i], k.modes[i] = cost, mode
}

// rankWhole ranks the modes of a whole macroblock that there is room for. It returns at most so many.
func (e *Encoder) rankWhole(q *segmentQuant, at *place, most int) (k ranking) {
	mb := &e.mb
	pred := &mb.whole[0].out
	for mode := range uint8(4) {
		if mode != predictDC && !at.affords(lumaCosts[mode]) {
			continue
		}
		mb.predictLuma(mode, at, pred)
		c := lumaCosts[mode] * q.activityBit >> 12
		for i := range pred {
			c += activity(&mb.lanes[i], &pred[i])
		}
		k.add(mode, c, most)
	}
	return k
}

// predictLuma predicts a whole macroblock.
func (mb *work) predictLuma(mode uint8, at *place, out *[16]samples) {
	predictBlocks(mode, 16, mb.above[:], mb.left[:], at.hasAbove, at.hasLeft, out[:])
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

// edgesOf returns what is around subblock i in the canvas.
func (mb *work) edgesOf(i int) edges {
	at := (i/4*4+1)*canvasStride + i%4*4 + 4
	c := mb.canvas[at-canvasStride-1:][:4*canvasStride+9]
	return edges{
		above: binary.LittleEndian.Uint64(c[1:]), corner: c[0],
		left: uint32(c[canvasStride]) | uint32(c[2*canvasStride])<<8 |
			uint32(c[3*canvasStride])<<16 | uint32(c[4*canvasStride])<<24,
	}
}

// rankEach predicts subblock i in all modes. With what the modes take in bits, it sets what each of them costs by
// activity.
func (e *Encoder) rankEach(i int, q *segmentQuant, bits, costs *[10]int32) {
	mb := &e.mb
	around, lanes := mb.edgesOf(i), &mb.lanes[i]
	for m := range mb.all {
		upper, lower := around.predict(uint8(m))
		binary.LittleEndian.PutUint64(mb.all[m][:8], upper)
		binary.LittleEndian.PutUint64(mb.all[m][8:], lower)
		costs[m] = lanes.activity(upper, lower) + bits[m]*q.activityBit>>12
	}
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
	l := &mb.each
	mb.startCanvas()
	above, left := *at.aboveModes, e.left
	total, spent := costEach*q.activityBit>>12, costEach
	for i := range 16 {
		costs := &modeCosts[above[i%4]][left[i/4]]
		var activities [10]int32
		e.rankEach(i, q, costs, &activities)
		best, mode := int32(infinite), 0
		for m, c := range activities {
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

// rankChroma ranks the modes of chroma that there is room for. It returns at most so many.
func (e *Encoder) rankChroma(q *segmentQuant, at *place, most int) (k ranking) {
	mb := &e.mb
	pred := &mb.uv[0].out
	for mode := range uint8(4) {
		if mode != predictDC && int(chromaCosts[mode]) > at.room {
			continue
		}
		mb.predictUV(mode, at, pred)
		c := chromaCosts[mode] * q.activityBit >> 12
		for i := range pred {
			c += activity(&mb.lanes[16+i], &pred[i])
		}
		k.add(mode, c, most)
	}
	return k
}

// predictUV predicts both planes of chroma.
func (mb *work) predictUV(mode uint8, at *place, out *[8]samples) {
	for i := range 2 {
		predictBlocks(mode, 8, mb.uvAbove[i][:], mb.uvLeft[i][:], at.hasAbove, at.hasLeft, out[4*i:4*i+4])
	}
}
