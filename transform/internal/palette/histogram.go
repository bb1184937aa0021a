package palette

import (
	"math/bits"

	"imgpipe/transform/internal/codec"
)

const (
	// maxBins bounds the bins. A photograph of half a megapixel has 10,000 to 60,000 colors of 6 bits for a sample.
	maxBins = 1 << 17
	// wanted bounds the bins of more bits. Sixteen photographs at 800 px, in 256 colors, had 0.35 dB more than with 6
	// bits for a sample, and those of few colors 2 dB more. Twice as many bins gained another 0.02 dB.
	wanted = 1 << 15
	// binBytes is the size of a bin.
	binBytes = 64
)

// A kind is how opaque a pixel is.
type kind uint8

const (
	opaque  kind = iota
	partial      // its alpha is 1 to 254
	nothing      // it is wholly transparent
)

func kindOf(alpha byte) kind {
	switch alpha {
	case 255:
		return opaque
	case 0:
		return nothing
	}
	return partial
}

// A bin is the pixels of one cell of colors.
type bin struct {
	count int64
	sum   [4]int64 // of their points
	mean  point
	key   uint32
	place uint8 // of the nearest color in the palette
	kind  kind
}

// A histogram is the colors of a picture.
type histogram struct {
	bins  []bin
	clear bool    // there are wholly transparent pixels, which are in no bin
	shift int     // bits that are left out of each sample
	table []int32 // of the places of keys in bins, counted from 1
}

// tableSize returns the length of a table for the bins of so many pixels, a power of two.
func tableSize(pixels int64) int64 { return 1 << bits.Len64(uint64(2*min(pixels, maxBins)-1)) }

// count returns the colors of p. Where there are too many of them, it leaves out bits of their samples.
func count(p *Picture, stop codec.Stop) (*histogram, error) {
	h := &histogram{table: make([]int32, tableSize(int64(p.W)*int64(p.H)))}
	for {
		fits, err := h.add(p, stop)
		if fits || err != nil {
			break
		}
		h.shift++
		h.bins, h.clear = h.bins[:0], false
		clear(h.table)
	}
	if err := stop.Err(); err != nil {
		return nil, err
	}
	h.table = nil
	for i := range h.bins {
		b := &h.bins[i]
		b.mean = (&sums{b.count, b.sum}).mean()
	}
	return h, nil
}

// rounded returns s/n to the nearest whole number, and to the even one of two. Neither is negative.
func rounded(s, n int64) int32 {
	q := s / n
	if rest := 2 * (s - q*n); rest > n || rest == n && q&1 != 0 {
		q++
	}
	return int32(q)
}

// add counts the pixels of p. It reports whether there were few enough colors.
func (h *histogram) add(p *Picture, stop codec.Stop) (fits bool, err error) {
	mask := uint32(len(h.table) - 1)
	most := wanted
	if h.shift >= 2 {
		most = maxBins
	}
	var b *bin
	var last uint32
	for y := range p.H {
		if y%64 == 0 {
			if err := stop.Err(); err != nil {
				return false, err
			}
		}
		for row := p.row(y); len(row) >= 4; row = row[4:] {
			k := kindOf(row[3])
			if k == nothing {
				h.clear = true
				continue
			}
			pt := pointOf(row)
			if key := h.key(&pt); b == nil || key != last {
				slot := key * 0x9e3779b1 >> 7 & mask
				for h.table[slot] != 0 && h.bins[h.table[slot]-1].key != key {
					slot = (slot + 1) & mask
				}
				if h.table[slot] == 0 {
					if len(h.bins) == most {
						return false, nil
					}
					h.bins = append(h.bins, bin{key: key, kind: k})
					h.table[slot] = int32(len(h.bins))
				}
				b, last = &h.bins[h.table[slot]-1], key
			}
			b.count++
			for c, v := range pt {
				b.sum[c] += int64(v)
			}
		}
	}
	return true, nil
}

// key returns the cell of a point. Opaque pixels have cells of their own.
func (h *histogram) key(p *point) uint32 {
	alpha := uint32(255)
	if p[3] != 255 {
		alpha = uint32(p[3]) >> h.shift
	}
	return alpha<<24 | h.cell(p[0]+p[3])<<16 | h.cell(p[1]+p[3])<<8 | h.cell(p[2]+p[3])
}

// cell leaves bits out of a sample that is doubled.
func (h *histogram) cell(twice int32) uint32 { return uint32(twice) >> (h.shift + 1) }
