package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"imgpipe/transform"
)

// lists are the files that may list formats although the table is transform/format.go, with the reason.
var lists = map[string]string{
	"transform/format.go":                "the table",
	"cmd/imgpipe/internal/bench/peer.go": "what the script of Python writes",
	"transform/tiff.go":                  "codecs that the blocks of a TIFF may hold",
	"samples/server.go":                  "media types of the samples that it draws; samples imports nothing of ours",
}

// TestOnlyTheTableListsFormats holds that a new format is one row: no other file has a switch, a composite literal, a
// chain of conditions that names two formats, or a text that names three.
func TestOnlyTheTableListsFormats(t *testing.T) {
	used := map[string]bool{}
	source := sourceBelow(t, filepath.Join("..", ".."))
	checked := 0
	for name, file := range source.files {
		if strings.HasPrefix(name, "transform/internal/") || strings.Contains(name, "executortest") {
			continue // codecs are each of one format
		}
		checked++
		for _, found := range formatLists(source.positions, file) {
			if used[name] = true; lists[name] == "" {
				t.Errorf("%s:%s: formats come from transform/format.go", name, found)
			}
		}
	}
	for name := range lists {
		if !used[name] {
			t.Errorf("%s lists no formats: it needs no exception", name)
		}
	}
	if checked < 100 {
		t.Errorf("only %d files were looked at", checked)
	}
}

// formatLists returns the places in a file that name several formats at once, each as line and names.
func formatLists(files *token.FileSet, file *ast.File) (found []string) {
	note := func(n ast.Node, most int, names []string) {
		slices.Sort(names)
		if names = slices.Compact(names); len(names) > most {
			found = append(found, fmt.Sprintf("%d names %s", files.Position(n.Pos()).Line, strings.Join(names, ", ")))
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.CompositeLit, *ast.SwitchStmt:
			note(n, 1, formatNames(n))
		case *ast.BinaryExpr:
			if n.Op == token.LOR || n.Op == token.LAND {
				note(n, 1, formatNames(n))
			}
		case *ast.BasicLit:
			note(n, 2, formatWordsIn(n)) // two may be examples
		}
		return true
	})
	return found
}

// formatNames returns the formats that the constants and texts in n name.
func formatNames(n ast.Node) (names []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.BasicLit:
			if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				names = append(names, formatOf(strings.TrimPrefix(strings.ToLower(s), "."))...)
			}
		case *ast.Ident:
			for _, f := range transform.Formats() {
				if n.Name == f.Title() {
					names = append(names, string(f))
				}
			}
		}
		return true
	})
	return names
}

// formatWordsIn returns the formats that a text names in its words.
func formatWordsIn(lit *ast.BasicLit) (names []string) {
	s, err := strconv.Unquote(lit.Value)
	if err != nil || lit.Kind != token.STRING {
		return nil
	}
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(strings.ToLower(s), -1) {
		names = append(names, formatOf(word)...)
	}
	return names
}

// formatOf returns the format that a word of lower case is a name of, or nothing.
func formatOf(word string) []string {
	if f, err := transform.ParseFormat(word); err == nil && f != "" {
		return []string{string(f)}
	}
	if slices.Contains(transform.Formats(), transform.Format(word)) {
		return []string{word} // which cannot be written
	}
	return nil
}

// TestListsOfFormatsAreFound shows what counts as a list, and what does not.
func TestListsOfFormatsAreFound(t *testing.T) {
	for text, want := range map[string]bool{
		`var a = []transform.Format{transform.PNG, transform.WebP}`:   true,
		`var a = map[string]bool{".jpg": true, ".tif": true}`:         true,
		`func f() { switch a { case PNG: case GIF: } }`:               true,
		`var a = b == JPEG || b == TIFF`:                              true,
		`var a = "keep|jpeg|png|gif"`:                                 true,
		`var a = []string{"jpg", "jpeg"}`:                             false, // names of one format
		`var a = "expected files such as .jpg or .png"`:               false, // examples
		`func f() { if a == PNG { return }; if a == GIF { return } }`: false,
	} {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, "a.go", "package a\n"+text, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := formatLists(files, file); (len(got) > 0) != want {
			t.Errorf("%s: found %q", text, got)
		}
	}
}
