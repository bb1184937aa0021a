package vp8

import "imgpipe/transform/internal/pixel"

// A segmentQuant is how the macroblocks of a segment are quantized and smoothed.
type segmentQuant struct {
	index, filter int
	y1, y2, uv    quantizer
	lambda        int32 // what a bit is worth, in units of activity
}

// qualities has the quantizer index of each quality from 0 on. They are those that libwebp 1.2.4 was seen to choose for
// pictures of one segment, so that its qualities and ours mean the same.
var qualities = [101]uint8{
	127, 103, 96, 92, 89, 86, 83, 81, 79, 77, 75, 73, 72, 70, 69, 68, 66, 65, 64, 63,
	62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 51, 50, 49, 48, 48, 47, 46, 45,
	45, 44, 43, 43, 42, 41, 41, 40, 40, 39, 38, 38, 37, 37, 36, 36, 35, 35, 34, 33,
	33, 32, 32, 31, 31, 30, 30, 29, 29, 28, 28, 28, 27, 27, 26, 26, 24, 23, 22, 21,
	19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
	0,
}

func newSegmentQuant(index int) segmentQuant {
	s := stepsOf(index)
	q := segmentQuant{
		index: index,
		y1:    newQuantizer(s.y1, [2]uint32{96, 110}),
		y2:    newQuantizer(s.y2, [2]uint32{96, 108}),
		uv:    newQuantizer(s.uv, [2]uint32{110, 115}),
	}
	q.filter = 3 * index / 10
	q.lambda = s.y1[1]
	return q
}

// stepsOf returns the steps of a quantizer index (section 9.6 and 14.1), without deltas.
func stepsOf(q int) steps {
	return steps{
		y1: [2]int32{dcSteps[q], acSteps[q]},
		y2: [2]int32{2 * dcSteps[q], max(155*acSteps[q]/100, 8)},
		uv: [2]int32{dcSteps[min(q, 117)], acSteps[q]},
	}
}

// A work is the macroblock that is being encoded.
type work struct {
	luma   [16]samples // the picture
	chroma [8]samples  // four blocks of each plane

	// The samples around, reconstructed: those above, behind a corner, and those to the left.
	above   [21]byte
	left    [16]byte
	uvAbove [2][9]byte
	uvLeft  [2][8]byte
	edge    [13]int32
	canvas  [17 * canvasStride]byte
	all     [10]samples
	trial   [2][16]samples
	best    [16]samples // the reconstruction
	whole   [16]samples
	uvTrial [2][8]samples
	uvBest  [8]samples
	coefs   [16]coefficients
	levels  [blocks]levels
	masks   [blocks]uint16
}

// The canvas of a macroblock has the row above and the column to the left of it, and four samples above to the right.
const canvasStride = 24

// load copies the blocks of macroblock x, y of a plane of size × size samples for each. What lies outside the plane
// repeats its last column and row.
func load(p *pixel.Plane, x, y, size int, out []samples) {
	x, y = x*size, y*size
	across := size / 4
	if x+size <= p.W && y+size <= p.H {
		for i := range size {
			row := p.Pix[(y+i)*p.Stride+x:][:size]
			for j := range across {
				*(*[4]byte)(out[i/4*across+j][i%4*4:]) = [4]byte(row[4*j:])
			}
		}
		return
	}
	for i := range size {
		row := p.Row(min(y+i, p.H-1))
		for j := range size {
			out[i/4*across+j/4][i%4*4+j%4] = row[min(x+j, p.W-1)]
		}
	}
}

// row encodes a row of macroblocks.
func (e *Encoder) row(y int) {
	mb := &e.mb
	var left context
	e.left = [4]uint8{}
	for i := range mb.left {
		mb.left[i] = 129
	}
	for i := range mb.uvLeft {
		for j := range mb.uvLeft[i] {
			mb.uvLeft[i][j] = 129
		}
	}
	// The corner of the row belongs to the column to the left, but in the first row.
	for i := range e.above {
		if y > 0 {
			e.above[i][0] = 129
		}
	}
	corner := [3]byte{e.above[0][0], e.above[1][0], e.above[2][0]}
	for x := range e.width {
		load(&e.luma, x, y, 16, mb.luma[:])
		load(&e.blue, x, y, 8, mb.chroma[:4])
		load(&e.red, x, y, 8, mb.chroma[4:])
		copy(mb.above[:], e.above[0][16*x:])
		if x == e.width-1 && y > 0 {
			v := mb.above[16]
			copy(mb.above[17:], []byte{v, v, v, v})
		}
		copy(mb.uvAbove[0][:], e.above[1][8*x:])
		copy(mb.uvAbove[1][:], e.above[2][8*x:])
		mb.above[0], mb.uvAbove[0][0], mb.uvAbove[1][0] = corner[0], corner[1], corner[2]
		corner = [3]byte{mb.above[16], mb.uvAbove[0][8], mb.uvAbove[1][8]}
		e.macroblock(x, y, &left)
	}
}

// macroblock encodes a macroblock.
func (e *Encoder) macroblock(x, y int, left *context) {
	mb := &e.mb
	q := &e.quant[e.detail[y*e.width+x]]
	var r record
	wholeCost := e.chooseWhole(&r, q, x > 0, y > 0)
	eachCost := e.chooseEach(&r, q, x, wholeCost)
	if r.each = eachCost < wholeCost; !r.each {
		e.codeWhole(q)
		mb.best = mb.whole
	}
	e.chooseChroma(&r, q, x > 0, y > 0)
	e.finish(x, y, &r, left)
}

// chooseWhole chooses the mode of a whole macroblock. It returns what it costs.
func (e *Encoder) chooseWhole(r *record, q *segmentQuant, hasLeft, hasAbove bool) int32 {
	mb := &e.mb
	best, at := int32(1<<30), 0
	for mode := range uint8(4) {
		pred := &mb.trial[at]
		predictBlocks(mode, 16, mb.above[:], mb.left[:], hasAbove, hasLeft, pred[:])
		var cost costCounter
		writeLuma(&cost, mode)
		c := int32(cost) * q.lambda >> 8
		for i := range pred {
			c += activity(&mb.luma[i], &pred[i])
		}
		if c < best {
			best, r.luma = c, mode
			at ^= 1
		}
	}
	mb.whole = mb.trial[at^1]
	return best
}

// codeWhole quantizes and reconstructs a macroblock with one mode. mb.whole is its prediction, and becomes its
// reconstruction.
func (e *Encoder) codeWhole(q *segmentQuant) {
	mb := &e.mb
	var first, second coefficients
	for i := range mb.luma {
		forward(&mb.luma[i], &mb.whole[i], &mb.coefs[i])
		first[i] = mb.coefs[i][0]
		mb.masks[1+i] = q.y1.quantize(&mb.coefs[i], 1, &mb.levels[1+i])
	}
	forwardSecond(&first, &second)
	mb.masks[0] = q.y2.quantize(&second, 0, &mb.levels[0])
	inverseSecond(&second, &first)
	for i := range mb.luma {
		mb.coefs[i][0] = first[i]
		inverse(&mb.coefs[i], &mb.whole[i], &mb.whole[i])
	}
}

// chooseEach chooses and codes a mode for each subblock, as long as they cost less than most. It returns what they
// cost.
func (e *Encoder) chooseEach(r *record, q *segmentQuant, x int, most int32) int32 {
	mb := &e.mb
	copy(mb.canvas[3:], mb.above[:])
	for y := range 16 {
		mb.canvas[(y+1)*canvasStride+3] = mb.left[y]
	}
	for y := 4; y < 16; y += 4 {
		copy(mb.canvas[y*canvasStride+20:], mb.above[17:])
	}
	above, left := [4]uint8(e.modes[4*x:]), e.left
	total := int32(bitCosts[145]) * q.lambda >> 8
	for i := range 16 {
		at := (i/4*4+1)*canvasStride + i%4*4 + 4
		for k := range 4 {
			mb.edge[3-k] = int32(mb.canvas[at+k*canvasStride-1])
		}
		for k, v := range mb.canvas[at-canvasStride-1:][:9] {
			mb.edge[4+k] = int32(v)
		}
		predictAll(&mb.edge, &mb.all)
		costs := &modeCosts[above[i%4]][left[i/4]]
		best, mode := int32(1<<30), 0
		for m := range mb.all {
			c := activity(&mb.luma[i], &mb.all[m]) + costs[m]*q.lambda>>8
			if c < best {
				best, mode = c, m
			}
		}
		if total += best; total >= most {
			return total
		}
		r.modes[i] = uint8(mode)
		above[i%4], left[i/4] = uint8(mode), uint8(mode)
		forward(&mb.luma[i], &mb.all[mode], &mb.coefs[i])
		mb.masks[1+i] = q.y1.quantize(&mb.coefs[i], 0, &mb.levels[1+i])
		inverse(&mb.coefs[i], &mb.all[mode], &mb.best[i])
		for k := range 4 {
			copy(mb.canvas[at+k*canvasStride:], mb.best[i][4*k:4*k+4])
		}
	}
	mb.masks[0] = 0
	return total
}

// chooseChroma chooses and codes the mode of chroma.
func (e *Encoder) chooseChroma(r *record, q *segmentQuant, hasLeft, hasAbove bool) {
	mb := &e.mb
	best, at := int32(1<<30), 0
	for mode := range uint8(4) {
		pred := &mb.uvTrial[at]
		var cost costCounter
		writeChroma(&cost, mode)
		c := int32(cost) * q.lambda >> 8
		for i := range 2 {
			half := pred[4*i : 4*i+4]
			predictBlocks(mode, 8, mb.uvAbove[i][:], mb.uvLeft[i][:], hasAbove, hasLeft, half)
			for j := range half {
				c += activity(&mb.chroma[4*i+j], &half[j])
			}
		}
		if c < best {
			best, r.chroma = c, mode
			at ^= 1
		}
	}
	pred := &mb.uvTrial[at^1]
	for i := range pred {
		var c coefficients
		forward(&mb.chroma[i], &pred[i], &c)
		mb.masks[17+i] = q.uv.quantize(&c, 0, &mb.levels[17+i])
		inverse(&c, &pred[i], &mb.uvBest[i])
	}
}

// finish counts and keeps the levels of the macroblock, and the samples that others are predicted from.
func (e *Encoder) finish(x, y int, r *record, left *context) {
	mb := &e.mb
	var any uint16
	for _, m := range mb.masks {
		any |= m
	}
	above := &e.around[x]
	if r.coded = any != 0; r.coded {
		e.countLevels(r.each, above, left)
	} else {
		e.skips++
		above.skip(r.each)
		left.skip(r.each)
	}
	e.records = append(e.records, *r)
	modes := (*[4]uint8)(e.modes[4*x:])
	for i := range 4 {
		if r.each {
			modes[i], e.left[i] = r.modes[12+i], r.modes[4*i+3]
		} else {
			modes[i], e.left[i] = r.luma, r.luma
		}
		copy(e.above[0][1+16*x+4*i:], mb.best[12+i][12:])
		for k := range 4 {
			mb.left[4*i+k] = mb.best[4*i+3][4*k+3]
		}
	}
	for p := range 2 {
		b := mb.uvBest[4*p:][:4]
		copy(e.above[1+p][1+8*x:], b[2][12:])
		copy(e.above[1+p][5+8*x:], b[3][12:])
		for k := range 4 {
			mb.uvLeft[p][k], mb.uvLeft[p][4+k] = b[1][4*k+3], b[3][4*k+3]
		}
	}
	if e.seen != nil {
		e.seen(x, y, &mb.best, &mb.uvBest)
	}
}

// countLevels counts the tokens of the macroblock and keeps its levels.
func (e *Encoder) countLevels(each bool, above, left *context) {
	mb := &e.mb
	kind, first := lumaBlock, 0
	if !each {
		kind, first = lumaWithoutFirst, 1
		e.counts.count(firstOfLuma, int(above.second+left.second), 0, mb.masks[0], &mb.levels[0])
		above.second = some(mb.masks[0])
		left.second = above.second
	}
	for i, mask := range mb.masks[1:17] {
		a, b := &above.luma[i%4], &left.luma[i/4]
		e.counts.count(kind, int(*a+*b), first, mask, &mb.levels[1+i])
		*a = some(mask)
		*b = *a
	}
	for i, mask := range mb.masks[17:] {
		a, b := &above.chroma[i/4*2+i%2], &left.chroma[i/4*2+i/2%2]
		e.counts.count(chromaBlock, int(*a+*b), 0, mask, &mb.levels[17+i])
		*a = some(mask)
		*b = *a
	}
	e.masks = append(e.masks, mb.masks[:]...)
	for i, mask := range mb.masks {
		for n := 0; mask != 0; n, mask = n+1, mask>>1 {
			if mask&1 != 0 {
				e.levels = append(e.levels, mb.levels[i][n])
			}
		}
	}
}
