package vp8l

import (
	"math/bits"

	"imgpipe/transform/internal/codec"
)

// prefix returns the symbol of a length or distance, and the number and value of the bits behind it (section 5.2.2).
func prefix(v int) (symbol, extra int, value uint32) {
	if v <= 4 {
		return v - 1, 0, 0
	}
	v--
	extra = bits.Len(uint(v)) - 2
	return 2*extra + 2 + v>>extra&1, extra, uint32(v & (1<<extra - 1))
}

// nearCodes has the codes of near distances: those of y rows and x columns back at [y][x+7].
var nearCodes = func() (t [8][16]uint8) {
	for i, d := range near {
		t[d[1]][d[0]+7] = uint8(i + 1)
	}
	return t
}()

// distanceCode returns the code of a distance in pixels; the inverse of distance.
func distanceCode(d, width int) int {
	y, x := d/width, d%width
	switch {
	case x <= 8 && y < 8:
		if c := nearCodes[y][x+7]; c > 0 {
			return int(c)
		}
	case x > width-8 && y < 7:
		return int(nearCodes[y+1][x-width+7])
	}
	return d + len(near)
}

// A match is a run of pixels that are equal to earlier ones. All other pixels stand for themselves.
type match struct{ at, length, distance int32 }

const (
	maxMatch    = 4096
	maxDistance = 1<<20 - 120
	hashBits    = 16
	// minMatch is the shortest run that is worth a reference.
	minMatch = 3
)

// A matcher finds runs of equal pixels. It keeps its buffers.
type matcher struct {
	head [1 << hashBits]int32 // the last place of two pixels with a hash, and one more; 0 for none
	prev []int32              // the place before each place, in the same way
	pix  []uint32
	wide int

	costs   channels // of pixels that stand for themselves
	average int      // of them
}

func hash(a, b uint32) uint32 {
	return uint32((uint64(a)*0x9e3779b1 ^ uint64(b)*0x85ebca6b<<13) * 0x9e3779b97f4a7c15 >> (64 - hashBits))
}

func (m *matcher) start(pix []uint32, width int) {
	clear(m.head[:])
	m.pix, m.wide = pix, width
	m.prev = resized(m.prev, len(pix))
	m.costs.learn(pix)
	m.average = int(m.costs.of(pix, true)/uint64(len(pix))) + 1
}

// price returns about what a match of that distance costs: the symbols of its length and distance, and their bits.
func (m *matcher) price(distance int) int {
	if distance == 1 || distance == m.wide {
		return 9 << costDigits
	}
	return 12<<costDigits + int(log2(uint32(distance)))
}

// pays reports whether a match costs less than its pixels.
func (m *matcher) pays(i, length, distance int) bool {
	const enough = 64
	return length >= minMatch && (length >= enough && m.average > 1<<costDigits/4 ||
		m.costs.of(m.pix[i:i+length], true) > uint64(m.price(distance)))
}

// add makes place i one that is found.
func (m *matcher) add(i int) {
	if i+1 < len(m.pix) {
		h := hash(m.pix[i], m.pix[i+1])
		m.prev[i] = m.head[h]
		m.head[h] = int32(i + 1)
	}
}

// same returns how many pixels from a on are equal to those from b on, at most most.
func (m *matcher) same(a, b, most int) int {
	p, q := m.pix[a:a+most], m.pix[b:b+most]
	for i, v := range p {
		if v != q[i] {
			return i
		}
	}
	return most
}

// find returns the run at i that is also found earlier and saves most, among the last tries places with its beginning,
// and the places above and to the left.
func (m *matcher) find(i, tries int) (length, distance int) {
	most := min(maxMatch, len(m.pix)-i)
	if most < minMatch {
		return 0, 0
	}
	gain := 0
	better := func(n, d int) {
		if g := n*m.average - m.price(d); n >= minMatch && (length == 0 || g > gain) {
			length, distance, gain = n, d, g
		}
	}
	if i > 0 {
		better(m.same(i, i-1, most), 1)
	}
	if i >= m.wide && m.wide > 1 {
		better(m.same(i, i-m.wide, most), m.wide)
	}
	at := int(m.head[hash(m.pix[i], m.pix[i+1])]) - 1
	for ; tries > 0 && at >= 0 && i-at <= maxDistance && length < most; tries-- {
		if m.pix[at+length] == m.pix[i+length] {
			better(m.same(i, at, most), i-at)
		}
		at = int(m.prev[at]) - 1
	}
	return length, distance
}

// greedy appends the runs of the picture to list: at each place the longest, unless the next place has one that is
// longer.
func (m *matcher) greedy(list []match, tries int, stop codec.Stop) ([]match, error) {
	length, distance := 0, 0
	known := false
	for i, asked := 0, 0; i < len(m.pix); {
		if i >= asked {
			asked = i + 1<<14
			if err := stop.Err(); err != nil {
				return list, err
			}
		}
		if !known {
			length, distance = m.find(i, tries)
		}
		known = false
		m.add(i)
		if !m.pays(i, length, distance) {
			i++
			continue
		}
		if length < 64 && i+1 < len(m.pix) {
			if n, d := m.find(i+1, tries); n > length+1 {
				length, distance, known = n, d, true
				i++
				continue
			}
		}
		list = append(list, match{int32(i), int32(length), int32(distance)})
		for k := i + 1; k < i+length; k++ {
			m.add(k)
		}
		i += length
	}
	return list, nil
}
