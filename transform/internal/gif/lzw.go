package gif

import "imgpipe/transform/internal/codec"

// maxWidth is how many bits a code has at most (GIF89a, appendix F).
const maxWidth = 12

// maxString is how many pixels a code stands for at most. All codes but three, which are a color, the one that clears
// the table and the one that means the end, can be defined, each as one pixel more than another.
const maxString = 1<<maxWidth - 2

// An unpacker turns codes into pixels. A code is defined as the pixels of the code before and the first pixel of the
// code that comes: they follow each other where they were written. So a code is the place of these pixels.
type unpacker struct {
	start, length [1 << maxWidth]uint32
}

// An end says what ended the codes.
type end uint8

const (
	endNone    end = iota // nothing yet
	endCode               // the code that means the end
	endBlocks             // the sub-block that means the end
	endFile               // the end of the file
	endMore               // pixels behind the last that was wanted
	endBad                // a code that is not defined
	endStopped            // the work was stopped
)

// unpack fills pix from codes that have one bit more than codes at first. It returns how many pixels there were, and
// what ended the codes. It calls stop before each sub-block.
func (u *unpacker) unpack(pix []byte, in *bits, codes int, stop codec.Stop) (n int, why end) {
	clear := 1 << codes
	width, next := codes+1, clear+2
	begin, size := 0, 0 // of the code before; a size of 0 means that there is none
	over := false       // the last code stands for more pixels than were wanted
	for n < len(pix) {
		code, why := in.code(width, stop)
		if why != endNone {
			return n, why
		}
		if code == clear {
			width, next, size = codes+1, clear+2, 0
			continue
		}
		if code == clear+1 {
			return n, endCode
		}
		if size > 0 && next < 1<<maxWidth {
			u.start[next], u.length[next] = uint32(begin), uint32(size+1)
			next++
			// This is next == 1<<width, but where the first code that is defined has more than width bits.
			if next&(1<<width-1) == 0 && width < maxWidth {
				width++
			}
		}
		begin, size = n, 1
		switch {
		case code < clear:
			pix[n] = byte(code) // of over 8 bits, the lower ones count in all readers
		case code < next:
			from := int(u.start[code])
			size = int(u.length[code])
			if size > len(pix)-n {
				size, over = len(pix)-n, true
			}
			// The code that has just been defined ends with the first pixel that is written here.
			done := copy(pix[n:n+size], pix[from:n])
			if done < size {
				pix[n+done] = pix[n]
			}
		default:
			return n, endBad
		}
		n += size
	}
	for !over {
		if in.over() { // what is left of the last byte may be anything
			in.block()
			return n, in.why
		}
		code, why := in.code(width, stop)
		switch {
		case why != endNone:
			return n, why
		case code == clear+1:
			return n, endCode
		case code != clear:
			over = true
		}
		width = codes + 1
	}
	return n, endMore
}

// bits reads codes from sub-blocks (section 15), the lowest bits first.
type bits struct {
	data []byte // what has not been read
	left int    // bytes of the sub-block that have not been read
	word uint32
	have int // bits in word
	// why is what ended the sub-blocks, endNone before.
	why end
}

// code returns the next code, or why there is none.
func (b *bits) code(width int, stop codec.Stop) (int, end) {
	for b.have < width {
		if b.left == 0 {
			if stop.Err() != nil {
				return 0, endStopped
			}
			if b.block(); b.why != endNone {
				return 0, b.why
			}
		}
		b.word |= uint32(b.data[0]) << b.have
		b.have += 8
		b.data = b.data[1:]
		b.left--
	}
	code := int(b.word & (1<<width - 1))
	b.word >>= width
	b.have -= width
	return code, endNone
}

// block goes on to the next sub-block, which is cut short where the file is. It sets why where there is none.
func (b *bits) block() {
	switch {
	case b.why != endNone:
	case len(b.data) == 0:
		b.why = endFile
	case b.data[0] == 0:
		b.data, b.why = b.data[1:], endBlocks
	default:
		b.left = min(int(b.data[0]), len(b.data)-1)
		if b.data = b.data[1:]; b.left == 0 {
			b.why = endFile
		}
	}
}

// over reports whether no further byte follows.
func (b *bits) over() bool { return b.left == 0 && (len(b.data) == 0 || b.data[0] == 0) }

// close reads what follows the code that means the end, and returns what ended the sub-blocks. The rest of the last one
// may be anything, and many encoders write a further one of one byte.
func (b *bits) close() end {
	b.data, b.left = b.data[b.left:], 0
	if b.block(); b.left == 1 {
		b.data, b.left = b.data[1:], 0
		b.block()
	}
	if b.left > 0 {
		return endMore
	}
	return b.why
}
