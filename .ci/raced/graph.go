package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A node is a declaration of a package. A method is named T.M.
type node struct{ pkg, name string }

// A graph says what each declaration mentions, and which of them start a goroutine.
type graph struct {
	mentions map[node][]node
	starts   map[node]bool
	tests    map[string][]node // by package, without _test
	imports  map[string][]string
}

func newGraph() *graph {
	return &graph{map[node][]node{}, map[node]bool{}, map[string][]node{}, map[string][]string{}}
}

// startNames are functions and methods that start a goroutine, or that run a test beside others, whatever they belong
// to: those of sync.WaitGroup and errgroup.Group, of context and time, of testing and of runtime. They count where they
// are called: a field may have such a name.
var startNames = map[string]bool{
	"Go": true, "TryGo": true, "AfterFunc": true, "Parallel": true, "RunParallel": true, "SetFinalizer": true,
	"AddCleanup": true,
}

// starters are packages that start goroutines which run what they were given.
var starters = map[string]bool{
	"net/http": true, "net/http/httptest": true, "os/exec": true, "github.com/rogpeppe/go-internal/testscript": true,
}

// testName is that of a function that go test calls. TestMain is none: it runs before the tests, and may be the whole
// program.
var testName = regexp.MustCompile(`^(Test|Fuzz|Example)([^a-z].*)?$`)

// always is the declaration that reaches what runs with each test of a package.
const always = "init"

// add takes in the declarations of a package, or of the tests that are in a package of their own.
func (g *graph) add(pkg string, positions *token.FileSet, files []*ast.File) {
	// The checker says which names are local. It knows no other package, so that most of what it says is not so.
	names := map[*ast.Ident]types.Object{}
	info := &types.Info{Uses: names, Defs: names}
	config := types.Config{Importer: nothing{}, Error: func(error) {}}
	_, _ = config.Check(pkg, positions, files, info)
	for _, file := range files {
		g.addFile(pkg, file, strings.HasSuffix(positions.Position(file.Pos()).Filename, "_test.go"), names)
	}
}

// nothing imports packages without declarations.
type nothing struct{}

func (nothing) Import(from string) (*types.Package, error) {
	p := types.NewPackage(from, path.Base(from))
	p.MarkComplete()
	return p, nil
}

// addFile takes in the declarations of a file.
func (g *graph) addFile(pkg string, file *ast.File, test bool, names map[*ast.Ident]types.Object) {
	m := mentions{graph: g, aliases: map[string]string{}, names: names}
	for _, spec := range file.Imports {
		from, _ := strconv.Unquote(spec.Path.Value) // the parser has seen that it is a string
		name := path.Base(from)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		m.aliases[name] = from
		g.imports[pkg] = append(g.imports[pkg], from)
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			n := node{pkg, decl.Name.Name}
			if decl.Recv != nil {
				of := node{pkg, receiver(decl.Recv.List[0].Type)}
				n.name = of.name + "." + n.name
				g.mentions[of] = append(g.mentions[of], n)
			} else if test && testName.MatchString(n.name) && n.name != "TestMain" {
				of := strings.TrimSuffix(pkg, "_test")
				g.tests[of] = append(g.tests[of], n)
			}
			m.note(n, decl)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					m.note(node{pkg, spec.Name.Name}, spec)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						if name.Name != "_" {
							m.note(node{pkg, name.Name}, spec)
						} else if slices.ContainsFunc(spec.Values, calls) {
							m.note(node{pkg, always}, spec)
						}
					}
				}
			}
		}
	}
}

// calls reports whether a value of a blank variable comes from a call, and not from what only holds a type to an
// interface, as new(T), (*T)(nil) and T{} do.
func calls(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	_, conversion := call.Fun.(*ast.ParenExpr)
	name, _ := call.Fun.(*ast.Ident)
	return !conversion && (name == nil || name.Name != "new")
}

// receiver returns the name of a method's type.
func receiver(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return receiver(t.X)
	case *ast.IndexExpr:
		return receiver(t.X)
	case *ast.IndexListExpr:
		return receiver(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

// mentions adds what the declarations of a file mention to a graph.
type mentions struct {
	*graph
	aliases map[string]string           // the packages that the file imports, by name
	names   map[*ast.Ident]types.Object // what each name is, if that is known
}

// note adds what a declaration mentions.
func (m *mentions) note(n node, decl ast.Node) {
	ast.Inspect(decl, func(x ast.Node) bool {
		switch x := x.(type) {
		case *ast.GoStmt:
			m.starts[n] = true
		case *ast.Field: // its names are its own
			m.note(n, x.Type)
			return false
		case *ast.CallExpr:
			if called, ok := x.Fun.(*ast.SelectorExpr); ok && startNames[called.Sel.Name] {
				m.starts[n] = true
			}
		case *ast.SelectorExpr:
			if of, ok := x.X.(*ast.Ident); ok && m.aliases[of.Name] != "" && !m.local(of) {
				from := m.aliases[of.Name]
				if starters[from] {
					m.starts[n] = true
				}
				m.mentions[n] = append(m.mentions[n], node{from, x.Sel.Name})
				return false
			}
			m.note(n, x.X)
			return false
		case *ast.Ident:
			if !m.local(x) {
				m.mentions[n] = append(m.mentions[n], node{n.pkg, x.Name})
			}
		}
		return true
	})
}

// local reports whether a name is known to be that of a declaration within a function.
func (m *mentions) local(x *ast.Ident) bool {
	of := m.names[x]
	if of == nil || of.Pkg() == nil {
		return false
	}
	_, imported := of.(*types.PkgName)
	return !imported && of.Parent() != of.Pkg().Scope()
}

// raced returns the tests that reach the start of a goroutine, by package.
func (g *graph) raced() map[string][]string {
	found := map[string][]string{}
	for pkg, tests := range g.tests {
		for _, test := range tests {
			if g.reaches(test) {
				found[pkg] = append(found[pkg], test.name)
			}
		}
	}
	return found
}

// reaches reports whether a test, or what runs with it, comes to the start of a goroutine.
func (g *graph) reaches(test node) bool {
	seen := map[node]bool{}
	next := []node{test}
	packages := map[string]bool{}
	var load func(pkg string)
	load = func(pkg string) {
		if packages[pkg] {
			return
		}
		packages[pkg] = true
		next = append(next, node{pkg, always})
		for _, from := range g.imports[pkg] {
			load(from)
		}
	}
	load(test.pkg)
	for len(next) > 0 {
		n := next[len(next)-1]
		next = next[:len(next)-1]
		if g.starts[n] {
			return true
		}
		if !seen[n] {
			seen[n] = true
			next = append(next, g.mentions[n]...)
		}
	}
	return false
}
