package vp8l

import (
	"cmp"
	"slices"
)

// paletteOf returns the colors of a picture in order, nil if there are over 256.
func paletteOf(g grid) []uint32 {
	const slots = 1 << 10
	var table [slots]uint32
	var used [slots]bool
	var colors []uint32
	last := ^g.pix[0]
	for _, v := range g.pix {
		if v == last {
			continue
		}
		last = v
		at := v * 0x9e3779b1 >> 22
		for used[at] && table[at] != v {
			at = (at + 1) % slots
		}
		if !used[at] {
			if len(colors) == 256 {
				return nil
			}
			used[at], table[at] = true, v
			colors = append(colors, v)
		}
	}
	// Colors that are alike stand together: by alpha, then by how light they are.
	light := func(v uint32) uint32 { return 2*(v&0xff) + 5*(v>>8&0xff) + v>>16&0xff }
	slices.SortFunc(colors, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(a>>24, b>>24), cmp.Compare(light(a), light(b)), cmp.Compare(a, b))
	})
	return colors
}

// writePalette writes the transform (section 4.4).
func (e *Encoder) writePalette(colors []uint32, o EncodeOptions) error {
	e.w.put(1|uint32(palette)<<1, 3)
	e.w.put(uint32(len(colors)-1), 8)
	differences := make([]uint32, len(colors))
	before := uint32(0)
	for i, v := range colors {
		differences[i] = subtract(v, before)
		before = v
	}
	return e.pixels(grid{differences, len(colors), 1}, false, o)
}

// pack returns a picture whose green are the places of colors, several in a pixel if there are few colors. It takes the
// memory of out.
func pack(out []uint32, g grid, colors []uint32) grid {
	places := make(map[uint32]uint32, len(colors))
	for i, v := range colors {
		places[v] = uint32(i)
	}
	bits := 0
	for bits < 3 && len(colors) <= 1<<(8>>(bits+1)) {
		bits++
	}
	w := tiles(g.w, bits)
	per, mask := 8>>bits, 1<<bits-1
	last, place := colors[0], uint32(0)
	for y := range g.h {
		row := out[y*w:][:w]
		for x := range row {
			row[x] = opaque
		}
		for x, v := range g.pix[y*g.w:][:g.w] {
			if v != last {
				last, place = v, places[v]
			}
			row[x>>bits] |= place << (8 + x&mask*per)
		}
	}
	return grid{out[:w*g.h], w, g.h}
}

// ways returns the ways that are worth a try, the most likely first.
func (e *Encoder) ways(g grid, effort Effort) []way {
	bits := [...]int{Fast: 5, Normal: 4, High: 4}[effort]
	natural := way{noGreen: true, predict: true, colors: effort > Fast, bits: bits}
	if colors := paletteOf(g); colors != nil {
		list := []way{{palette: colors}}
		if effort == High {
			list = append(list, natural)
		}
		return list
	}
	return []way{natural}
}
