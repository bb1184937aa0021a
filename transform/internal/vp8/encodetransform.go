package vp8

import "encoding/binary"

// A samples is a block of 4 × 4 samples, row by row.
type samples [16]byte

// A coefficients is a block of 4 × 4 coefficients, row by row.
type coefficients = [16]int32

// forward transforms the difference between two blocks. It is the inverse of section 14.3 to within rounding: with the
// rows of the inverse as B, which are orthogonal and 2 long, and its factor of 1/8, the coefficients are BᵀxB/2.
func forward(a, b *samples, out *coefficients) {
	// √2·cos(π/8) and √2·sin(π/8) in fractions of 4096.
	const cos, sin = 5352, 2217
	var t [16]int32
	for i := 0; i < 16; i += 4 {
		x0, x1 := int32(a[i])-int32(b[i]), int32(a[i+1])-int32(b[i+1])
		x2, x3 := int32(a[i+2])-int32(b[i+2]), int32(a[i+3])-int32(b[i+3])
		s0, s1, d0, d1 := x0+x3, x1+x2, x0-x3, x1-x2
		t[i] = (s0 + s1) << 3
		t[i+1] = (d0*cos + d1*sin + 1<<8) >> 9
		t[i+2] = (s0 - s1) << 3
		t[i+3] = (d0*sin - d1*cos + 1<<8) >> 9
	}
	for i := range 4 {
		s0, s1, d0, d1 := t[i]+t[12+i], t[4+i]+t[8+i], t[i]-t[12+i], t[4+i]-t[8+i]
		out[i] = (s0 + s1 + 8) >> 4
		out[4+i] = (d0*cos + d1*sin + 1<<15) >> 16
		out[8+i] = (s0 - s1 + 8) >> 4
		out[12+i] = (d0*sin - d1*cos + 1<<15) >> 16
	}
}

// inverse adds what the coefficients stand for to a prediction (section 14.3), as [macroblock.residue] does.
func inverse(in *coefficients, pred, out *samples) {
	cos := func(v int32) int32 { return v + v*20091>>16 }
	sin := func(v int32) int32 { return v * 35468 >> 16 }
	var t [16]int32
	for i := range 4 {
		v0, v1, v2, v3 := in[i], in[4+i], in[8+i], in[12+i]
		a, b, c, d := v0+v2, v0-v2, sin(v1)-cos(v3), cos(v1)+sin(v3)
		t[4*i], t[4*i+1], t[4*i+2], t[4*i+3] = a+d, b+c, b-c, a-d
	}
	for y := range 4 {
		v0, v1, v2, v3 := t[y]+4, t[4+y], t[8+y], t[12+y]
		a, b, c, d := v0+v2, v0-v2, sin(v1)-cos(v3), cos(v1)+sin(v3)
		out[4*y] = clamp(int32(pred[4*y]) + (a+d)>>3)
		out[4*y+1] = clamp(int32(pred[4*y+1]) + (b+c)>>3)
		out[4*y+2] = clamp(int32(pred[4*y+2]) + (b-c)>>3)
		out[4*y+3] = clamp(int32(pred[4*y+3]) + (a-d)>>3)
	}
}

// forwardSecond transforms the first coefficients of 16 blocks (section 14.3: the matrix of the inverse is symmetric).
func forwardSecond(in, out *coefficients) { second(in, out, 1, 1) }

// inverseSecond returns the first coefficients of 16 blocks.
func inverseSecond(in, out *coefficients) { second(in, out, 3, 3) }

// A lanes is a block with 16 bits for each sample: those of the even and of the odd columns of two rows, then of the
// two rows below. Sums of whole words are sums of four samples at once.
type lanes [4]uint64

const (
	ones     = 0x0001000100010001 // in each lane
	evenByte = 0x00ff * ones
	evenLane = 0x0000ffff0000ffff
	lowHalf  = 0x00000000ffffffff
)

// lanes returns a block as lanes.
func (b *samples) lanes() lanes {
	upper, lower := binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:])
	return lanes{upper & evenByte, upper >> 8 & evenByte, lower & evenByte, lower >> 8 & evenByte}
}

// activity returns half the sum of absolute values of the Hadamard transform of the difference between two blocks. A
// word is the sum of its lanes times their places, so lanes may be negative as long as words are only added; before
// they are taken apart, a bias makes all lanes positive.
func activity(a *lanes, b *samples) int32 {
	return a.activity(binary.LittleEndian.Uint64(b[:8]), binary.LittleEndian.Uint64(b[8:]))
}

// activity is the function of that name for a block whose rows are two words.
func (a *lanes) activity(upper, lower uint64) int32 {
	const bias1, bias2, bias3 = 1 << 10 * ones, 1 << 11 * ones, 1 << 12 * ones
	e0, o0 := a[0]-upper&evenByte, a[1]-upper>>8&evenByte
	e1, o1 := a[2]-lower&evenByte, a[3]-lower>>8&evenByte
	// Columns with their neighbors, and rows with those two below.
	s0, d0, s1, d1 := e0+o0, e0-o0, e1+o1, e1-o1
	p, q, r, s := s0+s1+bias1, s0-s1+bias1, d0+d1+bias1, d0-d1+bias1
	// Rows with their neighbors: the halves of a word.
	top, bottom := p&lowHalf|q<<32, p>>32|q&^lowHalf
	ps, pd := top+bottom, top-bottom+bias2
	top, bottom = r&lowHalf|s<<32, r>>32|s&^lowHalf
	rs, rd := top+bottom, top-bottom+bias2
	// Columns with those two to the right.
	left, right := ps&evenLane|rs&evenLane<<16, ps>>16&evenLane|rs&^evenLane
	sum := magnitudes(left+right) + magnitudes(left-right+bias3)
	left, right = pd&evenLane|rd&evenLane<<16, pd>>16&evenLane|rd&^evenLane
	sum += magnitudes(left+right) + magnitudes(left-right+bias3)
	return int32(sum * ones >> 48 >> 1)
}

// magnitudes returns the absolute values of lanes that are 4096 too large.
func magnitudes(v uint64) uint64 {
	negative := ones - v>>12&ones
	return (v^(negative<<12-negative))&(0xfff*ones) + negative
}
