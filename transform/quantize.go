package transform

import (
	"image"
	"image/color"
	"slices"
)

// exactPalette returns img with a palette of its colors, in the order of their first pixels. ok is false if there are
// more than n.
func exactPalette(img *image.NRGBA, n int) (few *image.Paletted, ok bool) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	index := make(map[color.NRGBA]uint8, n)
	var palette color.Palette
	out := &image.Paletted{Stride: w, Rect: img.Rect}
	var last color.NRGBA
	var lastIndex uint8
	for y := range h {
		row := img.Pix[y*img.Stride:][:4*w]
		for x := range w {
			p := row[4*x:][:4]
			c := color.NRGBA{p[0], p[1], p[2], p[3]}
			if len(palette) == 0 || c != last {
				i, ok := index[c]
				if !ok {
					if len(palette) == n {
						return nil, false
					}
					i = uint8(len(palette))
					index[c] = i
					palette = append(palette, c)
				}
				last, lastIndex = c, i
			}
			if out.Pix == nil {
				out.Pix = make([]uint8, w*h)
			}
			out.Pix[y*w+x] = lastIndex
		}
	}
	out.Palette = palette
	return out, true
}

// cells is the number of colors that the quantizer distinguishes: 5 bits for each of red, green and blue.
const cells = 1 << 15

func cell(r, g, b uint8) int { return int(r)>>3<<10 | int(g)>>3<<5 | int(b)>>3 }

// quantize returns img with at most 256 colors for a GIF. If img has more, median cut chooses them (Heckbert, 1982),
// and the error is carried to the neighbors (Floyd and Steinberg, 1976). Pixels that are more than half transparent
// share one transparent color; others are laid over the background.
func (j *job) quantize(img *image.NRGBA) (*image.Paletted, error) {
	clear := false
	binary := true
	for i := 3; i < len(img.Pix); i += 4 {
		clear = clear || img.Pix[i] < 128
		binary = binary && (img.Pix[i] == 255 || img.Pix[i] == 0)
	}
	if !binary {
		j.lostAlpha(GIF)
	}
	if binary {
		if few, ok := exactPalette(img, 256); ok {
			return few, nil
		}
	}
	solid := flatten(img, j.background)
	n := 256
	if clear {
		n--
	}
	palette := medianCut(solid, img, n)
	if err := j.ended(); err != nil {
		return nil, err
	}
	out := image.NewPaletted(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()), nil)
	err := j.dither(out, solid, img, palette)
	for _, c := range palette {
		out.Palette = append(out.Palette, color.NRGBA{c[0], c[1], c[2], 255})
	}
	if clear {
		out.Palette = append(out.Palette, color.NRGBA{})
	}
	return out, err
}

// A bin is the pixels of one cell: their number and the sums of their colors.
type bin struct {
	count uint64
	sum   [3]uint64
	color [3]uint8 // mean
}

// medianCut splits the box with the most pixels × extent until there are n boxes, and returns the mean color of each.
func medianCut(solid, img *image.NRGBA, n int) [][3]uint8 {
	table := make([]bin, cells)
	for i := 0; i+4 <= len(solid.Pix); i += 4 {
		if img.Pix[i+3] < 128 {
			continue
		}
		p := solid.Pix[i : i+3 : i+3]
		b := &table[cell(p[0], p[1], p[2])]
		b.count++
		for c := range 3 {
			b.sum[c] += uint64(p[c])
		}
	}
	bins := slices.DeleteFunc(table, func(b bin) bool { return b.count == 0 })
	for i := range bins {
		b := &bins[i]
		for c := range 3 {
			b.color[c] = uint8(b.sum[c] / b.count)
		}
	}
	boxes := []box{newBox(bins)}
	for len(boxes) < n {
		best := 0
		for i := range boxes {
			if boxes[i].weight > boxes[best].weight {
				best = i
			}
		}
		if boxes[best].weight == 0 {
			break
		}
		low, high := boxes[best].split()
		boxes[best] = low
		boxes = append(boxes, high)
	}
	palette := make([][3]uint8, 0, n)
	for _, b := range boxes {
		if b.count > 0 {
			palette = append(palette, b.mean())
		}
	}
	if len(palette) == 0 {
		palette = append(palette, [3]uint8{})
	}
	return palette
}

// A box is a group of bins that becomes one color.
type box struct {
	bins   []bin
	count  uint64
	axis   int    // the color in which the bins lie furthest apart
	weight uint64 // the box with the most is split next; 0 cannot be split
}

func newBox(bins []bin) box {
	b := box{bins: bins}
	lo, hi := [3]uint8{255, 255, 255}, [3]uint8{}
	for i := range bins {
		b.count += bins[i].count
		for c, v := range bins[i].color {
			lo[c], hi[c] = min(lo[c], v), max(hi[c], v)
		}
	}
	if len(bins) < 2 {
		return b
	}
	// Eyes see differences in green best and in blue least.
	scale := [3]uint64{3, 4, 2}
	var widest uint64
	for c := range 3 {
		if extent := uint64(hi[c]-lo[c]) * scale[c]; extent > widest {
			widest, b.axis = extent, c
		}
	}
	b.weight = b.count * widest * widest
	return b
}

// split cuts the box at the median pixel.
func (b *box) split() (low, high box) {
	slices.SortStableFunc(b.bins, func(p, q bin) int { return int(p.color[b.axis]) - int(q.color[b.axis]) })
	var below uint64
	at := 0
	for at < len(b.bins)-1 && (at == 0 || below+b.bins[at].count/2 < b.count/2) {
		below += b.bins[at].count
		at++
	}
	return newBox(b.bins[:at]), newBox(b.bins[at:])
}

func (b *box) mean() (c [3]uint8) {
	var sum [3]uint64
	for i := range b.bins {
		for k := range 3 {
			sum[k] += b.bins[i].sum[k]
		}
	}
	for k := range 3 {
		c[k] = uint8((sum[k] + b.count/2) / b.count)
	}
	return c
}

// dither chooses a color of the palette for each pixel. The choice for a cell of colors is made once.
func (j *job) dither(out *image.Paletted, solid, img *image.NRGBA, palette [][3]uint8) error {
	nearest := make([]int16, cells)
	for i := range nearest {
		nearest[i] = -1
	}
	find := func(r, g, b int32) uint8 {
		k := cell(uint8(r), uint8(g), uint8(b))
		if nearest[k] >= 0 {
			return uint8(nearest[k])
		}
		r, g, b = r&^7+3, g&^7+3, b&^7+3
		best, least := 0, int32(1<<30)
		for i, c := range palette {
			dr, dg, db := r-int32(c[0]), g-int32(c[1]), b-int32(c[2])
			if d := 3*dr*dr + 4*dg*dg + 2*db*db; d < least {
				best, least = i, d
			}
		}
		nearest[k] = int16(best)
		return uint8(best)
	}
	w, h := out.Rect.Dx(), out.Rect.Dy()
	clear := uint8(len(palette))
	// Errors in sixteenths, for this row and the next, with a pixel's room at both ends.
	here, next := make([][3]int32, w+2), make([][3]int32, w+2)
	for y := range h {
		if y%64 == 0 {
			if err := j.ended(); err != nil {
				return err
			}
		}
		for x := range w {
			i := y*solid.Stride + 4*x
			if img.Pix[i+3] < 128 {
				out.Pix[y*out.Stride+x] = clear
				continue
			}
			var want [3]int32
			for c := range 3 {
				// What rounding takes is carried to the next pixel, or the whole picture would become darker.
				carried := here[x+1][c]
				whole := (carried + 8) >> 4
				here[x+2][c] += carried - whole<<4
				want[c] = min(max(int32(solid.Pix[i+c])+whole, 0), 255)
			}
			index := find(want[0], want[1], want[2])
			out.Pix[y*out.Stride+x] = index
			for c := range 3 {
				e := want[c] - int32(palette[index][c])
				here[x+2][c] += 7 * e
				next[x][c] += 3 * e
				next[x+1][c] += 5 * e
				next[x+2][c] += e
			}
		}
		here, next = next, here
		clearRow(next)
	}
	return nil
}

func clearRow(row [][3]int32) {
	for i := range row {
		row[i] = [3]int32{}
	}
}
