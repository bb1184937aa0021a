package palette

import (
	"cmp"
	"slices"

	"imgpipe/transform/internal/codec"
)

// passes is how often k-means moves the colors. Sixteen photographs at 800 px, in 256 colors and without dots, had
// 40.76 dB after 3 passes, 40.78 after 6 and 40.79 after 10. To take colors away where others nearly do and put them
// where bins differ most, between the passes, gained 0.05 dB.
const passes = 4

// A scheme is a palette in the making: first the opaque colors, then those that are partly transparent.
type scheme struct {
	points []point
	opaque int  // how many of them are opaque
	clear  bool // there is one more color, which is wholly transparent
}

// choose returns a palette of at most n colors.
func (h *histogram) choose(n int, stop codec.Stop) (*scheme, error) {
	s := &scheme{clear: h.clear && (n > 1 || len(h.bins) == 0)}
	if s.clear {
		n--
	}
	boxes, err := cut(h.boxes(n), n, stop)
	if err != nil {
		return nil, err
	}
	// A box has pixels of one kind, or there is only one box.
	slices.SortStableFunc(boxes, func(a, b box) int { return cmp.Compare(a.bins[0].kind, b.bins[0].kind) })
	for i := range boxes {
		b := &boxes[i]
		p := b.sums.mean()
		if b.bins[0].kind == opaque && p[3] == 255 {
			s.opaque++
		}
		s.points = append(s.points, p)
		for k := range b.bins {
			b.bins[k].place = uint8(i)
		}
	}
	for range passes {
		if err := stop.Err(); err != nil {
			return nil, err
		}
		s.move(h)
	}
	return s, nil
}

// boxes returns a box for opaque pixels and one for others, or one for all if there may be no more than n.
func (h *histogram) boxes(n int) []box {
	solid := 0
	for i := range h.bins {
		if h.bins[i].kind == opaque {
			h.bins[i], h.bins[solid] = h.bins[solid], h.bins[i]
			solid++
		}
	}
	switch {
	case len(h.bins) == 0:
		return nil
	case n < 2 || solid == 0 || solid == len(h.bins):
		return []box{newBox(h.bins)}
	}
	return []box{newBox(h.bins[:solid]), newBox(h.bins[solid:])}
}

// move is a pass of k-means: each bin goes to the nearest color, and each color to the mean of its bins.
func (s *scheme) move(h *histogram) {
	all, solid := s.finders()
	groups := make([]sums, len(s.points))
	for i := range h.bins {
		b := &h.bins[i]
		f := all
		if b.kind == opaque {
			f = solid
		}
		b.place = f.nearest(&b.mean, b.place)
		groups[b.place].add(&sums{b.count, b.sum})
	}
	for i := range groups {
		if groups[i].count == 0 {
			continue
		}
		s.points[i] = groups[i].mean()
		if i < s.opaque {
			s.points[i][3] = 255 // pixels that are nearly opaque may have gone there
		}
	}
}

// finders returns a finder of all colors, and one of those for opaque pixels.
func (s *scheme) finders() (all, solid *finder) {
	all = newFinder(s.points)
	if s.opaque == 0 || s.opaque == len(s.points) {
		return all, all
	}
	return all, newFinder(s.points[:s.opaque])
}

// A finder finds the nearest of some points.
type finder struct {
	points []point
	near   []neighbor // of each point all points, from the nearest on
	hints  [1 << 15]uint8
}

// A neighbor is the distance of a point and, in the last 8 bits, its place. The distance of two colors has 22 bits.
type neighbor uint32

func newFinder(points []point) *finder {
	n := len(points)
	f := &finder{points: points, near: make([]neighbor, n*n)}
	for i := range points {
		list := f.near[i*n:][:n]
		for k := range points {
			list[k] = neighbor(distance(&points[i], &points[k]))<<8 | neighbor(k)
		}
		slices.Sort(list)
	}
	return f
}

// nearest returns the place of the point nearest to p. A guess that is near saves time: by the triangle inequality,
// what is further from the guess than the guess and the nearest so far are from p together cannot be nearer.
func (f *finder) nearest(p *point, guess uint8) uint8 {
	from := distance(p, &f.points[guess])
	best, least := guess, from
	n := len(f.points)
	for _, v := range f.near[int(guess)*n:][:n] {
		if int32(v>>8) >= 2*(from+least) { // (a+b)² is at most 2(a²+b²)
			break
		}
		if d := distance(p, &f.points[uint8(v)]); d < least {
			best, least = uint8(v), d
		}
	}
	return best
}

// find is nearest with what was found last in that part of the colors as a guess.
func (f *finder) find(p *point) uint8 {
	hint := &f.hints[(p[0]+255)>>4<<10|(p[1]+255)>>4<<5|(p[2]+255)>>4]
	*hint = f.nearest(p, *hint)
	return *hint
}
