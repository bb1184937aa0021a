package jpeg

import "encoding/binary"

// Work is what a file asks of a decoder, whatever its scans hold.
type Work struct {
	// Scans is how many scans there are.
	Scans int
	// Blocks is how many blocks they cover together: a progressive file may cover each of its blocks any number of
	// times. A scan of nothing but empty bands takes a bit for a thousand blocks, so their number does not follow from
	// the length of the file.
	Blocks int64
	// Least is what the method of Header says, of a kind that it may not know.
	Least int64
}

// ReadWork counts the work of a JPEG file without decoding it, also of kinds that ReadHeader refuses. It stops where
// the file ends or contradicts itself, as decoders do. It looks at each byte at most once, and allocates nothing.
func ReadWork(data []byte) Work {
	var (
		work       Work
		components [256]int64 // by number: blocks, of which a component has at least one
		all        int64
	)
	w := walker{data: data, off: min(2, len(data))}
	for {
		seg, err := w.next()
		if err != nil || seg.marker == mEOI {
			return work
		}
		switch b := seg.body; {
		case mSOF0 <= seg.marker && seg.marker <= mSOF2:
			if all > 0 || len(b) < 6 || len(b) < 6+3*int(b[5]) {
				return work
			}
			height, width := int(binary.BigEndian.Uint16(b[1:])), int(binary.BigEndian.Uint16(b[3:]))
			var h Header
			for i := range int(b[5]) {
				h.hMax, h.vMax = max(h.hMax, int(b[7+3*i]>>4)), max(h.vMax, int(b[7+3*i]&15))
			}
			if h.hMax == 0 || h.vMax == 0 {
				return work
			}
			for i := range int(b[5]) {
				f := b[6+3*i:]
				across := ceilDiv(ceilDiv(width*int(f[1]>>4), h.hMax), 8)
				down := ceilDiv(ceilDiv(height*int(f[1]&15), h.vMax), 8)
				n := max(1, int64(across)*int64(down))
				components[f[0]] = max(components[f[0]], n)
				all += n
			}
			work.Least = all / 8
			if seg.marker != mSOF2 {
				work.Least = all / 4
			}
		case seg.marker == mSOS:
			if len(b) < 1 || len(b) < 1+2*int(b[0]) {
				return work
			}
			work.Scans++
			for i := range int(b[0]) {
				work.Blocks += components[b[1+2*i]]
			}
			w.off, w.steps = scanEnd(data, w.off), 0
		}
	}
}
