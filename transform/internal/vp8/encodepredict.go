package vp8

import "encoding/binary"

// predictBlocks predicts size × size samples, in blocks of 4 × 4, from the samples above and to the left, whose first
// one is the corner (RFC 6386, section 12.2). It is the arithmetic of [plane.predict].
func predictBlocks(mode uint8, size int, above, left []byte, hasAbove, hasLeft bool, out []samples) {
	across := size / 4
	corner := int32(above[0])
	above, left = above[1:size+1], left[:size]
	switch mode {
	case predictDC:
		v := uint64(meanOf(above, left, hasAbove, hasLeft)) * 0x0101010101010101
		for i := range out {
			binary.LittleEndian.PutUint64(out[i][:8], v)
			binary.LittleEndian.PutUint64(out[i][8:], v)
		}
	case predictV:
		for x := range across {
			row := uint64(binary.LittleEndian.Uint32(above[4*x:]))
			row |= row << 32
			for y := range across {
				b := &out[y*across+x]
				binary.LittleEndian.PutUint64(b[:8], row)
				binary.LittleEndian.PutUint64(b[8:], row)
			}
		}
	case predictH:
		for y := range across {
			b := &out[y*across]
			for k := range 4 {
				binary.LittleEndian.PutUint32(b[4*k:], uint32(left[4*y+k])*0x01010101)
			}
			for x := 1; x < across; x++ {
				out[y*across+x] = *b
			}
		}
	case predictTM:
		for y, l := range left {
			s := shiftBy(int32(l) - corner)
			row, k := out[y/4*across:][:across], y%4*4
			for x := 0; x < across; x += 2 {
				v := s.apply(binary.LittleEndian.Uint64(above[4*x:]))
				binary.LittleEndian.PutUint32(row[x][k:], uint32(v))
				binary.LittleEndian.PutUint32(row[x+1][k:], uint32(v>>32))
			}
		}
	}
}

// meanOf returns the mean of the samples around that are there.
func meanOf(above, left []byte, hasAbove, hasLeft bool) byte {
	sum, n := uint64(0), uint64(0)
	for i, there := range [2]bool{hasAbove, hasLeft} {
		if !there {
			continue
		}
		v := [2][]byte{above, left}[i]
		for ; len(v) >= 8; v = v[8:] {
			sum += total(binary.LittleEndian.Uint64(v))
			n += 8
		}
	}
	if n == 0 {
		return 128
	}
	return byte((sum + n/2) / n)
}
