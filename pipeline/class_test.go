package pipeline_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"imgpipe/pipeline"
)

// A classUse is a failure class that stands in the source of this module.
type classUse struct {
	name string
	dir  string         // of the package, such as "fetch"
	at   token.Position // for messages
}

// classesInSource parses every Go file of the module. constants are the values of constants called Class…; literals
// are other strings that are classes by where they stand: the result of a method Class, or the value of a field Class,
// class or Kind of an error. Tests have literals alone.
func classesInSource(t *testing.T) (constants, literals []classUse) {
	t.Helper()
	const module = ".."
	files := token.NewFileSet()
	err := filepath.WalkDir(module, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		use := func(e ast.Expr) []classUse {
			if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				name, _ := strconv.Unquote(literal.Value)
				return []classUse{{name, filepath.Base(filepath.Dir(path)), files.Position(literal.Pos())}}
			}
			return nil
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, id := range n.Names {
					if strings.HasPrefix(id.Name, "Class") && i < len(n.Values) {
						constants = append(constants, use(n.Values[i])...)
					}
				}
			case *ast.FuncDecl:
				if n.Name.Name == "Class" && n.Recv != nil {
					ast.Inspect(n, func(n ast.Node) bool {
						if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) == 1 {
							literals = append(literals, use(r.Results[0])...)
						}
						return true
					})
				}
			case *ast.CompositeLit:
				for _, element := range n.Elts {
					pair, ok := element.(*ast.KeyValueExpr)
					if !ok {
						continue
					}
					field, _ := pair.Key.(*ast.Ident)
					if field != nil && (strings.EqualFold(field.Name, "class") ||
						field.Name == "Kind" && isError(n.Type)) {
						literals = append(literals, use(pair.Value)...)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return constants, literals
}

// isError reports whether a type is called Error, in whichever package.
func isError(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "Error"
	case *ast.SelectorExpr:
		return e.Sel.Name == "Error"
	}
	return false
}

func TestOneTableHasEveryFailureClassOfTheModule(t *testing.T) {
	constants, literals := classesInSource(t)
	if len(constants) < 30 || len(literals) < 10 {
		t.Fatalf("%d constants and %d literals are classes: expected to find more", len(constants), len(literals))
	}
	for _, c := range constants {
		row := pipeline.ClassNamed(c.name)
		if row.Meaning == "" {
			t.Errorf("%v: class %q is not in the table", c.at, c.name)
		} else if c.dir != "pipeline" && !slices.Contains(strings.Split(row.From, ", "), c.dir) {
			t.Errorf("%v: the table has class %q as one of %s", c.at, c.name, row.From)
		}
	}
	for _, c := range literals {
		odd := c.name == "" || strings.Contains(c.name, "\x1b") // in tests of what prints one
		if pipeline.ClassNamed(c.name).Meaning == "" && !odd {
			t.Errorf("%v: class %q is not in the table", c.at, c.name)
		}
		if !strings.HasSuffix(c.at.Filename, "_test.go") {
			t.Errorf("%v: class %q is written out: expected a constant", c.at, c.name)
		}
	}
	for _, row := range pipeline.Classes() {
		if strings.HasPrefix(row.Name, "http-") {
			continue // made of a number
		}
		for from := range strings.SplitSeq(row.From, ", ") {
			if from != "fetch" && from != "transform" {
				from = "pipeline" // where the constants of all others stand
			}
			if !slices.ContainsFunc(constants, func(c classUse) bool { return c.name == row.Name && c.dir == from }) {
				t.Errorf("the table has class %q, and package %s no constant for it", row.Name, from)
			}
		}
	}
}

func TestEachRowOfTheClassesIsWholeAndStandsOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range pipeline.Classes() {
		if seen[c.Name] {
			t.Errorf("class %q is there twice", c.Name)
		}
		seen[c.Name] = true
		if c.Meaning == "" || strings.HasSuffix(c.Meaning, ".") || len(c.Meaning) > 105 || c.From == "" {
			t.Errorf("class %q: from %q, meaning %q", c.Name, c.From, c.Meaning)
		}
		if got := pipeline.ClassNamed(c.Name); got != c {
			t.Errorf("ClassNamed(%q) is %+v, want %+v", c.Name, got, c)
		}
	}
	pipeline.Classes()[0].Lasts = true
	if pipeline.Classes()[0].Lasts {
		t.Error("who was given the table can change it")
	}
}

func TestFailuresThatLastAreThoseThatAskingAgainDoesNotMend(t *testing.T) {
	for class, want := range map[string]bool{
		"http-400": true, "http-401": true, "http-403": true, "http-404": true, "http-410": true, "http-451": true,
		"http-499": true, pipeline.ClassPoison: true,
		"http-407": false, "http-408": false, "http-425": false, "http-429": false, "http-500": false,
		"http-503": false, "http-204": false, "http-": false, "http-x": false, "": false,
		"network": false, "dns": false, "tls": false,
		"timeout": false, "decode": false, "404": false,
	} {
		if got := pipeline.ClassNamed(class); got.Lasts != want || got.Name != class {
			t.Errorf("ClassNamed(%q) is %+v, want %q, which lasts: %v", class, got, class, want)
		}
	}
}

func TestDeadlyClassesAreThoseOfWorkersThatDied(t *testing.T) {
	for _, c := range pipeline.Classes() {
		if want := c.From == "procs"; c.Deadly != want {
			t.Errorf("class %q is deadly: %v, want %v", c.Name, c.Deadly, want)
		}
	}
}
