package lettering

import (
	"cmp"
	"slices"
)

// samples is how many lines are looked at in each row of pixels. Where they enter and leave a letter is exact.
const samples = 16

// A filling is the memory that fill uses again.
type filling struct {
	active    []edge
	crossings []crossing
	part      []int32 // what is covered of a pixel at the end of a span, in steps
	whole     []int32 // where whole pixels begin and end to be covered
}

// A crossing is where a line meets an edge: by how much the winding number changes there.
type crossing struct {
	x    int64
	wind int
}

// fill adds what the edges of d enclose to m. A point is inside if the outline winds around it.
func (d *drawing) fill(m *Mask) {
	f, w := &d.gathered, m.Rect.Dx()
	f.part = slices.Grow(f.part[:0], w+2)[:w+2]
	f.whole = slices.Grow(f.whole[:0], w+2)[:w+2]
	clear(f.part)
	clear(f.whole)
	slices.SortFunc(d.edges, func(a, b edge) int { return cmp.Compare(a.y0, b.y0) })
	box := d.bounds().Intersect(m.Rect)
	f.active = f.active[:0]
	next := 0
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for s := range int64(samples) {
			at := int64(y)*one + s*one/samples + one/samples/2
			f.active = slices.DeleteFunc(f.active, func(e edge) bool { return e.y1 <= at })
			for ; next < len(d.edges) && d.edges[next].y0 <= at; next++ {
				if d.edges[next].y1 > at {
					f.active = append(f.active, d.edges[next])
				}
			}
			f.sample(at, int64(m.Rect.Min.X)*one, int64(w)*one)
		}
		f.add(m.row(y))
	}
}

// sample adds the spans of one line. The mask begins at left, and is that wide, in steps.
func (f *filling) sample(at, left, width int64) {
	f.crossings = f.crossings[:0]
	for _, e := range f.active {
		x := e.x0 + (at-e.y0)*(e.x1-e.x0)/(e.y1-e.y0)
		wind := 1
		if e.up {
			wind = -1
		}
		f.crossings = append(f.crossings, crossing{min(max(x-left, 0), width), wind})
	}
	slices.SortFunc(f.crossings, func(a, b crossing) int { return cmp.Compare(a.x, b.x) })
	winding, from := 0, int64(0)
	for _, c := range f.crossings {
		if winding == 0 {
			from = c.x
		}
		if winding += c.wind; winding == 0 {
			f.span(from, c.x)
		}
	}
}

// span adds what lies between two places of a line.
func (f *filling) span(from, to int64) {
	a, b := from>>8, to>>8
	if a == b {
		f.part[a] += int32(to - from)
		return
	}
	f.part[a] += int32(one - from&(one-1))
	f.part[b] += int32(to & (one - 1))
	f.whole[a+1] += one
	f.whole[b] -= one
}

// add lays the row that was gathered over row, and forgets it. Where two letters meet in a pixel, what one leaves of it
// is covered by the other in the same proportion.
func (f *filling) add(row []byte) {
	const all = samples * one
	sum := int32(0)
	for x := range row {
		sum += f.whole[x]
		if covered := sum + f.part[x]; covered != 0 {
			c := (covered*255 + all/2) / all
			row[x] = byte(c + (255-c)*int32(row[x])/255)
		}
	}
	clear(f.part)
	clear(f.whole)
}
