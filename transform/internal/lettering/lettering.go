// Package lettering draws lines of text in a TrueType font, as a mask of how much of each pixel the letters cover.
//
//	file -> Parse -> Font -> Set -> Block -> Draw -> Mask
//
// Start with [Builtin] or [Parse], then [Font.Set]. Letters stand side by side, from left to right, with the kerning of
// the font. Nothing else is done to them: scripts whose letters change with their neighbors are for the caller to
// refuse, see [Shaped].
//
// Everything is computed in whole numbers, so a mask has the same bytes on every machine. A font may come from a
// stranger: an outline of more points than [maxPoints] is refused before it is read, and a panic of the reader is an
// error. The package starts no goroutine and keeps no state but the font that is built in.
package lettering

import (
	"errors"
	"fmt"
	"image"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// A Font is a TrueType font. It does not change, and is safe for use by several goroutines.
type Font struct {
	sfnt     *sfnt.Font
	outlines outlines
	// Lengths are in units of the font. em is how many of them the size of a text is.
	em      int64
	ascent  int64 // of the highest letters above the line that letters stand on
	descent int64 // of the lowest below it
	leading int64 // from one such line to the next
}

var errDamaged = errors.New("it is damaged: expected a TrueType font")

// Parse reads a TrueType font, or the first of a collection. It keeps data, which may not change afterwards.
func Parse(data []byte) (f *Font, err error) {
	defer damaged(&err)
	o, err := findOutlines(data)
	if err != nil {
		return nil, err
	}
	all, err := sfnt.ParseCollection(data)
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", errDamaged, err)
	}
	first, err := all.Font(0)
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", errDamaged, err)
	}
	em := first.UnitsPerEm()
	if em < 16 || em > 16384 { // OpenType, table head
		return nil, fmt.Errorf("%w (%d units in an em)", errDamaged, em)
	}
	// A size of that many units leaves all lengths as they are.
	m, err := first.Metrics(nil, fixed.Int26_6(em), font.HintingNone)
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", errDamaged, err)
	}
	f = &Font{sfnt: first, outlines: o, em: int64(em), ascent: int64(m.Ascent), descent: int64(m.Descent)}
	if height := f.ascent + f.descent; f.ascent < 0 || f.descent < 0 || height == 0 || height > 16*f.em {
		f.ascent, f.descent = f.em, 0 // they make no sense
	}
	f.leading = max(f.ascent+f.descent, min(int64(m.Height), 16*f.em))
	return f, nil
}

// damaged makes errDamaged of a panic.
func damaged(err *error) {
	if p := recover(); p != nil {
		*err = errDamaged
	}
}

var builtin = sync.OnceValue(func() *Font {
	f, err := Parse(goregular.TTF)
	if err != nil {
		panic("lettering: the font that is built in: " + err.Error())
	}
	return f
})

// Builtin returns Go Regular, which has the letters of Latin, Greek and Cyrillic.
func Builtin() *Font { return builtin() }

// Lacks returns the first character of text for which f has no glyph. A line break needs none.
func (f *Font) Lacks(text string) (r rune, lacks bool) {
	var b sfnt.Buffer
	for _, r := range text {
		if r != '\n' && f.glyph(&b, r) == 0 {
			return r, true
		}
	}
	return 0, false
}

// Check returns an error if the letters of text cannot be drawn, because the font is damaged there.
func (f *Font) Check(text string) error {
	b, err := f.Set(text, Left)
	if err != nil {
		return err
	}
	_, err = b.Draw(image.Point{}, 16, image.Rectangle{}, func() error { return nil })
	return err
}

// glyph returns the number of the glyph of a character, 0 for none.
func (f *Font) glyph(b *sfnt.Buffer, r rune) (x sfnt.GlyphIndex) {
	var err error
	defer damaged(&err)
	if x, err = f.sfnt.GlyphIndex(b, r); err != nil || int(x) >= f.sfnt.NumGlyphs() {
		return 0
	}
	return x
}

// shaped are scripts whose letters change with their neighbors, or are written from right to left.
var shaped = []*unicode.RangeTable{
	unicode.Arabic, unicode.Bengali, unicode.Devanagari, unicode.Gujarati, unicode.Gurmukhi, unicode.Hebrew,
	unicode.Kannada, unicode.Khmer, unicode.Lao, unicode.Malayalam, unicode.Mn, unicode.Mongolian, unicode.Myanmar,
	unicode.Nko, unicode.Oriya, unicode.Sinhala, unicode.Syriac, unicode.Tamil, unicode.Telugu, unicode.Thaana,
	unicode.Thai, unicode.Tibetan,
}

// Shaped returns the first character of text that cannot be drawn beside others as it is.
func Shaped(text string) (r rune, found bool) {
	for _, r := range text {
		if r >= 0x300 && unicode.In(r, shaped...) {
			return r, true
		}
	}
	return 0, false
}

// An Align says where shorter lines of a block stand.
type Align int

// The places of shorter lines.
const (
	Left Align = iota
	Center
	Right
)

// A Block is lines of text, set in a font. It does not change.
type Block struct {
	font          *Font
	letters       []letter
	width, height int64 // in units of the font
}

// A letter is a glyph at a place: of its origin, in units of the font from the top left of the block.
type letter struct {
	glyph sfnt.GlyphIndex
	x, y  int64
}

// Set places the letters of text, whose lines end in line breaks. A character that f lacks is left out.
func (f *Font) Set(text string, align Align) (b *Block, err error) {
	defer damaged(&err)
	b = &Block{font: f}
	var buf sfnt.Buffer
	em := fixed.Int26_6(f.em)
	var widths []int64
	var ends []int // of each line in letters
	y := f.ascent
	for line := range strings.SplitSeq(text, "\n") {
		x, before := int64(0), sfnt.GlyphIndex(0)
		for _, r := range line {
			g := f.glyph(&buf, r)
			if g == 0 {
				continue
			}
			if before != 0 {
				if kern, err := f.sfnt.Kern(&buf, before, g, em, font.HintingNone); err == nil {
					x = max(x+int64(kern), 0)
				}
			}
			b.letters = append(b.letters, letter{g, x, y})
			advance, err := f.sfnt.GlyphAdvance(&buf, g, em, font.HintingNone)
			if err != nil {
				return nil, fmt.Errorf("%w (%v)", errDamaged, err)
			}
			x, before = x+int64(advance), g
		}
		widths, ends = append(widths, x), append(ends, len(b.letters))
		b.width, b.height = max(b.width, x), y+f.descent
		y += f.leading
	}
	first := 0
	for i, end := range ends {
		shift := (b.width - widths[i]) * int64(align) / 2
		for k := first; k < end; k++ {
			b.letters[k].x += shift
		}
		first = end
	}
	return b, nil
}

// Size returns the pixels of b if an em has so many. A block without a letter has no width.
func (b *Block) Size(em int) (w, h int) {
	return int(up(b.width*int64(em), b.font.em)), int(up(b.height*int64(em), b.font.em))
}

// Fit returns the largest em of at most that many pixels at which b has at most w × h pixels, with border(em) more on
// each side. It is 0 if there is none.
func (b *Block) Fit(em, w, h int, border func(em int) int) int {
	if b.width > 0 {
		em = int(min(int64(em), int64(w)*b.font.em/b.width))
	}
	em = int(min(int64(em), int64(h)*b.font.em/b.height))
	for ; em > 0; em-- {
		if bw, bh := b.Size(em); bw+2*border(em) <= w && bh+2*border(em) <= h {
			break
		}
	}
	return max(em, 0)
}

func up(a, b int64) int64 { return (a + b - 1) / b }
