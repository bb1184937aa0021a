package icc

import "math"

// A table holds the color of each node of a grid, between which it interpolates. In front of the grid stands a curve
// for each value, as in the profile. Colors are held as cube roots of XYZ, which between nodes are in proportion where
// L*a*b* is; or as XYZ, where that is. So the profile's own grid is enough, unless curves stand behind it.
type table struct {
	axes  []axis
	nodes []int16 // X, Y and Z of each node, or the roots of them, of which nodeTop is 1
	roots bool
	mixer
}

// An axis is a direction of the grid.
type axis struct {
	step  int32 // from one node to the next, in values
	cells [256]cell
}

// A cell is the place of a byte on an axis.
type cell struct {
	at   int32 // the first value of the node below
	part int32 // of the way to the next node, of which nodeTop is all
}

const (
	nodeBits = 14
	nodeTop  = 1 << nodeBits
	// cubeNodes and inkNodes are how many nodes there are at most, unless the profile has more: 33³ and 17⁴. So many
	// are needed only if there are curves behind the grid of a profile.
	cubeNodes, inkNodes = 33 * 33 * 33, 17 * 17 * 17 * 17
)

// layout returns how many nodes the table of m has in each direction, and how many stages of m stand before its grid.
// own reports whether the nodes are those of the profile, between which its colors are in proportion.
func (m *model) layout() (sizes []int, first int, own bool) {
	least, limit := make([]int, m.inputs), cubeNodes
	if m.inputs == 4 {
		limit = inkNodes
	}
	for i := range least {
		least[i] = 2
	}
	for i, s := range m.stages {
		g, ok := s.(*grid)
		if !ok {
			continue
		}
		if _, ok := m.stages[0].(curves); i == 0 || i == 1 && ok {
			if first = i; linear(m.stages[i+1:]) {
				return g.sizes, first, true
			}
			copy(least, g.sizes)
		}
		break
	}
	// Colors bend at the nodes of the profile, so these are among those of the table.
	for parts := 1; ; parts++ {
		next, product := make([]int, len(least)), 1
		for i, n := range least {
			next[i] = parts*(n-1) + 1
			product *= next[i]
		}
		if product > limit && parts > 1 {
			return sizes, first, false
		}
		sizes = next
	}
}

// linear reports whether what comes out of stages is in proportion to what goes in.
func linear(stages []stage) bool {
	for _, s := range stages {
		switch s := s.(type) {
		case curves:
			if !s.isIdentity() {
				return false
			}
		case *grid:
			return false
		}
	}
	return true
}

// tableBytes returns the memory of a table of those sizes.
func tableBytes(sizes []int) int64 {
	values := int64(3)
	for _, n := range sizes {
		values *= int64(n)
	}
	return 2*values + int64(len(sizes))*256*8 + mixerBytes
}

// table makes the table of m.
func (m *model) table() *table {
	sizes, first, own := m.layout()
	t := &table{axes: make([]axis, len(sizes)), roots: !own || m.coding != codedXYZ}
	t.mix(m, whole, func(v [3]float64) [3]float64 { return v })
	front := make(curves, len(sizes))
	for i := range front {
		front[i] = identity
	}
	if first == 1 {
		copy(front, m.stages[0].(curves))
	}
	step := 3
	for i := len(sizes) - 1; i >= 0; i-- {
		t.axes[i].fill(&front[i], sizes[i], step)
		step *= sizes[i]
	}
	t.nodes = make([]int16, step)
	var at [4]int
	for k := 0; k < len(t.nodes); k += 3 {
		var v [4]float64
		for i, n := range sizes {
			v[i] = float64(at[i]) / float64(n-1)
		}
		for c, value := range m.color(v, first) {
			if value /= white[c]; t.roots {
				value = root(value)
			}
			t.nodes[k+c] = node(value)
		}
		for i := len(sizes) - 1; i >= 0; i-- {
			if at[i]++; at[i] < sizes[i] {
				break
			}
			at[i] = 0
		}
	}
	return t
}

// node returns v as it stands in a table.
func node(v float64) int16 {
	if v != v {
		return 0
	}
	return int16(math.Round(min(max(v*nodeTop, math.MinInt16), math.MaxInt16)))
}

// fill works out the cells of an axis of n nodes behind a curve.
func (a *axis) fill(front *curve, n, step int) {
	a.step = int32(step)
	for v := range a.cells {
		at := front.at(float64(v)/255) * float64(n-1)
		low := min(int(at), n-2)
		a.cells[v] = cell{int32(low * step), int32(math.Round((at - float64(low)) * nodeTop))}
	}
}

// whole is what light returns for white.
const whole = 1 << 18

// light returns the fraction of white that an interpolated value stands for, of which nodeTop<<nodeBits is 1. It undoes
// the cube root of CIE 15, 8.2.1.
func (t *table) light(sum int32) int64 {
	const (
		drop     = 2*nodeBits - 18
		straight = whole * 6 / 29
		zero     = whole * 4 / 29
	)
	v := int64(sum+1<<(drop-1)) >> drop
	switch {
	case !t.roots:
		return v
	case v <= straight:
		return ((v-zero)*108*2 + 841) / (841 * 2)
	}
	return (v*v*v + 1<<35) >> 36
}

// within interpolates in the tetrahedron around a place: from the node below it along the axis on which it is furthest,
// then along the second, then the third.
func (t *table) within(at int32, a, b, c cell) (x, y, z int32) {
	if a.part < b.part {
		a, b = b, a
	}
	if b.part < c.part {
		b, c = c, b
	}
	if a.part < b.part {
		a, b = b, a
	}
	n0 := t.nodes[at:][:3:3]
	at += a.at
	n1 := t.nodes[at:][:3:3]
	at += b.at
	n2 := t.nodes[at:][:3:3]
	at += c.at
	n3 := t.nodes[at:][:3:3]
	w0, w1, w2, w3 := nodeTop-a.part, a.part-b.part, b.part-c.part, c.part
	x = int32(n0[0])*w0 + int32(n1[0])*w1 + int32(n2[0])*w2 + int32(n3[0])*w3
	y = int32(n0[1])*w0 + int32(n1[1])*w1 + int32(n2[1])*w2 + int32(n3[1])*w3
	z = int32(n0[2])*w0 + int32(n1[2])*w1 + int32(n2[2])*w2 + int32(n3[2])*w3
	return x, y, z
}

// convert3 converts pixels of three values.
func (t *table) convert3(pix []byte) {
	r, g, b := &t.axes[0], &t.axes[1], &t.axes[2]
	for ; len(pix) >= 4; pix = pix[4:] {
		i, j, k := r.cells[pix[0]], g.cells[pix[1]], b.cells[pix[2]]
		at := i.at + j.at + k.at
		i.at, j.at, k.at = r.step, g.step, b.step
		x, y, z := t.within(at, i, j, k)
		t.put(pix, t.light(x), t.light(y), t.light(z))
	}
}

// convert4 converts pixels of four values, of which the first is taken in proportion, as in other programs.
func (t *table) convert4(pix []byte) {
	c, m, y, k := &t.axes[0], &t.axes[1], &t.axes[2], &t.axes[3]
	for ; len(pix) >= 4; pix = pix[4:] {
		h, i, j, l := c.cells[pix[0]], m.cells[pix[1]], y.cells[pix[2]], k.cells[pix[3]]
		at := h.at + i.at + j.at + l.at
		i.at, j.at, l.at = m.step, y.step, k.step
		x0, y0, z0 := t.within(at, i, j, l)
		if h.part > 0 {
			x1, y1, z1 := t.within(at+c.step, i, j, l)
			x0, y0, z0 = between(x0, x1, h.part), between(y0, y1, h.part), between(z0, z1, h.part)
		}
		t.put(pix, t.light(x0), t.light(y0), t.light(z0))
		pix[3] = 255
	}
}

// between returns what lies part of the way from a to b.
func between(a, b, part int32) int32 { return a + int32((int64(b)-int64(a))*int64(part)>>nodeBits) }
