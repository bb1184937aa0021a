//go:build goexperiment.simd && amd64

package resample

import (
	"encoding/binary"
	"simd/archsimd"
)

// tapsUnit is what the number of weights per destination sample is a multiple of: those that fill a vector of 128 bits.
const tapsUnit = 8

// engines are those of this build.
type engines struct {
	lanes   lanes
	vectors vectors
}

// choose returns the engine for pixels of kind k. Translucent pixels need more bits than 16-bit vectors have.
func (e *engines) choose(k kind) engine {
	if k == translucent || !archsimd.X86.AVX2() {
		return &e.lanes
	}
	return &e.vectors
}

// vectors is the engine that computes the bytes of lanes with the vectors of AVX2. Their multiplication of 16-bit
// elements adds neighboring products: of two source rows down the columns, of two samples along the rows. It takes R,
// G, B and A as four samples.
type vectors struct {
	kind   kind
	down   *axis
	across *axis
	rows   [together][]byte
	// sums holds blocks of 16 samples in the order in which bytes unpack: 0 to 3, 8 to 11, 4 to 7, 12 to 15.
	sums pool[int32]
	// a and b are two destination rows between the passes, with 6 fractional bits.
	a, b []int16
	// dots are the sums of one pair of rows along them, before the last additions: 4 elements for the first row, 4 for
	// the second.
	dots []int32
}

func (v *vectors) begin(k kind, down, across *axis) {
	v.kind, v.down, v.across = k, down, across
	n := (k.bytes()*across.span + 15) &^ 15
	for i := range v.rows {
		v.rows[i] = sized(v.rows[i], n)
	}
	v.sums.reset(n)
	// A pass along the row may read up to a whole set of weights past its end, where the weights are 0.
	v.a = sized(v.a, n+k.bytes()*across.taps)
	v.b = sized(v.b, n+k.bytes()*across.taps)
	v.dots = sized(v.dots, 8*len(across.start))
}

func (v *vectors) keep(slot int, row []byte) { copy(v.rows[slot], row) }

func (v *vectors) open() { v.sums.add() }

func (v *vectors) add(i, from, to, at int) {
	var all [together]int16 // slots outside from..to-1 have the weight 0
	copy(all[from:to], v.down.weights[at:])
	w01 := archsimd.BroadcastInt32x8(int32(uint16(all[0])) | int32(all[1])<<16).AsInt16x16()
	w23 := archsimd.BroadcastInt32x8(int32(uint16(all[2])) | int32(all[3])<<16).AsInt16x16()
	s := v.sums.open[i]
	n := len(s)
	r0, r1, r2, r3 := v.rows[0][:n], v.rows[1][:n], v.rows[2][:n], v.rows[3][:n]
	for x := 0; x <= n-16; x += 16 {
		b0, b1 := bytes16(r0[x:x+16]), bytes16(r1[x:x+16])
		b2, b3 := bytes16(r2[x:x+16]), bytes16(r3[x:x+16])
		s0, s1 := (*[8]int32)(s[x:x+8]), (*[8]int32)(s[x+8:x+16])
		archsimd.LoadInt32x8(s0).
			Add(b0.InterleaveLoGrouped(b1).DotProductPairs(w01)).
			Add(b2.InterleaveLoGrouped(b3).DotProductPairs(w23)).Store(s0)
		archsimd.LoadInt32x8(s1).
			Add(b0.InterleaveHiGrouped(b1).DotProductPairs(w01)).
			Add(b2.InterleaveHiGrouped(b3).DotProductPairs(w23)).Store(s1)
	}
}

// bytes16 returns the first 16 bytes of s as 16-bit elements.
func bytes16(s []byte) archsimd.Int16x16 {
	return archsimd.LoadUint8x16((*[16]byte)(s)).ExtendToUint16().AsInt16x16()
}

func (v *vectors) finish(rowA, rowB []byte, sums int) {
	narrow(v.a, v.sums.open[0])
	narrow(v.b, v.sums.open[sums-1])
	if v.kind == gray {
		v.acrossGray(rowA, rowB)
	} else {
		v.acrossRGB(rowA, rowB)
	}
	v.sums.drop(sums)
	archsimd.ClearAVXUpperBits()
}

// narrow rounds sums to 6 fractional bits and puts them in order.
func narrow(mid []int16, sums []int32) {
	round := archsimd.BroadcastInt32x8(1 << (thirdDrop - 1))
	for len(sums) >= 16 && len(mid) >= 16 {
		lo := archsimd.LoadInt32x8((*[8]int32)(sums)).Add(round).ShiftAllRight(thirdDrop)
		hi := archsimd.LoadInt32x8((*[8]int32)(sums[8:])).Add(round).ShiftAllRight(thirdDrop)
		lo.SaturateToInt16ConcatGrouped(hi).Store((*[16]int16)(mid))
		sums, mid = sums[16:], mid[16:]
	}
}

// acrossGray makes two rows of a plane.
func (v *vectors) acrossGray(rowA, rowB []byte) {
	taps, weights := v.across.taps, v.across.weights
	dots := v.dots
	for _, from := range v.across.start {
		w := weights[:taps]
		weights = weights[taps:]
		a, b := v.a[from:][:len(w)], v.b[from:][:len(w)]
		var sum archsimd.Int32x8
		for k := 0; k <= len(w)-8; k += 8 {
			sum = sum.Add(both(a[k:k+8], b[k:k+8]).DotProductPairs(twice(w[k : k+8])))
		}
		sum.Store((*[8]int32)(dots))
		dots = dots[8:]
	}
	// Four samples of each row at a time: what is left to add is four elements of each half.
	round := archsimd.BroadcastInt32x8(1 << (drop - 1))
	black, white := archsimd.BroadcastInt32x8(0), archsimd.BroadcastInt32x8(255)
	gather := archsimd.LoadInt8x32(&lowBytes)
	dots = v.dots
	for len(dots) >= 32 && len(rowA) >= 4 && len(rowB) >= 4 {
		s01 := archsimd.LoadInt32x8((*[8]int32)(dots)).AddPairsGrouped(archsimd.LoadInt32x8((*[8]int32)(dots[8:])))
		d2, d3 := archsimd.LoadInt32x8((*[8]int32)(dots[16:])), archsimd.LoadInt32x8((*[8]int32)(dots[24:]))
		sum := s01.AddPairsGrouped(d2.AddPairsGrouped(d3)).Add(round)
		level := sum.ShiftAllRight(drop).Max(black).Min(white).AsInt8x32().PermuteOrZeroGrouped(gather).AsUint32x8()
		binary.LittleEndian.PutUint32(rowA, level.GetLo().GetElem(0))
		binary.LittleEndian.PutUint32(rowB, level.GetHi().GetElem(0))
		dots, rowA, rowB = dots[32:], rowA[4:], rowB[4:]
	}
	for i := range rowA {
		d := dots[8*i:][:8]
		rowA[i] = clamped(d[0] + d[1] + d[2] + d[3])
		rowB[i] = clamped(d[4] + d[5] + d[6] + d[7])
	}
}

// clamped rounds and clamps a sum to a sample.
func clamped(sum int32) byte { return byte(min(max((sum+1<<(drop-1))>>drop, 0), 255)) }

// acrossRGB makes two rows of opaque pixels, one pixel of each at a time.
func (v *vectors) acrossRGB(rowA, rowB []byte) {
	ax := v.across
	weights := ax.weights
	round := archsimd.BroadcastInt32x8(1 << (drop - 1))
	black, white := archsimd.BroadcastInt32x8(0), archsimd.BroadcastInt32x8(255)
	gather, pixels := archsimd.LoadInt8x32(&lowBytes), archsimd.LoadInt8x32(&pixelPairs)
	for _, from := range ax.start {
		w := weights[:ax.taps]
		weights = weights[len(w):]
		a, b := v.a[4*int(from):][:4*len(w)], v.b[4*int(from):][:4*len(w)]
		sum := black
		for k := 0; k <= len(w)-2; k += 2 {
			pair := archsimd.BroadcastInt32x8(int32(uint16(w[k])) | int32(w[k+1])<<16).AsInt16x16()
			two := both(a[4*k:4*k+8], b[4*k:4*k+8]).AsInt8x32().PermuteOrZeroGrouped(pixels).AsInt16x16()
			sum = sum.Add(two.DotProductPairs(pair))
		}
		sum = sum.Add(round).ShiftAllRight(drop).Max(black).Min(white)
		level := sum.AsInt8x32().PermuteOrZeroGrouped(gather).AsUint32x8()
		binary.LittleEndian.PutUint32(rowA, level.GetLo().GetElem(0)|0xFF<<24)
		binary.LittleEndian.PutUint32(rowB, level.GetHi().GetElem(0)|0xFF<<24)
		rowA, rowB = rowA[4:], rowB[4:]
	}
}

// both returns 8 elements of a in the lower half of a vector and 8 of b in the upper.
func both(a, b []int16) archsimd.Int16x16 {
	var v archsimd.Int16x16
	return v.SetLo(archsimd.LoadInt16x8((*[8]int16)(a))).SetHi(archsimd.LoadInt16x8((*[8]int16)(b)))
}

// twice returns 8 weights in both halves of a vector.
func twice(w []int16) archsimd.Int16x16 {
	half := archsimd.LoadInt16x8((*[8]int16)(w))
	var v archsimd.Int16x16
	return v.SetLo(half).SetHi(half)
}

// lowBytes brings the lowest byte of each of four 32-bit elements to the front of its half; pixelPairs brings the
// samples of two pixels together, color by color.
var (
	lowBytes = [32]int8{
		0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
		0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
	}
	pixelPairs = [32]int8{
		0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
		0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15,
	}
)
