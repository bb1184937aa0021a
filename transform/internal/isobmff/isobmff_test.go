package isobmff

import (
	"bytes"
	"encoding/binary"
	"image"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// boxOf returns a box that holds parts.
func boxOf(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	return append(append(b, kind...), body...)
}

// nums returns numbers as bytes: each value in so many bytes.
func nums(pairs ...int) (b []byte) {
	for i := 0; i+1 < len(pairs); i += 2 {
		for shift := 8 * (pairs[i] - 1); shift >= 0; shift -= 8 {
			b = append(b, byte(pairs[i+1]>>shift))
		}
	}
	return b
}

// coded returns a coded image of AV1 with a reduced sequence header of w × h pixels, and a unit that is no frame.
func coded(w, h int) []byte {
	bits := uint64(0)
	n := 0
	put := func(v, width int) {
		bits = bits<<width | uint64(v)
		n += width
	}
	put(0, 3)
	put(1, 1)
	put(1, 1)
	put(0, 5)
	put(15, 4)
	put(15, 4)
	put(w-1, 16)
	put(h-1, 16)
	body := nums(8, int(bits<<(64-n)))
	return append(append([]byte{1<<3 | 2, byte(len(body))}, body...), 6<<3|2, 3, 1, 2, 3)
}

// A picture describes a file that build makes.
type picture struct {
	w, h    int // by its property
	cw, ch  int // by its coded image
	brand   string
	major   string
	props   [][]byte // further properties of the primary item
	alpha   bool
	version int // of iloc
	inIdat  bool
	rows    int // of a grid; 0 for none
	columns int
	more    [][]byte // boxes at the end of the file
	notes   int      // further items of EXIF, each of two pieces
	piece   int      // bytes of such a piece
}

// build makes a file of a picture, in the order of boxes that libavif writes.
func (p picture) build() []byte {
	image := coded(p.cw, p.ch)
	type entry struct {
		id    int
		kind  string
		data  []byte
		props []byte
		twice bool // the item is two pieces from the beginning of the file
	}
	size := func(w, h int) []byte { return boxOf("ispe", nums(4, 0, 4, w, 4, h)) }
	props := [][]byte{size(p.w, p.h), boxOf("av1C", []byte{0x81, 0, 0x0c, 0}), size(p.cw, p.ch),
		boxOf("auxC", nums(4, 0), []byte("urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00"))}
	own := []byte{1, 0x82}
	for _, b := range p.props {
		props = append(props, b)
		own = append(own, byte(len(props)))
	}
	entries := []entry{{1, "av01", image, own, false}}
	var refs []byte
	if p.rows > 0 {
		entries = []entry{{1, "grid", nums(1, 0, 1, 0, 1, p.rows-1, 1, p.columns-1, 2, p.w, 2, p.h), own, false}}
		ids := nums(2, 1, 2, p.rows*p.columns)
		for i := range p.rows * p.columns {
			entries = append(entries, entry{10 + i, "av01", image, []byte{3, 0x82}, false})
			ids = append(ids, nums(2, 10+i)...)
		}
		refs = append(refs, boxOf("dimg", ids)...)
	}
	if p.alpha {
		entries = append(entries, entry{2, "av01", image, []byte{3, 0x82, 4}, false})
		refs = append(refs, boxOf("auxl", nums(2, 2, 2, 1, 2, 1))...)
	}
	entries = append(entries, entry{3, "Exif", append(nums(4, 0), "II*\x00tiff"...), nil, false})
	refs = append(refs, boxOf("cdsc", nums(2, 3, 2, 1, 2, 1))...)
	for i := range p.notes {
		entries = append(entries, entry{100 + i, "Exif", nil, nil, true})
		refs = append(refs, boxOf("cdsc", nums(2, 100+i, 2, 1, 2, 1))...)
	}
	var infe, ipma, all []byte
	for _, e := range entries {
		infe = append(infe, boxOf("infe", nums(4, 2<<24, 2, e.id, 2, 0), []byte(e.kind+"\x00"))...)
		ipma = append(append(ipma, nums(2, e.id, 1, len(e.props))...), e.props...)
		all = append(all, e.data...)
	}
	major := p.major
	if major == "" {
		major = p.brand
	}
	ftyp := boxOf("ftyp", []byte(major+"\x00\x00\x00\x00"+p.brand+"mif1miaf"))
	meta := func(first int) []byte {
		iloc := nums(4, p.version<<24, 2, 0x4400, 2, len(entries))
		at := first
		for _, e := range entries {
			iloc = append(iloc, nums(2, e.id)...)
			if p.version > 0 {
				method := 0
				if p.inIdat {
					method = 1
				}
				iloc = append(iloc, nums(2, method)...)
			}
			if e.twice {
				iloc = append(iloc, nums(2, 0, 2, 2, 4, 0, 4, p.piece, 4, 0, 4, p.piece)...)
				continue
			}
			iloc = append(iloc, nums(2, 0, 2, 1, 4, at, 4, len(e.data))...)
			at += len(e.data)
		}
		parts := [][]byte{nums(4, 0), boxOf("hdlr", nums(8, 0), []byte("pict"), make([]byte, 13)),
			boxOf("pitm", nums(4, 0, 2, 1)), boxOf("iloc", iloc),
			boxOf("iinf", nums(4, 0, 2, len(entries)), infe), boxOf("iref", nums(4, 0), refs),
			boxOf("iprp", boxOf("ipco", props...), boxOf("ipma", nums(4, 0, 4, len(entries)), ipma))}
		if p.inIdat {
			parts = append(parts, boxOf("idat", all))
		}
		return boxOf("meta", parts...)
	}
	if p.inIdat {
		return bytes.Join(append([][]byte{ftyp, meta(0)}, p.more...), nil)
	}
	first := len(ftyp) + len(meta(0)) + 8
	return bytes.Join(append([][]byte{ftyp, meta(first), boxOf("mdat", all)}, p.more...), nil)
}

// plain is a file of one image.
func plain(props ...[]byte) picture {
	return picture{w: 40, h: 30, cw: 40, ch: 30, brand: "avif", props: props}
}

func TestHeaderSaysWhatTheFileIs(t *testing.T) {
	alpha, idat, grid, sequence := plain(), plain(), plain(), plain()
	alpha.alpha = true
	idat.inIdat, idat.version = true, 1
	grid.rows, grid.columns, grid.w, grid.h = 2, 3, 110, 55
	sequence.more = [][]byte{boxOf("moov")}
	for name, c := range map[string]struct {
		p    picture
		want func(h *Header) bool
	}{
		"size":     {plain(), func(h *Header) bool { return h.Width == 40 && h.Height == 30 && h.Orientation == 1 }},
		"EXIF":     {plain(), func(h *Header) bool { return string(h.EXIF) == "II*\x00tiff" }},
		"no alpha": {plain(), func(h *Header) bool { return !h.Alpha && h.Tiles == 1 && h.Codec == "av01" }},
		"alpha":    {alpha, func(h *Header) bool { return h.Alpha }},
		"idat":     {idat, func(h *Header) bool { return h.Width == 40 && string(h.EXIF) == "II*\x00tiff" }},
		"grid":     {grid, func(h *Header) bool { return h.Width == 110 && h.Height == 55 && h.Tiles == 6 }},
		"sequence": {sequence, func(h *Header) bool { return h.Sequence }},
		"profile": {plain(boxOf("colr", []byte("prof"), []byte("abc")), boxOf("colr", []byte("prof"), []byte("no"))),
			func(h *Header) bool { return string(h.Profile) == "abc" && !h.Color.Named }},
		"restricted profile": {plain(boxOf("colr", []byte("rICC"), []byte("abc"))),
			func(h *Header) bool { return string(h.Profile) == "abc" }},
		"numbers": {plain(boxOf("colr", []byte("nclx"), nums(2, 12, 2, 13, 2, 6, 1, 0x80))),
			func(h *Header) bool { return h.Color == Color{true, 12, 13, 6, true} }},
		"turned": {plain(boxOf("irot", nums(1, 3))), func(h *Header) bool { return h.Orientation == 6 }},
		"turned and mirrored": {plain(boxOf("irot", nums(1, 1)), boxOf("imir", nums(1, 0))),
			func(h *Header) bool { return h.Orientation == 5 }},
		"cropped": {plain(boxOf("clap", nums(4, 20, 4, 1, 4, 10, 4, 1, 4, -5, 4, 1, 4, 4, 4, 1))),
			func(h *Header) bool { return h.Crop == image.Rect(5, 14, 25, 24) && len(h.Odd) == 0 }},
		"cropped to half a pixel": {
			plain(boxOf("clap", nums(4, 21, 4, 1, 4, 10, 4, 1, 4, -5, 4, 1, 4, 4, 4, 1))),
			func(h *Header) bool { return h.Crop == image.Rect(0, 0, 40, 30) && len(h.Odd) == 1 }},
	} {
		h, err := ReadHeader(c.p.build())
		if err != nil || !c.want(h) {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

// TestWhatAFileContradictsIsAnError also has sizes in the coded image, which a decoder takes memory for.
func TestWhatAFileContradictsIsAnError(t *testing.T) {
	large, larger, alpha, grid := plain(), plain(), plain(), plain()
	large.w, large.h = 60000, 60000
	larger.cw, larger.ch = 60000, 60000
	alpha.alpha, alpha.cw = true, 41
	grid.rows, grid.columns, grid.w, grid.h = 2, 3, 121, 55
	two, long, none := plain(), plain(), plain()
	long.w, none.w = 70000, 0
	two.more = [][]byte{boxOf("meta", nums(4, 0))}
	for name, c := range map[string]struct {
		p    picture
		says string
	}{
		"a large property":       {large, "its coded image has 40x30 pixels where the file names 60000x60000"},
		"a large coded image":    {larger, "its coded image has 60000x60000 pixels where the file names 40x30"},
		"alpha of another size":  {alpha, "its coded image has 41x30"},
		"a grid with a gap":      {grid, "its grid of 3x2 images of 40x30 pixels does not make 121x55"},
		"two boxes of a kind":    {two, `it has two boxes "meta"`},
		"a large side":           {long, "expected sides of 1 to 65536"},
		"no pixels":              {none, "expected sides of 1 to 65536"},
		"a box beyond its place": {plain([]byte("\x00\x00\x00\x63free")), "larger than what holds it"},
	} {
		if _, err := ReadHeader(c.p.build()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// TestManyItemsCostNoMoreThanTheFile: each item may be joined from pieces as long as the file, so that thousands of
// them would cost a stranger nothing, and the reader gigabytes.
func TestManyItemsCostNoMoreThanTheFile(t *testing.T) {
	p := plain()
	p.notes, p.piece = 3000, 400_000
	p.more = [][]byte{boxOf("free", make([]byte, 1<<20))}
	data := p.build()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h, err := ReadHeader(data)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err != nil || h.EXIF == nil || took > 8*uint64(len(data)) {
		t.Errorf("a file of %d bytes took %d: %v", len(data), took, err)
	}
	for pieces, want := range map[int]bool{1: true, 2: false, 65535: false} {
		f := &file{items: []item{{id: 1}}}
		err := f.readPlaces(nums(4, 0, 2, 0, 2, 1, 2, 1, 2, 0, 2, pieces)) // their places and lengths have no bytes
		if (err == nil) != want {
			t.Errorf("an item of %d pieces that say nothing: %v", pieces, err)
		}
	}
}

func TestCutFileIsCutWhereItsPixelsAreCut(t *testing.T) {
	data := plain().build()
	for n := range data {
		h, err := ReadHeader(data[:n])
		switch {
		case err != nil:
		case !h.Cut:
			t.Errorf("cut at %d of %d: it looks whole", n, len(data))
		}
	}
	if h, err := ReadHeader(data); err != nil || h.Cut {
		t.Errorf("the whole file: %+v, %v", h, err)
	}
}

func TestOrientationsFollowEachOther(t *testing.T) {
	for a := 1; a <= 8; a++ {
		if then(a, 1) != a || then(1, a) != a {
			t.Errorf("%d and none is %d and %d", a, then(a, 1), then(1, a))
		}
		for b := 1; b <= 8; b++ {
			for c := 1; c <= 8; c++ {
				if then(then(a, b), c) != then(a, then(b, c)) {
					t.Errorf("%d, %d, %d: the order of pairs matters", a, b, c)
				}
			}
		}
	}
	// A quarter to the left and then upside down, and a quarter to the right and then mirrored, are the transpose.
	if then(6, 6) != 3 || then(6, 8) != 1 || then(2, 4) != 3 || then(8, 4) != 5 || then(6, 2) != 5 {
		t.Errorf("%d %d %d %d %d", then(6, 6), then(6, 8), then(2, 4), then(8, 4), then(6, 2))
	}
}

func TestProfileGoesIntoAFile(t *testing.T) {
	profile := bytes.Repeat([]byte("profile"), 1000)
	for _, version := range []int{0, 1} {
		for _, alpha := range []bool{false, true} {
			p := plain(boxOf("colr", []byte("nclx"), nums(2, 2, 2, 2, 2, 2, 1, 0x80)))
			p.version, p.alpha = version, alpha
			data := p.build()
			out, err := WithProfile(data, profile)
			if err != nil {
				t.Fatal(err)
			}
			before, err1 := ReadHeader(data)
			after, err2 := ReadHeader(out)
			if err1 != nil || err2 != nil {
				t.Fatalf("version %d, alpha %t: %v, %v", version, alpha, err1, err2)
			}
			if !bytes.Equal(after.Profile, profile) || after.Cut || !bytes.Equal(before.EXIF, after.EXIF) ||
				after.Alpha != alpha || len(out) != len(data)+12+len(profile)+1 {
				t.Errorf("version %d, alpha %t: %+v", version, alpha, after)
			}
			if w, h, ends := Measure(out); w != 40 || h != 30 || !ends {
				t.Errorf("measured %dx%d, ends %t", w, h, ends)
			}
		}
	}
	if _, err := WithProfile(picture{w: 40, h: 30, cw: 40, ch: 30, brand: "avif", version: 1, inIdat: true}.build(),
		profile); err == nil {
		t.Error("a file whose pixels are in its header was changed")
	}
}

// TestMetadataGoesIntoAFile adds XMP, EXIF or both to files that have EXIF already, which stays the first.
func TestMetadataGoesIntoAFile(t *testing.T) {
	xmp, exif := bytes.Repeat([]byte("<xmp/>"), 999), []byte("MM\x00*another")
	for _, version := range []int{0, 1} {
		for _, alpha := range []bool{false, true} {
			p := plain()
			p.version, p.alpha = version, alpha
			data := p.build()
			before, err := ReadHeader(data)
			if err != nil {
				t.Fatal(err)
			}
			for _, add := range [][2][]byte{{nil, xmp}, {exif, nil}, {exif, xmp}, {nil, nil}} {
				out, err := WithMetadata(data, add[0], add[1])
				if err != nil {
					t.Fatal(err)
				}
				after, err := ReadHeader(out)
				if err != nil || after.Cut || after.Alpha != alpha ||
					!bytes.Equal(before.EXIF, after.EXIF) || !bytes.Equal(after.XMP, add[1]) ||
					!bytes.HasSuffix(out, append(bytes.Clone(add[0]), add[1]...)) {
					t.Errorf("version %d, alpha %t: %+v, %v", version, alpha, after, err)
				}
				if w, h, ends := Measure(out); w != 40 || h != 30 || !ends {
					t.Errorf("measured %dx%d, ends %t", w, h, ends)
				}
				profiled, err := WithProfile(out, []byte("profile"))
				if err != nil {
					t.Fatal(err)
				}
				if after, err = ReadHeader(profiled); err != nil || !bytes.Equal(after.XMP, add[1]) {
					t.Errorf("with a profile: %+v, %v", after, err)
				}
			}
		}
	}
	if _, err := WithMetadata(picture{w: 40, h: 30, cw: 40, ch: 30, brand: "avif", version: 1, inIdat: true}.build(),
		exif, xmp); err == nil {
		t.Error("a file whose pixels are in its header was changed")
	}
}

func TestStillImageOfASequenceStandsAlone(t *testing.T) {
	p := plain()
	p.major, p.brand, p.more = "avis", "avis", [][]byte{boxOf("moov", []byte("movie"))}
	data := p.build()
	alone := Alone(data, "avif")
	h, err := ReadHeader(alone)
	if err != nil || h.Sequence || !bytes.HasPrefix(alone[4:], []byte("ftypavif")) ||
		bytes.Contains(alone, []byte("avis")) || len(alone) != len(data) {
		t.Errorf("%+v, %v", h, err)
	}
	if still := plain().build(); &Alone(still, "avif")[0] != &still[0] {
		t.Error("a still image was copied")
	}
}

func TestBrandsAreKnownByTheirFirstBytes(t *testing.T) {
	for brands, want := range map[string]string{
		"avif....": "avif", "avis....": "avif", "mif1....mif1avif": "avif", "mif1....mif1heic": "heic",
		"heic....": "heic", "msf1....hevc": "heic", "mif1....": "", "isom....avif": "", "": "", "crx ....": "",
	} {
		if got := Brand(boxOf("ftyp", []byte(brands))); got != want {
			t.Errorf("%s: %q, want %q", brands, got, want)
		}
	}
}

// mutants calls f with files in which some bytes, numbers or pieces are others.
func mutants(n int, f func(data []byte)) {
	r := rand.New(rand.NewPCG(1, 2))
	alpha, grid := plain(boxOf("irot", nums(1, 1))), plain()
	sequence := plain(boxOf("colr", []byte("prof"), []byte("abc")))
	alpha.alpha = true
	grid.rows, grid.columns, grid.w, grid.h = 2, 3, 110, 55
	sequence.more = [][]byte{boxOf("moov")}
	files := [][]byte{alpha.build(), grid.build(), sequence.build()}
	for i := range n {
		data := bytes.Clone(files[i%len(files)])
		for range 1 + r.IntN(4) {
			at := r.IntN(len(data))
			switch r.IntN(4) {
			case 0:
				data[at] = byte(r.Uint32())
			case 1:
				data[at] ^= 1 << r.IntN(8)
			case 2:
				copy(data[at:], []byte{0xff, 0xff, 0xff, 0xff}[:1+r.IntN(4)])
			case 3:
				data = append(data[:at:at], data[min(len(data), at+r.IntN(30)):]...)
			}
			if len(data) == 0 {
				break
			}
		}
		f(data)
	}
}

func TestMutatedFilesAreReadOrRefused(t *testing.T) {
	refused := 0
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const n = 10_000
	mutants(n, func(data []byte) {
		if len(data) == 0 {
			return
		}
		h, err := ReadHeader(data)
		if err != nil {
			refused++
		} else if h.Width < 1 || h.Height < 1 || h.Orientation < 1 || h.Orientation > 8 ||
			!h.Crop.In(image.Rect(0, 0, h.Width, h.Height)) || h.Crop.Empty() || h.Tiles < 1 {
			t.Errorf("%+v", h)
		} else {
			Alone(data, "avif")
		}
		WithProfile(data, []byte("profile"))
		WithMetadata(data, []byte("II*\x00"), []byte("<xmp/>"))
		Measure(data)
		Brand(data)
	})
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > 64<<10 {
		t.Errorf("%d bytes were allocated for a file", each)
	}
	if refused < n/4 || refused == n {
		t.Errorf("%d of %d were refused", refused, n)
	}
}

func FuzzReadHeader(f *testing.F) {
	mutants(60, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := ReadHeader(data)
		w, ht, _ := Measure(data)
		if err != nil {
			return
		}
		if h.Crop.Empty() || !h.Crop.In(image.Rect(0, 0, h.Width, h.Height)) || h.Joined > 4*int64(len(data))+1<<20 {
			t.Errorf("%+v", h)
		}
		alone := Alone(data, "avif")
		if len(alone) != len(data) {
			t.Errorf("%d bytes of %d stand alone", len(alone), len(data))
		}
		if out, err := WithMetadata(data, nil, []byte("<xmp/>")); err == nil {
			if h2, err := ReadHeader(out); err != nil || h2.Width != h.Width || !bytes.Equal(h2.EXIF, h.EXIF) {
				t.Errorf("with XMP: %v of %dx%d", err, w, ht)
			}
		}
		out, err := WithProfile(data, []byte("profile"))
		if err != nil {
			return
		}
		if h2, err := ReadHeader(out); err != nil || h2.Width != h.Width || h2.Height != h.Height {
			t.Errorf("with a profile: %v of %dx%d", err, w, ht)
		}
	})
}
