package jpeg

import (
	"bytes"
	"encoding/binary"
)

const (
	// windowChunk is how much of a scan is made ready at a time; it is to stay in the first-level cache beside the
	// tables.
	windowChunk = 16 << 10
	// windowMargin is more than one MCU can take: ten blocks (T.81, B.2.3) of 64 codes of at most 16+16 bits.
	windowMargin = 4 << 10
	winMask      = 32<<10 - 1
	// maxMarks bounds the markers in win, as a file may have nothing but markers. While there is one ahead, an MCU is
	// not longer than what stands before it.
	maxMarks = 1 << 10
)

// A bitReader reads the entropy-coded segments of one scan. Byte stuffing (T.81, F.1.2.3) and restart markers are taken
// out beforehand, into win, so that reading bits needs no test for 0xff: eight bytes are loaded at once wherever pos
// stands.
//
// Bits are not checked against the end as they are read. Behind the end stand zeros, and check, called for each MCU,
// finds out afterwards.
type bitReader struct {
	acc uint64 // the next bits, from the top
	n   uint64 // how many of them count; those below are right too, but will be loaded again
	pos int    // where in win the bits after those n begin

	limit int // check has something to do once pos is beyond: bytes to make ready, or a marker that was passed
	end   int // where the scan's bytes end in win
	bad   bool
	done  bool   // all of the scan is in win
	marks []mark // the markers in win, of which those from head on are ahead
	head  int
	data  []byte // the file
	off   int    // where in data the rest of the scan begins; the marker after it, once done
	// win is longer than it need be, so that pos&winMask needs no test against its length.
	win [winMask + 1 + 8]byte
}

// A mark is a marker inside a scan: where it stood in win, and its number, or noNumber.
type mark struct {
	pos    int
	number byte
}

// noNumber is that of a marker that means nothing. Only damage, or bytes that belong to no restart interval, make one.
const noNumber = 255

// start begins with the scan whose bytes stand at data[off:].
func (r *bitReader) start(data []byte, off int) {
	r.acc, r.n, r.pos, r.end, r.bad, r.done = 0, 0, 0, 0, false, false
	r.marks, r.head = r.marks[:0], 0
	r.data, r.off = data, off
	r.fill()
}

// fill moves what is unread to the front of win and unstuffs more of the scan behind it.
func (r *bitReader) fill() {
	if len(r.marks)-r.head > maxMarks/2 {
		return
	}
	r.marks = r.marks[:copy(r.marks, r.marks[r.head:])]
	r.head = 0
	// The bits in acc may be those of the eight bytes before pos, and a restart marker stand among them.
	if shift := r.pos - 8; shift > 0 {
		r.end = copy(r.win[:], r.win[shift:r.end])
		for i := range r.marks {
			r.marks[i].pos -= shift
		}
		r.pos -= shift
	}
	for r.end < windowChunk {
		if len(r.marks) == maxMarks {
			clear(r.win[r.end : r.end+windowMargin]) // nothing of what was there before is to be read
			break
		}
		src := r.data[r.off:]
		src = src[:min(len(src), windowChunk-r.end)]
		i := bytes.IndexByte(src, 0xff)
		if i < 0 {
			r.end += copy(r.win[r.end:], src)
			r.off += len(src)
			if r.off == len(r.data) {
				r.finish()
				return
			}
			continue
		}
		r.end += copy(r.win[r.end:], src[:i])
		r.off += i
		next := r.off + 1
		for next < len(r.data) && r.data[next] == 0xff {
			next++
		}
		switch {
		case next == len(r.data):
			r.off = next
			r.finish()
			return
		case r.data[next] == 0:
			r.win[r.end] = 0xff
			r.end++
			r.off = next + 1
		case midScan(r.data[next]):
			number := r.data[next] - mRST0
			if number > 7 {
				number = noNumber
			}
			r.marks = append(r.marks, mark{pos: r.end, number: number})
			r.off = next + 1
		default:
			r.finish()
			return
		}
	}
	r.setLimit()
}

// midScan reports whether a scan goes on behind a marker.
func midScan(marker byte) bool {
	return mRST0 <= marker && marker <= mRST7 || marker < mSOF0
}

func (r *bitReader) setLimit() {
	r.limit = r.end
	if !r.done {
		r.limit -= windowMargin
	}
	if r.head < len(r.marks) {
		r.limit = min(r.limit, r.marks[r.head].pos)
	}
}

// finish notes that the whole scan is in win.
func (r *bitReader) finish() {
	clear(r.win[r.end : r.end+windowMargin])
	r.done = true
	r.setLimit()
}

// check makes sure that the bits of an MCU are in win, and reports whether those read so far were there, before the
// next marker or the end of the scan. It is to be called where pos is beyond limit.
func (r *bitReader) check() bool {
	if r.head < len(r.marks) && r.used() > 8*r.marks[r.head].pos {
		return false
	}
	if !r.done {
		if r.pos > r.end-windowMargin {
			r.fill()
		}
		return true
	}
	return r.used() <= 8*r.end
}

// maxCode is the length of the longest Huffman code in bits.
const maxCode = 16

// fault returns why an MCU could not be read. short means that it has too few bits.
func (r *bitReader) fault(short bool) error {
	switch {
	case short && r.head < len(r.marks):
		return errInterval
	case short || r.done && r.used()+maxCode > 8*r.end:
		return r.short() // the code that means nothing has its last bits from behind the end
	}
	return errBadCode
}

// short returns the error of a scan that ends early. All of it is in win.
func (r *bitReader) short() error {
	if r.off < len(r.data) {
		return errShort
	}
	return errCut
}

// used is the number of bits of win that have been read.
func (r *bitReader) used() int { return 8*r.pos - int(r.n) }

// A restarted says what was found at the end of a restart interval.
type restarted struct {
	none       bool // no data of the next interval
	ahead      bool // but the marker of one of those after it
	repeated   bool // an interval that has been there before
	renumbered bool // the marker with another number
	excess     bool // bytes between the end of the interval and the marker
}

// restart goes to the next restart interval (T.81, F.2.2.5). A marker whose number is that of one of the next two is
// left for its own interval, as that before it is missing. One with the number of one of the last two is passed over,
// and so is what follows it. Any other is taken for the one expected. So does the Independent JPEG Group's library.
func (r *bitReader) restart(number byte) (found restarted) {
	for {
		found.excess = found.excess || r.head == len(r.marks) && !r.done
		if !r.ahead() {
			found.none = true
			return found
		}
		m := r.marks[r.head]
		found.excess = found.excess || 8*m.pos-r.used() >= 8
		if m.number != noNumber {
			switch (m.number - number) & 7 {
			case 1, 2:
				found.none, found.ahead = true, true
				return found
			case 6, 7:
				found.repeated = true
			default:
				found.renumbered = m.number != number
				r.skip(m)
				if !r.done && r.pos > r.end-windowMargin {
					r.fill()
				}
				return found
			}
		}
		found.excess = true
		r.skip(m)
	}
}

// unread reports whether whole bytes of the scan are left behind the MCU that was read last.
func (r *bitReader) unread() bool { return !r.done || 8*r.end-r.used() >= 8 }

// ahead reports whether there is another marker in the scan, and goes on until it is in win.
func (r *bitReader) ahead() bool {
	for r.head == len(r.marks) && !r.done {
		r.pos, r.n = r.end, 0
		r.fill()
	}
	return r.head < len(r.marks)
}

// skip goes behind the next marker, which is m.
func (r *bitReader) skip(m mark) {
	r.head++
	r.pos, r.acc, r.n = m.pos, 0, 0
	r.setLimit()
}

// refill tops up the bits to 56 or more.
func (r *bitReader) refill() {
	r.acc |= binary.BigEndian.Uint64(r.win[r.pos&winMask:r.pos&winMask+8]) >> (r.n & 63)
	r.pos += int(63-r.n) >> 3
	r.n |= 56
}

// take reads size bits, at most 16, as a signed number (T.81, F.2.2.1, EXTEND). There must be as many.
func (r *bitReader) take(size uint) int {
	v := extend(r.acc, size)
	r.acc <<= size & 63
	r.n -= uint64(size)
	return v
}

// bits reads size bits, at most 16, as they are. There must be as many.
func (r *bitReader) bits(size uint) int {
	v := int(r.acc >> 1 >> (63 - size&63))
	r.acc <<= size & 63
	r.n -= uint64(size)
	return v
}

// extend returns the signed number that the top size bits of acc stand for (T.81, table F.1).
func extend(acc uint64, size uint) int {
	v := int(acc >> 1 >> (63 - size&63))
	if size > 0 && acc>>63 == 0 {
		v -= 1<<size - 1
	}
	return v
}

// passOver passes over the scan whose bytes stand at data[off:] without reading it.
func (r *bitReader) passOver(data []byte, off int) {
	r.data, r.off, r.done = data, off, false
}

// after returns the offset of the marker behind the scan, or of the file's end.
func (r *bitReader) after() int {
	if !r.done {
		r.off = scanEnd(r.data, r.off)
	}
	return r.off
}

// scanEnd returns the offset of the first marker in data[off:] that is not of a scan, or of the file's end.
func scanEnd(data []byte, off int) int {
	for off < len(data) {
		i := bytes.IndexByte(data[off:], 0xff)
		if i < 0 {
			return len(data)
		}
		off += i
		if off+1 < len(data) {
			if m := data[off+1]; m != 0xff && !midScan(m) {
				return off
			}
		}
		off++
	}
	return off
}
