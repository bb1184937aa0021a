package icc

import "errors"

// A stage is a step from the values of a device to a color. It looks at as many of the values as it has inputs.
type stage interface {
	apply(v [4]float64) [4]float64
}

// curves is a stage of a curve for each value.
type curves []curve

func (c curves) apply(v [4]float64) [4]float64 {
	for i := range c {
		v[i] = c[i].at(v[i])
	}
	return v
}

func (c curves) isIdentity() bool {
	for i := range c {
		if !c[i].isIdentity() {
			return false
		}
	}
	return true
}

// A matrix is a stage of three values: m times them, row by row, and then add.
type matrix struct {
	m   [9]float64
	add [3]float64
}

func (m *matrix) apply(v [4]float64) (out [4]float64) {
	for i := range 3 {
		row := m.m[3*i:][:3]
		out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2] + m.add[i]
	}
	return out
}

// A grid is a stage that holds out values for each node of a grid, whose last input varies fastest.
type grid struct {
	sizes []int // nodes in the direction of each input, at least 2
	out   int
	data  []byte // numbers of width bytes each
	width int
}

var errGrid = errors.New("its table is cut short")

// newGrid returns the grid that data begins with. size is how many bytes it has.
func newGrid(sizes []int, out, width int, data []byte) (g *grid, size int, err error) {
	size = out * width
	for _, n := range sizes {
		if n < 2 {
			return nil, 0, errors.New("its table has fewer than two values in one direction")
		}
		if size *= n; size > len(data) {
			return nil, 0, errGrid
		}
	}
	return &grid{sizes, out, data[:size], width}, size, nil
}

// apply interpolates between the nodes around v. Three inputs span a cube, which is cut into six tetrahedra along its
// diagonal. A fourth is taken in proportion, and stands first, as in other programs.
func (g *grid) apply(v [4]float64) [4]float64 {
	var steps [4]int
	var parts [4]float64
	n, at, stride := len(g.sizes), 0, g.out
	for i := n - 1; i >= 0; i-- {
		last := g.sizes[i] - 1
		pos := unit(v[i]) * float64(last)
		low := min(int(pos), last-1)
		at += low * stride
		steps[i], parts[i] = stride, pos-float64(low)
		stride *= g.sizes[i]
	}
	if n < 4 {
		return g.within(at, steps[:n], parts[:n])
	}
	low := g.within(at, steps[1:n], parts[1:n])
	high := g.within(at+steps[0], steps[1:n], parts[1:n])
	for c := range low {
		low[c] += (high[c] - low[c]) * parts[0]
	}
	return low
}

// within interpolates from the node at an index on: along the input with the largest part first. It sorts steps and
// parts.
func (g *grid) within(at int, steps []int, parts []float64) (out [4]float64) {
	for i := 1; i < len(parts); i++ {
		for k := i; k > 0 && parts[k] > parts[k-1]; k-- {
			parts[k], parts[k-1] = parts[k-1], parts[k]
			steps[k], steps[k-1] = steps[k-1], steps[k]
		}
	}
	before := 1.0
	for i := 0; ; i++ {
		part := 0.0
		if i < len(parts) {
			part = parts[i]
		}
		if weight := before - part; weight > 0 {
			for c := range g.out {
				out[c] += number(g.data, at+c, g.width) * weight
			}
		}
		if part == 0 {
			return out
		}
		before = part
		at += steps[i]
	}
}
