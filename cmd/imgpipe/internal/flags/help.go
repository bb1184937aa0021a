package flags

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

const (
	// column is where the usage of a flag begins. A longer head gets a line of its own.
	column = 28
	// narrowest is the least width that the usage of a flag gets, however narrow the terminal.
	narrowest = 30
)

// WriteHelp writes the help of those flags of set for which show reports true. They stand under their headings, in the
// order in which they were added. No line is longer than width, as far as its words allow. Hidden flags are left out.
// Flags that no Group has added stand under Other.
func WriteHelp(w io.Writer, set *pflag.FlagSet, width int, show func(*pflag.Flag) bool) {
	last := ""
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || !show(f) {
			return
		}
		heading := Heading(f)
		if heading == "" {
			heading = "Other"
		}
		if heading != last {
			fmt.Fprintf(w, "\n%s\n", strings.Join(Wrap(heading+":", width), "\n"))
			last = heading
		}
		writeFlag(w, f, width)
	})
}

// longest is the longest list of words that stands beside the name of its flag. A longer one is for the usage.
const longest = 60

// Head returns how a flag is written, as in "-o, --output DIR".
func Head(f *pflag.Flag) string {
	head := "--" + f.Name
	if f.Shorthand != "" {
		head = "-" + f.Shorthand + ", " + head
	}
	switch kind := f.Value.Type(); {
	case kind == switchKind:
	case len(kind) > longest:
		head += " " + strings.ToUpper(f.Name)
	default:
		head += " " + kind
	}
	return head
}

// UsageOf returns the paragraph of help of a flag, with its default.
func UsageOf(f *pflag.Flag) string {
	if d := f.DefValue; d != "" && d != "false" && d != "0" && !strings.Contains(f.Usage, "default") {
		return f.Usage + " (default " + d + ")"
	}
	return f.Usage
}

func writeFlag(w io.Writer, f *pflag.Flag, width int) {
	head := "  " + Head(f)
	if f.Shorthand == "" {
		head = "      " + Head(f)
	}
	lines := Wrap(UsageOf(f), max(width-column, narrowest))
	if utf8.RuneCountInString(head) < column-1 {
		fmt.Fprintf(w, "%-*s%s\n", column, head, lines[0])
		lines = lines[1:]
	} else {
		fmt.Fprintln(w, head)
	}
	for _, line := range lines {
		fmt.Fprintf(w, "%*s%s\n", column, "", line)
	}
}

// Wrap splits a paragraph into lines of at most width characters. A longer word gets a line of its own. It returns at
// least one line.
func Wrap(text string, width int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}
