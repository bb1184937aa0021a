package main

import (
	"go/ast"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNoPackageAssertsTheTypeOfAnother has every type assertion and type switch of the module look for interfaces, or
// for types of its own package or of others' modules. A concrete type of another package of ours would shut out
// whoever wraps or replaces it. The internal packages of a package are parts of it: nobody else can wrap them.
// errors.As and errors.AsType look through wrapping, and may name a type of errors.
func TestNoPackageAssertsTheTypeOfAnother(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it would read the whole module, and all that it imports")
	}
	found := assertedTypes(t, filepath.Join("..", ".."))
	if found.looked < 20 {
		t.Errorf("only %d assertions were looked at: the test does not see the module", found.looked)
	}
	for _, wrong := range found.concrete {
		t.Errorf("%s", wrong)
	}
}

// TestAnAssertedTypeOfAnotherPackageIsFound has a module with every form of such an assertion.
func TestAnAssertedTypeOfAnotherPackageIsFound(t *testing.T) {
	found := assertedTypes(t, filepath.Join("testdata", "assertions"))
	var at []string
	for _, wrong := range found.concrete {
		_, text, _ := strings.Cut(wrong, ": ")
		at = append(at, text)
	}
	want := "asserts *there.Struct; asserts there.Struct; asserts *renamed.Struct"
	if got := strings.Join(at, "; "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// assertions are those of a module.
type assertions struct {
	looked   int
	concrete []string // of a concrete type of another package of the module, with their places
}

// assertedTypes looks at every file of the module below root that is no test.
func assertedTypes(t *testing.T, root string) (found assertions) {
	t.Helper()
	module := "imgpipe"
	source := sourceBelow(t, root)
	parsed := map[string][]*ast.File{} // by import path
	for name, file := range source.files {
		dir := path.Join(module, path.Dir(name))
		parsed[dir] = append(parsed[dir], file)
	}
	for own, all := range parsed {
		for _, file := range all {
			imports := importsOf(file)
			look := func(typ ast.Expr) {
				found.looked++
				text, star := "", typ
				if s, ok := typ.(*ast.StarExpr); ok {
					text, star = "*", s.X
				}
				sel, ok := star.(*ast.SelectorExpr)
				if !ok {
					return
				}
				pkg, ok := sel.X.(*ast.Ident)
				if !ok {
					return
				}
				from := imports[pkg.Name]
				part := strings.HasPrefix(from, own+"/internal/")
				if part || parsed[from] == nil || isInterface(parsed[from], sel.Sel.Name) {
					return
				}
				found.concrete = append(found.concrete,
					source.positions.Position(typ.Pos()).String()+": asserts "+text+pkg.Name+"."+sel.Sel.Name)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeAssertExpr:
					if n.Type != nil {
						look(n.Type)
					}
				case *ast.TypeSwitchStmt:
					for _, clause := range n.Body.List {
						for _, typ := range clause.(*ast.CaseClause).List {
							look(typ)
						}
					}
				}
				return true
			})
		}
	}
	return found
}

// importsOf returns the import paths of a file by the names that it has for them.
func importsOf(file *ast.File) map[string]string {
	imports := map[string]string{}
	for _, spec := range file.Imports {
		at, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(at)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = at
	}
	return imports
}

// isInterface reports whether a package declares name as an interface.
func isInterface(pkg []*ast.File, name string) bool {
	for _, file := range pkg {
		for _, d := range file.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range decl.Specs {
				if typ, ok := spec.(*ast.TypeSpec); ok && typ.Name.Name == name {
					_, ok := typ.Type.(*ast.InterfaceType)
					return ok
				}
			}
		}
	}
	return false
}
