package jpeg

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// corpus lists the files of a folder of the shared corpus, or skips the test.
func corpus(t testing.TB, pattern string) []string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Skip("there is no go.mod above the test, so the shared corpus cannot be found")
		}
		dir = filepath.Dir(dir)
	}
	files, err := filepath.Glob(filepath.Join(dir, "..", "shared", "corpus", pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skip("the shared corpus is not beside the module")
	}
	return files
}

// A source is a picture as quantized coefficients, from which the tests write files in all the ways of T.81.
type source struct {
	w, h  int
	comps []sourceComp
	quant [64]int // in the order of a scan
}

type sourceComp struct {
	h, v       int
	cols, rows int       // blocks, with the padding to whole MCUs
	used, high int       // blocks, without
	blocks     [][64]int // quantized, in the order of a scan
}

// newSource makes a picture of w×h pixels with random coefficients, of which about density in 64 are not 0. factors
// are the sampling factors of its components.
func newSource(w, h int, factors [][2]int, density float64, seed uint64) *source {
	rnd := rand.New(rand.NewPCG(seed, 1))
	s := &source{w: w, h: h}
	for k := range s.quant {
		s.quant[k] = 3 + k/4
	}
	hMax, vMax := 1, 1
	for _, f := range factors {
		hMax, vMax = max(hMax, f[0]), max(vMax, f[1])
	}
	for _, f := range factors {
		c := sourceComp{h: f[0], v: f[1]}
		c.cols, c.rows = ceilDiv(w, 8*hMax)*c.h, ceilDiv(h, 8*vMax)*c.v
		c.used, c.high = ceilDiv(ceilDiv(w*c.h, hMax), 8), ceilDiv(ceilDiv(h*c.v, vMax), 8)
		c.blocks = make([][64]int, c.cols*c.rows)
		for i := range c.blocks {
			b := &c.blocks[i]
			b[0] = rnd.IntN(400) - 200
			for k := 1; k < 64; k++ {
				if rnd.Float64() < density*math.Exp(-float64(k)/24)/64*2 {
					b[k] = int(rnd.NormFloat64() * 40 / float64(k))
				}
			}
			switch rnd.IntN(16) {
			case 0: // to the very end
				b[63] = 1 + rnd.IntN(3)
			case 1: // nothing but the mean
				*b = [64]int{b[0]}
			case 2: // a long run, and a value with a long code
				*b = [64]int{0: b[0], 1: 300 - rnd.IntN(600), 50: -1, 60: 1}
			}
			if i/c.cols >= c.high || i%c.cols >= c.used { // Padding: scans of one component leave it out.
				*b = [64]int{}
			}
		}
		s.comps = append(s.comps, c)
	}
	return s
}

// A scanSpec is one scan to write.
type scanSpec struct {
	comps          []int
	ss, se, ah, al int
}

// A variant is a way to write a source.
type variant struct {
	marker  byte // SOF0, SOF1 or SOF2
	restart int
	scans   []scanSpec
	fill    bool // a fill byte before each restart marker
	noTable bool // no Huffman tables: the typical ones are meant
	adobe   int  // -1 for no segment
	sameID  bool // all components have the same number
}

func (v variant) id(i int) byte {
	if v.sameID {
		return 10
	}
	return byte(10 + i)
}

// A fileWriter writes entropy-coded data the slow, obvious way.
type fileWriter struct {
	out     []byte
	acc     uint64
	n       int
	dc, ac  *[256]uint32
	eobRun  int
	ends    []int // by row of MCUs of the last scan: where the bytes end that hold it
	pending []int // bits to refine coefficients with, to be written after the end-of-band run
}

func (f *fileWriter) put(v, n int) {
	for i := n - 1; i >= 0; i-- {
		f.acc = f.acc<<1 | uint64(v>>i&1)
		if f.n++; f.n == 8 {
			f.out = append(f.out, byte(f.acc))
			if byte(f.acc) == 0xff {
				f.out = append(f.out, 0)
			}
			f.n = 0
		}
	}
}

func (f *fileWriter) symbol(table *[256]uint32, s int) { f.put(int(table[s]>>8), int(table[s]&255)) }

func (f *fileWriter) number(v, size int) {
	if v < 0 {
		v += 1<<size - 1
	}
	f.put(v, size)
}

func magnitude(v int) int { return bits.Len(uint(max(v, -v))) }

func (f *fileWriter) align() {
	for f.n != 0 {
		f.put(1, 1)
	}
}

// endBand writes the end-of-band run that has been counted (T.81, G.1.2.2).
func (f *fileWriter) endBand() {
	if f.eobRun > 0 {
		n := bits.Len(uint(f.eobRun)) - 1
		f.symbol(f.ac, n<<4)
		f.put(f.eobRun, n)
		f.eobRun = 0
	}
	for _, b := range f.pending {
		f.put(b, 1)
	}
	f.pending = f.pending[:0]
}

// point is the point transform of AC coefficients: division by a power of two, towards 0.
func point(v, al int) int {
	if v < 0 {
		return -(-v >> al)
	}
	return v >> al
}

// band writes the coefficients of a block that a scan has but for DC.
func (f *fileWriter) band(b *[64]int, s scanSpec, progressive bool) {
	run := 0
	for k := max(s.ss, 1); k <= s.se; k++ {
		v := point(b[k], s.al)
		if v == 0 {
			run++
			continue
		}
		f.endBand()
		for ; run > 15; run -= 16 {
			f.symbol(f.ac, 0xf0)
		}
		n := magnitude(v)
		f.symbol(f.ac, run<<4|n)
		f.number(v, n)
		run = 0
	}
	if run > 0 {
		if !progressive {
			f.symbol(f.ac, 0)
		} else if f.eobRun++; f.eobRun == 0x7fff {
			f.endBand()
		}
	}
}

// refine writes the next bit of the coefficients of a block (T.81, G.1.2.3).
func (f *fileWriter) refine(b *[64]int, s scanSpec) {
	last := 0 // the last coefficient that becomes other than 0
	for k := s.ss; k <= s.se; k++ {
		if v := point(b[k], s.al); v == 1 || v == -1 {
			last = k
		}
	}
	run := 0
	var own []int
	for k := s.ss; k <= s.se; k++ {
		v := point(b[k], s.al)
		if v == 0 {
			run++
			continue
		}
		for run > 15 && k <= last {
			f.endBand()
			f.symbol(f.ac, 0xf0)
			run -= 16
			for _, x := range own {
				f.put(x, 1)
			}
			own = own[:0]
		}
		if v != 1 && v != -1 {
			own = append(own, max(v, -v)&1)
			continue
		}
		f.endBand()
		f.symbol(f.ac, run<<4|1)
		f.put((v+1)/2, 1)
		for _, x := range own {
			f.put(x, 1)
		}
		own = own[:0]
		run = 0
	}
	if run > 0 || len(own) > 0 {
		f.eobRun++
		f.pending = append(f.pending, own...)
		if f.eobRun == 0x7fff || len(f.pending) > 900 {
			f.endBand()
		}
	}
}

// testTables are Huffman tables with all 256 symbols, the second with codes of 16 bits.
var testTables = [2]huffSpec{
	{[16]uint8{7: 128, 8: 128}, allSymbols()},
	{[16]uint8{3: 4, 5: 30, 14: 100, 15: 122}, allSymbols()},
}

func allSymbols() []uint8 {
	symbols := make([]uint8, 256)
	for i := range symbols {
		symbols[i] = uint8(i * 37)
	}
	return symbols
}

// write makes a file of s.
func (s *source) write(v variant) []byte {
	data, _ := s.writeRows(v)
	return data
}

// writeRows also returns where each row of MCUs ends of the last scan.
func (s *source) writeRows(v variant) ([]byte, []int) {
	var ends []int
	var w bitWriter
	w.buf = append(w.buf, 0xff, mSOI)
	if v.adobe >= 0 {
		w.segment(mAPP14, []byte{'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, byte(v.adobe)})
	}
	q := []byte{0}
	for _, step := range s.quant {
		q = append(q, byte(step))
	}
	w.segment(mDQT, q)
	frame := []byte{8, byte(s.h >> 8), byte(s.h), byte(s.w >> 8), byte(s.w), byte(len(s.comps))}
	for i, c := range s.comps {
		frame = append(frame, v.id(i), byte(c.h<<4|c.v), 0)
	}
	w.segment(v.marker, frame)
	specs := [2][2]huffSpec{testTables, testTables}
	if v.noTable {
		specs = standardTables
	}
	var codes [2][2]codeTable
	for class := range specs {
		for number, spec := range specs[class] {
			codes[class][number].set(spec)
			if !v.noTable {
				w.segment(mDHT, []byte{byte(class<<4 | number)}, spec.counts[:], spec.symbols)
			}
		}
	}
	if v.restart > 0 {
		w.segment(mDRI, []byte{byte(v.restart >> 8), byte(v.restart)})
	}
	for _, sc := range v.scans {
		head := []byte{byte(len(sc.comps))}
		for _, i := range sc.comps {
			head = append(head, v.id(i), byte(i%2<<4|i%2))
		}
		w.segment(mSOS, append(head, byte(sc.ss), byte(sc.se), byte(sc.ah<<4|sc.al)))
		f := fileWriter{out: w.buf}
		s.writeScan(&f, v, sc, &codes)
		w.buf, ends = f.out, f.ends
	}
	for i, end := range ends {
		if end > 0 && w.buf[end-1] == 0xff { // A byte that may begin a marker counts once there is the zero after it.
			ends[i]++
		}
	}
	return append(w.buf, 0xff, mEOI), ends
}

func (s *source) writeScan(f *fileWriter, v variant, sc scanSpec, codes *[2][2]codeTable) {
	progressive := v.marker == mSOF2
	pred := make([]int, len(s.comps))
	block := func(i, bx, by int) {
		c := &s.comps[i]
		b := &c.blocks[by*c.cols+bx]
		f.dc, f.ac = &codes[0][i%2].code, &codes[1][i%2].code
		switch {
		case sc.ss == 0 && sc.ah > 0:
			f.put(b[0]>>sc.al, 1)
		case sc.ss == 0:
			d := b[0]>>sc.al - pred[i]
			pred[i] = b[0] >> sc.al
			f.symbol(f.dc, magnitude(d))
			f.number(d, magnitude(d))
		}
		switch {
		case sc.se == 0:
		case sc.ah > 0:
			f.refine(b, sc)
		default:
			f.band(b, sc, progressive)
		}
	}
	cols, rows := s.comps[0].cols/s.comps[0].h, s.comps[0].rows/s.comps[0].v
	single := len(sc.comps) == 1
	if single {
		cols, rows = s.comps[sc.comps[0]].used, s.comps[sc.comps[0]].high
	}
	for mcu := range cols * rows {
		if v.restart > 0 && mcu > 0 && mcu%v.restart == 0 {
			f.endBand()
			f.align()
			if v.fill {
				f.out = append(f.out, 0xff)
			}
			f.out = append(f.out, 0xff, mRST0+byte(mcu/v.restart-1)&7)
			clear(pred)
		}
		mx, my := mcu%cols, mcu/cols
		if single {
			block(sc.comps[0], mx, my)
		} else {
			for _, i := range sc.comps {
				for y := range s.comps[i].v {
					for x := range s.comps[i].h {
						block(i, mx*s.comps[i].h+x, my*s.comps[i].v+y)
					}
				}
			}
		}
		if mx == cols-1 {
			f.ends = append(f.ends, len(f.out)+min(f.n, 1))
		}
	}
	f.endBand()
	f.align()
}

// sample is what the definition of the inverse DCT (T.81, A.3.3), of the n×n lowest coefficients, gives for a block.
func (s *source) sample(b *[64]int, n int) (out [8][8]float64) {
	for y := range n {
		for x := range n {
			sum := 0.0
			for k, natural := range zigzag {
				u, v := int(natural&7), int(natural>>3)
				if b[k] == 0 || u >= n || v >= n {
					continue
				}
				f := float64(b[k]*s.quant[k]) / 4
				if u == 0 {
					f *= math.Sqrt2 / 2
				}
				if v == 0 {
					f *= math.Sqrt2 / 2
				}
				across := math.Cos(float64((2*x+1)*u) * math.Pi / float64(2*n))
				sum += f * across * math.Cos(float64((2*y+1)*v)*math.Pi/float64(2*n))
			}
			out[y][x] = min(max(sum+128, 0), 255)
		}
	}
	return out
}
