package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// TestRacedAreTheTestsThatReachASecondGoroutine has one package, lib, and its tests. What it is made of stands in lib,
// in the test files of lib, and in another package, other.
func TestRacedAreTheTestsThatReachASecondGoroutine(t *testing.T) {
	const spawn = "func Spawn() { go func() {}() }\n"
	for _, tt := range []struct {
		why, other, lib, test, want string
	}{
		{"no goroutine at all", "func F() {}", "func F() { other.F() }", "func TestA(t *testing.T) { F() }", ""},
		{"a statement in the test", "", "", "func TestA(t *testing.T) { go F() }\nfunc TestB(t *testing.T) {}",
			"TestA"},
		{"a helper of the tests", "", "", "func help() { go F() }\nfunc TestA(t *testing.T) { help() }", "TestA"},
		{"a helper of a helper", "", "",
			"func a() { go F() }\nfunc b() { a() }\nfunc TestA(t *testing.T) { b() }\nfunc TestB(t *testing.T) {}",
			"TestA"},
		{"the code", "", "func F() { go F() }", "func TestA(t *testing.T) { F() }", "TestA"},
		{"code that is not reached", "", "func F() { go F() }\nfunc G() {}", "func TestA(t *testing.T) { G() }", ""},
		{"another package", spawn, "func F() { other.Spawn() }", "func TestA(t *testing.T) { F() }", "TestA"},
		{"another package, not that function", spawn + "func F() {}", "func F() { other.F() }",
			"func TestA(t *testing.T) { F() }", ""},
		{"a method", "type T struct{}\nfunc (t *T) Do() { go t.Do() }", "func F() *other.T { return nil }",
			"func TestA(t *testing.T) { F().Do() }", "TestA"},
		{"a method of a generic type", "type T[A any] struct{}\nfunc (t *T[A]) Do() { go t.Do() }",
			"func F() { new(other.T[int]).Do() }", "func TestA(t *testing.T) { F() }", "TestA"},
		{"a method of a field's type", "type T struct{}\nfunc (t T) Do() { go t.Do() }\ntype S struct { T T }",
			"var S other.S", "func TestA(t *testing.T) { S.T.Do() }", "TestA"},
		{"a method by way of an interface",
			"type I interface{ Do() }\ntype T struct{}\nfunc (t T) Do() { go t.Do() }\n" +
				"func New() I { return T{} }", "func F() { other.New().Do() }", "func TestA(t *testing.T) { F() }",
			"TestA"},
		{"a function in a table", spawn + "var Table = []func(){Spawn}", "func F() { other.Table[0]() }",
			"func TestA(t *testing.T) { F() }", "TestA"},
		{"a method that only has the name of a function", spawn, "type T struct{}\nfunc (T) Spawn() {}",
			"func TestA(t *testing.T) { T{}.Spawn() }", ""},
		{"a local name that is also a helper's", "", "func F() { var help int; print(help) }",
			"func help() { go F() }\nfunc TestA(t *testing.T) { help := 1; print(help); F() }", ""},
		{"what runs at the start", "func init() { go func() {}() }", "func F() { other.X() }",
			"func TestA(t *testing.T) {}",
			"TestA"},
		{"what a blank variable runs", spawn + "func f() int { Spawn(); return 1 }\nvar _ = f()",
			"func F() { other.X() }", "func TestA(t *testing.T) {}",
			"TestA"},
		{"a type that a blank variable holds to an interface", "type T struct{}\nfunc (T) Do() { go T{}.Do() }\n" +
			"var _, _, _ any = new(T), (*T)(nil), T{}", "func F() { other.X() }", "func TestA(t *testing.T) {}", ""},
		{"a wait group", "", "", "func TestA(t *testing.T) { var w sync.WaitGroup; w.Go(F) }", "TestA"},
		{"a field that has the name of such a method", "", "", "func TestA(t *testing.T) { print(S.Go) }", ""},
		{"a test beside others", "", "", "func TestA(t *testing.T) { t.Parallel() }", "TestA"},
		{"a timer", "", "func F() { time.AfterFunc(1, F) }", "func TestA(t *testing.T) { F() }", "TestA"},
		{"a server", "", "", "func TestA(t *testing.T) { httptest.NewServer(nil) }", "TestA"},
		{"a child", "", "func F() { exec.Command(``).Run() }", "func TestA(t *testing.T) { F() }", "TestA"},
		{"fuzz targets and examples", "", "", "func FuzzA(f *testing.F) { go F() }\nfunc ExampleF() { go F() }",
			"ExampleF FuzzA"},
		{"no tests", "", "", "func Testify() { go F() }\nfunc BenchmarkA(b *testing.B) { go F() }\n" +
			"func TestMain(m *testing.M) { go F() }", ""},
	} {
		t.Run(tt.why, func(t *testing.T) {
			for _, pkg := range []string{"lib", "lib_test"} {
				g := newGraph()
				positions := token.NewFileSet()
				parsed := func(name, text string) *ast.File {
					t.Helper()
					text = fmt.Sprintf("package p\nimport (\n\"lib/other\"\n\"sync\"\n\"time\"\n\"os/exec\"\n"+
						"\"net/http/httptest\"\n\"testing\"\n\"lib\"\n)\n%s\n", text)
					file, err := parser.ParseFile(positions, name, text, parser.SkipObjectResolution)
					if err != nil {
						t.Fatal(err)
					}
					return file
				}
				g.add("lib/other", positions, []*ast.File{parsed("other.go", tt.other)})
				files := []*ast.File{parsed("lib.go", tt.lib)}
				test := tt.test
				if pkg == "lib_test" { // where the names of lib have another before them
					test = strings.NewReplacer(" F()", " lib.F()", " G()", " lib.G()", " S.T", " lib.S.T",
						" T{", " lib.T{").
						Replace(test)
				}
				if pkg == "lib" {
					files = append(files, parsed("lib_test.go", test))
				} else {
					g.add(pkg, positions, []*ast.File{parsed("lib_test.go", test)})
				}
				g.add("lib", positions, files)
				got := g.raced()["lib"]
				slices.Sort(got)
				if strings.Join(got, " ") != tt.want {
					t.Errorf("in package %s: raced are %q, want %q", pkg, got, tt.want)
				}
			}
		})
	}
}

// TestThisModuleIsRacedWhereItComputesBesideItself runs on the module itself: a pipeline has goroutines, a codec none.
func TestThisModuleIsRacedWhereItComputesBesideItself(t *testing.T) {
	g, err := load([]string{"imgpipe/..."})
	if err != nil {
		t.Fatal(err)
	}
	raced := g.raced()
	for _, pkg := range []string{"imgpipe/pipeline", "imgpipe/pipeline/procs", "imgpipe/fetch", "imgpipe/transform"} {
		if len(raced[pkg]) == 0 {
			t.Errorf("no test of %s is raced", pkg)
		}
	}
	if !slices.Contains(raced["imgpipe/transform"], "TestSameTaskSameBytes") {
		t.Errorf("the test that transforms in several goroutines is not raced: %q", raced["imgpipe/transform"])
	}
	if tests := raced["imgpipe/transform/internal/gif"]; len(tests) > 0 {
		t.Errorf("tests of a codec that starts nothing are raced: %q", tests)
	}
}
