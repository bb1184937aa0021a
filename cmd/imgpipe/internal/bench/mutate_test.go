package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ruled are the files whose conditions the planted truths must notice.
var ruled = []string{"bound.go", "choice.go", "costs.go", "disturb.go", "evidence.go", "neighbors.go", "order.go",
	"scaling.go", "verdict.go", "warnings.go"}

// A mutation is one change of one condition: a comparison that is turned around, or a condition that is left out.
type mutation struct {
	at   token.Position
	what string
}

// A mutator rewrites conditions so that each can be turned around while the program runs: a < b becomes
// flipped(7, a < b), and a && b becomes (a || dropped(8)) && (b || dropped(9)).
type mutator struct {
	files *token.FileSet
	made  []mutation
}

func (m *mutator) number(at token.Pos, what string, of ast.Expr) *ast.BasicLit {
	var text strings.Builder
	_ = printer.Fprint(&text, m.files, of)
	m.made = append(m.made, mutation{m.files.Position(at), what + " " + text.String()})
	return &ast.BasicLit{Kind: token.INT, Value: strconv.Itoa(len(m.made))}
}

func call(name string, args ...ast.Expr) ast.Expr {
	return &ast.CallExpr{Fun: ast.NewIdent(name), Args: args}
}

func (m *mutator) rewrite(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return &ast.ParenExpr{X: m.rewrite(e.X)}
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return &ast.UnaryExpr{Op: e.Op, X: &ast.ParenExpr{X: m.rewrite(e.X)}}
		}
	case *ast.BinaryExpr:
		switch e.Op {
		case token.LSS, token.LEQ, token.GTR, token.GEQ, token.EQL, token.NEQ:
			return call("flipped", m.number(e.Pos(), "turned around:", e), e)
		case token.LAND, token.LOR:
			keep := func(x ast.Expr) ast.Expr {
				dropped := call("dropped", m.number(x.Pos(), "left out:", x))
				inner := &ast.ParenExpr{X: m.rewrite(x)}
				if e.Op == token.LAND {
					return &ast.ParenExpr{X: &ast.BinaryExpr{X: inner, Op: token.LOR, Y: dropped}}
				}
				return &ast.ParenExpr{X: &ast.BinaryExpr{X: inner, Op: token.LAND,
					Y: &ast.UnaryExpr{Op: token.NOT, X: dropped}}}
			}
			return &ast.BinaryExpr{X: keep(e.X), Op: e.Op, Y: keep(e.Y)}
		}
	}
	return e
}

// file rewrites the conditions of one file.
func (m *mutator) file(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			n.Cond = m.rewrite(n.Cond)
		case *ast.ForStmt:
			if n.Cond != nil {
				n.Cond = m.rewrite(n.Cond)
			}
		case *ast.SwitchStmt:
			if n.Tag != nil {
				return true
			}
			for _, clause := range n.Body.List {
				for i, e := range clause.(*ast.CaseClause).List {
					clause.(*ast.CaseClause).List[i] = m.rewrite(e)
				}
			}
		case *ast.ReturnStmt:
			for i, e := range n.Results {
				n.Results[i] = m.rewrite(e)
			}
		case *ast.AssignStmt:
			for i, e := range n.Rhs {
				n.Rhs[i] = m.rewrite(e)
			}
		}
		return true
	})
}

// switches is what the rewritten conditions call.
const switches = `package bench

import (
	"os"
	"strconv"
)

var mutant, _ = strconv.Atoi(os.Getenv("IMGPIPE_MUTANT"))

func flipped(n int, b bool) bool { return b != (n == mutant) }
func dropped(n int) bool         { return n == mutant }
`

// TestTruthsNoticeEachCondition turns around each comparison of the rules, and leaves out each condition, one at a
// time: some planted truth, or some law, must fail. It takes minutes, so it is run by hand.
func TestTruthsNoticeEachCondition(t *testing.T) {
	if os.Getenv("IMGPIPE_MUTATE") == "" {
		t.Skip("it takes minutes: set IMGPIPE_MUTATE=1 to run it")
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir, m := t.TempDir(), &mutator{files: token.NewFileSet()}
	overlay := map[string]string{}
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(here, name)] = path
	}
	for _, name := range ruled {
		f, err := parser.ParseFile(m.files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		m.file(f)
		var text strings.Builder
		if err := printer.Fprint(&text, m.files, f); err != nil {
			t.Fatal(err)
		}
		write(name, text.String())
	}
	write("mutants.go", switches)
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	overlays, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "bench.test")
	if err := os.WriteFile(overlays, list, 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "test", "-c", "-overlay", overlays, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the mutants: %v\n%s", err, out)
	}
	// The quick tests come first: most changes are noticed by them.
	var phases []string
	for _, files := range [][]string{{"verdict_test.go", "bound_test.go", "costs_test.go",
		"disturb_test.go", "file_test.go", "neighbors_test.go", "order_test.go", "pairing_test.go", "scaling_test.go",
		"warnings_test.go"}, {"truth_test.go"}, {"kinds_test.go"}} {
		phases = append(phases, "^("+strings.Join(testsOf(t, files...), "|")+")$")
	}
	passes := func(mutant int) (string, bool) {
		for _, tests := range phases {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // one that does not end is noticed, too
			cmd := exec.CommandContext(ctx, binary, "-test.run", tests, "-test.failfast")
			cmd.Env = append(os.Environ(), fmt.Sprintf("IMGPIPE_MUTANT=%d", mutant), "IMGPIPE_SEEDS=1")
			said, err := cmd.CombinedOutput()
			if ctx.Err() != nil {
				t.Logf("change %d does not end", mutant)
			}
			cancel()
			if err != nil {
				return string(said), false
			}
		}
		return "", true
	}
	if said, ok := passes(0); !ok {
		t.Fatalf("the tests fail without any change: %s", said)
	}
	only := regexp.MustCompile(os.Getenv("IMGPIPE_MUTATE_ONLY"))
	t.Logf("%d changes", len(m.made))
	tried, caught := 0, 0
	for i, mutation := range m.made {
		if !only.MatchString(mutation.at.String()) {
			continue
		}
		tried++
		if _, ok := passes(i + 1); ok {
			t.Errorf("nothing notices: %s: %s", mutation.at, mutation.what)
			continue
		}
		caught++
	}
	t.Logf("%d of %d changes are noticed", caught, tried)
}

// testsOf returns the names of the tests of some files.
func testsOf(t *testing.T, files ...string) (names []string) {
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names = append(names, fn.Name.Name)
			}
		}
	}
	return names
}
