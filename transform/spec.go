package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DefaultQuality is the quality of outputs if a Spec names none.
const DefaultQuality = 85

// A Spec says what to make of an image: turn it upright, make each of the Sizes from that, and do the Ops to each in
// their order. The zero Spec turns an image upright and keeps its format. The String of a Spec is its identity: two
// Specs with the same text make the same files.
//
// Fields may be set freely before use; Validate reports what makes no sense. A Spec in use may not be changed, and is
// safe for use by several goroutines.
//
// The text of a Spec has steps separated by semicolons:
//
//	size=320;size=1280;grayscale;blur=1.5;format=jpeg;quality=90
//
// Four steps are settings, each at most once: orient=off, background=#rrggbb, format=jpeg, quality=90. size=… may
// stand several times, and takes what the operation resize takes. All other steps are operations; see [Operations].
type Spec struct {
	// NoOrient leaves an image as it is stored. Without it, the EXIF orientation is applied. Outputs have no
	// orientation tag.
	NoOrient bool
	// Background is the color around an image that is turned or padded, and behind transparent pixels if the format of
	// the outputs has no transparency. "" is white.
	Background Color
	// Sizes has an element for each output. With none there is one output of the image's own size.
	Sizes []Resize
	// Ops are done in this order, to each size.
	Ops []Op
	// Format is the format of the outputs. "" keeps that of the source. A source whose format cannot be written
	// becomes a PNG if it may be transparent, and otherwise a JPEG.
	Format Format
	// Quality is that of outputs in a format that has one, 1 to 100. 0 is DefaultQuality.
	Quality int

	assets map[string]*asset
}

// maxSteps is the largest number of sizes and operations in one Spec.
const maxSteps = 100

// ParseSpec reads the text of a Spec. Errors name the step, the value and what was expected.
func ParseSpec(text string) (Spec, error) {
	var s Spec
	seen := map[string]bool{}
	for step := range strings.SplitSeq(text, ";") {
		step = strings.TrimSpace(step)
		if step == "" {
			continue
		}
		name, v, _ := strings.Cut(step, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		setting := slices.Contains([]string{"orient", "background", "format", "quality"}, name)
		if setting && seen[name] {
			return Spec{}, fmt.Errorf("setting %s is given twice: expected once", name)
		}
		seen[name] = true
		if err := s.add(name, strings.TrimSpace(v), step); err != nil {
			return Spec{}, err
		}
	}
	if err := s.Validate(); err != nil {
		return Spec{}, err
	}
	return s, nil
}

// add adds one step, which has a name and what comes after the first =.
func (s *Spec) add(name, v, step string) (err error) {
	switch name {
	case "orient":
		a := argument{name: "orient", kind: kindSwitch}
		var on value
		on, err = a.parse(v)
		s.NoOrient = on.num == 0
	case "background":
		s.Background, err = ParseColor(v)
		if s.Background == "#ffffff" {
			s.Background = ""
		}
	case "format":
		s.Format, err = ParseFormat(v)
	case "quality":
		s.Quality, err = ParseQuality(v)
		if s.Quality == DefaultQuality {
			s.Quality = 0
		}
	case "size":
		var r Resize
		r, err = ParseResize(v)
		s.Sizes = append(s.Sizes, r)
	default:
		var op Op
		op, err = ParseOp(step)
		s.Ops = append(s.Ops, op)
	}
	return err
}

// ParseQuality reads a quality, 1 to 100.
func ParseQuality(s string) (int, error) {
	q, err := strconv.Atoi(s)
	if err != nil || q < 1 || q > 100 {
		return 0, &ValueError{What: "quality", Value: s, Expected: "a whole number from 1 to 100"}
	}
	return q, nil
}

// Validate returns an error if s makes no sense. The error names the first wrong value and what was expected.
func (s Spec) Validate() error {
	if _, err := ParseColor(string(s.Background)); s.Background != "" && err != nil {
		return err
	}
	if s.Format != "" {
		if _, err := ParseFormat(string(s.Format)); err != nil {
			return err
		}
	}
	if s.Quality < 0 || s.Quality > 100 {
		return fmt.Errorf("quality %d: expected a whole number from 1 to 100", s.Quality)
	}
	if n := len(s.Sizes) + len(s.Ops); n > maxSteps {
		return fmt.Errorf("%d sizes and operations are asked for: expected at most %d", n, maxSteps)
	}
	labels := map[string]bool{}
	for _, r := range s.Sizes {
		if err := r.validate(); err != nil {
			return err
		}
		if labels[r.Label()] {
			return fmt.Errorf("size %q is asked for twice: expected sizes that differ", r.Label())
		}
		labels[r.Label()] = true
	}
	for _, op := range s.Ops {
		if op.op == nil {
			return fmt.Errorf("an operation is empty: expected one that ParseOp made")
		}
	}
	return nil
}

// String returns the canonical text: ParseSpec(s.String()) equals s, but for assets. It is "" for the zero Spec.
func (s Spec) String() string {
	var steps []string
	if s.NoOrient {
		steps = append(steps, "orient=off")
	}
	if c := s.Background; c != "" && c.nrgba() != Color("").nrgba() {
		if canonical, err := ParseColor(string(c)); err == nil {
			c = canonical
		}
		steps = append(steps, "background="+string(c))
	}
	for _, r := range s.Sizes {
		steps = append(steps, "size="+r.String())
	}
	for _, op := range s.Ops {
		steps = append(steps, op.String())
	}
	if s.Format != "" {
		steps = append(steps, "format="+string(s.Format))
	}
	if s.Quality != 0 && s.Quality != DefaultQuality {
		steps = append(steps, "quality="+strconv.Itoa(s.Quality))
	}
	return strings.Join(steps, ";")
}

// A Variant is one of the outputs that a Spec asks for.
type Variant struct {
	// Label is the size as it stands in the names of files: "800x600", "320", "800w" (that wide, as high as it
	// becomes), "600h" or "50pct". It is "" if there is only one output.
	Label string
}

// Variants returns the outputs that s asks for, at least one.
func (s Spec) Variants() []Variant {
	if len(s.Sizes) < 2 {
		return []Variant{{}}
	}
	list := make([]Variant, len(s.Sizes))
	for i, r := range s.Sizes {
		list[i].Label = r.Label()
	}
	return list
}

// quality returns the quality with its default.
func (s Spec) quality() int {
	if s.Quality == 0 {
		return DefaultQuality
	}
	return s.Quality
}
