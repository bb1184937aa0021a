package resample

import (
	"fmt"
	"math"
)

// A kind is how the samples of a row lie in memory.
type kind uint8

const (
	gray        kind = iota // one byte
	rgb                     // R, G, B and a byte that is read as 255
	translucent             // R, G, B and A, not premultiplied
)

// bytes is the size of a pixel.
func (k kind) bytes() int {
	if k == gray {
		return 1
	}
	return 4
}

// words is the number of words of lanes that n pixels take.
func (k kind) words(n int) int {
	switch k {
	case gray:
		return (n + 2) / 3
	case rgb:
		return n
	}
	return 2 * n
}

// together is how many source rows are summed in one pass: each pass loads and stores the sums, and beyond 4 rows the
// processor's registers run out.
const together = 4

// A stream is a resampling that has been begun.
type stream struct {
	kind         kind
	dst          Plane // W counts pixels
	srcW, srcH   int
	down, across *axis
	exact        bool // every destination sample is a copy of one source sample

	next int // the source row that comes next
	done int // destination rows that are complete

	rows    [together][]uint64 // lanes of the last source rows
	waiting int                // how many of those have not been added to the sums
	open    [][]uint64         // sums of the destination rows from done on that have begun
	free    [][]uint64         // sums to use again
	pair    []uint64           // two destination rows side by side, between the two passes
	spare   []byte             // where the second row of the last pair goes if there is none
}

// begin prepares for the rows of a new source.
func (r *Resampler) begin(dst Plane, k kind, srcW, srcH int, win Window, f Filter) error {
	r.srcH, r.next, r.done, r.waiting = 0, 0, 0, 0
	if int(f) >= len(filters) {
		return fmt.Errorf("resample: there is no filter %d", f)
	}
	if err := dst.check("destination", k.bytes()); err != nil {
		return err
	}
	// Positions are kept in 32 bits.
	if srcW <= 0 || srcH <= 0 || srcW > math.MaxInt32 || srcH > math.MaxInt32 {
		return fmt.Errorf("resample: a source of %dx%d cannot be resampled", srcW, srcH)
	}
	win, err := win.check(srcW, srcH)
	if err != nil {
		return err
	}
	if dst.W == 0 || dst.H == 0 {
		return nil
	}
	if r.Cache == nil {
		r.Cache = new(Cache)
	}
	r.kind, r.dst, r.srcW, r.srcH = k, dst, srcW, srcH
	r.down = r.Cache.axis(axisKey{win.Y, win.H, dst.H, f, downBits})
	r.across = r.Cache.axis(axisKey{win.X, win.W, dst.W, f, acrossBits})
	r.exact = r.down.most == 1 && r.across.most == 1

	words := k.words(r.across.span)
	for i := range r.rows {
		r.rows[i] = sized(r.rows[i], words)
	}
	r.free = append(r.free, r.open...)
	r.open = r.open[:0]
	// A pass along the row may read up to a whole set of weights past its end, where the weights are 0.
	r.pair = sized(r.pair, 3*words+4*r.across.taps)
	r.spare = sized(r.spare, dst.W*k.bytes())
	return nil
}

// sized gives s with n elements, whose values are arbitrary.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// push is Push without its check.
func (s *stream) push(pix []byte, stride, n int) int {
	size := s.kind.bytes()
	for i := 0; i < n && s.next < s.srcH && s.done < s.dst.H; i++ {
		y := s.next - s.down.first
		s.next++
		if y < 0 {
			continue
		}
		row := pix[i*stride+size*s.across.first:][:size*s.across.span]
		if s.exact {
			s.pick(row, y)
			continue
		}
		if y < int(s.down.start[s.done]) {
			continue
		}
		widen(s.kind, s.rows[s.waiting], row)
		s.waiting++
		if s.waiting == together || y == s.down.span-1 {
			s.add(y + 1)
		}
	}
	return s.done
}

// pick copies row y to where it is the one source.
func (s *stream) pick(row []byte, y int) {
	for s.done < s.dst.H && int(s.down.start[s.done]) == y {
		d := s.dst.Pix[s.done*s.dst.Stride:]
		switch s.kind {
		case gray:
			for x, from := range s.across.start {
				d[x] = row[from]
			}
		default:
			for x, from := range s.across.start {
				copy(d[4*x:4*x+4], row[4*from:4*from+4])
			}
			if s.kind == rgb {
				for x := range s.across.start {
					d[4*x+3] = 0xFF
				}
			}
		}
		s.done++
	}
}

// add brings the waiting source rows, which end before row end, into the sums, and finishes the destination rows that need no more.
func (s *stream) add(end int) {
	from, n := end-s.waiting, 0
	s.waiting = 0
	for y := s.done; y < s.dst.H && int(s.down.start[y]) < end; y++ {
		if n == len(s.open) {
			s.open = append(s.open, s.zeros())
		}
		start, count := int(s.down.start[y]), int(s.down.count[y])
		lo, hi := max(start, from), min(start+count, end)
		if lo < hi {
			w := s.down.weights[y*s.down.taps:]
			accumulate(s.open[n], s.rows[lo-from:hi-from], w[lo-start:hi-start])
		}
		n++
	}
	for s.done < s.dst.H {
		last := min(s.done+1, s.dst.H-1)
		if int(s.down.start[last]+s.down.count[last]) > end {
			break
		}
		s.finish(last)
	}
}

// zeros gives sums to begin a destination row with.
func (s *stream) zeros() []uint64 {
	var z []uint64
	if n := len(s.free); n > 0 {
		z, s.free = s.free[n-1], s.free[:n-1]
	}
	z = sized(z, len(s.rows[0]))
	clear(z)
	return z
}

// finish makes the destination rows from done to last, which is one or two, from the first open sums.
func (s *stream) finish(last int) {
	two := last - s.done
	a, b := s.open[0], s.open[two]
	size := s.kind.bytes() * s.dst.W
	dstA := s.dst.Pix[s.done*s.dst.Stride:][:size]
	dstB := s.spare
	if two == 1 {
		dstB = s.dst.Pix[last*s.dst.Stride:][:size]
	}
	switch s.kind {
	case gray:
		pairThirds(s.pair, a, b)
		acrossGray(dstA, dstB, s.pair, s.across)
	case rgb:
		pairThirds(s.pair, a, b)
		acrossRGB(dstA, dstB, s.pair, s.across)
	case translucent:
		pairHalves(s.pair, a, b)
		acrossAlpha(dstA, dstB, s.pair, s.across)
	}
	s.free = append(s.free, s.open[:two+1]...)
	s.open = append(s.open[:0], s.open[two+1:]...)
	s.done = last + 1
}
