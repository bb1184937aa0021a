package flags

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// table has flags of each sort.
func table() *pflag.FlagSet {
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	set.SortFlags = false
	size, text, on := 3, "", false
	Group{set, "First"}.Add(
		Flag{Name: "size", Short: "s", Value: Whole(&size, 1, 9), Usage: "how large", Common: true},
		Flag{Name: "a-name-that-is-rather-long", Value: Text(&text, "FILE"), Usage: strings.Repeat("word ", 40)},
	)
	Group{set, "Second"}.Add(
		Flag{Name: "fit", Value: Choice(&text, "inside", "cover"), Usage: "which (default inside)"},
		Flag{Name: "on", Value: Switch(&on), Usage: "do it"},
		Flag{Name: "secret", Value: Switch(&on), Usage: "tell nobody", Hidden: true},
	)
	return set
}

func help(width int, show func(*pflag.Flag) bool) string {
	var b strings.Builder
	WriteHelp(&b, table(), width, show)
	return b.String()
}

func everything(*pflag.Flag) bool { return true }

func TestHelpNamesFlagValueAndDefault(t *testing.T) {
	const want = `
First:
  -s, --size N              how large (default 3)
      --a-name-that-is-rather-long FILE
                            word word word word word word word word word word word word word word word word
                            word word word word word word word word word word word word word word word word
                            word word word word word word word word

Second:
      --fit inside|cover    which (default inside)
      --on                  do it
`
	if got := help(108, everything); got != want {
		t.Errorf("the help is\n%s\nwant\n%s", got, want)
	}
}

func TestShortHelpShowsCommonFlagsAlone(t *testing.T) {
	const want = `
First:
  -s, --size N              how large (default 3)
`
	if got := help(80, IsCommon); got != want {
		t.Errorf("the help is\n%s\nwant\n%s", got, want)
	}
}

func TestHelpFitsTheTerminal(t *testing.T) {
	for width := 60; width < 140; width++ {
		for line := range strings.Lines(help(width, everything)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d characters in a terminal of %d: %q", n, width, line)
			}
		}
	}
}

// TestWrappingKeepsTheWords: a paragraph is the same words after it has been wrapped, however narrow.
func TestWrappingKeepsTheWords(t *testing.T) {
	const text = "a paragraph with äöü and a-word-that-is-longer-than-the-narrowest-line, and its end"
	for width := range 90 {
		lines := Wrap(text, width)
		if got := strings.Join(lines, " "); got != text {
			t.Errorf("wrapped to %d: %q", width, got)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > width && strings.Contains(line, " ") {
				t.Errorf("wrapped to %d: %q", width, line)
			}
		}
	}
	if got := Wrap("", 10); len(got) != 1 || got[0] != "" {
		t.Errorf("nothing is wrapped to %q", got)
	}
}

func TestWordsAreThoseOfTheFlag(t *testing.T) {
	set := table()
	var l Limit
	Group{set, "Third"}.Add(Flag{Name: "limit", Value: CountOrShare(&l)})
	for name, want := range map[string]string{"fit": "inside cover", "size": "", "limit": "", "on": ""} {
		if got := strings.Join(Words(set.Lookup(name)), " "); got != want {
			t.Errorf("--%s takes the words %q, want %q", name, got, want)
		}
	}
}

func TestACopyOfAFlagMovesAlone(t *testing.T) {
	flag := table().Lookup("size")
	moved := *flag
	Move(&moved, "Elsewhere", true)
	if Heading(flag) != "First" || Heading(&moved) != "Elsewhere" || !IsCommon(&moved) {
		t.Errorf("the flag stands under %q, its copy under %q", Heading(flag), Heading(&moved))
	}
}
