package samples

import (
	"encoding/binary"
	"math"
)

// A coder writes JPEG files of the kinds that the standard library does not: four components, progressive, restart
// markers. It codes as ITU-T T.81 says, in 8 by 8 blocks without subsampling, with the example tables of its annex K.
type coder struct {
	planes      [][]byte // one for each component, w*h samples
	w, h        int
	quality     float64 // multiplies the table of the quantiser; 1 is annex K
	adobe       int     // the color transform of an Adobe marker, -1 for no marker
	progressive bool
	restart     int // blocks between restart markers, 0 for none; not with progressive
	// claimW and claimH, unless 0, go into the frame header in place of the size.
	claimW, claimH int
}

// annexK is the example table for luminance, T.81 table K.1, in natural order.
var annexK = [64]byte{
	16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
	87, 80, 62,
	18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95,
	98, 112, 100, 103, 99,
}

// zigzag holds the natural place of the k-th coefficient, T.81 figure A.6.
var zigzag = [64]byte{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
	28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47,
	55, 62, 63,
}

// dcCounts and acTable are the Huffman tables of T.81, tables K.3 and K.5: how many codes there are of each length, and
// what they stand for. The values of the DC table are 0 to 11 in order.
var (
	dcCounts = [16]byte{0, 1, 5, 1, 1, 1, 1, 1, 1}
	acCounts = [16]byte{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d}
	acTable  = []byte{
		0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71,
		0x14, 0x32, 0x81, 0x91, 0xa1, 0x08,
		0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18,
		0x19, 0x1a, 0x25, 0x26, 0x27, 0x28,
		0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53,
		0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
		0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
		0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
		0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9,
		0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
		0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6,
		0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
		0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
	}
)

// A huffman code, by symbol.
type huffman [256]struct {
	code   uint32
	length uint
}

// newHuffman makes the codes of a table, T.81 annex C.
func newHuffman(counts *[16]byte, symbols []byte) *huffman {
	h := new(huffman)
	code, k := uint32(0), 0
	for i, n := range counts {
		for range n {
			h[symbols[k]].code, h[symbols[k]].length = code, uint(i+1)
			code++
			k++
		}
		code <<= 1
	}
	return h
}

// bits is entropy-coded data: a zero follows each 0xFF.
type bits struct {
	out   []byte
	acc   uint32
	count uint
}

func (b *bits) put(v uint32, n uint) {
	for n > 0 {
		n--
		b.acc = b.acc<<1 | v>>n&1
		if b.count++; b.count == 8 {
			b.out = append(b.out, byte(b.acc))
			if byte(b.acc) == 0xFF {
				b.out = append(b.out, 0)
			}
			b.acc, b.count = 0, 0
		}
	}
}

// align fills the last byte with ones.
func (b *bits) align() {
	for b.count > 0 {
		b.put(1, 1)
	}
}

// number writes a symbol and the bits of v, T.81 F.1.2: the symbol's low half is how many.
func (b *bits) number(h *huffman, run uint32, v int) {
	m, n := v, uint(0)
	if m < 0 {
		m = -m
		v--
	}
	for ; m > 0; m >>= 1 {
		n++
	}
	s := h[run<<4|uint32(n)]
	b.put(s.code, s.length)
	b.put(uint32(v)&(1<<n-1), n)
}

// encode returns the file.
func (c *coder) encode() []byte {
	n := len(c.planes)
	b := &bits{out: []byte{0xFF, 0xD8}}
	segment := func(marker byte, payload ...byte) {
		b.out = append(b.out, 0xFF, marker)
		b.out = binary.BigEndian.AppendUint16(b.out, uint16(len(payload)+2))
		b.out = append(b.out, payload...)
	}
	if c.adobe >= 0 {
		segment(0xEE, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, byte(c.adobe))
	}
	var quant [64]int
	dqt := []byte{0}
	for i, q := range annexK {
		quant[i] = int(min(max(math.Round(float64(q)*c.quality), 1), 255))
	}
	for _, z := range zigzag {
		dqt = append(dqt, byte(quant[z]))
	}
	segment(0xDB, dqt...)
	w, h := c.w, c.h
	if c.claimW > 0 {
		w, h = c.claimW, c.claimH
	}
	sof := byte(0xC0)
	if c.progressive {
		sof = 0xC2
	}
	frame := []byte{8, byte(h >> 8), byte(h), byte(w >> 8), byte(w), byte(n)}
	for i := range n {
		frame = append(frame, byte(i+1), 0x11, 0)
	}
	segment(sof, frame...)
	dcSymbols := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	segment(0xC4, append(append([]byte{0x00}, dcCounts[:]...), dcSymbols...)...)
	segment(0xC4, append(append([]byte{0x10}, acCounts[:]...), acTable...)...)
	dc, ac := newHuffman(&dcCounts, dcSymbols), newHuffman(&acCounts, acTable)
	if c.restart > 0 {
		segment(0xDD, byte(c.restart>>8), byte(c.restart))
	}
	s := scans{coder: c, bits: b, segment: segment, dc: dc, ac: ac, blocks: make([][][64]int, n), every: make([]int, n)}
	for i := range s.every {
		s.every[i] = i
		s.blocks[i] = c.transform(c.planes[i], &quant)
	}
	if c.progressive {
		s.inScans()
	} else {
		s.atOnce()
	}
	return append(b.out, 0xFF, 0xD9)
}

// scans write the coefficients of all components.
type scans struct {
	*coder
	*bits
	segment func(marker byte, payload ...byte)
	dc, ac  *huffman
	blocks  [][][64]int // of each component
	every   []int       // the numbers of the components
}

// begin writes the header of a scan of coefficients from to to.
func (s *scans) begin(components []int, from, to, high, low byte) {
	payload := []byte{byte(len(components))}
	for _, i := range components {
		payload = append(payload, byte(i+1), 0)
	}
	s.segment(0xDA, append(payload, from, to, high<<4|low)...)
}

// atOnce writes one scan of everything.
func (s *scans) atOnce() {
	s.begin(s.every, 0, 63, 0, 0)
	last := make([]int, len(s.every))
	for k := range s.blocks[0] {
		if s.restart > 0 && k > 0 && k%s.restart == 0 {
			s.align()
			s.out = append(s.out, 0xFF, 0xD0+byte((k/s.restart-1)%8))
			clear(last)
		}
		for i := range s.every {
			z := &s.blocks[i][k]
			s.number(s.dc, 0, z[0]-last[i])
			last[i] = z[0]
			s.band(s.ac, z, 1, 63)
		}
	}
	s.align()
}

// inScans writes the DC coefficients without their last bit, each component's low and high frequencies, and at the
// end that last bit.
func (s *scans) inScans() {
	s.begin(s.every, 0, 0, 0, 1)
	last := make([]int, len(s.every))
	for k := range s.blocks[0] {
		for i := range s.every {
			v := s.blocks[i][k][0] >> 1
			s.number(s.dc, 0, v-last[i])
			last[i] = v
		}
	}
	s.align()
	for _, band := range [][2]byte{{1, 5}, {6, 63}} {
		for i := range s.every {
			s.begin([]int{i}, band[0], band[1], 0, 0)
			for k := range s.blocks[i] {
				s.band(s.ac, &s.blocks[i][k], int(band[0]), int(band[1]))
			}
			s.align()
		}
	}
	s.begin(s.every, 0, 0, 1, 0)
	for k := range s.blocks[0] {
		for i := range s.every {
			s.put(uint32(s.blocks[i][k][0])&1, 1)
		}
	}
	s.align()
}

// band writes the coefficients from one place to another of the zigzag, T.81 F.1.2.2.
func (b *bits) band(ac *huffman, z *[64]int, from, to int) {
	run := 0
	for k := from; k <= to; k++ {
		if z[k] == 0 {
			run++
			continue
		}
		for ; run > 15; run -= 16 {
			b.put(ac[0xF0].code, ac[0xF0].length)
		}
		b.number(ac, uint32(run), z[k])
		run = 0
	}
	if run > 0 {
		b.put(ac[0].code, ac[0].length)
	}
}

// transform returns the quantized coefficients of a plane's blocks in zigzag order, by the definition of the DCT, T.81
// A.3.3.
func (c *coder) transform(plane []byte, quant *[64]int) [][64]int {
	var cosine [8][8]float64
	for u := range 8 {
		for x := range 8 {
			cosine[u][x] = math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) / 2
			if u == 0 {
				cosine[u][x] /= math.Sqrt2
			}
		}
	}
	var out [][64]int
	for by := 0; by < c.h; by += 8 {
		for bx := 0; bx < c.w; bx += 8 {
			var half, coef [8][8]float64 // by row of samples; by row of frequencies
			for y := range 8 {
				line := plane[min(by+y, c.h-1)*c.w:]
				for x := range 8 {
					v := float64(line[min(bx+x, c.w-1)]) - 128
					for u := range 8 {
						half[y][u] += v * cosine[u][x]
					}
				}
			}
			for v := range 8 {
				for y := range 8 {
					for u := range 8 {
						coef[v][u] += half[y][u] * cosine[v][y]
					}
				}
			}
			var z [64]int
			for k, at := range zigzag {
				z[k] = int(math.Round(coef[at/8][at%8] / float64(quant[at])))
			}
			out = append(out, z)
		}
	}
	return out
}
