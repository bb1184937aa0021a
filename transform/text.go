package transform

import (
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"imgpipe/transform/internal/lettering"
)

// maxText bounds the bytes of a text, and those of what is known of an image that goes into one.
const maxText = 1000

const textExpected = "text, in which %2C, %3B and %25 are a comma, a semicolon and a percent sign, %0A begins a " +
	"line, and {{ is a brace"

// A textField is what stands in a text for something that is known of each image.
type textField struct {
	name, doc string
	value     func(f *textFacts) string
}

// textFacts are what is known of an image.
type textFacts struct {
	name          string // Task.Name
	taken, camera string // as in a Result
	size          image.Point
}

// textFields is the table of them.
var textFields = []textField{
	{"{stem}", "its name without the extension", func(f *textFacts) string { return f.name }},
	{"{date}", "the day when it was taken", func(f *textFacts) string { return f.taken[:min(len(f.taken), 10)] }},
	{"{time}", "the time of that day", func(f *textFacts) string { return f.taken[min(len(f.taken), 11):] }},
	{"{year}", "the year", func(f *textFacts) string { return f.taken[:min(len(f.taken), 4)] }},
	{"{camera}", "its camera", func(f *textFacts) string { return f.camera }},
	{"{w}", "its width", func(f *textFacts) string { return fmt.Sprint(f.size.X) }},
	{"{h}", "its height in pixels", func(f *textFacts) string { return fmt.Sprint(f.size.Y) }},
}

func textFieldsDoc() string {
	list := make([]string, len(textFields))
	for i, f := range textFields {
		list[i] = f.name + " is " + f.doc
	}
	return strings.Join(list, ", ")
}

// A textPiece is a part of a text: as it stands there, or a field.
type textPiece struct {
	plain string
	field *textField
}

// textPieces returns the parts of a text. ok is false if a brace has no meaning.
func textPieces(text string) (pieces []textPiece, ok bool) {
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			return append(pieces, textPiece{plain: text}), true
		}
		if i > 0 {
			pieces = append(pieces, textPiece{plain: text[:i]})
		}
		text = text[i:]
		if strings.HasPrefix(text, "{{") || strings.HasPrefix(text, "}}") {
			pieces, text = append(pieces, textPiece{plain: text[:1]}), text[2:]
			continue
		}
		k := slices.IndexFunc(textFields, func(f textField) bool { return strings.HasPrefix(text, f.name) })
		if k < 0 {
			return nil, false
		}
		pieces, text = append(pieces, textPiece{field: &textFields[k]}), text[len(textFields[k].name):]
	}
	return pieces, true
}

// drawable reports whether text can be the value of an argument.
func drawable(text string) bool {
	control := func(r rune) bool { return unicode.IsControl(r) && r != '\n' }
	return strings.TrimSpace(text) != "" && len(text) <= maxText && utf8.ValidString(text) &&
		!strings.ContainsFunc(text, control)
}

// printText returns a text as it stands in a Spec.
func printText(text string) string {
	var b strings.Builder
	for i, r := range text {
		end := i == 0 || i+utf8.RuneLen(r) == len(text) // where spaces would be taken away
		if strings.ContainsRune("%,;\n", r) || end && unicode.IsSpace(r) {
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// checkText looks at the arguments of a text together. What it is written in is known only if that is built in.
func checkText(a args) error {
	if a.at("size").w.n == 0 {
		return &ValueError{What: "size", Value: a.text("size"), Expected: "at least a pixel"}
	}
	if _, ok := textPieces(a.text("text")); !ok {
		names := make([]string, len(textFields))
		for i, f := range textFields {
			names[i] = f.name
		}
		return &ValueError{
			What: "text", Value: a.text("text"), Problem: "has a brace without a meaning",
			Expected: strings.Join(names, " ") + ", or {{ and }} for braces",
		}
	}
	if a.text("font") != "" {
		return nil
	}
	return spelled(a.text("text"), lettering.Builtin())
}

// spelled returns an error unless a text can be written in a font, as far as it is known before there is an image.
func spelled(text string, f *lettering.Font) error {
	pieces, _ := textPieces(text)
	for _, p := range pieces {
		if r, found := lettering.Shaped(p.plain); found {
			return fmt.Errorf("text %q: %q (%U) is of a script whose letters change with their neighbors: expected "+
				"letters that stand side by side", text, r, r)
		}
		if r, lacks := f.Lacks(p.plain); lacks {
			return fmt.Errorf("text %q: the font has no %q (%U): expected font=FILE.ttf with a font that has it",
				text, r, r)
		}
	}
	return nil
}

// fields reports whether some text of s has a field that is one of names.
func (s Spec) fields(names ...string) bool {
	return slices.ContainsFunc(s.Ops, func(op Op) bool {
		if op.Name() != "text" {
			return false
		}
		pieces, _ := textPieces(args(op).text("text"))
		return slices.ContainsFunc(pieces, func(p textPiece) bool {
			return p.field != nil && slices.Contains(names, p.field.name)
		})
	})
}

// Names reports whether outputs have the Name of their Task written on them.
func (s Spec) Names() bool { return s.fields("{stem}") }

// dates reports whether outputs have written on them when and with what their input was taken.
func (s Spec) dates() bool { return s.fields("{date}", "{time}", "{year}", "{camera}") }

// fill returns a text with what is known of an image. What is not known, or cannot be written, is noted.
func (j *job) fill(text string, f *lettering.Font, size image.Point) string {
	facts := textFacts{name: j.name, taken: j.taken, camera: j.camera, size: size}
	pieces, _ := textPieces(text)
	var b strings.Builder
	gap := false // where nothing was written between two spaces, there is one
	for _, p := range pieces {
		if p.field == nil {
			if gap {
				p.plain = strings.TrimPrefix(p.plain, " ")
			}
			b.WriteString(p.plain)
			gap = false
			continue
		}
		known := p.field.value(&facts)
		if known == "" {
			j.remarkOnce("%s is left out: it is not known", p.field.name)
			gap = b.Len() == 0 || strings.HasSuffix(b.String(), " ")
		}
		for _, r := range known[:min(len(known), maxText)] {
			_, odd := lettering.Shaped(string(r))
			if _, lacks := f.Lacks(string(r)); odd || lacks || unicode.IsControl(r) {
				j.remarkOnce("characters of %s are written as question marks: the font lacks them", p.field.name)
				r = '?'
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// textLine returns how thick the line around letters is.
func textLine(a args) func(em int) int {
	return func(em int) int {
		if a.text("outline") == "" {
			return 0
		}
		return max(1, (em+8)/16)
	}
}

// textExtra counts the masks of the letters and of the line around them.
func textExtra(a args, w, h int) int64 {
	line := textLine(a)(a.at("size").w.of(min(w, h)))
	line = min(line, max(w, h))
	return 2*int64(w+4*line)*int64(h+4*line) + 16*int64(w+4*line) + lettering.Room
}

// applyText writes text over an image, in sRGB as --background is.
func applyText(j *job, img *image.NRGBA, a args) (*image.NRGBA, error) {
	f := lettering.Builtin()
	if name := a.text("font"); name != "" {
		held := j.assets[name]
		if held == nil || held.font == nil {
			return nil, errNoAsset
		}
		f = held.font
	}
	text := j.fill(a.text("text"), f, img.Rect.Size())
	if strings.TrimSpace(text) == "" {
		return img, nil
	}
	block, err := f.Set(text, alignOf(a.text("gravity")))
	if err != nil {
		return nil, err
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	margin := min(a.at("margin").w.of(min(w, h)), (w-1)/2, (h-1)/2)
	line := textLine(a)
	em := block.Fit(max(1, a.at("size").w.of(min(w, h))), w-2*margin, h-2*margin, line)
	if em == 0 {
		j.remarkOnce("it is left out: the image of %dx%d pixels has no room for it", w, h)
		return img, nil
	}
	bw, bh := block.Size(em)
	border := line(em)
	at := place(w-2*margin, h-2*margin, bw+2*border, bh+2*border, a.text("gravity")).Min
	at = at.Add(image.Pt(margin+border, margin+border)).Add(img.Rect.Min)
	letters, err := block.Draw(at, em, img.Rect.Inset(-border), j.ended)
	if err != nil {
		return nil, err
	}
	around := &lettering.Mask{}
	if border > 0 {
		if around, err = letters.Grown(border, img.Rect, j.ended); err != nil {
			return nil, err
		}
	}
	return j.inked(img, letters, around, a)
}

// alignOf returns where shorter lines of a text stand that has that gravity.
func alignOf(gravity string) lettering.Align {
	switch {
	case strings.Contains(gravity, "west"):
		return lettering.Left
	case strings.Contains(gravity, "east"):
		return lettering.Right
	}
	return lettering.Center
}

// inked returns img with letters over the line around them over it. It computes in whole numbers.
func (j *job) inked(img *image.NRGBA, letters, around *lettering.Mask, a args) (*image.NRGBA, error) {
	out := &image.NRGBA{Pix: slices.Clone(img.Pix), Stride: img.Stride, Rect: img.Rect}
	fill, line := Color(a.text("color")).nrgba(), Color(a.text("outline")).nrgba()
	opacity := uint64(math.Round(a.num("opacity") * 255))
	box := letters.Rect.Union(around.Rect).Intersect(img.Rect)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		if err := j.ended(); err != nil {
			return nil, err
		}
		for x := box.Min.X; x < box.Max.X; x++ {
			inside := (uint64(letters.At(x, y))*uint64(fill.A) + 127) / 255
			outside := (uint64(around.At(x, y))*uint64(line.A) + 127) / 255 * (255 - inside)
			covered := 255*inside + outside // of 255 × 255
			if covered == 0 {
				continue
			}
			// The layer has this color and that alpha.
			mix := func(p, q byte) uint64 { return (255*inside*uint64(p) + outside*uint64(q) + covered/2) / covered }
			c := [3]uint64{mix(fill.R, line.R), mix(fill.G, line.G), mix(fill.B, line.B)}
			alpha := (covered*opacity + 127) / 255
			ink(out.Pix[out.PixOffset(x, y):][:4], c, alpha)
		}
	}
	return out, nil
}

// ink lays a color over a pixel. alpha is out of 255 × 255.
func ink(pix []byte, c [3]uint64, alpha uint64) {
	const all = 255 * 255
	above := 255 * alpha
	below := uint64(pix[3]) * (all - alpha)
	sum := above + below // of 255 × all
	if sum == 0 {
		return
	}
	for i, v := range c {
		pix[i] = byte((v*above + uint64(pix[i])*below + sum/2) / sum)
	}
	pix[3] = byte((sum + all/2) / all)
}
