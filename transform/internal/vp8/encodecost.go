package vp8

import "sync"

// makeTables makes the tables below and fixedCosts, once: before the first picture, and not in a program that encodes
// none.
var makeTables = sync.OnceFunc(func() {
	bitCosts, tokenOf = makeBitCosts(), makeTokenOf()
	modeCosts, fixedCosts = makeModeCosts(), makeFixedCosts()
	lumaCosts, chromaCosts, costEach = wholeCosts(writeLuma), wholeCosts(writeChroma), costOf(false, 145)
})

// bitCosts has what a bit costs that has a probability of p in 256, in 256ths of a bit.
var bitCosts [257]int32

// makeBitCosts computes logarithms by squaring, in integers, so that they are the same on all machines.
func makeBitCosts() (costs [257]int32) {
	for p := 1; p <= 256; p++ {
		v, log := uint64(p)<<24, int32(0) // p as a fraction of 1<<24 in [1, 2)
		whole := int32(0)
		for v >= 1<<25 {
			v >>= 1
			whole++
		}
		for range 8 + 3 {
			v = v * v >> 24
			log <<= 1
			if v >= 1<<25 {
				v >>= 1
				log |= 1
			}
		}
		costs[p] = (8-whole)<<8 - (log+4)>>3
	}
	costs[0] = costs[1]
	return costs
}

// costOf returns what a bit costs that is 0 with a probability of prob in 256.
func costOf(one bool, prob uint8) int32 {
	if one {
		return bitCosts[256-int(prob)]
	}
	return bitCosts[prob]
}

// Tokens (RFC 6386, section 13.2), in the order of their tree, and the number of places where a block might have ended
// and did not.
const (
	tokenZero = iota
	tokenOne
	tokenTwo
	tokenThree
	tokenFour
	tokenGroup1 // 5 and 6, one extra bit; the next ones have 2, 3, 4, 5 and 11
	tokenGroup2
	tokenGroup3
	tokenGroup4
	tokenGroup5
	tokenGroup6
	tokenEnd
	tokenMore
	tokens
)

// firstOfGroup6 is the first value of the last group. Tokens and costs of all above it are alike, but for extra bits.
const firstOfGroup6 = 67

// tokenOf returns the token of each value below firstOfGroup6, and of it.
var tokenOf [firstOfGroup6 + 1]uint8

func makeTokenOf() (of [firstOfGroup6 + 1]uint8) {
	for v := range of {
		switch {
		case v <= 4:
			of[v] = uint8(tokenZero + v)
		case v <= 6:
			of[v] = tokenGroup1
		case v <= 10:
			of[v] = tokenGroup2
		case v <= 18:
			of[v] = tokenGroup3
		case v <= 34:
			of[v] = tokenGroup4
		case v < firstOfGroup6:
			of[v] = tokenGroup5
		default:
			of[v] = tokenGroup6
		}
	}
	return of
}

// tokenCounts count tokens for each kind of block, band and context.
type tokenCounts [4][8][3][tokens]uint32

// branches returns how often each bit of the tree of tokens was 0 and 1.
func branches(n *[tokens]uint32) (b [11][2]uint32) {
	sum := func(from, to int) (s uint32) {
		for _, v := range n[from : to+1] {
			s += v
		}
		return s
	}
	b[0] = [2]uint32{n[tokenEnd], n[tokenMore]}
	b[1] = [2]uint32{n[tokenZero], sum(tokenOne, tokenGroup6)}
	b[2] = [2]uint32{n[tokenOne], sum(tokenTwo, tokenGroup6)}
	b[3] = [2]uint32{sum(tokenTwo, tokenFour), sum(tokenGroup1, tokenGroup6)}
	b[4] = [2]uint32{n[tokenTwo], sum(tokenThree, tokenFour)}
	b[5] = [2]uint32{n[tokenThree], n[tokenFour]}
	b[6] = [2]uint32{sum(tokenGroup1, tokenGroup2), sum(tokenGroup3, tokenGroup6)}
	b[7] = [2]uint32{n[tokenGroup1], n[tokenGroup2]}
	b[8] = [2]uint32{sum(tokenGroup3, tokenGroup4), sum(tokenGroup5, tokenGroup6)}
	b[9] = [2]uint32{n[tokenGroup3], n[tokenGroup4]}
	b[10] = [2]uint32{n[tokenGroup5], n[tokenGroup6]}
	return b
}

// choose returns the probabilities with which the file becomes smallest, when changed ones are written as well.
func (c *tokenCounts) choose() tokenProbs {
	probs := defaultProbs
	for i := range c {
		for j := range c[i] {
			for k := range c[i][j] {
				for l, n := range branches(&c[i][j][k]) {
					old := probs[i][j][k][l]
					fresh := probability(n[0], n[1])
					cost := func(p uint8) int64 {
						return int64(n[0])*int64(costOf(false, p)) + int64(n[1])*int64(costOf(true, p))
					}
					change := updateProbs[i][j][k][l]
					extra := int64(8*256 + costOf(true, change) - costOf(false, change))
					if cost(fresh)+extra < cost(old) {
						probs[i][j][k][l] = fresh
					}
				}
			}
		}
	}
	return probs
}

// probability returns the probability of a bit that was 0 and 1 so often.
func probability(zero, one uint32) uint8 {
	n := uint64(zero) + uint64(one)
	if n == 0 {
		return 255
	}
	return uint8(min(max((uint64(zero)*256+n/2)/n, 1), 255))
}

// modeCosts are the costs of the mode of a subblock, by the modes above and to the left.
var modeCosts [10][10][10]int32

func makeModeCosts() (costs [10][10][10]int32) {
	for a := range costs {
		for l := range costs[a] {
			for m := range costs[a][l] {
				var w costCounter
				writeMode(&w, uint8(m), &modeProbs[a][l])
				costs[a][l][m] = int32(w)
			}
		}
	}
	return costs
}

// A bitSink takes bits: it writes them or adds up their costs.
type bitSink interface{ bit(one bool, prob uint8) }

// A costCounter adds up what bits cost.
type costCounter int32

func (c *costCounter) bit(one bool, prob uint8) { *c += costCounter(costOf(one, prob)) }

// writeMode writes the mode of a subblock (section 11.2).
func writeMode(w bitSink, mode uint8, p *[9]uint8) {
	for _, at := range [...]struct{ mode, prob uint8 }{{predictDC, 0}, {predictTM, 1}, {predictV, 2}} {
		w.bit(mode != at.mode, p[at.prob])
		if mode == at.mode {
			return
		}
	}
	switch mode {
	case predictH, predictRD, predictVR:
		w.bit(false, p[3])
		w.bit(mode != predictH, p[4])
		if mode != predictH {
			w.bit(mode == predictVR, p[5])
		}
	default:
		w.bit(true, p[3])
		w.bit(mode != predictLD, p[6])
		if mode != predictLD {
			w.bit(mode != predictVL, p[7])
			if mode != predictVL {
				w.bit(mode == predictHU, p[8])
			}
		}
	}
}

// writeLuma writes the mode of a whole macroblock (section 11.2).
func writeLuma(w bitSink, mode uint8) {
	w.bit(true, 145)
	second := mode == predictTM || mode == predictH
	w.bit(second, 156)
	if second {
		w.bit(mode == predictTM, 128)
	} else {
		w.bit(mode == predictV, 163)
	}
}

// writeChroma writes the mode of chroma (section 11.2).
func writeChroma(w bitSink, mode uint8) {
	w.bit(mode != predictDC, 142)
	if mode != predictDC {
		w.bit(mode != predictV, 114)
		if mode != predictV {
			w.bit(mode == predictTM, 183)
		}
	}
}

// The costs of the modes of luma and chroma, and of a mode for each subblock.
var (
	lumaCosts, chromaCosts [4]int32
	costEach               int32
)

func wholeCosts(write func(bitSink, uint8)) (costs [4]int32) {
	for mode := range costs {
		var c costCounter
		write(&c, uint8(mode))
		costs[mode] = int32(c)
	}
	return costs
}
