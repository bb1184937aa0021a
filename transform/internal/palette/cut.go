package palette

import "imgpipe/transform/internal/codec"

// A box is a group of bins that becomes one color.
type box struct {
	bins []bin
	sums sums
	gain float64 // by how much the best cut lowers the sum of the squared distances to the mean; 0 if there is none
	axis int     // of the best cut
	at   int32   // the coordinate where its second part begins
}

// sums are those of a group of pixels.
type sums struct {
	count int64
	sum   [4]int64
}

func (s *sums) add(o *sums) {
	s.count += o.count
	for c, v := range o.sum {
		s.sum[c] += v
	}
}

// mean returns the mean to the nearest premultiplied color of whole samples.
func (s *sums) mean() (p point) {
	alpha := s.sum[3]
	p[3] = rounded(alpha, s.count)
	for c := range 3 {
		p[c] = 2*rounded((s.sum[c]+alpha)/2, s.count) - p[3]
	}
	return p
}

// square is the part of the squared distances that depends on how pixels are grouped (Wu, equation 7).
func (s *sums) square() float64 {
	var q float64
	for c, v := range s.sum {
		f := float64(v)
		q += float64(float64(weights[c]) * float64(f*f) / float64(s.count))
	}
	return q
}

// slots is the number of places where a box may be cut on an axis.
const slots = 64

// A scale is where the slots of a box are on an axis.
type scale struct {
	least int32
	shift int
}

// slot returns the place of a coordinate.
func (s scale) slot(v int32) int { return int(v-s.least) >> s.shift }

// scales returns where the slots of some bins are: they reach from the least coordinate to the greatest.
func scales(bins []bin) (s [4]scale) {
	least, most := bins[0].mean, bins[0].mean
	for i := range bins {
		for axis, v := range bins[i].mean {
			least[axis], most[axis] = min(least[axis], v), max(most[axis], v)
		}
	}
	for axis := range s {
		s[axis].least = least[axis]
		for (most[axis]-least[axis])>>s[axis].shift >= slots {
			s[axis].shift++
		}
	}
	return s
}

// newBox finds the best cut of some bins.
func newBox(bins []bin) box {
	b := box{bins: bins}
	var line [4][slots]sums
	places := scales(bins)
	for i := range bins {
		n := &bins[i]
		one := sums{n.count, n.sum}
		b.sums.add(&one)
		for axis, v := range n.mean {
			line[axis][places[axis].slot(v)].add(&one)
		}
	}
	whole := b.sums.square()
	for axis := range line {
		var low sums
		for s := range slots - 1 {
			low.add(&line[axis][s])
			high := sums{count: b.sums.count - low.count}
			if line[axis][s].count == 0 || high.count == 0 {
				continue
			}
			for c := range high.sum {
				high.sum[c] = b.sums.sum[c] - low.sum[c]
			}
			if gain := low.square() + high.square() - whole; gain > b.gain {
				b.gain, b.axis, b.at = gain, axis, places[axis].least+int32(s+1)<<places[axis].shift
			}
		}
	}
	return b
}

// split makes the best cut.
func (b *box) split() (low, high box) {
	n := 0
	for i := range b.bins {
		if b.bins[i].mean[b.axis] < b.at {
			b.bins[i], b.bins[n] = b.bins[n], b.bins[i]
			n++
		}
	}
	return newBox(b.bins[:n]), newBox(b.bins[n:])
}

// cut splits the box with the greatest gain until there are n boxes or no gain.
func cut(boxes []box, n int, stop codec.Stop) ([]box, error) {
	for len(boxes) > 0 && len(boxes) < n {
		if err := stop.Err(); err != nil {
			return nil, err
		}
		best := 0
		for i := range boxes {
			if boxes[i].gain > boxes[best].gain {
				best = i
			}
		}
		if boxes[best].gain <= 0 {
			break
		}
		low, high := boxes[best].split()
		boxes[best] = low
		boxes = append(boxes, high)
	}
	return boxes, nil
}
