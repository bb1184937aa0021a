package summary

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Warning is one kind of what was wrong, or was lost, with images that are done all the same: how often it was met,
// and one that was met.
type Warning struct {
	Count   int    `json:"count"`
	Source  string `json:"source"`
	Example string `json:"example"`

	kind string
}

// mostKinds bounds the kinds that are told apart: what a warning says may come from a file.
const mostKinds = 30

// otherKinds is the kind of all that is beyond.
const otherKinds = "others"

// warn counts one warning. source is that of the image.
func (s *Summary) warn(source, text string) {
	s.Warnings++
	kind := kindOf(text)
	i := slices.IndexFunc(s.WarningKinds, func(w Warning) bool { return w.kind == kind })
	if i < 0 && len(s.WarningKinds) >= mostKinds {
		kind = otherKinds
		i = slices.IndexFunc(s.WarningKinds, func(w Warning) bool { return w.kind == kind })
	}
	if i < 0 {
		s.WarningKinds = append(s.WarningKinds, Warning{Source: source, Example: text, kind: kind})
		i = len(s.WarningKinds) - 1
	}
	s.WarningKinds[i].Count++
}

// kindOf is a warning without its numbers: those differ from image to image.
func kindOf(text string) string {
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

// sortWarnings puts the most frequent kind first.
func (s *Summary) sortWarnings() {
	slices.SortStableFunc(s.WarningKinds, func(a, b Warning) int { return cmp.Compare(b.Count, a.Count) })
}

// writeWarnings writes a line for each kind.
func (s *Summary) writeWarnings(w io.Writer) {
	for i, kind := range s.WarningKinds {
		if i == 0 {
			fmt.Fprintln(w, "warnings (all are in the ledger):")
		}
		fmt.Fprintf(w, "  %6d  %s, such as %s\n", kind.Count, Printable(kind.Example), Printable(kind.Source))
	}
}
