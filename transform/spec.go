package transform

import (
	"fmt"
	"strings"
)

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
// The steps orient=off, background=#rrggbb, format=jpeg,webp, quality=90, effort=high, chroma=444, progressive=on,
// compression=9, colors=64, icc=srgb, depth=8, linear=on, metadata=copyright, animate=first, raw-preview=on, facts=on
// and only-if-smaller=copy are settings, each at most once. size=… may stand several times, and takes what the
// operation resize takes. All other steps are operations; see [Operations].
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
	// Formats are those of the outputs: each size is written in each of them. With none, outputs keep the format of the
	// source. A source whose format cannot be written becomes a PNG if it may be transparent, and otherwise a JPEG.
	Formats []Format
	// Smallest makes one file of each size: the smallest of those Formats that suit the picture. A format without
	// transparency suits none that is transparent. One without loss suits no photo, which would be larger in it. With
	// no Formats, those are tried that every browser reads and that take little time.
	Smallest bool
	// Quality is that of outputs in a format that has one, 1 to 100. 0 is the default of the format.
	Quality int
	// Effort is how much time encoders may take.
	Effort Effort
	// Chroma is the resolution of color in formats that can reduce it.
	Chroma Chroma
	// Progressive makes JPEGs of several scans, each of which shows the whole picture more finely.
	Progressive bool
	// Compression is how hard a lossless format tries, 1 to 9. 0 is the default of the format.
	Compression int
	// Colors is the largest number of colors of an output in a format that can have a palette, 2 to 256. 0 is as many
	// as the format allows.
	Colors int
	// ICC says what becomes of the color profile.
	ICC ProfileRule
	// Depth says how many bits the samples of outputs have.
	Depth Depth
	// Linear resizes in linear light: the levels of pixels, taken for those of sRGB whatever their profile, are added
	// as the light that they stand for. It changes nothing with the filter nearest, and no other operation.
	Linear bool
	// Metadata says which metadata goes into outputs.
	Metadata Metadata
	// Animate says what becomes of an animated image.
	Animate Animation
	// RawPreview takes the largest JPEG in a camera raw file for the image. Without it, such a file is an error.
	RawPreview bool
	// Facts has a Result say when and with which camera its input was taken. No output differs for it.
	Facts bool
	// IfSmaller says what becomes of an output that is its source packed anew, and has no fewer bytes.
	IfSmaller IfSmaller

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
		if findSetting(name) != nil && seen[name] {
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
	if qualityText(s) == "" {
		s.Quality = 0
	}
	return s, nil
}

// add adds one step, which has a name and what comes after the first =.
func (s *Spec) add(name, v, step string) (err error) {
	if known := findSetting(name); known != nil {
		return known.set(s, v)
	}
	if name == "size" {
		var r Resize
		r, err = ParseResize(v)
		s.Sizes = append(s.Sizes, r)
		return err
	}
	op, err := ParseOp(step)
	s.Ops = append(s.Ops, op)
	return err
}

// Validate returns an error if s makes no sense. The error names the first wrong value and what was expected.
func (s Spec) Validate() error {
	for i := range settings {
		// A field that was set by hand is right if its text can be read.
		if text := settings[i].text(s); text != "" {
			if err := settings[i].set(new(Spec), text); err != nil {
				return err
			}
		}
	}
	extensions := map[string]Format{}
	for _, f := range s.Formats {
		if other, taken := extensions[f.Ext()]; taken && (!s.Smallest || other == f) {
			return fmt.Errorf("formats %s and %s have one extension, .%s: expected formats whose files differ in it",
				other, f, f.Ext())
		}
		extensions[f.Ext()] = f
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
	var first, last []string
	for i := range settings {
		text := settings[i].text(s)
		switch {
		case text == "":
		case settings[i].name == "orient" || settings[i].name == "background":
			first = append(first, settings[i].name+"="+text)
		default:
			last = append(last, settings[i].name+"="+text)
		}
	}
	for _, r := range s.Sizes {
		first = append(first, "size="+r.String())
	}
	for _, op := range s.Ops {
		first = append(first, op.String())
	}
	return strings.Join(append(first, last...), ";")
}

// A Variant is one of the outputs that a Spec asks for.
type Variant struct {
	// Label is the size as it stands in the names of files: "800x600", "320", "800w" (that wide, as high as it
	// becomes), "600h" or "50pct". It is "" if no size is asked for, so that of one size does not change when others
	// are added.
	Label string
	// Format is the format, or "" if that follows from the image.
	Format Format
}

// Variants returns the outputs that s asks for, at least one: all formats of the first size, then those of the next.
func (s Spec) Variants() (list []Variant) {
	formats := s.Formats
	if len(formats) == 0 || s.Smallest {
		formats = []Format{""}
	}
	for _, label := range s.Labels() {
		for _, f := range formats {
			list = append(list, Variant{label, f})
		}
	}
	return list
}

// Labels returns the Label of each size that s asks for, at least one.
func (s Spec) Labels() []string {
	if len(s.Sizes) == 0 {
		return []string{""}
	}
	list := make([]string, len(s.Sizes))
	for i, r := range s.Sizes {
		list[i] = r.Label()
	}
	return list
}
