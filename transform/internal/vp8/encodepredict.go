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
			base := int32(l) - corner
			for x, a := range above {
				out[y/4*across+x/4][y%4*4+x%4] = clamp(base + int32(a))
			}
		}
	}
}

// meanOf returns the mean of the samples around that are there.
func meanOf(above, left []byte, hasAbove, hasLeft bool) byte {
	sum, n := 0, 0
	if hasAbove {
		for _, v := range above {
			sum += int(v)
		}
		n += len(above)
	}
	if hasLeft {
		for _, v := range left {
			sum += int(v)
		}
		n += len(left)
	}
	if n == 0 {
		return 128
	}
	return byte((sum + n/2) / n)
}

// predictAll makes all predictions of a subblock. e has the samples to the left, from the bottom up, the corner, and
// eight above (section 12.3). It is the arithmetic of [plane.subblock].
func predictAll(e *[13]int32, out *[10]samples) {
	sum := int32(4)
	var two, three [13]byte // of a sample and the next, and around it
	for i := range 4 {
		sum += e[i] + e[5+i]
	}
	for i := 1; i < 12; i++ {
		two[i] = byte((e[i] + e[i+1] + 1) >> 1)
		three[i] = byte((e[i-1] + 2*e[i] + e[i+1] + 2) >> 2)
	}
	two[0] = byte((e[0] + e[1] + 1) >> 1)
	three[0] = byte((3*e[0] + e[1] + 2) >> 2)
	three[12] = byte((e[11] + 3*e[12] + 2) >> 2)

	mean := byte(sum >> 3)
	out[predictDC] = samples{mean, mean, mean, mean, mean, mean, mean, mean,
		mean, mean, mean, mean, mean, mean, mean, mean}
	tm := &out[predictTM]
	for y := range 4 {
		base := e[3-y] - e[4]
		tm[4*y] = clamp(base + e[5])
		tm[4*y+1] = clamp(base + e[6])
		tm[4*y+2] = clamp(base + e[7])
		tm[4*y+3] = clamp(base + e[8])
	}
	a, b, c, d := three[5], three[6], three[7], three[8]
	out[predictV] = samples{a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d}
	a, b, c, d = three[3], three[2], three[1], three[0]
	out[predictH] = samples{a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d}
	t := &three
	out[predictLD] = samples{t[6], t[7], t[8], t[9], t[7], t[8], t[9], t[10],
		t[8], t[9], t[10], t[11], t[9], t[10], t[11], t[12]}
	out[predictRD] = samples{t[4], t[5], t[6], t[7], t[3], t[4], t[5], t[6],
		t[2], t[3], t[4], t[5], t[1], t[2], t[3], t[4]}
	w := &two
	out[predictVR] = samples{w[4], w[5], w[6], w[7], t[4], t[5], t[6], t[7],
		t[3], w[4], w[5], w[6], t[2], t[4], t[5], t[6]}
	out[predictVL] = samples{w[5], w[6], w[7], w[8], t[6], t[7], t[8], t[9],
		w[6], w[7], w[8], t[10], t[7], t[8], t[9], t[11]}
	out[predictHD] = samples{w[3], t[4], t[5], t[6], w[2], t[3], w[3], t[4],
		w[1], t[2], w[2], t[3], w[0], t[1], w[1], t[2]}
	l := byte(e[0])
	out[predictHU] = samples{w[2], t[2], w[1], t[1], w[1], t[1], w[0], t[0],
		w[0], t[0], l, l, l, l, l, l}
}
