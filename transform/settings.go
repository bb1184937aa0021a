package transform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// settings is the table of the steps of a Spec's text that are neither a size nor an operation, in the order of its
// canonical text. Each may be given once.
var settings = []setting{
	{"orient", func(s *Spec, v string) error {
		on, err := parseSwitch("orient", v)
		s.NoOrient = !on
		return err
	}, func(s Spec) string { return when(s.NoOrient, "off") }},
	{"background", func(s *Spec, v string) error {
		c, err := ParseColor(v)
		s.Background = Color(c.text())
		return err
	}, func(s Spec) string { return s.Background.text() }},
	{"format", func(s *Spec, v string) (err error) {
		s.Formats, s.Smallest, err = ParseFormats(v)
		return err
	}, func(s Spec) string { return FormatsText(s.Formats, s.Smallest) }},
	{"quality", func(s *Spec, v string) (err error) {
		s.Quality, err = ParseQuality(v)
		return err
	}, qualityText},
	wordSetting("effort", func(s *Spec) *Effort { return &s.Effort }, EffortFast, EffortNormal, EffortHigh),
	wordSetting("chroma", func(s *Spec) *Chroma { return &s.Chroma }, ChromaAuto, ChromaHalf, ChromaFull),
	switchSetting("progressive", func(s *Spec) *bool { return &s.Progressive }),
	{"compression", func(s *Spec, v string) (err error) {
		s.Compression, err = ParseCompression(v)
		return err
	}, func(s Spec) string { return numberUnlessZero(s.Compression) }},
	{"colors", func(s *Spec, v string) (err error) {
		s.Colors, err = ParseColors(v)
		return err
	}, func(s Spec) string { return numberUnlessZero(s.Colors) }},
	wordSetting("icc", func(s *Spec) *ProfileRule { return &s.ICC }, ProfileKeep, ProfileSRGB, ProfileStrip),
	wordSetting("depth", func(s *Spec) *Depth { return &s.Depth }, DepthKeep, Depth8),
	switchSetting("linear", func(s *Spec) *bool { return &s.Linear }),
	wordSetting("metadata", func(s *Spec) *Metadata { return &s.Metadata },
		MetadataStrip, MetadataCopyright, MetadataAll),
	wordSetting("animate", func(s *Spec) *Animation { return &s.Animate }, AnimationKeep, AnimationFirst),
	switchSetting("raw-preview", func(s *Spec) *bool { return &s.RawPreview }),
	switchSetting("facts", func(s *Spec) *bool { return &s.Facts }),
	wordSetting("only-if-smaller", func(s *Spec) *IfSmaller { return &s.IfSmaller },
		IfSmallerOff, IfSmallerCopy, IfSmallerSkip),
}

// A setting is a step name=value of a Spec's text.
type setting struct {
	name string
	set  func(s *Spec, value string) error
	text func(s Spec) string // its value in canonical text; "" if it is the default
}

// findSetting returns the setting of that name, nil if there is none.
func findSetting(name string) *setting {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return &settings[i]
}

// wordSetting returns the setting of a field that holds one of some words. The first is the default, which a Spec holds
// as "".
func wordSetting[T ~string](name string, field func(s *Spec) *T, words ...T) setting {
	return setting{name,
		func(s *Spec, v string) error {
			word, err := parseOneOf(name, v, words)
			if word == words[0] {
				word = ""
			}
			*field(s) = word
			return err
		},
		func(s Spec) string {
			word := *field(&s)
			return when(word != words[0], string(word))
		},
	}
}

// switchSetting returns the setting of a field that is off by default.
func switchSetting(name string, field func(s *Spec) *bool) setting {
	return setting{name,
		func(s *Spec, v string) (err error) {
			*field(s), err = parseSwitch(name, v)
			return err
		},
		func(s Spec) string { return when(*field(&s), "on") },
	}
}

// parseOneOf reads one of some words.
func parseOneOf[T ~string](name, s string, words []T) (T, error) {
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = string(w)
	}
	v, err := parseWord(name, s, plain)
	return T(v), err
}

func parseSwitch(name, s string) (bool, error) {
	a := argument{name: name, kind: kindSwitch}
	v, err := a.parse(s)
	return v.num != 0, err
}

// ParseEffort reads fast, normal or high.
func ParseEffort(s string) (Effort, error) {
	return parseOneOf("effort", s, []Effort{EffortFast, EffortNormal, EffortHigh})
}

// ParseChroma reads auto, 420 or 444.
func ParseChroma(s string) (Chroma, error) {
	return parseOneOf("chroma", s, []Chroma{ChromaAuto, ChromaHalf, ChromaFull})
}

// ParseProfileRule reads keep, srgb or strip.
func ParseProfileRule(s string) (ProfileRule, error) {
	return parseOneOf("icc", s, []ProfileRule{ProfileKeep, ProfileSRGB, ProfileStrip})
}

// ParseDepth reads keep or 8.
func ParseDepth(s string) (Depth, error) { return parseOneOf("depth", s, []Depth{DepthKeep, Depth8}) }

// ParseMetadata reads strip, copyright or all.
func ParseMetadata(s string) (Metadata, error) {
	return parseOneOf("metadata", s, []Metadata{MetadataStrip, MetadataCopyright, MetadataAll})
}

// ParseAnimation reads keep or first.
func ParseAnimation(s string) (Animation, error) {
	return parseOneOf("animate", s, []Animation{AnimationKeep, AnimationFirst})
}

// ParseQuality reads a quality, 1 to 100.
func ParseQuality(s string) (int, error) { return parseWhole("quality", s, 1, 100) }

// ParseCompression reads a level of compression, 1 to 9.
func ParseCompression(s string) (int, error) { return parseWhole("compression", s, 1, 9) }

// ParseColors reads a number of colors, 2 to 256.
func ParseColors(s string) (int, error) { return parseWhole("colors", s, 2, 256) }

func parseWhole(name, s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high {
		return 0, &ValueError{What: name, Value: s, Expected: fmt.Sprintf("a whole number from %d to %d", low, high)}
	}
	return n, nil
}

// ParseFormats reads the names of formats to write, with commas between them: the Formats of a Spec. It returns none
// for "keep". "auto" is the smallest of those that are tried by default, and "auto:" that of a list.
func ParseFormats(s string) (list []Format, smallest bool, err error) {
	names, smallest := s, false
	if word, rest, listed := strings.Cut(s, ":"); strings.EqualFold(strings.TrimSpace(word), autoWord) {
		if smallest, names = true, rest; !listed {
			return nil, true, nil
		}
	}
	for name := range strings.SplitSeq(names, ",") {
		f, err := ParseFormat(strings.TrimSpace(name))
		if err != nil {
			return nil, false, err
		}
		if f == "" && (smallest || strings.Contains(s, ",")) {
			return nil, false, &ValueError{What: "format", Value: s,
				Expected: "keep alone, or a list of formats without it"}
		}
		if f != "" {
			list = append(list, f)
		}
	}
	return list, smallest, nil
}

// autoWord is how the smallest of some formats is asked for.
const autoWord = "auto"

// FormatsText returns the text that ParseFormats reads; "" for "keep".
func FormatsText(list []Format, smallest bool) string {
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = string(f)
	}
	text := strings.Join(names, ",")
	switch {
	case smallest && text == "":
		return autoWord
	case smallest:
		return autoWord + ":" + text
	}
	return text
}

// qualityText returns the text of the quality; "" if all outputs have it by default.
func qualityText(s Spec) string {
	same := func(f Format) bool { return !f.HasQuality() || f.DefaultQuality() == s.Quality }
	if list := s.asked(); len(list) > 0 && !slices.ContainsFunc(list, func(f Format) bool { return !same(f) }) {
		return ""
	}
	return numberUnlessZero(s.Quality)
}

// when returns text if it applies, and "" otherwise.
func when(applies bool, text string) string {
	if applies {
		return text
	}
	return ""
}

func numberUnlessZero(n int) string { return when(n != 0, strconv.Itoa(n)) }
