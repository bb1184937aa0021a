package fax

import (
	"bytes"
	"io"
	"testing"

	"golang.org/x/image/ccitt"

	"imgpipe/transform/internal/codec"
)

// codings are all, with the manners in which they are written.
var codings = map[Coding][]manner{
	Huffman:      {{}},
	HuffmanWords: {{}},
	Group3: {
		{start: true, ends: 6}, {start: true, ends: 6, padded: true}, {start: true}, {}, {ends: 1}, {padded: true},
		{start: true, fill: 1000, ends: 6}, {fill: 3, ends: 3},
		{bare: true}, {bare: true, start: true}, {bare: true, ends: 6},
	},
	Group3Mixed: {
		{start: true, ends: 6, k: 4}, {start: true, padded: true, k: 2}, {start: true, k: 1}, {k: 1000},
		{fill: 77, k: 4, ends: 6},
	},
	Group4: {{}, {ends: 2}},
}

// decode is Decode on a buffer that holds something else.
func decode(d *Decoder, data []byte, w, h int, c Coding) ([]byte, codec.Damage) {
	out := bytes.Repeat([]byte{0xa5}, (w+7)/8*h)
	r, _ := d.Decode(out, data, w, h, c, nil)
	return out, r
}

// Each coding in each manner gives the pixels that were encoded.
func TestAllCodings(t *testing.T) {
	var d Decoder // is used for all
	for c, manners := range codings {
		for _, m := range manners {
			for i, w := range []int{1, 2, 7, 8, 9, 31, 64, 100, 1728, 2559, 2560, 2561, 2623, 2624, 6000} {
				p := draw(w, 30, uint64(i))
				data, _ := p.encode(c, m)
				out, r := decode(&d, data, w, len(p), c)
				if r.Err != nil || !bytes.Equal(out, p.bits()) {
					t.Errorf("coding %d, %+v, width %d: %v", c, m, w, r.String())
				}
			}
		}
	}
}

// All lengths of runs are those of the standard: the codes that golang.org/x/image knows.
func TestEachRunHasItsCode(t *testing.T) {
	const w = 2700
	p := make(page, 2*w+2)
	for y := range p {
		p[y] = make([]bool, w)
		for x := range p[y] {
			p[y][x] = x < y/2 == (y%2 == 0)
		}
	}
	data, _ := p.encode(Group3, manner{start: true, ends: 6})
	out, r := decode(new(Decoder), data, w, len(p), Group3)
	if r.Err != nil || !bytes.Equal(out, p.bits()) {
		t.Error(r.String())
	}
	theirs := make([]byte, len(out))
	o := &ccitt.Options{Invert: true}
	other := ccitt.NewReader(bytes.NewReader(data), ccitt.MSB, ccitt.Group3, w, len(p), o)
	if _, err := io.ReadFull(other, theirs); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out, theirs) {
		t.Error("golang.org/x/image has other pixels")
	}
}

// Where data is cut, the rows before are there, and the rest is said to be missing.
func TestRowsBeforeACutAreThere(t *testing.T) {
	const w, h = 90, 20
	p := draw(w, h, 3)
	for c, manners := range codings {
		for _, m := range manners {
			data, starts := p.encode(c, m)
			for cut := range len(data) {
				out, r := decode(new(Decoder), data[:cut], w, h, c)
				n, first, _ := r.Missing()
				there := 0 // rows behind which another begins
				for there < h-1 && starts[there+1] <= 8*cut {
					there++
				}
				if n > 0 && n != h-first || n < h-there-1 || n > h-there {
					t.Errorf("coding %d, %+v, cut at byte %d: %s: expected %d rows", c, m, cut, r.String(), there)
				}
				if want := p.bits(); !bytes.Equal(out[:(h-n)*12], want[:(h-n)*12]) {
					t.Errorf("coding %d, %+v, cut at byte %d: wrong pixels", c, m, cut)
				}
			}
		}
	}
}

// Fewer rows than the image has are those that are there, whatever says that the data ends.
func TestTooFewRows(t *testing.T) {
	const w, h, more = 90, 20, 5
	p := draw(w, h, 4)
	for c, manners := range codings {
		for _, m := range manners {
			data, _ := p.encode(c, m)
			out, r := decode(new(Decoder), data, w, h+more, c)
			if n, first, _ := r.Missing(); n != more || first != h || !bytes.Equal(out[:h*12], p.bits()) {
				t.Errorf("coding %d, %+v: %s", c, m, r.String())
			}
			// More rows than the image has are not looked at.
			out, r = decode(new(Decoder), data, w, h-more, c)
			if r.Err != nil || !bytes.Equal(out, p[:h-more].bits()) {
				t.Errorf("coding %d, %+v, fewer rows: %s", c, m, r.String())
			}
		}
	}
}

// A bad bit in Group 3 costs its row, or those up to the next by itself, and if it is of an End-of-Line also the row
// before. All others are there and in their places, but for one bit in fifty, by which codes come to stand for others.
func TestRowsBehindABadCodeAreThere(t *testing.T) {
	const w, h, stride = 90, 24, 12
	p := draw(w, h, 5)
	want := p.bits()
	for _, c := range []Coding{Group3, Group3Mixed} {
		for _, m := range []manner{{start: true, ends: 6, k: 4}, {start: true, padded: true, k: 4}} {
			data, starts := p.encode(c, m)
			starts = append(starts, 8*len(data))
			elsewhere, all := 0, 0
			for bit := starts[0]; bit < starts[h]-30*m.ends; bit++ {
				hit := 0
				for hit < h-1 && starts[hit+1] <= bit {
					hit++
				}
				from, to := max(hit-1, 0), hit+1
				for c == Group3Mixed && to < h && to%m.k != 0 {
					to++
				}
				out, r := decode(new(Decoder), flip(data, bit), w, h, c)
				all++
				n, first, last := r.Missing()
				if n > 0 && (first < from || last >= to) ||
					!bytes.Equal(out[:from*stride], want[:from*stride]) ||
					!bytes.Equal(out[to*stride:], want[to*stride:]) {
					elsewhere++
				}
			}
			if elsewhere*50 > all {
				t.Errorf("coding %d, %+v: %d of %d bits damage rows elsewhere", c, m, elsewhere, all)
			}
		}
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	code := func(c ...string) []byte {
		var p pen
		for _, s := range c {
			p.put(s)
		}
		return p.bytes()
	}
	for name, c := range map[string]struct {
		data   []byte
		coding Coding
		want   error
	}{
		"nothing":                   {nil, Group4, codec.ErrCut},
		"no code":                   {code("00000000111"), Group4, errCode},
		"end of Group 4":            {code("1", eolCode, eolCode), Group4, codec.ErrCut},
		"uncompressed in Group 4":   {code("0000001111"), Group4, ErrUncompressed},
		"uncompressed in two":       {code(eolCode, "0", "0000001111"), Group3Mixed, ErrUncompressed},
		"run over the right side":   {code(eolCode, "11011", "00110101", eolCode), Group3, errLong},
		"row that ends early":       {code(eolCode, "0111", eolCode, "0111", "11", "0111", eolCode), Group3, errEOL},
		"change before the left":    {code("010"), Group4, nil},
		"row that needs a bad one":  {code(eolCode, "1", "00000000111111", eolCode, "0", "1"), Group3Mixed, errCode},
		"two End-of-Lines in a row": {code(eolCode, "1011", "011", eolCode, eolCode, "1011", "011"), Group3, errEOL},
	} {
		out := make([]byte, 3)
		r, _ := new(Decoder).Decode(out, c.data, 8, 3, c.coding, nil)
		if c.want != nil && r.Err != c.want {
			t.Errorf("%s: %v, want %v", name, r.String(), c.want)
		}
	}
}

// Memory is what a Decoder takes.
func TestMemory(t *testing.T) {
	p := draw(5000, 3, 1)
	data, _ := p.encode(Group4, manner{})
	var d Decoder
	decode(&d, data, 5000, 3, Group4)
	if got := int64(4 * (cap(d.row) + cap(d.above))); got > Memory(5000) {
		t.Errorf("%d bytes: expected %d at most", got, Memory(5000))
	}
}

// No image takes fewer bytes than Least says.
func TestLeast(t *testing.T) {
	for c, manners := range codings {
		for _, m := range manners {
			for _, w := range []int{1, 2560, 100000} {
				p := make(page, 50)
				for y := range p {
					p[y] = make([]bool, w)
				}
				data, _ := p.encode(c, m)
				if least := Least(w, len(p), c); int64(len(data)) < least {
					t.Errorf("coding %d, %+v, width %d: %d bytes, expected %d at least", c, m, w, len(data), least)
				}
			}
		}
	}
}

// FuzzDecode holds that nothing is written outside the image, that rows which are missing are left alone, that a used
// Decoder does as a new one, and that what golang.org/x/image reads in Group 4 is read alike.
func FuzzDecode(f *testing.F) {
	for c, manners := range codings {
		for _, m := range manners {
			p := draw(70, 9, 7)
			data, _ := p.encode(c, m)
			f.Add(data, uint16(70), uint8(9), uint8(c))
		}
	}
	var used Decoder
	f.Fuzz(func(t *testing.T, data []byte, width uint16, rows, coding uint8) {
		w, h, c := int(width%3000)+1, int(rows)+1, Coding(coding%5)
		stride := (w + 7) / 8
		out := bytes.Repeat([]byte{0xa5}, stride*h+8)
		r, _ := new(Decoder).Decode(out[:stride*h], data, w, h, c, nil)
		again, r2 := decode(&used, data, w, h, c)
		if !bytes.Equal(out[:stride*h], again) || r.String() != r2.String() {
			t.Fatalf("%s, and with a used Decoder %s", r.String(), r2.String())
		}
		if !bytes.Equal(out[stride*h:], bytes.Repeat([]byte{0xa5}, 8)) {
			t.Fatal("it writes behind the image")
		}
		if c == Group4 && r.Err == nil {
			theirs := make([]byte, stride*h)
			o := &ccitt.Options{Invert: true}
			_, err := io.ReadFull(ccitt.NewReader(bytes.NewReader(data), ccitt.MSB, ccitt.Group4, w, h, o), theirs)
			if err == nil && !bytes.Equal(out[:stride*h], theirs) {
				t.Fatalf("golang.org/x/image has other pixels: %x, want %x", out[:stride*h], theirs)
			}
		}
	})
}
