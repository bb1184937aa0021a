package vp8

import (
	"math/bits"

	"imgpipe/transform/internal/codec"
)

// maxSegments is how many groups of macroblocks may have a quantizer of their own (RFC 6386, section 9.3).
const maxSegments = 4

// detailBits is how many bits of fraction a logarithm of details has.
const detailBits = 4

// details is how many values a logarithm of details has.
const details = 16 << detailBits

// How far segments follow their details, in 256ths: all of it would be best by structural similarity alone, nothing by
// squared errors. What a bit is worth follows further than the steps do.
const (
	stepsFollow  = 110
	choiceFollow = 160
)

// measure sorts macroblocks into segments by how much their details hide. An error of quantization is seen by how large
// it is beside the variance σ² of the samples around: that is what structural similarity (Wang et al. 2004) measures,
// whose loss is about D/(2σ²+c₂) for a squared error D. So segments with a large variance get large steps.
func (e *Encoder) measure(index int, stop codec.Stop) error {
	n := e.width * e.height
	e.detail = grown(e.detail, n)
	if e.plain {
		clear(e.detail)
		e.segments, e.quant[0] = 1, newSegmentQuant(index, index)
		return nil
	}
	var histogram [details]int32
	for y := range e.height {
		if y%4 == 0 {
			if err := stop.Err(); err != nil {
				return err
			}
		}
		for x := range e.width {
			d := e.detailOf(x, y)
			e.detail[y*e.width+x] = d
			histogram[d]++
		}
	}
	centers, of, mean := cluster(&histogram)
	var sizes [maxSegments]int
	for i, d := range e.detail {
		e.detail[i] = of[d]
		sizes[of[d]]++
	}
	e.segments = len(centers)
	for i, c := range centers {
		log := c - mean
		e.quant[i] = newSegmentQuant(shifted(index, log*stepsFollow/256), shifted(index, log*choiceFollow/256))
	}
	return nil
}

// shifted returns the index whose step is larger than that of another index by half of log, in units of details.
func shifted(index int, log int32) int {
	at := 2*logOf(uint32(acSteps[index])) + log
	for index < 127 && 2*logOf(uint32(acSteps[index+1])) <= at {
		index++
	}
	for index > 0 && 2*logOf(uint32(acSteps[index])) > at {
		index--
	}
	return index
}

// logOf returns the logarithm of v, at least 1, to the base of 2, in units of details.
func logOf(v uint32) int32 {
	whole := bits.Len32(v) - 1
	part := bitCosts[128+(v<<(31-whole)>>24)&127]
	return int32(whole)<<detailBits + (256-part)>>(8-detailBits)
}

// detailOf returns the logarithm of 2σ²+c₂ of macroblock x, y, as the mean of 1/(2σ²+c₂) over its parts is.
func (e *Encoder) detailOf(x, y int) uint8 {
	const c2 = 58 // (0.03·255)²
	p := &e.luma
	var sum uint32
	n := uint32(0)
	for top := 16 * y; top < min(16*y+16, p.H); top += 8 {
		for left := 16 * x; left < min(16*x+16, p.W); left += 8 {
			w, h := min(8, p.W-left), min(8, p.H-top)
			var s, squares uint32
			for i := range h {
				for _, v := range p.Pix[(top+i)*p.Stride+left:][:w] {
					s += uint32(v)
					squares += uint32(v) * uint32(v)
				}
			}
			area := uint32(w * h)
			variance := (squares - s*s/area) / area
			sum += 1 << 22 / (2*variance + c2)
			n++
		}
	}
	return uint8(min(max(logOf(1<<22*n/max(sum, 1)), 0), details-1))
}

// cluster finds at most maxSegments centers of a histogram, which it returns in ascending order, with the number of the
// center of each value and the mean of all. It is Lloyd's method, from centers that are as far apart as can be.
func cluster(histogram *[details]int32) (centers []int32, of [details]uint8, mean int32) {
	low, high := -1, 0
	var sum, n int64
	for i, c := range histogram {
		if c > 0 {
			if low < 0 {
				low = i
			}
			high = i
			sum += int64(i) * int64(c)
			n += int64(c)
		}
	}
	mean = int32((sum + n/2) / n)
	k := min(maxSegments, high-low+1)
	for i := range k {
		centers = append(centers, int32(low+(2*i+1)*(high-low)/(2*k)))
	}
	for range 8 {
		var sums, ns [maxSegments]int64
		at := 0
		for i := low; i <= high; i++ {
			for at < k-1 && 2*int32(i) > centers[at]+centers[at+1] {
				at++
			}
			of[i] = uint8(at)
			sums[at] += int64(i) * int64(histogram[i])
			ns[at] += int64(histogram[i])
		}
		for i := range centers {
			if ns[i] > 0 {
				centers[i] = int32((sums[i] + ns[i]/2) / ns[i])
			}
		}
	}
	return centers, of, mean
}

// writeSegments writes the quantizers and smoothing of the segments, and how likely each is (section 9.3).
func (e *Encoder) writeSegments(w *boolWriter) {
	w.flag(e.segments > 1)
	if e.segments <= 1 {
		return
	}
	w.flag(true) // each macroblock says its segment
	w.flag(true) // what follows is new
	w.flag(true) // and absolute
	for i := range e.quant {
		w.optional(e.quant[min(i, e.segments-1)].index, 7)
	}
	for i := range e.quant {
		w.optional(e.quant[min(i, e.segments-1)].filter, 6)
	}
	var n [maxSegments]uint32
	for _, s := range e.detail {
		n[s]++
	}
	e.segmentProbs = [3]uint8{
		probability(n[0]+n[1], n[2]+n[3]), probability(n[0], n[1]), probability(n[2], n[3]),
	}
	for _, p := range e.segmentProbs {
		w.flag(p != 255)
		if p != 255 {
			w.number(int(p), 8)
		}
	}
}

// writeSegment writes the segment of a macroblock (section 10).
func (e *Encoder) writeSegment(w *boolWriter, segment uint8) {
	if e.segments <= 1 {
		return
	}
	high := segment >= 2
	w.bit(high, e.segmentProbs[0])
	w.bit(segment&1 != 0, e.segmentProbs[1+toInt(high)])
}
