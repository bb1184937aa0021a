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

	// Blocks of coefficients: 16 of luma, and four of each plane of chroma. They are zero between macroblocks.
	coefficients [24][16]int16
	// last is one more than the place of a block's last coefficient in zigzag order, 0 for none.
	last  [24]uint8
	coded bool // there are coefficients that are not zero
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
		for i := range mb.modes {
			m := readMode(r, &modeProbs[above[i%4]][left[i/4]])
			mb.modes[i], above[i%4], left[i/4] = m, m, m
		}
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

// readMode reads the mode of a subblock (section 11.2).
func readMode(r *boolReader, p *[9]uint8) uint8 {
	switch {
	case !r.bit(p[0]):
		return predictDC
	case !r.bit(p[1]):
		return predictTM
	case !r.bit(p[2]):
		return predictV
	case !r.bit(p[3]):
		switch {
		case !r.bit(p[4]):
			return predictH
		case !r.bit(p[5]):
			return predictRD
		}
		return predictVR
	case !r.bit(p[6]):
		return predictLD
	case !r.bit(p[7]):
		return predictVL
	case !r.bit(p[8]):
		return predictHD
	}
	return predictHU
}

func toInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Kinds of blocks in a tokenProbs (section 13.3).
const (
	lumaWithoutFirst = iota
	firstOfLuma
	chromaBlock
	lumaBlock
)

// readCoefficients reads the coefficients of macroblock x of the row (section 13).
func (d *decoder) readCoefficients(x int, r *boolReader) {
	mb, above, left := &d.mb, &d.above[x], &d.left
	mb.coded = false
	mb.last = [24]uint8{}
	if mb.skipped {
		above.luma, above.chroma, left.luma, left.chroma = [4]uint8{}, [4]uint8{}, [4]uint8{}, [4]uint8{}
		if !mb.each {
			above.second, left.second = 0, 0
		}
		return
	}
	s := &d.steps[mb.segment]
	kind, first := lumaBlock, 0
	if !mb.each {
		kind, first = lumaWithoutFirst, 1
		var second [16]int16
		n := readBlock(r, &d.probs[firstOfLuma], above.second+left.second, 0, &s.y2, &second)
		above.second = min(n, 1)
		left.second = above.second
		if n > 0 {
			mb.spread(&second)
		}
	}
	for i := range 16 {
		a, l := &above.luma[i%4], &left.luma[i/4]
		n := readBlock(r, &d.probs[kind], *a+*l, first, &s.y1, &mb.coefficients[i])
		*a = min(n, 1)
		*l = *a
		mb.last[i] = max(n, mb.last[i])
		mb.coded = mb.coded || mb.last[i] > 0
	}
	for i := range 8 {
		a, l := &above.chroma[i/4*2+i%2], &left.chroma[i/4*2+i/2%2]
		n := readBlock(r, &d.probs[chromaBlock], *a+*l, 0, &s.uv, &mb.coefficients[16+i])
		*a = min(n, 1)
		*l = *a
		mb.last[16+i] = n
		mb.coded = mb.coded || n > 0
	}
}

// readBlock reads the coefficients of a block from the first on. It returns one more than the place of the last, 0 if
// there is none. It holds the window of r in registers, which is a third faster.
func readBlock(r *boolReader, probs *[8][3][11]uint8, context uint8, first int, step *[2]int32, out *[16]int16) uint8 {
	p := &probs[bands[first]][context]
	w, one := r.window, false
	if w.count < 0 {
		w = r.more(w)
	}
	if w, one = w.next(p[0]); !one {
		r.window = w
		return 0
	}
	for n := first; ; {
		if w.count < 0 {
			w = r.more(w)
		}
		if w, one = w.next(p[1]); !one {
			if n++; n == 16 {
				r.window = w
				return 16
			}
			p = &probs[bands[n]][0]
			continue
		}
		if w.count < 0 {
			w = r.more(w)
		}
		v, next := int32(1), 1
		if w, one = w.next(p[2]); one {
			r.window = w
			v, next = readLarge(r, p), 2
			w = r.window
		}
		if w.count < 0 {
			w = r.more(w)
		}
		if w, one = w.next(128); one {
			v = -v
		}
		out[zigzag[n&15]] = int16(v * step[min(n, 1)])
		n++
		p = &probs[bands[n]][next]
		if n == 16 {
			r.window = w
			return 16
		}
		if w.count < 0 {
			w = r.more(w)
		}
		if w, one = w.next(p[0]); !one {
			r.window = w
			return uint8(n)
		}
	}
}

// readLarge reads the rest of a coefficient that is larger than 1 (section 13.2).
func readLarge(r *boolReader, p *[11]uint8) int32 {
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

// spread makes the first coefficients of the blocks of luma from the block that stands for them.
func (mb *macroblock) spread(in *[16]int16) {
	var firsts coefficients
	second(in, &firsts, 3, 3)
	for i, v := range firsts {
		if int16(v) != 0 {
			mb.coefficients[i][0] = int16(v)
			mb.last[i] = 1
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
