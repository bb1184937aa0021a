package summary

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// A Warning is one kind of warning about images that are done: how often it was met, and an example. Others marks the
// sum of all kinds that are not shown.
type Warning struct {
	Count   int    `json:"count"`
	Others  bool   `json:"others,omitempty"`
	Source  string `json:"source"`
	Example string `json:"example"`

	kind string
}

// The text of a warning may come from a file, so there is no end of kinds. mostKinds are counted one by one, and the
// shownKinds most frequent of them are reported.
const (
	mostKinds  = 200
	shownKinds = 30
)

var (
	rows = regexp.MustCompile(`: of [0-9]+ rows .*`) // which rows are missing, as transform says it
	name = regexp.MustCompile(`"(\\.|[^"\\])*"`)
)

// warn counts one warning about the image of a source.
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

// kindOf returns a warning without what differs from image to image: its numbers, the names in quotes, and which rows
// are missing.
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

// sortWarnings puts the most frequent kind first. Others comes last, with all kinds that are too rare to be shown.
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
