package summary

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// A Warning is one kind of what was wrong, or was lost, with images that are done all the same: how often it was met,
// and one that was met. Others marks the sum of all kinds that have no place of their own.
type Warning struct {
	Count   int    `json:"count"`
	Others  bool   `json:"others,omitempty"`
	Source  string `json:"source"`
	Example string `json:"example"`

	kind string
}

// What a warning says may come from a file, so there is no end of kinds: mostKinds are counted one by one, and the
// shownKinds most frequent of them are reported.
const (
	mostKinds  = 200
	shownKinds = 30
)

var (
	rows = regexp.MustCompile(`: of [0-9]+ rows .*`) // which rows are missing, as transform says it
	name = regexp.MustCompile(`"(\\.|[^"\\])*"`)
)

// warn counts one warning. source is that of the image.
func (s *Summary) warn(source, text string) {
	s.Warnings++
	kind := kindOf(text)
	i := slices.IndexFunc(s.WarningKinds, func(w Warning) bool { return w.kind == kind && !w.Others })
	others := i < 0 && len(s.WarningKinds) >= mostKinds
	if others {
		i = slices.IndexFunc(s.WarningKinds, func(w Warning) bool { return w.Others })
	}
	if i < 0 {
		s.WarningKinds = append(s.WarningKinds, Warning{Others: others, Source: source, Example: text, kind: kind})
		i = len(s.WarningKinds) - 1
	}
	s.WarningKinds[i].Count++
}

// kindOf is a warning without what differs from image to image: its numbers, the names in quotes, and which rows are
// missing.
func kindOf(text string) string {
	text = name.ReplaceAllString(rows.ReplaceAllString(text, ""), `""`)
	var b strings.Builder
	number := false
	for _, r := range text {
		if r >= '0' && r <= '9' {
			if !number {
				b.WriteByte('#')
			}
			number = true
			continue
		}
		number = false
		b.WriteRune(r)
	}
	return b.String()
}

// sortWarnings puts the most frequent kind first. The others come last, with all kinds that are too rare to be shown.
func (s *Summary) sortWarnings() {
	slices.SortStableFunc(s.WarningKinds, func(a, b Warning) int {
		switch {
		case a.Others:
			return 1
		case b.Others:
			return -1
		}
		return cmp.Compare(b.Count, a.Count)
	})
	if len(s.WarningKinds) <= shownKinds+1 {
		return
	}
	others := s.WarningKinds[shownKinds]
	others.Others = true
	for _, rare := range s.WarningKinds[shownKinds+1:] {
		others.Count += rare.Count
	}
	s.WarningKinds = append(s.WarningKinds[:shownKinds], others)
}

// writeWarnings writes a line for each kind.
func (s *Summary) writeWarnings(w io.Writer) {
	for i, kind := range s.WarningKinds {
		if i == 0 {
			fmt.Fprintln(w, "warnings (all are in the ledger):")
		}
		example, source := Printable(kind.Example), Printable(kind.Source)
		if kind.Others {
			fmt.Fprintf(w, "  %6d  others, such as %s: %s\n", kind.Count, source, example)
			continue
		}
		fmt.Fprintf(w, "  %6d  %s, such as %s\n", kind.Count, example, source)
	}
}
