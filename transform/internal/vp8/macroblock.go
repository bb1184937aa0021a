package vp8

// Modes of prediction (RFC 6386, section 8). A whole macroblock has one of the first four.
const (
	predictDC = iota
	predictTM
	predictV
	predictH
	predictRD
	predictVR
	predictLD
	predictVL
	predictHD
	predictHU
)

// A macroblock is what is read of 16 × 16 pixels.
type macroblock struct {
	segment int
	each    bool // each subblock has a mode of its own
	luma    uint8
	modes   [16]uint8
	chroma  uint8
	skipped bool // it says that it has no coefficients

	// Blocks of coefficients in steps of the quantizer: 16 of luma, and four of each plane of chroma. If luma has one
	// mode, the first ones are whole already. They are zero between macroblocks.
	coefficients [24][16]int16
	// last is one more than the place of a block's last coefficient in zigzag order, 0 for none.
	last  [24]uint8
	coded uint32 // which blocks have coefficients, the first in the lowest bit
}

// readModes reads how macroblock x of the row is predicted (sections 10 and 11).
func (d *decoder) readModes(x int) {
	r, mb := &d.modes, &d.mb
	if d.segments.mapped {
		if p := &d.segments.probs; !r.bit(p[0]) {
			mb.segment = toInt(r.bit(p[1]))
		} else {
			mb.segment = 2 + toInt(r.bit(p[2]))
		}
	}
	mb.skipped = d.skips && r.bit(d.skipProb)
	above, left := &d.above[x].modes, &d.left.modes
	if mb.each = !r.bit(145); mb.each {
		w := r.window
		for i := range mb.modes {
			p := &modeProbs[above[i%4]][left[i/4]]
			m := int8(0)
			for {
				if w.few() {
					w = r.more(w)
				}
				node := &modeTree[m]
				if split := w.split(p[m]); w.isZero(split) {
					w, m = w.zero(split), node[0]
				} else {
					w, m = w.one(split), node[1]
				}
				if m <= 0 {
					break
				}
			}
			mode := uint8(-m)
			mb.modes[i], above[i%4], left[i/4] = mode, mode, mode
		}
		r.window = w
	} else {
		switch {
		case !r.bit(156):
			mb.luma = predictDC
			if r.bit(163) {
				mb.luma = predictV
			}
		case r.bit(128):
			mb.luma = predictTM
		default:
			mb.luma = predictH
		}
		m := mb.luma
		*above, *left = [4]uint8{m, m, m, m}, [4]uint8{m, m, m, m}
	}
	switch {
	case !r.bit(142):
		mb.chroma = predictDC
	case !r.bit(114):
		mb.chroma = predictV
	case !r.bit(183):
		mb.chroma = predictH
	default:
		mb.chroma = predictTM
	}
}

// modeTree has for each inner node of the tree of modes of subblocks, and each bit, the number of the next node, or
// minus the mode (section 11.2).
var modeTree = [9][2]int8{
	{-predictDC, 1},
	{-predictTM, 2},
	{-predictV, 3},
	{4, 6},
	{-predictH, 5},
	{-predictRD, -predictVR},
	{-predictLD, 7},
	{-predictVL, 8},
	{-predictHD, -predictHU},
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// spread makes the first coefficients of the blocks of luma from the block that stands for them.
func (mb *macroblock) spread(in *[16]int16, step *[2]int32) {
	in[0] = times(in[0], step[0])
	for i := range in[1:] {
		in[1+i] = times(in[1+i], step[1])
	}
	var firsts coefficients
	second(in, &firsts, 3, 3)
	for i, v := range firsts {
		if int16(v) != 0 {
			mb.coefficients[i][0] = int16(v)
			mb.note(i, 1)
		}
	}
}

// second multiplies a block by the matrix of section 14.3 from both sides, adds round and shifts.
func second[T int16 | int32](in *[16]T, out *coefficients, round int32, shift uint) {
	var t [16]int32
	for i := range 4 {
		a, b := int32(in[i])+int32(in[12+i]), int32(in[4+i])+int32(in[8+i])
		c, d := int32(in[4+i])-int32(in[8+i]), int32(in[i])-int32(in[12+i])
		t[i], t[4+i], t[8+i], t[12+i] = a+b, c+d, a-b, d-c
	}
	for i := 0; i < 16; i += 4 {
		a, b, c, d := t[i]+t[i+3], t[i+1]+t[i+2], t[i+1]-t[i+2], t[i]-t[i+3]
		out[i], out[i+1] = (a+b+round)>>shift, (c+d+round)>>shift
		out[i+2], out[i+3] = (a-b+round)>>shift, (d-c+round)>>shift
	}
}
