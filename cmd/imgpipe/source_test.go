package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// A source is the Go source below a folder, without tests, testdata and hidden folders.
type source struct {
	positions *token.FileSet
	files     map[string]*ast.File // by the path below the folder, with forward slashes
}

// sourceBelow parses the Go source below a folder.
func sourceBelow(t *testing.T, root string) source {
	t.Helper()
	s := source{token.NewFileSet(), map[string]*ast.File{}}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != root && (e.Name() == "testdata" || e.Name()[0] == '.'):
			return filepath.SkipDir
		case e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(s.positions, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		s.files[filepath.ToSlash(rel)] = file
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
