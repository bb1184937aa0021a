package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// shellTexts are words as people quote them.
var shellTexts = []string{
	"", "a", " a  b\tc\n", `'a b' c`, `"a b"c d`, `a\ b`, `""`, `'' a`, `"a\"b"`, `"a\b"`, `'a\b'`, `a'b'"c"`, `"it's"`,
	`GOGC=off --mode 'goroutines'`, `program="/opt/my tools/imgpipe"`, `"\$HOME"`, `é "ü ö"`, "a\\\nb",
}

func TestWordsAreThoseOfAShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh to compare with")
	}
	for _, text := range shellTexts {
		got, err := splitWords(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		script := `for w in ` + strings.TrimSuffix(text, "\n") + `; do printf '%s\0' "$w"; done`
		out, err := exec.Command(sh, "-c", script).Output()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want := strings.Split(string(out), "\x00")
		if want = want[:len(want)-1]; !slices.Equal(got, want) {
			t.Errorf("%q: words %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{`'a`, `"a`, `a\`, `"a\"`} {
		if words, err := splitWords(text); err == nil {
			t.Errorf("%q: words %q, want an error", text, words)
		}
	}
}
