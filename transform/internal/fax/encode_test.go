package fax

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// A page is rows of pixels, true for black.
type page [][]bool

// draw makes a page whose rows are alike, as those of text are.
func draw(w, h int, seed uint64) page {
	r := rand.New(rand.NewPCG(seed, 1))
	p := make(page, h)
	for y := range p {
		p[y] = make([]bool, w)
		if y%3 > 0 {
			copy(p[y], p[y-1])
			for range w/50 + 1 {
				x := r.IntN(w)
				p[y][x] = !p[y][x]
			}
			continue
		}
		for x, color := 0, r.IntN(2) == 0; x < w; color = !color {
			for range []int{1, 2, 3, 9, 40, 300, 2600}[r.IntN(7)] {
				if x < w {
					p[y][x] = color
					x++
				}
			}
		}
	}
	return p
}

// bits are the rows of a page as a Decoder writes them.
func (p page) bits() []byte {
	stride := (len(p[0]) + 7) / 8
	out := make([]byte, stride*len(p))
	for y, row := range p {
		for x, black := range row {
			if black {
				out[y*stride+x/8] |= 0x80 >> (x % 8)
			}
		}
	}
	return out
}

var (
	whiteList = strings.Fields(whiteCodes + longCodes)
	blackList = strings.Fields(blackCodes + longCodes)
	modeList  = strings.Fields(modeCodes)
)

// A pen writes codes.
type pen struct {
	bits []byte // '0' or '1' each
}

func (p *pen) put(code string) { p.bits = append(p.bits, code...) }

// bytes returns what was written, with zeros at the end.
func (p *pen) bytes() []byte {
	out := make([]byte, (len(p.bits)+7)/8)
	for i, b := range p.bits {
		out[i/8] |= (b - '0') << (7 - i%8)
	}
	return out
}

// align writes zeros up to a multiple of so many bits, with rest bits to follow.
func (p *pen) align(to, rest int) {
	for (len(p.bits)+rest)%to != 0 {
		p.put("0")
	}
}

func (p *pen) run(black bool, n int) {
	list := whiteList
	if black {
		list = blackList
	}
	for ; n >= 2560+64; n -= 2560 {
		p.put(list[63+40])
	}
	if n >= 64 {
		p.put(list[63+n/64])
	}
	p.put(list[n%64])
}

// next returns where the color changes behind x: what is there first that is not of that color.
func next(row []bool, x int, color bool) int {
	for x < len(row) && row[x] == color {
		x++
	}
	return x
}

// row writes a row by itself.
func (p *pen) row(row []bool) {
	for x, black := 0, false; x < len(row); black = !black {
		to := next(row, x, black)
		p.run(black, to-x)
		x = to
	}
}

// below writes a row by its differences from the one above.
func (p *pen) below(row, above []bool) {
	black := false
	for a := -1; a < len(row); {
		b1 := a + 1
		for b1 < len(above) && (above[b1] == black || b1 > 0 && above[b1-1] != black) {
			b1++
		}
		b2, a1 := next(above, b1, !black), next(row, max(a, 0), black)
		switch d := a1 - b1; {
		case b2 < a1:
			p.put(modeList[pass])
			a = b2
		case d >= -3 && d <= 3:
			mode := vertical + d
			if d < 0 {
				mode = right3 - d
			}
			p.put(modeList[mode])
			a, black = a1, !black
		default:
			a2 := next(row, a1, !black)
			p.put(modeList[horizontal])
			p.run(black, a1-max(a, 0))
			p.run(!black, a2-a1)
			a = a2
		}
	}
}

// manner is how an image is encoded, besides its Coding.
type manner struct {
	padded bool // End-of-Lines end at the end of a byte
	fill   int  // zeros before each End-of-Line
	start  bool // there is an End-of-Line before the first row
	ends   int  // End-of-Lines behind the last
	bare   bool // no End-of-Lines between rows
	k      int  // every k-th row is by itself, of Group3Mixed
}

const eolCode = "000000000001"

// encode returns the data, and where each row begins in it: its End-of-Line, in bits.
func (p page) encode(c Coding, m manner) (data []byte, starts []int) {
	out := new(pen)
	above := make([]bool, len(p[0]))
	eol := func(tag string) {
		out.put(strings.Repeat("0", m.fill))
		if m.padded {
			out.align(8, 12)
		}
		out.put(eolCode)
		if c == Group3Mixed {
			out.put(tag)
		}
	}
	for y, row := range p {
		starts = append(starts, len(out.bits))
		switch c {
		case Huffman:
			out.align(8, 0)
		case HuffmanWords:
			out.align(16, 0)
		case Group4:
			out.below(row, above)
			above = row
			continue
		}
		alone := c != Group3Mixed || y%m.k == 0
		if group3 := c == Group3 || c == Group3Mixed; group3 && (!m.bare && y > 0 || m.start && y == 0) {
			eol(map[bool]string{true: "1", false: "0"}[alone])
		}
		if alone {
			out.row(row)
		} else {
			out.below(row, above)
		}
		above = row
	}
	for range m.ends {
		eol("1")
	}
	return out.bytes(), starts
}

// flip inverts some bits of a copy of the data.
func flip(data []byte, bits ...int) []byte {
	data = slices.Clone(data)
	for _, at := range bits {
		data[at/8] ^= 0x80 >> (at % 8)
	}
	return data
}
