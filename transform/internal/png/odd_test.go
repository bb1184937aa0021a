package png

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// with returns a file of a kind with chunks before and behind its own PLTE and tRNS, and behind its pixels.
func (k kind) with(first, before, behind []byte) []byte {
	data := k.file(9, 7, k.noise(9, 7), 6, 30)
	idat, end := bytes.Index(data, []byte("IDAT"))-4, len(data)-12
	return slices.Concat(data[:33], first, data[33:idat], before, data[idat:end], behind, data[end:])
}

func wrongSum(chunk []byte) []byte {
	chunk = bytes.Clone(chunk)
	chunk[len(chunk)-2] ^= 4
	return chunk
}

// ancillary are chunks that a file need not have.
var ancillary = []string{
	"cHRM", "cICP", "gAMA", "iCCP", "sBIT", "sRGB", "bKGD", "hIST", "tRNS", "eXIf",
	"pHYs", "sPLT", "tIME", "iTXt", "tEXt", "zTXt", "acTL", "fcTL", "abCd",
}

// TestChunksWithAWrongChecksumDoNotCount has them everywhere and in every kind of file: nothing is damaged, nobody
// sees them, and a remark names each.
func TestChunksWithAWrongChecksumDoNotCount(t *testing.T) {
	notUnderRace(t)
	files := 0
	for i, k := range kinds() {
		plain := show(t, k.with(nil, nil, nil))
		for j, name := range ancillary {
			bad := wrongSum(appendChunk(nil, name, []byte{0, 0, 0, 1, 0, 2}))
			for place := (i + j) % 2; place < 3; place += 2 {
				var chunks [3][]byte
				chunks[place] = bad
				data := k.with(chunks[0], chunks[1], chunks[2])
				visit := func(name string, _ []byte) { t.Errorf("%v: %s is shown", k, name) }
				if _, err := ReadHeader(data, visit); err != nil {
					t.Fatal(err)
				}
				files++
				s := show(t, data)
				want := []string{"its chunk " + name + " was left out: its checksum is wrong"}
				same := bytes.Equal(s.pic.Pix, plain.pic.Pix) && s.h.Opaque == plain.h.Opaque
				if s.damage != "" || !same || !slices.Equal(s.remarks, want) {
					t.Errorf("%v, %s in place %d: damage %q, remarks %q", k, name, place, s.damage, s.remarks)
				}
			}
		}
	}
	t.Logf("%d files", files)
}

// TestChunksThatBreakARuleDoNotCount has PLTE and tRNS twice, in the wrong place, of the wrong length, or where there
// is no use for them.
func TestChunksThatBreakARuleDoNotCount(t *testing.T) {
	notUnderRace(t)
	chunk := func(name string, n int) []byte { return appendChunk(nil, name, bytes.Repeat([]byte{0, 3}, n)[:n]) }
	profile := appendChunk(nil, "iCCP", []byte("a\x00\x00b"))
	for _, k := range kinds() {
		plain := show(t, k.with(nil, nil, nil))
		type variant struct {
			first, before, behind []byte
			names                 string // of the chunks that are left out
		}
		variants := map[string]variant{
			"tRNS behind the pixels":    {behind: chunk("tRNS", 2*k.samples()), names: "tRNS"},
			"IHDR twice":                {before: k.file(9, 7, nil, 6, 1)[8:33], names: "IHDR"},
			"profile behind the pixels": {behind: profile, names: "iCCP"},
		}
		if k.color != palette || k.clear {
			variants["PLTE behind the pixels"] = variant{behind: chunk("PLTE", 6), names: "PLTE"}
		}
		for _, n := range []int{0, 1, 2, 3, 4, 6, 7, 300} {
			if right := (map[int]int{gray: 2, rgb: 6})[k.color]; n != right && k.color != palette {
				variants[fmt.Sprint("tRNS of ", n)] = variant{first: chunk("tRNS", n), names: "tRNS"}
			}
			if k.color == palette {
				variants[fmt.Sprint("tRNS too early of ", n)] = variant{first: chunk("tRNS", n), names: "tRNS"}
			}
		}
		if k.clear {
			variants["tRNS twice"] = variant{before: chunk("tRNS", 2*k.samples()), names: "tRNS"}
		}
		switch k.color {
		case gray, grayAlpha:
			variants["PLTE"] = variant{first: chunk("PLTE", 6), names: "PLTE"}
			variants["PLTE twice"] = variant{first: chunk("PLTE", 6), before: chunk("PLTE", 9), names: "PLTE"}
		case rgb, rgba:
			for _, n := range []int{0, 1, 4, 771} {
				variants[fmt.Sprint("PLTE of ", n)] = variant{first: chunk("PLTE", n), names: "PLTE"}
			}
			variants["PLTE twice"] = variant{first: append(chunk("PLTE", 6), chunk("PLTE", 9)...), names: "PLTE"}
			variants["PLTE with a wrong checksum"] = variant{first: wrongSum(chunk("PLTE", 9)), names: "PLTE"}
			if k.clear {
				variants["PLTE behind tRNS"] = variant{before: chunk("PLTE", 6), names: "PLTE"}
			}
		case palette:
			variants["PLTE twice"] = variant{before: chunk("PLTE", 6), names: "PLTE"}
			variants["a wrong PLTE first"] = variant{first: wrongSum(chunk("PLTE", 6)), names: "PLTE"}
			variants["a PLTE of 4 first"] = variant{first: chunk("PLTE", 4), names: "PLTE"}
			variants["an empty PLTE first"] = variant{first: chunk("PLTE", 0), names: "PLTE"}
			variants["profile behind the palette"] = variant{before: profile, names: "iCCP"}
		}
		for name, v := range variants {
			data := k.with(v.first, v.before, v.behind)
			s := show(t, data)
			if s.damage != "" || !bytes.Equal(s.pic.Pix, plain.pic.Pix) || s.h.Opaque != plain.h.Opaque {
				t.Errorf("%v, %s: the picture is another, damage %q, remarks %q", k, name, s.damage, s.remarks)
			}
			if !strings.Contains(strings.Join(s.remarks, "; "), "its chunk "+v.names+" was left out: ") {
				t.Errorf("%v, %s: remarks %q", k, name, s.remarks)
			}
			visit := func(name string, _ []byte) { t.Errorf("%v: %s is shown", k, name) }
			if _, err := ReadHeader(data, visit); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestPaletteThatIsThereIsUsed has palettes that break a rule, and none beside them.
func TestPaletteThatIsThereIsUsed(t *testing.T) {
	for _, depth := range []int{1, 2, 4, 8} {
		k := kind{color: palette, depth: depth}
		plain := k.with(nil, nil, nil)
		own := plain[33 : bytes.Index(plain, []byte("IDAT"))-4]
		without := func(before, behind []byte) shown {
			at := bytes.Index(plain, []byte("IDAT")) - 4
			return show(t, slices.Concat(plain[:33], before, plain[at:len(plain)-12], behind, plain[len(plain)-12:]))
		}
		colors := own[8 : len(own)-4]
		longer := slices.Concat(colors, colors)
		want := show(t, plain)
		for name, s := range map[string]shown{
			"behind the pixels":     without(nil, own),
			"a byte too many":       without(appendChunk(nil, "PLTE", append(bytes.Clone(colors), 1)), nil),
			"too many colors":       without(appendChunk(nil, "PLTE", longer), nil),
			"wrong sum, and behind": without(wrongSum(own), own),
		} {
			if s.damage != "" || len(s.remarks) == 0 || !bytes.Equal(s.pic.Pix, want.pic.Pix) {
				t.Errorf("%d bits, %s: damage %q, remarks %q", depth, name, s.damage, s.remarks)
			}
		}
		s := without(wrongSum(own), nil)
		const says = "the checksum of the palette is wrong: " +
			"of 7 rows none is missing, but from row 0 on colors may be wrong"
		if !bytes.Equal(s.pic.Pix, want.pic.Pix) || s.damage != says {
			t.Errorf("%d bits: %q", depth, s.damage)
		}
		if s := without(nil, nil); s.damage != "its palette is missing: none of 7 rows is there" {
			t.Errorf("%d bits: %q", depth, s.damage)
		}
	}
}

// TestIndexBeyondThePaletteIsBlack has palettes of all lengths: what they do not name is black, and clear where the
// picture has alpha.
func TestIndexBeyondThePaletteIsBlack(t *testing.T) {
	for _, depth := range []int{1, 2, 4, 8} {
		for n := 1; n <= 1<<depth; n += 1 + n/3 {
			for _, clear := range []bool{false, true} {
				k := kind{color: palette, depth: depth}
				raw := k.noise(40, 9)
				_, lengths := k.rows(40, 9)
				highest := 0
				for i := range raw {
					if i%lengths[0] == 0 {
						raw[i] = none
						continue
					}
					for bit := 0; bit < 8; bit += depth {
						highest = max(highest, int(raw[i]>>bit)&(1<<depth-1))
					}
				}
				var colors []byte
				for i := range 3 * n {
					colors = append(colors, byte(100+i))
				}
				before := appendChunk(nil, "PLTE", colors)
				if clear {
					before = appendChunk(before, "tRNS", []byte{9})
				}
				s := show(t, file(40, 9, depth, palette, before, raw, 6, 1000))
				remark := "pixels of a color that its palette does not have are black"
				blank := [4]byte{0, 0, 0, 255}
				if clear {
					remark, blank = "pixels of a color that its palette does not have are transparent", [4]byte{}
				}
				if highest < n {
					if len(s.remarks) > 0 {
						t.Errorf("%d bits, %d colors: remarks %q", depth, n, s.remarks)
					}
				} else if !slices.Equal(s.remarks, []string{remark}) || s.damage != "" {
					t.Errorf("%d bits, %d colors: %q, remarks %q", depth, n, s.damage, s.remarks)
				}
				for y := range 9 {
					for x := range 40 {
						v := int(raw[y*lengths[0]+1+x*depth/8]>>(8-depth-x*depth%8)) & (1<<depth - 1)
						want := blank
						if v < n {
							want = [4]byte{colors[3*v], colors[3*v+1], colors[3*v+2], 255}
							if clear && v == 0 {
								want[3] = 9
							}
						}
						if got := [4]byte(s.row(y)[4*x:]); got != want {
							t.Fatalf("%d bits, %d colors, index %d: %v, want %v", depth, n, v, got, want)
						}
					}
				}
			}
		}
	}
}

// TestHeadersOfNoPictureAreRefused names what is wrong with them.
func TestHeadersOfNoPictureAreRefused(t *testing.T) {
	whole := kind{color: rgb, depth: 8}.with(nil, nil, nil)
	changed := func(at int, v byte) []byte {
		head := bytes.Clone(whole[16:29])
		head[at] = v
		return slices.Concat(whole[:8], appendChunk(nil, "IHDR", head), whole[33:])
	}
	before := func(chunk []byte) []byte { return slices.Concat(whole[:8], chunk, whole[8:]) }
	for _, c := range []struct {
		data []byte
		want string
	}{
		{before(appendChunk(nil, "CgBI", []byte{0x50, 0, 0x20, 2})), "an iPhone-optimized PNG (CgBI) cannot be read"},
		{before(appendChunk(nil, "tEXt", []byte("a\x00b"))), "its first chunk is not IHDR"},
		{slices.Concat(whole[:8], whole[33:]), "its first chunk is not IHDR"},
		{slices.Concat(whole[:8], wrongSum(whole[8:33]), whole[33:]), "the checksum of its header is wrong"},
		{whole[:32], "the file ends in its header"},
		{whole[:8], "the file ends in its header"},
		{before(appendChunk(nil, "IHDR", whole[16:28])), "its chunk IHDR has a wrong length"},
		{changed(3, 0), "it has no pixels: its size is 0x7"},
		{changed(0, 0x80), "its size is over 2,147,483,647"},
		{changed(8, 4), "a PNG of color type 2 with 4 bits cannot be read"},
		{changed(9, 5), "a PNG of color type 5 with 8 bits cannot be read"},
		{changed(12, 2), "a PNG of compression 0, filters 0 and passes 2 cannot be read"},
	} {
		if _, err := ReadHeader(c.data, nil); fmt.Sprint(err) != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	around := func(chunk []byte) []byte { return slices.Concat(whole[:33], chunk, whole[len(whole)-12:]) }
	rubbish, nothing := appendChunk(nil, "IDAT", []byte("no pixels at all")), appendChunk(nil, "IDAT", packWith(nil))
	for want, data := range map[string][]byte{
		"its pixels are missing: none of 7 rows is there":                       around(nil),
		"the file ends before the image does: none of 7 rows is there":          whole[:33],
		"the compressed pixels are damaged: none of 7 rows is there":            around(rubbish),
		"there are fewer pixels than the header names: none of 7 rows is there": around(nothing),
	} {
		if s := show(t, data); s.damage != want {
			t.Errorf("%q, want %q", s.damage, want)
		}
	}
}

// TestRemarksAreFew has all that can be wrong at once.
func TestRemarksAreFew(t *testing.T) {
	var bad []byte
	for _, name := range ancillary {
		bad = append(bad, wrongSum(appendChunk(nil, name, nil))...)
	}
	s := show(t, kind{color: rgb, depth: 8}.with(bad, bad, bad))
	if len(s.remarks) != maxRemarks || s.remarks[maxRemarks-1] != "there is more that is wrong with its chunks" {
		t.Errorf("%q", s.remarks)
	}
}
