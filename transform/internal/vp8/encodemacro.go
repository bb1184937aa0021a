package vp8

import (
	"math/bits"

	"imgpipe/transform/internal/pixel"
)

// A lumaBlocks is luma as it would be coded.
type lumaBlocks struct {
	masks  [17]uint16 // which levels are not 0: of the block of first coefficients, and of the others
	levels [17]levels
	out    [16]samples // the prediction, then the reconstruction
	coefs  [16]coefficients
	second coefficients
}

// A chromaBlocks is chroma as it would be coded, four blocks of each plane.
type chromaBlocks struct {
	masks  [8]uint16
	levels [8]levels
	out    [8]samples
	coefs  [8]coefficients
}

// A work is the macroblock that is being encoded.
type work struct {
	luma   [16]samples // the picture
	chroma [8]samples
	lanes  [24]lanes // of both

	// The samples around, reconstructed: those above, behind a corner, and those to the left.
	above   [21]byte
	left    [16]byte
	uvAbove [2][9]byte
	uvLeft  [2][8]byte
	canvas  [17 * canvasStride]byte
	all     [10]samples // all predictions of a subblock

	// Luma with one mode and with a mode for each subblock, and chroma. Of two, one is the best so far.
	whole [2]lumaBlocks
	each  lumaBlocks
	uv    [2]chromaBlocks
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
		for i := range mb.luma {
			mb.lanes[i] = mb.luma[i].lanes()
		}
		for i := range mb.chroma {
			mb.lanes[16+i] = mb.chroma[i].lanes()
		}
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
	q := &e.quant[e.detail[y*e.width+x]]
	at := place{
		hasLeft: x > 0, hasAbove: y > 0, aboveModes: (*[4]uint8)(e.modes[4*x:]), above: &e.around[x], left: left,
		room: e.modeBudget.next(),
	}
	var r record
	var luma *lumaBlocks
	var chroma *chromaBlocks
	if e.effort == Fast {
		luma, chroma = e.chooseQuickly(&r, q, &at)
	} else {
		luma, chroma = e.chooseWell(&r, q, &at)
	}
	e.modeBudget.left = at.room
	e.finish(x, y, &r, luma, chroma, left)
}

// A place is what a macroblock has around.
type place struct {
	hasLeft, hasAbove bool
	aboveModes        *[4]uint8
	above, left       *context
	room              int // what its modes may still cost
}

// affords reports whether there is room for a mode of luma, and for the cheapest one of chroma.
func (p *place) affords(cost int32) bool { return int(cost+chromaCosts[predictDC]) <= p.room }

// finish counts and keeps the levels of the macroblock, and the samples that others are predicted from.
func (e *Encoder) finish(x, y int, r *record, luma *lumaBlocks, chroma *chromaBlocks, left *context) {
	mb := &e.mb
	var any uint16
	for _, m := range luma.masks {
		any |= m
	}
	for _, m := range chroma.masks {
		any |= m
	}
	above := &e.around[x]
	if r.coded = any != 0 || e.plain; r.coded {
		e.countLevels(r.each, luma, chroma, above, left)
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
		copy(e.above[0][1+16*x+4*i:], luma.out[12+i][12:])
		for k := range 4 {
			mb.left[4*i+k] = luma.out[4*i+3][4*k+3]
		}
	}
	for p := range 2 {
		b := chroma.out[4*p:][:4]
		copy(e.above[1+p][1+8*x:], b[2][12:])
		copy(e.above[1+p][5+8*x:], b[3][12:])
		for k := range 4 {
			mb.uvLeft[p][k], mb.uvLeft[p][4+k] = b[1][4*k+3], b[3][4*k+3]
		}
	}
	if e.seen != nil {
		e.seen(x, y, &luma.out, &chroma.out)
	}
}

// countLevels counts the tokens of the macroblock and keeps its levels.
func (e *Encoder) countLevels(each bool, luma *lumaBlocks, chroma *chromaBlocks, above, left *context) {
	kind, first := lumaBlock, 0
	if !each {
		kind, first = lumaWithoutFirst, 1
		e.counts.count(firstOfLuma, int(above.second+left.second), 0, luma.masks[0], &luma.levels[0])
		above.second = some(luma.masks[0])
		left.second = above.second
	}
	for i, mask := range luma.masks[1:] {
		a, b := &above.luma[i%4], &left.luma[i/4]
		e.counts.count(kind, int(*a+*b), first, mask, &luma.levels[1+i])
		*a = some(mask)
		*b = *a
	}
	for i, mask := range chroma.masks {
		a, b := &above.chroma[i/4*2+i%2], &left.chroma[i/4*2+i/2%2]
		e.counts.count(chromaBlock, int(*a+*b), 0, mask, &chroma.levels[i])
		*a = some(mask)
		*b = *a
	}
	e.masks = append(append(e.masks, luma.masks[:]...), chroma.masks[:]...)
	for i, mask := range luma.masks {
		e.keep(mask, &luma.levels[i])
	}
	for i, mask := range chroma.masks {
		e.keep(mask, &chroma.levels[i])
	}
}

// keep keeps the levels of a block that are not 0.
func (e *Encoder) keep(mask uint16, l *levels) {
	for ; mask != 0; mask &= mask - 1 {
		e.levels = append(e.levels, l[bits.TrailingZeros16(mask)&15])
	}
}
