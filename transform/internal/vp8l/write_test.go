package vp8l

import (
	"math/bits"
	"math/rand/v2"
	"slices"
)

// A writer writes images of random pixels with all that the format has.
type writer struct {
	*rand.Rand
	out  []byte
	have int   // bits in out
	rows []int // bits when each row of the image was there
	// modes reports that green is a mode of prediction, of which the standard has 14.
	modes bool
}

func (w *writer) put(v, n int) {
	for i := range n {
		if w.have%8 == 0 {
			w.out = append(w.out, 0)
		}
		w.out[w.have/8] |= byte(v>>i&1) << (w.have % 8)
		w.have++
	}
}

func (w *writer) flag(p float64) bool {
	one := w.Float64() < p
	w.put(map[bool]int{true: 1}[one], 1)
	return one
}

// A writtenCode is a code as it was written.
type writtenCode struct {
	symbols []int
	codes   map[int][2]int // value and length
}

// code writes a code for some of these symbols.
func (w *writer) code(size int, from []int) writtenCode {
	from = slices.Clone(from)
	w.Shuffle(len(from), func(i, k int) { from[i], from[k] = from[k], from[i] })
	c := writtenCode{codes: map[int][2]int{}}
	lengths := make([]int, size)
	switch kind := w.IntN(4); {
	case kind == 0 || len(from) == 1: // simple, of one or two symbols
		n := min(1+w.IntN(2), len(from))
		two := from[:n]
		slices.Sort(two)
		if two[n-1] < 256 {
			w.put(1, 1)
			w.put(n-1, 1)
			w.put(1, 1)
			for _, s := range two {
				w.put(s, 8)
				lengths[s] = n - 1
			}
			c.symbols = two
			for i, s := range two {
				c.codes[s] = [2]int{i, n - 1}
			}
			return c
		}
		c.symbols = from[:1]
		lengths[from[0]] = 1
	case kind == 1: // all of one length
		n := 1 << (bits.Len(uint(len(from))) - 1)
		for _, s := range from[:n] {
			lengths[s] = bits.Len(uint(n)) - 1
		}
		c.symbols = from[:n]
	default: // each one bit longer than the one before
		n := min(len(from), 2+w.IntN(15))
		for i, s := range from[:n] {
			lengths[s] = min(i+1, n-1)
		}
		c.symbols = from[:n]
	}
	w.put(0, 1)
	w.put(15, 4)
	for _, s := range lengthOrder {
		w.put(map[bool]int{true: 4}[s < 16], 3)
	}
	w.put(0, 1)
	for _, n := range lengths {
		w.put(int(bits.Reverse8(uint8(n)))>>4, 4)
	}
	value := 0
	for n := 1; n <= maxLength; n++ {
		for s, l := range lengths {
			if l == n {
				c.codes[s] = [2]int{value, n}
				value++
			}
		}
		value <<= 1
	}
	if len(c.symbols) == 1 {
		c.codes[c.symbols[0]] = [2]int{0, 0}
	}
	return c
}

func (w *writer) symbol(c writtenCode, s int) {
	v := c.codes[s]
	w.put(int(bits.Reverse16(uint16(v[0])))>>(16-v[1]), v[1])
}

func (w *writer) any(c writtenCode) { w.symbol(c, c.symbols[w.IntN(len(c.symbols))]) }

func upTo(n, step int) (list []int) {
	for i := 0; i < n; i += step {
		list = append(list, i)
	}
	return list
}

// long writes the bits behind the code of a length or distance, and returns that.
func (w *writer) long(code int) int {
	if code < 4 {
		return code + 1
	}
	extra := (code - 2) >> 1
	v := w.IntN(1 << extra)
	w.put(v, extra)
	return (2+code&1)<<extra + v + 1
}

// image writes an image; top is the one that is wanted, whose groups differ from part to part.
func (w *writer) image(width, height int, top bool) {
	cached := 0
	if w.flag(0.5) {
		n := 1 + w.IntN(11)
		w.put(n, 4)
		cached = 1 << n
	}
	if top && w.flag(0.6) {
		n := 2 + w.IntN(4)
		w.put(n-2, 3)
		groups := 1 + w.IntN(3)
		// The image of parts has literal pixels only: red is 0, green the group.
		w.put(0, 1)
		green := w.numbers(groups)
		for range 4 {
			w.put(1, 1)
			w.put(0, 1)
			w.put(0, 1)
			w.put(0, 1)
		}
		var used []int
		for range tiles(width, n) * tiles(height, n) {
			g := w.IntN(groups)
			used = append(used, g)
			w.symbol(green, g)
		}
		groups = slices.Max(used) + 1
		w.pixels(width, height, cached, groups, func(x, y int) int { return used[y>>n*tiles(width, n)+x>>n] }, top)
		return
	}
	w.pixels(width, height, cached, 1, func(x, y int) int { return 0 }, top)
}

// numbers writes a code of the numbers below n, all of them.
func (w *writer) numbers(n int) writtenCode {
	c := writtenCode{codes: map[int][2]int{}}
	w.put(0, 1)
	w.put(15, 4)
	for _, s := range lengthOrder {
		w.put(map[bool]int{true: 4}[s < 16], 3)
	}
	w.put(0, 1)
	for s := range 256 + 24 {
		length := 0
		if s < 4 {
			length = 2
			c.codes[s] = [2]int{s, 2}
		}
		w.put(int(bits.Reverse8(uint8(length)))>>4, 4)
	}
	return c
}

func (w *writer) pixels(width, height, cached, groups int, of func(x, y int) int, top bool) {
	var list [][5]writtenCode
	for range groups {
		var g [5]writtenCode
		from := append(upTo(256, 5), 256, 257, 258, 261, 266)
		if w.modes {
			from = slices.DeleteFunc(from, func(s int) bool { return s < 256 && s&15 > 13 })
		}
		for range min(cached, 9) {
			from = append(from, 256+24+w.IntN(cached))
		}
		slices.Sort(from)
		literal := func(s int) bool { return s < 256 }
		for !slices.ContainsFunc(g[0].symbols, literal) {
			// Without a literal there is no beginning. A code that has none is written over.
			out, have := slices.Clone(w.out), w.have
			if g[0] = w.code(256+24+cached, slices.Compact(from)); !slices.ContainsFunc(g[0].symbols, literal) {
				w.out, w.have = out, have
			}
		}
		g[1], g[2], g[3] = w.code(256, upTo(256, 9)), w.code(256, upTo(256, 1)), w.code(256, upTo(256, 60))
		g[4] = w.code(40, upTo(24, 1))
		list = append(list, g)
	}
	n, total := 0, width*height
	for n < total {
		g := list[of(n%width, n/width)]
		s := g[0].symbols[w.IntN(len(g[0].symbols))]
		out, have := slices.Clone(w.out[max(0, len(w.out)-16):]), w.have
		kept := len(w.out)
		w.symbol(g[0], s)
		before := n
		switch {
		case s < 256:
			w.any(g[1])
			w.any(g[2])
			w.any(g[3])
			n++
		case s < 256+24:
			length := w.long(s - 256)
			code := g[4].symbols[w.IntN(len(g[4].symbols))]
			w.symbol(g[4], code)
			if d := distance(w.long(code), width); d > n || length > total-n {
				// It points nowhere: as if it had not been written.
				w.out = append(w.out[:max(0, kept-16)], out...)
				w.have = have
				continue
			}
			n += length
		default:
			n++
		}
		if top {
			for y := before / width; y < n/width; y++ {
				w.rows = append(w.rows, w.have)
			}
		}
	}
}

// random writes an image behind its header of five bytes.
func random(seed uint64, width, height int) *writer {
	w := &writer{Rand: rand.New(rand.NewPCG(seed, 9))}
	packed := width
	order := w.Perm(4)
	for _, kind := range order[:w.IntN(5)] {
		w.put(1, 1)
		w.put(kind, 2)
		switch kind {
		case 0, 1:
			n := 2 + w.IntN(4)
			w.put(n-2, 3)
			w.modes = kind == 0
			w.image(tiles(packed, n), tiles(height, n), false)
			w.modes = false
		case 3:
			colors := []int{1, 2, 3, 4, 9, 16, 17, 200, 256}[w.IntN(9)]
			w.put(colors-1, 8)
			w.image(colors, 1, false)
			for _, most := range []int{16, 4, 2} {
				if colors <= most {
					packed = tiles(packed, 1)
				}
			}
		}
	}
	w.put(0, 1)
	w.image(packed, height, true)
	return w
}
