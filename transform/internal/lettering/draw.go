package lettering

import (
	"fmt"
	"image"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// A Mask is how much of each pixel of Rect is covered, 255 for all of it, row after row.
type Mask struct {
	Rect image.Rectangle
	Pix  []byte
}

// row returns the row of a Mask at y, which is that of an image.
func (m *Mask) row(y int) []byte {
	w := m.Rect.Dx()
	return m.Pix[(y-m.Rect.Min.Y)*w:][:w]
}

// At returns how much of a pixel is covered; 0 outside Rect.
func (m *Mask) At(x, y int) byte {
	if !(image.Point{X: x, Y: y}).In(m.Rect) {
		return 0
	}
	return m.row(y)[x-m.Rect.Min.X]
}

// one is how many steps a pixel has, in each direction. Lengths in them are whole numbers.
const one = 256

// farthest bounds places, in steps. It is 2 million pixels away.
const farthest = 1 << 29

// maxEdges bounds the edges of a letter. Curves of large letters have more of them.
const maxEdges = 1 << 15

// Room is how many bytes [Block.Draw] takes at most, besides a mask and some bytes for each pixel of its width.
const Room = 2 * maxEdges * 40

// Draw draws b with so many pixels in an em and its top left corner at a pixel, as far as it lies in clip. Letters may
// reach beyond the Size of b. The mask has the pixels of clip that the letters may cover, and is empty if those are
// none. It calls stop now and then, and returns its error.
func (b *Block) Draw(at image.Point, em int, clip image.Rectangle, stop func() error) (m *Mask, err error) {
	defer damaged(&err)
	m = &Mask{}
	d := drawing{scale: int64(em) * one, em: b.font.em}
	// Twice: what the letters cover is known once their outlines were read.
	var covered image.Rectangle
	for _, l := range b.letters {
		if err := stop(); err != nil {
			return nil, err
		}
		if err := d.read(b.font, l, at); err != nil {
			return nil, err
		}
		covered = covered.Union(d.bounds())
	}
	m.Rect = covered.Intersect(clip)
	m.Pix = make([]byte, m.Rect.Dx()*m.Rect.Dy())
	for _, l := range b.letters {
		if err := stop(); err != nil {
			return nil, err
		}
		if err := d.read(b.font, l, at); err != nil {
			return nil, err
		}
		if d.bounds().Overlaps(m.Rect) {
			d.fill(m)
		}
	}
	return m, nil
}

// A drawing draws one letter after the other.
type drawing struct {
	scale, em int64
	buf       sfnt.Buffer
	edges     []edge
	gathered  filling
}

// An edge is a straight part of an outline, from its top to its bottom, in steps. It is up if the outline goes upward.
type edge struct {
	x0, y0, x1, y1 int64
	up             bool
}

// read makes the edges of a letter.
func (d *drawing) read(f *Font, l letter, at image.Point) error {
	if err := f.outlines.check(int(l.glyph)); err != nil {
		return err
	}
	segments, err := f.sfnt.LoadGlyph(&d.buf, l.glyph, fixed.Int26_6(f.em), nil)
	if err != nil {
		return fmt.Errorf("%w (%v)", errDamaged, err)
	}
	d.edges = d.edges[:0]
	place := func(p fixed.Point26_6) point {
		return point{d.steps(l.x+int64(p.X), at.X), d.steps(l.y+int64(p.Y), at.Y)}
	}
	var first, last point
	for _, s := range segments {
		if len(d.edges) > maxEdges {
			return errComplex
		}
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			d.line(last, first)
			first = place(s.Args[0])
			last = first
		case sfnt.SegmentOpLineTo:
			to := place(s.Args[0])
			d.line(last, to)
			last = to
		case sfnt.SegmentOpQuadTo:
			to := place(s.Args[1])
			d.curve(last, place(s.Args[0]), to)
			last = to
		default:
			return errDamaged // TrueType has no other
		}
	}
	d.line(last, first)
	return nil
}

// steps returns the place of a length of the font behind a pixel.
func (d *drawing) steps(length int64, pixel int) int64 {
	v := length * d.scale
	if v >= 0 {
		v = (v + d.em/2) / d.em
	} else {
		v = -((-v + d.em/2) / d.em)
	}
	return min(max(v+int64(pixel)*one, -farthest), farthest)
}

// A point is a place in steps.
type point struct{ x, y int64 }

// line adds the edge from a to b.
func (d *drawing) line(a, b point) {
	switch {
	case a.y < b.y:
		d.edges = append(d.edges, edge{a.x, a.y, b.x, b.y, false})
	case a.y > b.y:
		d.edges = append(d.edges, edge{b.x, b.y, a.x, a.y, true})
	}
}

// curve adds the edges of a quadratic Bézier curve. A curve that is cut into n parts of equal parameter is at most
// |a - 2b + c| / 4n² away from the lines between their ends, which is kept under a 64th of a pixel.
func (d *drawing) curve(a, b, c point) {
	off := max(abs(a.x-2*b.x+c.x), abs(a.y-2*b.y+c.y))
	n := int64(1)
	for n < 64 && n*n*16 < off {
		n++
	}
	last := a
	for i := int64(1); i <= n; i++ {
		p, q, r := (n-i)*(n-i), 2*i*(n-i), i*i
		to := point{rounded(p*a.x+q*b.x+r*c.x, n*n), rounded(p*a.y+q*b.y+r*c.y, n*n)}
		d.line(last, to)
		last = to
	}
}

func abs(v int64) int64 { return max(v, -v) }

// rounded returns a / b, rounded. b is positive.
func rounded(a, b int64) int64 {
	if a < 0 {
		return -((-a + b/2) / b)
	}
	return (a + b/2) / b
}

// bounds returns the pixels that the edges may cover.
func (d *drawing) bounds() image.Rectangle {
	if len(d.edges) == 0 {
		return image.Rectangle{}
	}
	low, high := point{farthest, farthest}, point{-farthest, -farthest}
	for _, e := range d.edges {
		low.x, low.y = min(low.x, e.x0, e.x1), min(low.y, e.y0)
		high.x, high.y = max(high.x, e.x0, e.x1), max(high.y, e.y1)
	}
	return image.Rect(int(low.x>>8), int(low.y>>8), int((high.x+one-1)>>8), int((high.y+one-1)>>8))
}
