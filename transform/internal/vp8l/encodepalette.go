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

// ways returns the ways that are worth a try: the one that is likely to take the fewest bits, and with the high effort
// others.
func (e *Encoder) ways(g grid, effort Effort) []way {
	bits := [...]int{Fast: 5, Normal: 4, High: 4}[effort]
	natural := way{noGreen: true, predict: true, colors: effort > Fast, bits: bits}
	plain := way{noGreen: true}
	colors := paletteOf(g)
	list := []way{natural}
	if differences, values := costOfDifferences(g), costOfValues(g); values < differences {
		list = []way{plain, natural}
	}
	if colors != nil {
		few := way{palette: colors}
		list = append([]way{few}, list...)
		if effort > Fast {
			list = append(list, way{palette: colors, predict: true, bits: bits})
		}
	}
	if effort == Fast {
		return list[:1]
	}
	if effort == Normal && colors == nil {
		return list[:1]
	}
	return list
}

// costOfDifferences estimates the bits of a picture in which a pixel is written as its difference from the one before,
// and costOfValues that of pixels as they are. Green is taken from red and blue. Both leave out pixels that are equal
// to the one before or above, which are part of a match.
func costOfDifferences(g grid) uint64 {
	return costOf(g, func(v, before uint32) uint32 { return subtract(v, before) })
}

func costOfValues(g grid) uint64 { return costOf(g, func(v, _ uint32) uint32 { return v }) }

func costOf(g grid, value func(v, before uint32) uint32) (cost uint64) {
	var counts [4][256]uint32
	before := uint32(opaque)
	for i, v := range g.pix {
		if v != before && (i < g.w || v != g.pix[i-g.w]) {
			d := value(v, before)
			green := d >> 8 & 0xff
			d = subtract(d, green|green<<16)
			counts[0][d&0xff]++
			counts[1][green]++
			counts[2][d>>16&0xff]++
			counts[3][d>>24]++
		}
		before = v
	}
	for i := range counts {
		c, _ := entropy(counts[i][:])
		cost += c
	}
	return cost
}
