package vp8

// maxFirst is the largest length of the first partition that a file may hold (RFC 6386, section 9.1). It has the modes
// of all macroblocks: in a picture of 8 megapixels 16 bytes for each, in the largest one half a byte.
const maxFirst = 1<<19 - 1

// A modeBudget sees to it that the modes of a picture fit into the first partition: each macroblock may spend its share
// of the bits, and what those before it have left. All in 256ths of a bit.
type modeBudget struct {
	share, left int
	plain       bool // there is no room for segments, and for macroblocks to say that they have no levels
}

const (
	headerBudget = 3 << 10 // bytes, for what stands before the macroblocks
	sideBudget   = 13 << 6 // for the segment of a macroblock and whether it has levels
	plainBelow   = 7 << 8  // as share: prediction from the mean takes 3.4 bits, and must always fit
)

// start divides the budget among so many macroblocks.
func (b *modeBudget) start(macroblocks, less int) {
	*b = modeBudget{share: (maxFirst - less - headerBudget) * 8 << 8 / macroblocks}
	if b.plain = b.share < plainBelow; !b.plain {
		b.share -= sideBudget
	}
}

// next adds the share of a macroblock to the budget, and returns what the macroblock may spend.
func (b *modeBudget) next() int {
	b.left += b.share
	return b.left
}
