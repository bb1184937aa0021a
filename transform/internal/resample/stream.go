package resample

import (
	"fmt"
	"math"

	"imgpipe/transform/internal/pixel"
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

// A form is how the samples of a row lie in memory, and in which light they are added.
type form struct {
	kind
	deep   bool // samples have 16 bits, two bytes each, the high one first
	linear bool // levels of sRGB are added as the light that they stand for
}

// bytes is the size of a pixel.
func (f form) bytes() int {
	if f.deep {
		return 2 * f.kind.bytes()
	}
	return f.kind.bytes()
}

// bits returns the binary digits of weights down the columns and along the rows.
func (f form) bits() (down, across uint8) {
	if f.deep || f.linear {
		return wideBits, wideBits
	}
	return downBits, acrossBits
}

// together is how many source rows are summed in one pass: each pass loads and stores the sums, and beyond 4 rows
// registers run out.
const together = 4

// A stream is a resampling that has been begun.
type stream struct {
	form
	dst          pixel.Plane // W counts pixels
	srcW, srcH   int
	down, across *axis
	exact        bool // every destination sample is a copy of one source sample

	next int // the source row that comes next
	done int // destination rows that are complete

	waiting int    // how many source rows the engine keeps that are not in the sums
	open    int    // how many destination rows, from done on, have sums
	spare   []byte // where the second row of the last pair goes if there is none

	engine engine
	engines
	wide wide
}

// An engine does the arithmetic of a stream, which decides what is done when.
type engine interface {
	// begin forgets all rows and sums, and prepares for rows of across.span pixels of kind k, with the weights of down
	// and across.
	begin(k kind, down, across *axis)
	// keep takes a copy of row into one of together slots.
	keep(slot int, row []byte)
	// open begins one more sum, of 0, after those that there are.
	open()
	// add adds the rows in the slots from..to-1, each times its weight, to the i-th sum. Their weights are those of
	// down from number at on.
	add(i, from, to, at int)
	// finish makes destination row a from the first sum and b from the next, or from the same if there is but one, and
	// ends these sums.
	finish(a, b []byte, sums int)
}

// begin prepares for the rows of a new source.
func (r *Resampler) begin(dst pixel.Plane, how form, srcW, srcH int, win Window, f Filter) error {
	r.srcH, r.next, r.done, r.waiting = 0, 0, 0, 0
	if int(f) >= len(filters) {
		return fmt.Errorf("resample: there is no filter %d", f)
	}
	if err := check(dst, "destination", how.bytes()); err != nil {
		return err
	}
	// Positions are kept in 32 bits.
	if srcW <= 0 || srcH <= 0 || srcW > math.MaxInt32 || srcH > math.MaxInt32 {
		return fmt.Errorf("resample: a source of %dx%d cannot be resampled", srcW, srcH)
	}
	win, err := win.check(srcW, srcH, dst.W, dst.H)
	if err != nil {
		return err
	}
	if dst.W == 0 || dst.H == 0 {
		return nil
	}
	if r.Cache == nil {
		r.Cache = new(Cache)
	}
	r.form, r.dst, r.srcW, r.srcH = how, dst, srcW, srcH
	down, across := how.bits()
	r.down = r.Cache.axis(axisKey{win.Y, win.H, dst.H, f, down, srcH})
	r.across = r.Cache.axis(axisKey{win.X, win.W, dst.W, f, across, srcW})
	r.exact = r.down.most == 1 && r.across.most == 1

	r.open = 0
	r.spare = sized(r.spare, dst.W*how.bytes())
	if r.engine = &r.wide; how.deep || how.linear {
		r.wide.deep, r.wide.linear = how.deep, how.linear
	} else {
		r.engine = r.choose(how.kind)
	}
	r.engine.begin(how.kind, r.down, r.across)
	return nil
}

// sized returns s with n elements, whose values are arbitrary.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// push is Push without its check.
func (s *stream) push(pix []byte, stride, n int) int {
	size := s.bytes()
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
		s.engine.keep(s.waiting, row)
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
		switch {
		case s.deep:
			s.pickDeep(d, row)
		case s.kind == gray:
			for x, from := range s.across.start {
				d[x] = row[from]
			}
		default:
			for x, from := range s.across.start {
				copy(d[4*x:4*x+4], row[4*int(from):][:4])
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

// pickDeep is pick for one destination row of 16 bits a sample.
func (s *stream) pickDeep(d, row []byte) {
	size := s.bytes()
	for x, from := range s.across.start {
		copy(d[size*x:][:size], row[size*int(from):])
		if s.kind == rgb {
			d[size*x+6], d[size*x+7] = 0xFF, 0xFF
		}
	}
}

// add brings the waiting source rows, which end before row end, into the sums, and finishes the destination rows that
// need no more.
func (s *stream) add(end int) {
	from, n := end-s.waiting, 0
	s.waiting = 0
	for y := s.done; y < s.dst.H && int(s.down.start[y]) < end; y++ {
		if n == s.open {
			s.engine.open()
			s.open++
		}
		start, count := int(s.down.start[y]), int(s.down.count[y])
		lo, hi := max(start, from), min(start+count, end)
		if lo < hi {
			s.engine.add(n, lo-from, hi-from, y*s.down.taps+lo-start)
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

// finish makes the destination rows from done to last, which is one or two, from the first sums.
func (s *stream) finish(last int) {
	size := s.bytes() * s.dst.W
	a, b := s.dst.Pix[s.done*s.dst.Stride:][:size], s.spare
	if last > s.done {
		b = s.dst.Pix[last*s.dst.Stride:][:size]
	}
	sums := last + 1 - s.done
	s.engine.finish(a, b, sums)
	s.open -= sums
	s.done = last + 1
}

// A pool keeps sums, each a slice of one length, in order, and those that have ended, to be used again.
type pool[T any] struct {
	open, free [][]T
	n          int
}

// reset ends all sums; those to come have n elements.
func (p *pool[T]) reset(n int) {
	p.n = n
	p.drop(len(p.open))
}

// add begins a sum.
func (p *pool[T]) add() {
	var s []T
	if n := len(p.free); n > 0 {
		s, p.free = p.free[n-1], p.free[:n-1]
	}
	s = sized(s, p.n)
	clear(s)
	p.open = append(p.open, s)
}

// drop ends the first n sums.
func (p *pool[T]) drop(n int) {
	p.free = append(p.free, p.open[:n]...)
	p.open = append(p.open[:0], p.open[n:]...)
}
