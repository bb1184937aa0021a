package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DefaultQuality is that of JPEG files where a Spec names none.
const DefaultQuality = 85

// A Spec says what is to be made of an image. It turns it upright, makes each of its Sizes from that, and does its Ops to each in
// their order. The zero Spec turns upright and keeps the format. Its String is its identity: two Specs with the same text make
// the same files. Its fields may be set freely before use; Validate tells whether they make sense. Once in use it may not
// be changed, and is safe for use by several goroutines.
//
// The text of a Spec has steps separated by semicolons:
//
//	size=320;size=1280;grayscale;blur=1.5;format=jpeg;quality=90
//
// Settings come first and last, each at most once: orient=off, background=#rrggbb, format=jpeg, quality=90. size=… may stand
// several times, and takes what the operation resize takes. All other steps are operations; see Operations.
type Spec struct {
	// NoOrient leaves an image as it is stored. Without it the EXIF orientation is applied. No output has an orientation tag.
	NoOrient bool
	// Background shows where an image is turned or padded, and behind transparent pixels in a format that has none. "" is
	// white.
	Background Color
	// Sizes has an element for each output. None is one output of the image's own size.
	Sizes []Resize
	// Ops are done in this order, to each size.
	Ops []Op
	// Format is the format of the outputs. "" keeps that of the source; a WebP becomes a PNG where it has transparency and
	// otherwise a JPEG, as WebP cannot be written.
	Format Format
	// Quality is that of JPEG outputs, 1 to 100. 0 is DefaultQuality.
	Quality int

	assets map[string]*asset
}

// maxSteps bounds what one Spec can ask for.
const maxSteps = 100

// ParseSpec reads the text form of a Spec. Errors name the step, the value and what was expected.
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

// ParseQuality reads the quality of a JPEG, 1 to 100.
func ParseQuality(s string) (int, error) {
	q, err := strconv.Atoi(s)
	if err != nil || q < 1 || q > 100 {
		return 0, &ValueError{What: "quality", Value: s, Expected: "a whole number from 1 to 100"}
	}
	return q, nil
}

// Validate tells whether s makes sense: the first error names the value and what was expected.
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

// String gives the canonical text form: ParseSpec(s.String()) equals s, but for assets. It is "" for the zero Spec.
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

// MarshalText gives String.
func (s Spec) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseSpec.
func (s *Spec) UnmarshalText(text []byte) error {
	parsed, err := ParseSpec(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// A Variant is one of the outputs that a Spec asks for.
type Variant struct {
	// Label names the size, as it stands in the names of files: "800x600", "320", "800w" (that wide, as high as it becomes),
	// "600h", "50pct"; "" where there is only one output.
	Label string
}

// Variants lists the outputs that s asks for, at least one.
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

func (s Spec) quality() int {
	if s.Quality == 0 {
		return DefaultQuality
	}
	return s.Quality
}
