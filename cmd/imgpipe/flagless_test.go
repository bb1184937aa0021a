package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// libraries are the folders of the packages that other programs may use.
var libraries = []string{"../../pipeline", "../../fetch", "../../transform", "../../samples"}

// flagName is the name of a flag in a text.
var flagName = regexp.MustCompile(`(^|[^-\w])--[a-z][a-z-]*`)

// TestNoLibrarySpeaksOfFlags reads the texts in the source of all packages but the command's: a program that uses them
// may have no flags, or others.
func TestNoLibrarySpeaksOfFlags(t *testing.T) {
	files := token.NewFileSet()
	read := 0
	for _, dir := range libraries {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			read++
			ast.Inspect(file, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && flagName.MatchString(text.Value) {
					t.Errorf("%s: a text names a flag: %s", files.Position(text.Pos()), text.Value)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if read < 100 {
		t.Errorf("only %d files were read", read)
	}
}
