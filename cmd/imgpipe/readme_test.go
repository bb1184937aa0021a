package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"imgpipe/transform"
)

// TestReadmeListsTheOperations holds the README to the table of operations. UPDATE_README=1 writes the list anew.
func TestReadmeListsTheOperations(t *testing.T) {
	const path = "../../README.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), "<!-- operations -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end of operations -->")
	if !ok || !ok2 {
		t.Fatal("the README has no place for the operations")
	}
	var list strings.Builder
	list.WriteString("| operation | what it does | example |\n|---|---|---|\n")
	for _, op := range transform.Operations() {
		fmt.Fprintf(&list, "| `%s` | %s | `--op %s` |\n", op.Name, op.Doc, op.Example)
	}
	want := before + "<!-- operations -->\n" + list.String() + "<!-- end of operations -->" + after
	if os.Getenv("UPDATE_README") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(b) {
		t.Error("the README's list of operations is not that of transform.Operations: " +
			"run this test with UPDATE_README=1")
	}
}
