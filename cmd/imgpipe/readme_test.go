package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// TestReadmeListsWhatTheTablesHave holds the README to the tables of operations, formats and failure classes.
// UPDATE_README=1 writes the lists anew.
func TestReadmeListsWhatTheTablesHave(t *testing.T) {
	const path = "../../README.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(b)
	for name, list := range map[string]string{
		"operations": readmeOperations(), "formats": readmeFormats(), "classes": readmeClasses(),
	} {
		before, rest, ok := strings.Cut(want, "<!-- "+name+" -->\n")
		_, after, ok2 := strings.Cut(rest, "<!-- end of "+name+" -->")
		if !ok || !ok2 {
			t.Fatalf("the README has no place for the %s", name)
		}
		want = before + "<!-- " + name + " -->\n" + list + "<!-- end of " + name + " -->" + after
	}
	if os.Getenv("UPDATE_README") != "" {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(b) {
		t.Error("the README's lists are not those of the tables: run this test with UPDATE_README=1")
	}
}

func readmeOperations() string {
	var list strings.Builder
	list.WriteString("| operation | what it does | example |\n|---|---|---|\n")
	for _, op := range transform.Operations() {
		fmt.Fprintf(&list, "| `%s` | %s | `--op %s` |\n", op.Name, op.Doc, op.Example)
	}
	return list.String()
}

func readmeFormats() string {
	yes := map[bool]string{true: "yes", false: "no"}
	var list strings.Builder
	list.WriteString("| format | read | written | transparency kept | color profile kept |\n|---|---|---|---|---|\n")
	for _, f := range transform.Formats() {
		if !f.Writable() {
			clear, opaque := keptAs(f)
			fmt.Fprintf(&list, "| %s | yes | no: becomes %s or %s | | |\n", f.Title(), clear.Title(), opaque.Title())
			continue
		}
		fmt.Fprintf(&list, "| %s | %s | yes | %s | %s |\n",
			f.Title(), yes[f.Readable()], yes[f.HasAlpha()], yes[f.HasProfile()])
	}
	return list.String()
}

func readmeClasses() string {
	var list strings.Builder
	list.WriteString("| class | what happened | tried again by the same command |\n|---|---|---|\n")
	for _, c := range pipeline.Classes() {
		again := "yes"
		if c.Lasts {
			again = "no"
		}
		fmt.Fprintf(&list, "| `%s` | %s | %s |\n", c.Name, c.Meaning, again)
	}
	return list.String()
}
