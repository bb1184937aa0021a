package gif

import (
	"encoding/binary"
	"image"
)

// A sketch is a GIF file that write makes: as the standard wants it, but for the fields that say otherwise.
type sketch struct {
	screen     image.Point
	frame      image.Rectangle
	interlaced bool
	global     int // colors of the palettes, powers of two; 0 for none
	local      int
	clear      int // place in the palette that is transparent, -1 for none
	codes      int
	coder      coder

	before  []byte // in front of the descriptor
	control []byte // in place of a control block
	block   int    // length of sub-blocks, 255 if 0
	extra   []byte // behind the sub-blocks of pixels
	noEnd   bool   // of sub-blocks
	after   []byte // behind them, in place of a trailer
}

// A coder is how an encoder uses the freedom that it has.
type coder struct {
	noStart  bool // the first code does not clear the table
	noEnd    bool // no code means the end
	deferred bool // the table stays full
	often    int  // clears the table after so many codes
	more     int  // pixels behind the last
	bad      int  // after so many codes, one that is not defined
}

// place is the color of a pixel of the frame: its place in a palette of n colors.
func place(x, y, n int) int { return (x/3*x + 7*y + x*y/5) % n }

// tint is the i-th color of a palette: local ones differ.
func tint(i int, local bool) [3]byte {
	c := [3]byte{byte(7*i + 1), byte(255 - 3*i), byte(i * i)}
	if local {
		c[0], c[1] = c[1], c[0]
	}
	return c
}

func (s sketch) colors() int {
	if s.local > 0 {
		return s.local
	}
	return s.global
}

// places are those of the frame's pixels, row by row, n of them different.
func (s sketch) places(n int) []byte {
	var p []byte
	for y := range s.frame.Dy() {
		for x := range s.frame.Dx() {
			p = append(p, byte(place(x, y, n)))
		}
	}
	return p
}

// order are the rows of a frame as they stand in the file.
func (s sketch) order() []int {
	var order []int
	passes := [][2]int{{0, 1}}
	if s.interlaced {
		passes = [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
	}
	for _, p := range passes {
		for y := p[0]; y < s.frame.Dy(); y += p[1] {
			order = append(order, y)
		}
	}
	return order
}

// write makes the file of n different pixels.
func (s sketch) write(n int) []byte {
	b := []byte("GIF89a")
	put := func(v int) { b = binary.LittleEndian.AppendUint16(b, uint16(v)) }
	palette := func(n int, local bool) (flags byte, colors []byte) {
		if n == 0 {
			return 0, nil
		}
		for 2<<flags < n {
			flags++
		}
		for i := range 2 << flags {
			c := tint(i, local)
			colors = append(colors, c[:]...)
		}
		return flags | 0x80, colors
	}
	put(s.screen.X)
	put(s.screen.Y)
	flags, colors := palette(s.global, false)
	b = append(append(b, flags, 0, 0), colors...)
	b = append(b, s.before...)
	switch {
	case s.control != nil:
		b = append(b, s.control...)
	case s.clear >= 0:
		b = append(b, 0x21, 0xf9, 4, 1, 0, 0, byte(s.clear), 0)
	}
	b = append(b, 0x2c)
	put(s.frame.Min.X)
	put(s.frame.Min.Y)
	put(s.frame.Dx())
	put(s.frame.Dy())
	flags, colors = palette(s.local, true)
	if s.interlaced {
		flags |= 0x40
	}
	b = append(append(b, flags), colors...)
	b = append(b, byte(s.codes))
	var pixels []byte
	places := s.places(n)
	for _, y := range s.order() {
		pixels = append(pixels, places[y*s.frame.Dx():][:s.frame.Dx()]...)
	}
	block := s.block
	if block == 0 {
		block = 255
	}
	for data := s.coder.pack(pixels, s.codes); len(data) > 0; {
		n := min(block, len(data))
		b = append(append(b, byte(n)), data[:n]...)
		data = data[n:]
	}
	b = append(b, s.extra...)
	if !s.noEnd {
		b = append(b, 0)
	}
	if s.after != nil {
		return append(b, s.after...)
	}
	return append(b, 0x3b)
}

// A bitWriter writes codes, the lowest bits first.
type bitWriter struct {
	out  []byte
	word uint64
	have int
}

func (w *bitWriter) emit(code, width int) {
	w.word |= uint64(code) << w.have
	for w.have += width; w.have >= 8; w.have -= 8 {
		w.out = append(w.out, byte(w.word))
		w.word >>= 8
	}
}

func (w *bitWriter) end() []byte {
	if w.have > 0 {
		w.out = append(w.out, byte(w.word))
	}
	return w.out
}

// packFlat makes codes of n pixels of color 0: each code stands for one pixel more than the one before, and the longest
// is used again and again.
func packFlat(n, codes int) []byte {
	var w bitWriter
	clear := 1 << codes
	width, next := codes+1, clear+2
	code, length := 0, 1
	w.emit(clear, width)
	for n > 0 {
		w.emit(code, width)
		n -= length
		if next > clear+2 && next&(1<<width-1) == 0 && width < 12 {
			width++
		}
		if next < 4096 {
			code, length, next = next, length+1, next+1
		}
	}
	w.emit(clear+1, width)
	return w.end()
}

// pack makes codes of pixels.
func (c coder) pack(pixels []byte, codes int) []byte {
	var w bitWriter
	width := codes + 1
	emit := func(code int) { w.emit(code, width) }
	clear := 1 << codes
	table := map[string]int{}
	next, count := clear+2, 0
	reset := func() {
		emit(clear)
		table, next, width, count = map[string]int{}, clear+2, codes+1, 0
	}
	if !c.noStart {
		reset()
	}
	for range c.more {
		pixels = append(pixels, pixels[len(pixels)-1])
	}
	total := 0
	for len(pixels) > 0 {
		code, n := int(pixels[0]), 1
		for n < len(pixels) {
			longer, ok := table[string(pixels[:n+1])]
			if !ok || longer >= 1<<width {
				break
			}
			code, n = longer, n+1
		}
		if c.bad > 0 && total == c.bad {
			code = next + 1 // the table of a decoder is one code behind
		}
		emit(code)
		total++
		// A decoder defines this code when it reads the next one, so that codes become wider one code later.
		if count > 0 && next&(1<<width-1) == 0 && width < 12 {
			width++
		}
		if next < 4096 {
			if n < len(pixels) {
				table[string(pixels[:n+1])] = next
			}
			next++
		} else if !c.deferred {
			reset()
		}
		if count++; c.often > 0 && count == c.often {
			reset()
		}
		pixels = pixels[n:]
	}
	if !c.noEnd {
		emit(clear + 1)
	}
	return w.end()
}
