package png

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"image"
	"io"
	"slices"
	"strings"
	"testing"
)

// A shown is what a Decoder makes of a file.
type shown struct {
	h       *Header
	pic     *image.NRGBA
	lacks   []bool // for each row whether it is missing
	damage  string // "" for none
	remarks []string
}

// levels are ways to pack pixels.
var levels = []int{zlib.NoCompression, zlib.HuffmanOnly, zlib.DefaultCompression}

func show(t testing.TB, data []byte) shown {
	t.Helper()
	h, err := ReadHeader(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	pic, err := rows(&d, data, h)
	if err != nil {
		t.Fatal(err)
	}
	report := d.Damage()
	s := shown{h: h, pic: pic, damage: report.String(), remarks: d.Remarks(), lacks: make([]bool, h.Height)}
	for y := range h.Height {
		s.lacks[y] = report.Misses(y)
	}
	return s
}

// row returns the pixels of row y.
func (s shown) row(y int) []byte { return s.pic.Pix[y*s.pic.Stride:][:4*s.h.Width] }

// against returns what is wrong with the rows of s, where those of the whole picture are want, and rows are there if
// there says so: a row that is there is that of the whole, and one that is missing is black, or clear if there is
// alpha.
func (s shown) against(want *image.NRGBA, there []bool) error {
	blank := bytes.Repeat([]byte{0, 0, 0, 255}, s.h.Width)
	if !s.h.Opaque {
		blank = make([]byte, 4*s.h.Width)
	}
	for y := range there {
		whole := want.Pix[y*want.Stride:][:4*s.h.Width]
		switch {
		case s.lacks[y] == there[y]:
			return fmt.Errorf("row %d is missing: %t (%s)", y, s.lacks[y], s.damage)
		case there[y] && !bytes.Equal(s.row(y), whole):
			return fmt.Errorf("row %d is not that of the whole picture (%s)", y, s.damage)
		case !there[y] && !bytes.Equal(s.row(y), blank):
			return fmt.Errorf("row %d is missing, and not blank (%s)", y, s.damage)
		}
	}
	return nil
}

// there returns which rows of a picture are there if the first n bytes of those of all passes are.
func (k kind) there(w, h, n int) []bool {
	rows := make([]bool, h)
	for y := range rows {
		rows[y] = true
	}
	starts, steps := []int{0}, []int{1}
	if k.interlaced {
		starts, steps = []int{0, 0, 4, 0, 2, 0, 1}, []int{8, 8, 8, 4, 4, 2, 2}
	}
	counts, lengths := k.rows(w, h)
	for i, count := range counts {
		for row := range count {
			if n -= lengths[i]; n < 0 {
				rows[starts[i]+row*steps[i]] = false
			}
		}
	}
	return rows
}

// TestRowsBeforeACutAreThere cuts files of every kind in all places: what has been read until there is shown.
func TestRowsBeforeACutAreThere(t *testing.T) {
	const w, h = 13, 21
	cuts := 0
	for i, k := range kinds() {
		raw := k.noise(w, h)
		data := k.file(w, h, raw, levels[i%3], 40+977*(i%2))
		want, err := reference(data)
		if err != nil {
			t.Fatal(err)
		}
		z := append(pixelsOf(data), 0, 0)
		for cut := 33; cut < len(data); cut += 1 + cut%17 {
			cuts++
			s := show(t, data[:cut])
			// What compress/flate unpacks of the bytes that are there is there. It may want some further bits for it.
			have := len(pixelsOf(data[:cut]))
			err := s.against(want, k.there(w, h, len(partly(z[:have]))))
			for more := 1; more <= 2 && err != nil; more++ {
				err = s.against(want, k.there(w, h, len(partly(z[:have+more]))))
			}
			if err != nil {
				t.Errorf("%v, cut at %d of %d: %v", k, cut, len(data), err)
			}
			if gone := slices.Contains(s.lacks, true); gone != (s.damage != "") || gone == (len(s.remarks) > 0) {
				t.Errorf("%v, cut at %d of %d: damage %q, remarks %q", k, cut, len(data), s.damage, s.remarks)
			}
			if s.damage != "" && !strings.Contains(s.damage, "the file ends before the image does: ") {
				t.Errorf("%v, cut at %d of %d: damage %q", k, cut, len(data), s.damage)
			}
		}
	}
	t.Logf("%d cuts of %d kinds", cuts, len(kinds()))
}

// pixelsOf returns what the chunks IDAT of a file hold, which may be cut.
func pixelsOf(data []byte) (z []byte) {
	for at := 8; len(data)-at >= 8; {
		n := int(binary.BigEndian.Uint32(data[at:]))
		if string(data[at+4:at+8]) == "IDAT" {
			z = append(z, data[at+8:min(len(data), at+8+n)]...)
		}
		at += 12 + n
	}
	return z
}

// partly unpacks as much as there is.
func partly(z []byte) []byte {
	out, _ := io.ReadAll(flate.NewReader(bytes.NewReader(z[min(2, len(z)):])))
	return out
}

// broken returns a file of a kind with chunks of 60 bytes, whose chunk of pixels number n was changed by f, and the
// pixels that stand before it.
func broken(k kind, w, h, level, n int, f func(chunk []byte) []byte) (data, before []byte) {
	whole := k.file(w, h, k.noise(w, h), level, 60)
	at := bytes.Index(whole, []byte("IDAT")) - 4
	for range n {
		before = append(before, whole[at+8:at+68]...)
		at += 72
	}
	size := 12 + int(binary.BigEndian.Uint32(whole[at:]))
	return slices.Concat(whole[:at], f(bytes.Clone(whole[at:at+size])), whole[at+size:]), before
}

// TestDamageInTheMiddleSparesWhatIsBefore changes or takes out a chunk of pixels. Whatever comes out, rows before it
// are those of the whole, and it is called damaged.
func TestDamageInTheMiddleSparesWhatIsBefore(t *testing.T) {
	notUnderRace(t)
	const w, h = 19, 40
	for name, f := range map[string]func(c []byte) []byte{
		"checksum": func(c []byte) []byte { c[len(c)-1] ^= 1; return c },
		"noise":    func(c []byte) []byte { copy(c[20:], "something that is no picture"); return c },
		"noise, summed": func(c []byte) []byte {
			copy(c[20:], "something that is no picture")
			return appendChunk(nil, "IDAT", c[8:len(c)-4])
		},
		"taken out":      func(c []byte) []byte { return nil },
		"a byte too few": func(c []byte) []byte { return slices.Delete(c, 30, 31) },
		"zeros":          func(c []byte) []byte { clear(c); return c },
		"no length":      func(c []byte) []byte { c[0] = 0x7f; c[30] ^= 1; return c },
		"short length":   func(c []byte) []byte { c[3] -= 9; c[30] ^= 1; return c },
	} {
		for i, k := range kinds() {
			level := levels[i%3]
			want, err := reference(k.file(w, h, k.noise(w, h), level, 60))
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{0, 1, len(pixelsOf(k.file(w, h, k.noise(w, h), level, 60))) / 60 / 2} {
				data, before := broken(k, w, h, level, n, f)
				s := show(t, data)
				// Where its own checksum is right, that of all pixels finds it.
				if s.damage == "" && (name != "noise, summed" || len(s.remarks) == 0) {
					t.Errorf("%s of chunk %d of %v: no damage, remarks %q", name, n, k, s.remarks)
				}
				for y, there := range k.there(w, h, len(partly(before))) {
					if there && (s.lacks[y] || !bytes.Equal(s.row(y), want.Pix[y*want.Stride:][:4*w])) {
						t.Errorf("%s of chunk %d of %v: row %d is not there (%s)", name, n, k, y, s.damage)
					}
				}
				// One whose checksum alone is wrong is shown as it is.
				right := bytes.Equal(s.pic.Pix, want.Pix) && strings.HasSuffix(s.damage, "of 40 rows none is missing")
				if name == "checksum" && !right {
					t.Errorf("%s of chunk %d of %v: %s", name, n, k, s.damage)
				}
			}
		}
	}
}

// TestRowsThatMayBeWrongAreNamed changes samples in rows that are not packed: none is missing, and rows before are
// right.
func TestRowsThatMayBeWrongAreNamed(t *testing.T) {
	const w, h = 40, 30
	for _, k := range kinds() {
		if k.depth < 8 {
			continue
		}
		raw := k.noise(w, h)
		counts, lengths := k.rows(w, h)
		at := 0
		for i, n := range counts {
			for row := range n {
				raw[at+row*lengths[i]] = none
			}
			at += n * lengths[i]
		}
		whole := k.file(w, h, raw, zlib.NoCompression, 100)
		want, err := reference(whole)
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Clone(whole)
		place := len(whole) / 3
		place += 50 - (place-bytes.Index(whole, []byte("IDAT")))%112 // in the middle of a chunk
		changed[place+112] ^= 0xff
		s := show(t, changed)
		var first int
		const says = "the checksum of a chunk of pixels is wrong: " +
			"of 30 rows none is missing, but from row %d on colors may be wrong"
		if _, err := fmt.Sscanf(s.damage, says, &first); err != nil {
			t.Errorf("%v: %q", k, s.damage)
			continue
		}
		differ := -1
		for y := h - 1; y >= 0; y-- {
			if !bytes.Equal(s.row(y), want.Pix[y*want.Stride:][:4*w]) {
				differ = y
			}
		}
		if differ < first || !k.interlaced && differ > first+2+200/lengths[0] {
			t.Errorf("%v: rows differ from %d on, and %q", k, differ, s.damage)
		}
	}
}

// TestRowsBehindAWrongFilterAreThereAgain has a filter that there is none of.
func TestRowsBehindAWrongFilterAreThereAgain(t *testing.T) {
	for _, k := range kinds() {
		if k.interlaced {
			continue
		}
		raw := k.noise(9, 10)
		_, lengths := k.rows(9, 10)
		for y, filter := range []byte{none, sub, up, none, average, paeth, up, sub, up, paeth} {
			raw[y*lengths[0]] = filter
		}
		want, err := reference(k.file(9, 10, raw, 6, 1000))
		if err != nil {
			t.Fatal(err)
		}
		raw[3*lengths[0]] = 5 + byte(k.depth)
		s := show(t, k.file(9, 10, raw, 6, 1000))
		there := []bool{true, true, true, false, false, false, false, true, true, true}
		if err := s.against(want, there); err != nil || !strings.Contains(s.damage, "a row names filter") {
			t.Errorf("%v: %v (%s)", k, err, s.damage)
		}
	}
}

// TestEndOfAFileMayBeMissing has all pixels there, and what follows them missing or broken: nothing is damaged, and
// something is said.
func TestEndOfAFileMayBeMissing(t *testing.T) {
	const w, h = 13, 11
	for _, k := range kinds() {
		raw := k.noise(w, h)
		whole := k.file(w, h, raw, 6, 1<<20)
		want, err := reference(whole)
		if err != nil {
			t.Fatal(err)
		}
		at := bytes.Index(whole, []byte("IDAT")) - 4
		head, z := whole[:at:at], pixelsOf(whole)
		idat := func(z ...[]byte) []byte { return appendChunk(nil, "IDAT", slices.Concat(z...)) }
		end := appendChunk(nil, "IEND", nil)
		var unfinished bytes.Buffer
		zw, _ := zlib.NewWriterLevel(&unfinished, 6)
		zw.Write(raw)
		zw.Flush()
		long := idat(z)
		binary.BigEndian.PutUint32(long, uint32(len(z)+100_000))
		short := idat(z)
		binary.BigEndian.PutUint32(short, uint32(len(z)-3))
		// longer names more bytes than the chunk has, but not more than the file has.
		longer := func(n int) []byte {
			c := idat(z)
			binary.BigEndian.PutUint32(c, uint32(len(z)+n))
			return c
		}
		more := packWith(append(bytes.Clone(raw), raw...))
		sum := binary.BigEndian.AppendUint32(nil, adler32.Checksum(raw)+1)
		for range 9 {
			zw.Flush() // blocks that hold nothing
		}
		text := appendChunk(nil, "tEXt", []byte("a\x00b"))
		wrong := idat(unfinished.Bytes()[unfinished.Len()-5:])
		wrong[len(wrong)-1] ^= 1
		for name, tail := range map[string][][]byte{
			"wrong checksum behind the pixels": {idat(unfinished.Bytes()[:unfinished.Len()-5]), wrong, end},
			"no end":                           {idat(z)},
			"half an end":                      {idat(z), end[:6]},
			"end cut by a byte":                {idat(z), end[:11]},
			"end with a wrong checksum":        {idat(z), end[:8], {1, 2, 3, 4}},
			"end with content":                 {idat(z), appendChunk(nil, "IEND", []byte("abc"))},
			"rubbish":                          {idat(z), bytes.Repeat([]byte{0xfe, 3}, 40)},
			"zeros":                            {idat(z), make([]byte, 100)},
			"no checksum of the chunk":         {idat(z)[:8+len(z)]},
			"half a checksum of the chunk":     {idat(z)[:10+len(z)]},
			"wrong checksum of the pixels":     {idat(z[:len(z)-4], sum), end},
			"no checksum of the pixels":        {idat(z[:len(z)-4]), end},
			"half a checksum of the pixels":    {idat(z[:len(z)-2]), end},
			"stream without its end":           {idat(unfinished.Bytes()), end},
			"stream that breaks off, no end":   {idat(unfinished.Bytes())},
			"twice the rows":                   {idat(more), end},
			"twice the rows, cut":              {idat(more[:len(more)-5])},
			"a pixel more":                     {idat(packWith(append(bytes.Clone(raw), 0))), end},
			"length beyond the file":           {long, end},
			"length beyond the file, no end":   {long},
			"length too small":                 {short, end},
			"length too large by 1":            {longer(1), end},
			"length too large by 5":            {longer(5), end},
			"length too large by 8":            {longer(8), end},
			"length as far as the end":         {longer(12), end},
			"text cut":                         {idat(z), appendChunk(nil, "tEXt", []byte("Comment\x00none"))[:14]},
			"length of a text beyond the file": {idat(z), {0x7f, 0, 0, 0}, []byte("tEXtabc")},
			"pixels in two parts":              {idat(z[:5]), text, idat(z[5:]), end},
		} {
			s := show(t, append(slices.Clip(head), slices.Concat(tail...)...))
			if s.damage != "" || !bytes.Equal(s.pic.Pix, want.Pix) {
				t.Errorf("%v, %s: the picture is not whole, damage %q", k, name, s.damage)
			}
			if len(s.remarks) == 0 || len(s.remarks) > 2 {
				t.Errorf("%v, %s: remarks %q", k, name, s.remarks)
			}
		}
	}
}

func packWith(raw []byte) []byte {
	var z bytes.Buffer
	zw := zlib.NewWriter(&z)
	zw.Write(raw)
	zw.Close()
	return z.Bytes()
}

// TestTooFewPixelsAreNamed has streams that end well, and too early.
func TestTooFewPixelsAreNamed(t *testing.T) {
	for _, k := range kinds() {
		raw := k.noise(9, 16)
		want, err := reference(k.file(9, 16, raw, 6, 1000))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{len(raw) - 1, len(raw) / 2, 0} {
			s := show(t, k.file(9, 16, raw[:n], 6, 1000))
			err := s.against(want, k.there(9, 16, n))
			few := strings.HasPrefix(s.damage, "there are fewer pixels than the header names: ")
			if err != nil || !few || len(s.remarks) > 0 {
				t.Errorf("%v, %d bytes of %d: %v, %s, %q", k, n, len(raw), err, s.damage, s.remarks)
			}
		}
	}
}
