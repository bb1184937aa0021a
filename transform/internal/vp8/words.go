package vp8

import "math/bits"

// Samples are taken several at a time, as the bytes of a word, the first one lowest.
const (
	eightOf  = 0x0101010101010101 // times a sample: eight of it
	fourOf   = 0x01010101
	everyTop = 0x80 * eightOf
)

// total returns the sum of eight samples.
func total(v uint64) uint64 { return (v&evenByte + v>>8&evenByte) * ones >> 48 }

// two returns the means of pairs of samples, rounded up.
func two(a, b uint64) uint64 { return (a | b) - (a^b)&^eightOf>>1 }

// three returns the means, to the nearest, of samples of which the middle one counts twice. For whole numbers it is
// two(⌊(a+c)/2⌋, b).
func three(a, b, c uint64) uint64 { return two(a&c+(a^c)&^eightOf>>1, b) }

// A shift adds a number to eight samples and keeps them within 0 and 255. To subtract, it adds to what is left up to
// 255.
type shift struct{ by, invert uint64 }

// shiftBy returns the shift by d, which is -255 to 255.
func shiftBy(d int32) shift {
	sign := d >> 31
	return shift{uint64((d^sign)-sign) * eightOf, uint64(int64(sign))}
}

func (s shift) apply(v uint64) uint64 {
	v ^= s.invert
	sum := (v&^everyTop + s.by&^everyTop) ^ (v^s.by)&everyTop
	over := (v&s.by | (v|s.by)&^sum) & everyTop // the carries
	return (sum | over>>7*255) ^ s.invert
}

// edges are the samples around a subblock: four to the left from the top down, the corner, and eight above.
type edges struct {
	above  uint64
	left   uint32
	corner byte
}

// predict predicts 4 × 4 samples (section 12.3). It returns two rows in each word, the upper one in the lower half.
func (e *edges) predict(mode uint8) (upper, lower uint64) {
	corner, above, left := uint64(e.corner), e.above, uint64(e.left)
	var row0, row1, row2, row3 uint64 // of which the lower halves count
	switch mode {
	case predictDC:
		v := (total(above<<32|left) + 4) >> 3 * eightOf
		return v, v
	case predictTM:
		row0 = shiftBy(int32(byte(left)) - int32(corner)).apply(above)
		row1 = shiftBy(int32(byte(left>>8)) - int32(corner)).apply(above)
		row2 = shiftBy(int32(byte(left>>16)) - int32(corner)).apply(above)
		row3 = shiftBy(int32(left>>24) - int32(corner)).apply(above)
	case predictV:
		row := three(above<<8|corner, above, above>>8)
		row0, row1, row2, row3 = row, row, row, row
	case predictH:
		v := three(left<<8|corner, left, left>>8|left>>24<<24)
		row0, row1, row2, row3 = v&255*fourOf, v>>8&255*fourOf, v>>16&255*fourOf, v>>24&255*fourOf
	case predictLD:
		v := three(above, above>>8, above>>16|above>>56<<48)
		row0, row1, row2, row3 = v, v>>8, v>>16, v>>24
	case predictVL:
		row0, row1 = two(above, above>>8), three(above, above>>8, above>>16)
		row2, row3 = row0>>8&0xffffff|row1>>32<<24, row1>>8&0xffffff|row1>>40<<24
	case predictHU:
		last := left >> 24
		all := left | last<<32 | last<<40
		v := alternate(two(all, all>>8), three(all, all>>8, all>>16))
		row0, row1, row2, row3 = v, v>>16, v>>32, last*fourOf
	default:
		// The samples from the bottom of the left side up and on to the right, from the first, the second and the
		// third on.
		first := uint64(bits.ReverseBytes32(e.left)) | corner<<32 | above<<40
		last := above >> 24 << 56
		second, third := first>>8|last, first>>16|last>>8
		pairs, triples := two(first, second), three(first, second, third)
		switch mode {
		case predictRD:
			row0, row1, row2, row3 = triples>>24, triples>>16, triples>>8, triples
		case predictVR:
			row0, row1 = pairs>>32, triples>>24
			row2, row3 = row0<<8|triples>>16&255, row1<<8|triples>>8&255
		default: // predictHD
			v := alternate(pairs, triples)
			row0, row1, row2, row3 = v>>48|triples>>32<<16, v>>32, v>>16, v
		}
	}
	return row0&lowHalf | row1<<32, row2&lowHalf | row3<<32
}

// alternate returns the first four samples of a and of b, in turn.
func alternate(a, b uint64) uint64 { return doubled(a) | doubled(b)<<8 }

// doubled returns the first four samples of v with a zero behind each.
func doubled(v uint64) uint64 {
	v &= lowHalf
	v = (v | v<<16) & evenLane
	return (v | v<<8) & evenByte
}
