//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAListOnStandardInputIsReadOnceWhateverItIsCalled has the list in a regular file, which could be read twice if it
// were opened by its own name: a run that counts its inputs must not take any of them away.
func TestAListOnStandardInputIsReadOnceWhateverItIsCalled(t *testing.T) {
	dir := t.TempDir()
	const n = 2000
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, "nowhere-%d.jpg\n", i)
	}
	list := filepath.Join(dir, "list.txt")
	if err := os.WriteFile(list, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"-", "/dev/stdin", "/dev/fd/0"} {
		for _, mode := range []string{"suffix", "overwrite"} {
			out := filepath.Join(dir, fmt.Sprint(i, mode))
			if err := os.Mkdir(out, 0o700); err != nil {
				t.Fatal(err)
			}
			in, err := os.Open(list)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			cmd := program(t.Context(), "run", "-o", out, "-i", name, "--on-exist", mode)
			cmd.Dir, cmd.Stdin = dir, in
			said, _ := cmd.CombinedOutput() // all of them fail
			if want := fmt.Sprintf("0 done, %d failed", n); !strings.Contains(string(said), want) {
				t.Errorf("%s, %s: want %s, got\n%.600s", name, mode, want, said[max(0, len(said)-600):])
			}
		}
	}
}
