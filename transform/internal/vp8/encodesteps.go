package vp8

// A segmentQuant is how the macroblocks of a segment are quantized, smoothed and chosen.
type segmentQuant struct {
	index, filter int
	y1, y2, uv    quantizer
	activityBit   int32 // what a bit is worth as activity, in 4096ths for each 256th of a bit
	rates         rates
}

// qualities has the quantizer index of each quality from 0 on, with which 15 photographs have the structural similarity
// that libwebp's files of that quality have. The shape of the curve is that of the indexes that libwebp 1.2.4 was seen
// to choose for pictures of one segment.
var qualities = [101]uint8{
	127, 101, 94, 90, 87, 84, 81, 79, 77, 75, 73, 71, 70, 68, 67, 66, 64, 63, 62, 61,
	60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 49, 48, 47, 46, 46, 45, 44, 43,
	43, 42, 41, 41, 40, 39, 39, 38, 38, 37, 36, 36, 35, 35, 35, 35, 34, 34, 33, 32,
	32, 31, 31, 30, 30, 29, 29, 28, 28, 27, 27, 27, 26, 26, 25, 25, 23, 22, 21, 20,
	18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0,
	0,
}

// newSegmentQuant returns how to quantize with the steps of an index. What bits are worth follows from the steps of
// another one. The factors made the smallest files at equal structural similarity, and nearly so at equal squared
// errors, of 15 photographs.
func newSegmentQuant(index, choice int) segmentQuant {
	s, step := stepsOf(index), acSteps[choice]
	q := segmentQuant{
		index:       index,
		filter:      2 * index / 5,
		y1:          newQuantizer(s.y1, [2]uint32{108, 107}),
		y2:          newQuantizer(s.y2, [2]uint32{104, 104}),
		uv:          newQuantizer(s.uv, [2]uint32{98, 98}),
		activityBit: step * 16 / 3,
	}
	q.rates.bit = step * step * 16 / 5
	return q
}

// stepsOf returns the steps of a quantizer index (section 9.6 and 14.1), without deltas.
func stepsOf(q int) steps {
	return steps{
		y1: [2]int32{dcSteps[q], acSteps[q]},
		y2: [2]int32{2 * dcSteps[q], max(155*acSteps[q]/100, 8)},
		uv: [2]int32{dcSteps[min(q, 117)], acSteps[q]},
	}
}
