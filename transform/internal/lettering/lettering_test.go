package lettering

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

func never() error { return nil }

// drawn returns the mask of a text with so many pixels in an em, and the size of its block.
func drawn(t testing.TB, f *Font, text string, em int) (*Mask, image.Point) {
	t.Helper()
	b, err := f.Set(text, Left)
	if err != nil {
		t.Fatal(err)
	}
	w, h := b.Size(em)
	m, err := b.Draw(image.Point{}, em, image.Rect(-2*em, -2*em, w+2*em, h+2*em), never)
	if err != nil {
		t.Fatal(err)
	}
	return m, image.Pt(w, h)
}

func mustParse(t testing.TB, data []byte) *Font {
	t.Helper()
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLettersAreThoseOfAnotherRasterizer draws single letters with x/image's rasterizer too, eight times as large: it
// moves outlines to 64ths of a pixel and makes small curves straight. The mean of 64 of its pixels is one of ours.
func TestLettersAreThoseOfAnotherRasterizer(t *testing.T) {
	const fine = 8
	for name, data := range map[string][]byte{"regular": goregular.TTF, "italic": goitalic.TTF, "mono": gomono.TTF} {
		f := mustParse(t, data)
		parsed, err := opentype.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		sizes := []int{7, 16, 45}
		if testing.Short() {
			sizes = sizes[:1]
		}
		for _, em := range sizes {
			face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(fine * em), DPI: 72})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range "agW&@%ßж8§" {
				b, err := f.Set(string(r), Left)
				if err != nil {
					t.Fatal(err)
				}
				clip := image.Rect(-em/2, 0, 3*em/2, 2*em)
				got, err := b.Draw(image.Point{}, em, clip, never)
				if err != nil {
					t.Fatal(err)
				}
				want := image.NewAlpha(image.Rect(fine*clip.Min.X, fine*clip.Min.Y, fine*clip.Max.X, fine*clip.Max.Y))
				line := fixed.Int26_6((f.ascent*int64(fine*em)*64 + f.em/2) / f.em)
				d := font.Drawer{Dst: want, Src: image.Opaque, Face: face, Dot: fixed.Point26_6{Y: line}}
				d.DrawString(string(r))
				var ink, off, worst int
				for y := clip.Min.Y; y < clip.Max.Y; y++ {
					for x := clip.Min.X; x < clip.Max.X; x++ {
						q := 0
						for i := range fine * fine {
							q += int(want.AlphaAt(fine*x+i%fine, fine*y+i/fine).A)
						}
						q /= fine * fine
						p := int(got.At(x, y))
						ink, off, worst = ink+q, off+max(p-q, q-p), max(worst, p-q, q-p)
					}
				}
				if ink == 0 || off*50 > ink || worst > 16 {
					t.Errorf("%s %q with %d pixels: differs by %d of %d, at most by %d", name, r, em, off, ink, worst)
				}
			}
		}
	}
}

// TestMasksAreTheSameEverywhere holds masks to what they were on another machine.
func TestMasksAreTheSameEverywhere(t *testing.T) {
	sum := sha256.New()
	for _, em := range []int{5, 13, 40, 201} {
		m, _ := drawn(t, Builtin(), "© 2026 Zoë Ångström\nAVATAR Tyger жук Ω", em)
		grown, err := m.Grown(1+em/16, m.Rect.Inset(-em), never)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(m.Pix)
		sum.Write(grown.Pix)
	}
	const want = "b5817e529e02187a"
	if got := hex.EncodeToString(sum.Sum(nil)[:8]); got != want {
		t.Errorf("the masks have SHA-256 %s: expected %s", got, want)
	}
}

// TestFitIsTheLargestSize holds Fit to what it says, for all boxes of some sizes.
func TestFitIsTheLargestSize(t *testing.T) {
	border := func(em int) int { return (em + 8) / 16 }
	for _, text := range []string{"i", "a long line of text", "one\nand two\n\n3"} {
		b, err := Builtin().Set(text, Center)
		if err != nil {
			t.Fatal(err)
		}
		fits := func(em, w, h int) bool {
			bw, bh := b.Size(em)
			return bw+2*border(em) <= w && bh+2*border(em) <= h
		}
		for w := 1; w < 300; w += 7 {
			for h := 1; h < 120; h += 5 {
				const most = 40
				em := b.Fit(most, w, h, border)
				if em > most || em > 0 && !fits(em, w, h) || em < most && fits(em+1, w, h) {
					t.Fatalf("%q in %dx%d: %d pixels", text, w, h, em)
				}
			}
		}
	}
}

// TestLinesStandAsAsked has shorter lines at the left, in the middle and at the right.
func TestLinesStandAsAsked(t *testing.T) {
	const em = 40
	for align, at := range map[Align]func(rest int) int{
		Left: func(int) int { return 0 }, Center: func(rest int) int { return rest / 2 },
		Right: func(rest int) int { return rest },
	} {
		b, err := Builtin().Set("HHHHHHHH\nH", align)
		if err != nil {
			t.Fatal(err)
		}
		w, h := b.Size(em)
		clip := image.Rect(0, h/2, w, h)
		m, err := b.Draw(image.Point{}, em, clip, never)
		if err != nil {
			t.Fatal(err)
		}
		single, size := drawn(t, Builtin(), "H", em)
		want := at(w-size.X) + firstInk(single)
		if got := firstInk(m); got < want-1 || got > want+1 {
			t.Errorf("align %d: the line begins at %d: expected %d", align, got, want)
		}
	}
}

// firstInk returns the first column with a pixel that is half covered.
func firstInk(m *Mask) int {
	for x := m.Rect.Min.X; x < m.Rect.Max.X; x++ {
		for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
			if m.At(x, y) > 127 {
				return x
			}
		}
	}
	return m.Rect.Max.X
}

// TestClippedLettersAreAPart draws a text in parts: each pixel is what it is in the whole.
func TestClippedLettersAreAPart(t *testing.T) {
	b, err := Builtin().Set("Quick & b@g", Left)
	if err != nil {
		t.Fatal(err)
	}
	const em = 31
	w, h := b.Size(em)
	all := image.Rect(-5, -5, w+5, h+5)
	whole, err := b.Draw(image.Point{}, em, all, never)
	if err != nil {
		t.Fatal(err)
	}
	for y := all.Min.Y; y < all.Max.Y; y += 11 {
		for x := all.Min.X; x < all.Max.X; x += 17 {
			clip := image.Rect(x, y, x+17, y+11)
			part, err := b.Draw(image.Point{}, em, clip, never)
			if err != nil || !part.Rect.In(clip) {
				t.Fatal(err, part.Rect)
			}
			for py := y; py < y+11; py++ {
				for px := x; px < x+17; px++ {
					if part.At(px, py) != whole.At(px, py) && (image.Point{X: px, Y: py}).In(all) {
						t.Fatalf("%d,%d: %d in a part, %d in the whole", px, py, part.At(px, py), whole.At(px, py))
					}
				}
			}
		}
	}
}

// TestGrownIsTheMostNearby compares with a search of each pixel's circle.
func TestGrownIsTheMostNearby(t *testing.T) {
	m, _ := drawn(t, Builtin(), "g%", 23)
	for _, r := range []int{0, 1, 2, 3, 7} {
		clip := m.Rect.Inset(-r - 2)
		got, err := m.Grown(r, clip, never)
		if err != nil {
			t.Fatal(err)
		}
		for y := clip.Min.Y; y < clip.Max.Y; y++ {
			for x := clip.Min.X; x < clip.Max.X; x++ {
				var want byte
				for dy := -r; dy <= r; dy++ {
					for dx := -r; dx <= r; dx++ {
						if dx*dx+dy*dy <= r*r+r || dx == 0 {
							want = max(want, m.At(x+dx, y+dy))
						}
					}
				}
				if got.At(x, y) != want {
					t.Fatalf("radius %d: %d at %d,%d: expected %d", r, got.At(x, y), x, y, want)
				}
			}
		}
	}
}

// TestStopEndsDrawing has the error of stop returned from each place that asks.
func TestStopEndsDrawing(t *testing.T) {
	b, err := Builtin().Set("some text", Left)
	if err != nil {
		t.Fatal(err)
	}
	over := errors.New("over")
	if _, err := b.Draw(image.Point{}, 20, image.Rect(0, 0, 99, 99), func() error { return over }); err != over {
		t.Errorf("Draw: %v", err)
	}
	m, _ := drawn(t, Builtin(), "some text", 20)
	if _, err := m.Grown(3, m.Rect, func() error { return over }); err != over {
		t.Errorf("Grown: %v", err)
	}
}

// TestCharactersThatCannotBeDrawnAreNamed has characters that the font lacks, and some that need more than a font.
func TestCharactersThatCannotBeDrawnAreNamed(t *testing.T) {
	for text, want := range map[string]rune{
		"Zoë 1 € — Привет\nΑθήνα": 0, "a漢": '漢', "😀": '😀', "e\u0301": '\u0301', "a\tb": '\t',
	} {
		if r, lacks := Builtin().Lacks(text); r != want || lacks != (want != 0) {
			t.Errorf("%q lacks %q: expected %q", text, r, want)
		}
	}
	for text, want := range map[string]rune{
		"Zoë漢字 Привет": 0, "שלום": 'ש', "a مرحبا": 'م', "नमस्ते": 'न', "ไทย": 'ไ', "e\u0301": '\u0301',
	} {
		if r, found := Shaped(text); r != want || found != (want != 0) {
			t.Errorf("%q has %q, which changes: expected %q", text, r, want)
		}
	}
}

// bomb returns Go Regular with letters each of which consists of eight of the next: millions of the last.
func bomb(t testing.TB) []byte {
	data := append([]byte(nil), goregular.TTF...)
	o, err := findOutlines(data) // slices of data
	if err != nil {
		t.Fatal(err)
	}
	const parts = 8
	var chain []int
	for g := 4; len(chain) < 8; g++ {
		if d, ok := o.glyph(g); ok && len(d) >= 10+8*parts {
			chain = append(chain, g)
		}
	}
	for i, g := range chain[:len(chain)-1] {
		d, _ := o.glyph(g)
		d[0], d[1] = 0xff, 0xff
		for k := range parts {
			part := d[10+6*k:]
			flags := byte(2) // places are coordinates
			if k < parts-1 {
				flags |= partMore
			}
			copy(part, []byte{0, flags, byte(chain[i+1] >> 8), byte(chain[i+1]), byte(k), 0})
		}
	}
	return data
}

// TestLettersOfManyPartsAreRefused has a font of 140 KB whose letters have hundreds of millions of points.
func TestLettersOfManyPartsAreRefused(t *testing.T) {
	f := mustParse(t, bomb(t))
	refused := 0
	for r := '!'; r < 0x180; r++ {
		b, err := f.Set(string(r), Left)
		if err != nil {
			continue
		}
		if _, err = b.Draw(image.Point{}, 20, image.Rect(0, 0, 40, 40), never); errors.Is(err, errComplex) {
			refused++
		} else if err != nil {
			t.Errorf("%q: %v", r, err)
		}
	}
	if refused < 3 {
		t.Errorf("%d letters were refused: expected those that have millions of points", refused)
	}
}

// TestWhatIsNoFontIsRefused has files that are no TrueType fonts.
func TestWhatIsNoFontIsRefused(t *testing.T) {
	for data, want := range map[string]string{
		"": "damaged", "a picture, as it seems": "no font", "OTTO\x00\x01\x00\x00\x00\x00\x00\x00....": "PostScript",
		"ttcf\x00\x01\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff": "damaged",
		"\x00\x01\x00\x00\xff\xff0000000000":                   "damaged",
	} {
		if _, err := Parse([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v: expected %q", data, err, want)
		}
	}
}

// FuzzFont holds the law of fonts: whatever a file holds, it is refused, or letters are drawn inside the clip.
func FuzzFont(f *testing.F) {
	f.Add(goregular.TTF[:200], uint16(0), uint32(0))
	for i := range uint32(24) { // the places of tables, where the most depends on a byte
		f.Add([]byte{byte(i), 0xff, byte(7 * i)}, uint16(31*i), i*40)
	}
	f.Add(bomb(f)[:4], uint16(0), uint32(0))
	f.Fuzz(func(t *testing.T, patch []byte, at uint16, far uint32) {
		data := append([]byte(nil), goregular.TTF...)
		copy(data[int(at)%len(data):], patch)
		copy(data[int(far)%len(data):], patch)
		font, err := Parse(data)
		if err != nil {
			return
		}
		font.Lacks("aÅ漢")
		b, err := font.Set("Äg 1\n§", Right)
		if err != nil {
			return
		}
		clip := image.Rect(3, 5, 60, 40)
		m, err := b.Draw(image.Pt(-4, 9), 25, clip, never)
		if err != nil {
			return
		}
		if !m.Rect.In(clip) || len(m.Pix) != m.Rect.Dx()*m.Rect.Dy() {
			t.Fatalf("a mask of %v with %d bytes", m.Rect, len(m.Pix))
		}
	})
}

// BenchmarkDraw draws a line as it stands on a picture of some megapixels.
func BenchmarkDraw(b *testing.B) {
	for b.Loop() {
		m, _ := drawn(b, Builtin(), "© 2026 Zoë Ångström", 80)
		if _, err := m.Grown(5, m.Rect.Inset(-5), never); err != nil {
			b.Fatal(err)
		}
	}
}
