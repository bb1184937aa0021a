package resample

import "math"

// The weights of one destination sample add up to exactly 1, in fixed point. Down the columns, three lanes of 21 bits
// share a word, which leaves 12 bits for weights; along the rows, two lanes of 32 bits do, which leaves 14. Wide sums
// have a word each, and weights of wideBits both ways.
const (
	downBits   = 12
	acrossBits = 14
	wideBits   = 24
)

// An axisKey is all that the weights of an axis depend on.
type axisKey struct {
	pos, extent float64 // the stretch of the source that is resampled, in samples
	n           int     // the number of destination samples
	filter      Filter
	bits        uint8 // the binary digits of a weight
	size        int   // the samples that there are, from 0 on; 0 where the stretch is known not to reach past them
}

// first and end bound the source samples that lie in the stretch, if only in part. The slack forgives the rounding of
// an extent that was computed, as 1003.5 is from 4014/4.
func (k axisKey) first() int { return max(0, int(math.Floor(k.pos+slack))) }

func (k axisKey) end() int {
	end := int(math.Ceil(k.pos + k.extent - slack))
	if k.size > 0 {
		end = min(end, k.size)
	}
	return end
}

const slack = 1e-6

// An axis says how the n samples of one destination row or column are made from those of the source: sample i is the
// sum over j of weights[i*taps+j] times source sample first+start[i]+j, for j below count[i]. It is not changed once it
// is made.
type axis struct {
	first   int     // the first source sample that is used
	span    int     // how many source samples, from first on, may be used
	taps    int     // a multiple of tapsUnit; weights from count[i] to taps are 0
	most    int     // the greatest count
	start   []int32 // never falls from one destination sample to the next, nor does start+count
	count   []int32
	weights []int16
	wide    []int32 // in place of weights, if these have wideBits
}

// size is the memory that a takes, in bytes, to within a few words.
func (a *axis) size() int { return 8*len(a.start) + 2*len(a.weights) + 4*len(a.wide) }

// newAxis computes the weights for key. Samples outside the stretch are never used: near its ends the kernel is cut and
// what is left is scaled up to 1.
func newAxis(key axisKey) *axis {
	first, end := key.first(), key.end()
	a := &axis{first: first, span: end - first, start: make([]int32, key.n), count: make([]int32, key.n)}
	if key.bits > acrossBits {
		a.wide = weigh[int32](a, key)
	} else {
		a.weights = weigh[int16](a, key)
	}
	return a
}

// A weight is a number that holds a weight.
type weight interface{ int16 | int32 }

// weigh returns the weights of a, and sets all of a that is not set yet.
func weigh[W weight](a *axis, key axisKey) []W {
	scale := key.extent / float64(key.n)
	reach := filters[key.filter].support * max(scale, 1)
	a.most = min(a.span, int(math.Ceil(2*reach))+2)
	a.taps = roundUp(a.most)
	weights := make([]W, key.n*a.taps)

	exact := make([]float64, a.most)
	for i := range key.n {
		center := min(max(key.pos-float64(a.first)+(float64(i)+0.5)*scale, 0), float64(a.span))
		lo := min(max(int(math.Floor(center-reach)), 0), a.span-1)
		hi := max(min(int(math.Ceil(center+reach)), a.span, lo+a.most), lo+1)
		w := exact[:hi-lo]
		switch key.filter {
		case Nearest:
			lo, w = min(max(int(math.Floor(center)), 0), a.span-1), exact[:1]
			w[0] = 1
		case Box:
			half := max(scale, slack) / 2
			for j := range w {
				from := max(center-half, float64(lo+j))
				to := min(center+half, float64(lo+j+1))
				w[j] = max(0, to-from)
			}
		default:
			shrink := 1 / max(scale, 1)
			filters[key.filter].run(w, (float64(lo)+0.5-center)*shrink, shrink)
		}
		q := weights[i*a.taps:][:len(w)]
		quantize(q, w, key.bits)
		for len(q) > 1 && q[len(q)-1] == 0 {
			q = q[:len(q)-1]
		}
		zeros := 0
		for q[zeros] == 0 {
			zeros++
		}
		copy(q, q[zeros:])
		clear(q[len(q)-zeros:])
		a.start[i], a.count[i] = int32(lo+zeros), int32(len(q)-zeros)
	}
	return settle(a, weights)
}

// roundUp returns the next multiple of tapsUnit.
func roundUp(taps int) int { return (taps + tapsUnit - 1) / tapsUnit * tapsUnit }

// quantize rounds w, scaled to the sum 1, to fixed point such that the sum is exactly 1. What rounding a weight adds or
// takes is handed on to the next (the running sum is rounded, not the weight), so that the errors of thousands of tiny
// weights cannot add up either.
func quantize[W weight](q []W, w []float64, bits uint8) {
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	scale := float64(int(1)<<bits) / sum
	running, given := 0.0, 0
	for j, v := range w {
		running += v
		upto := int(math.Floor(running*scale + 0.5))
		q[j] = W(upto - given)
		given = upto
	}
}

// settle brings the promise about start and count into force, which dropping weights of 0 at the ends may have broken,
// and sets taps to what is needed in the end. It returns the weights, which may have moved.
func settle[W weight](a *axis, weights []W) []W {
	n := len(a.start)
	for i := n - 2; i >= 0; i-- {
		if more := a.start[i] - a.start[i+1]; more > 0 {
			w := weights[i*a.taps:][:a.count[i]+more]
			copy(w[more:], w)
			clear(w[:more])
			a.start[i] -= more
			a.count[i] += more
		}
	}
	most := int32(1)
	for i := range n {
		if i > 0 {
			a.count[i] = max(a.count[i], a.start[i-1]+a.count[i-1]-a.start[i])
		}
		most = max(most, a.count[i])
	}
	taps := roundUp(int(most))
	if taps < a.taps {
		packed := make([]W, n*taps)
		for i := range n {
			copy(packed[i*taps:], weights[i*a.taps:][:most])
		}
		weights, a.taps = packed, taps
	}
	a.most = int(most)
	return weights
}
