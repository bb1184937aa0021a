package procs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestEveryPathOfTransformIsBelieved parses package transform: the names of its paths, which its types called …Path
// return from a method name, are those that an answer may have, besides none.
func TestEveryPathOfTransformIsBelieved(t *testing.T) {
	files, err := filepath.Glob("../../transform/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("the source of package transform is not there", err)
	}
	var names []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "name" && isPath(f.Recv) {
				ast.Inspect(f, func(n ast.Node) bool {
					if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
						name, _ := strconv.Unquote(literal.Value)
						names = append(names, name)
					}
					return true
				})
			}
		}
	}
	slices.Sort(names)
	known := slices.Sorted(slices.Values(knownPaths))
	if names = slices.Compact(names); !slices.Equal(append([]string{""}, names...), known) {
		t.Errorf("transform has the paths %q, and an answer may have %q", names, known)
	}
}

// isPath reports whether a receiver's type is called …Path.
func isPath(receiver *ast.FieldList) bool {
	if receiver == nil {
		return false
	}
	e := receiver.List[0].Type
	if pointer, ok := e.(*ast.StarExpr); ok {
		e = pointer.X
	}
	id, ok := e.(*ast.Ident)
	return ok && strings.HasSuffix(id.Name, "Path")
}
