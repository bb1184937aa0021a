package vp8l

// A grid is a picture whose pixels have red lowest, and then green, blue and alpha.
type grid struct {
	pix  []uint32
	w, h int
}

// A walker goes through a picture as a reader will: pixel by pixel and match by match. A copy of it begins where it is,
// but shares its cache; see again.
type walker struct {
	grid
	matches []match
	cache   colorCache // without colors if there is none
	x, y    int        // of the next pixel
	at      int
}

// again returns a walker at the beginning.
func (w *walker) again() walker {
	clear(w.cache.colors)
	return walker{grid: w.grid, matches: w.matches, cache: w.cache}
}

func (w *walker) done() bool { return w.at >= len(w.pix) }

// A token is a pixel, a place in the cache or a match.
type token struct {
	color            uint32
	place            int // in the cache, and one more; 0 if there is none
	length, distance int // of a match, 0 if there is none
	list             [4]int
}

// next returns what comes next.
func (w *walker) next() (t token) {
	at := w.at
	if len(w.matches) > 0 && int(w.matches[0].at) == at {
		m := w.matches[0]
		w.matches = w.matches[1:]
		t.length, t.distance = int(m.length), distanceCode(int(m.distance), w.w)
		if len(w.cache.colors) > 0 {
			for _, v := range w.pix[at:][:m.length] {
				w.cache.add(v)
			}
		}
		w.at += t.length
		w.x += t.length
		for w.x >= w.w {
			w.x -= w.w
			w.y++
		}
		return t
	}
	t.color = w.pix[at]
	if len(w.cache.colors) > 0 {
		place := w.cache.place(t.color)
		if w.cache.colors[place] == t.color {
			t.place = place + 1
		} else {
			w.cache.colors[place] = t.color
		}
	}
	w.at++
	if w.x++; w.x == w.w {
		w.x = 0
		w.y++
	}
	return t
}

// symbols returns the symbols of t in one list of all codes.
func (t *token) symbols(l *layout) []int {
	switch {
	case t.length > 0:
		length, _, _ := prefix(t.length)
		distance, _, _ := prefix(t.distance)
		t.list[0], t.list[1] = 256+length, l.starts[4]+distance
		return t.list[:2]
	case t.place > 0:
		t.list[0] = greens + t.place - 1
		return t.list[:1]
	}
	v := t.color
	t.list = [4]int{
		int(v >> 8 & 0xff), l.starts[1] + int(v&0xff), l.starts[2] + int(v>>16&0xff), l.starts[3] + int(v>>24),
	}
	return t.list[:]
}

// write writes t in the codes of one group.
func (t *token) write(w *bitWriter, codes *[5]prefixCode) {
	switch {
	case t.length > 0:
		length, n, bits := prefix(t.length)
		codes[0].write(w, 256+length)
		w.put(bits, n)
		distance, n, bits := prefix(t.distance)
		codes[4].write(w, distance)
		w.put(bits, n)
	case t.place > 0:
		codes[0].write(w, greens+t.place-1)
	default:
		codes[0].write(w, int(t.color>>8&0xff))
		codes[1].write(w, int(t.color&0xff))
		codes[2].write(w, int(t.color>>16&0xff))
		codes[3].write(w, int(t.color>>24))
	}
}
