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
	"time"

	"imgpipe/pipeline/executor"
	"imgpipe/pipeline/wire"
	"imgpipe/samples"
	"imgpipe/transform"
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

// TestTimesThatCannotBeAreNotBelieved has a worker say that an image took longer than the worker has lived, or less
// than nothing.
func TestTimesThatCannotBeAreNotBelieved(t *testing.T) {
	failed := wire.Done{Failed: true, Failure: wire.Failure{Kind: transform.ClassDecode, Text: "it is damaged"}}
	for _, work := range []executor.Work{
		{Wall: -1}, {CPU: -1}, {RunQueue: -1}, {Scheduler: -1}, {MajorFaults: -1},
		{Wall: time.Hour}, {CPU: time.Hour}, {RunQueue: time.Hour}, {Scheduler: time.Hour},
	} {
		said := failed
		said.Work = work
		if err := believe(&said, transform.Task{}, 0, time.Second); err == nil {
			t.Errorf("%+v is believed of a worker that lived for a second", work)
		}
	}
	failed.Work = executor.Work{Wall: time.Second, CPU: time.Millisecond, MajorFaults: 7}
	if err := believe(&failed, transform.Task{}, 0, time.Second); err != nil {
		t.Error(err)
	}
}

// TestAWorkerSaysWhereTheTimeOfItsImageWent in spite of all that it has given up.
func TestAWorkerSaysWhereTheTimeOfItsImageWent(t *testing.T) {
	own := executor.Measure(func() {})
	for _, isolate := range []Isolate{IsolateOff, IsolateAuto} {
		p := newPool(t, Options{Workers: 1, Isolate: isolate, Measured: true})
		for _, f := range samples.Embedded()[:2] {
			began := time.Now()
			spec, err := transform.ParseSpec("size=100x100")
			if err != nil {
				t.Fatal(err)
			}
			_, cost, err := p.Do(t.Context(), transform.Task{Data: f.Data, Spec: spec})
			took := time.Since(began)
			if err != nil {
				t.Fatal(err)
			}
			w := cost.Work
			if w.CPUKnown != own.CPUKnown || w.RunQueueKnown != own.RunQueueKnown {
				t.Errorf("isolate %s: its worker knows %+v, this process %+v", isolate, w, own)
			}
			if w != w.Within(took) || w.CPUKnown && w.CPU <= 0 || w.Wall <= 0 {
				t.Errorf("isolate %s: a call of %v has %+v", isolate, took, w)
			}
		}
	}
}

// TestAWorkerThatIsNotAskedMeasuresNothing, as that has its price.
func TestAWorkerThatIsNotAskedMeasuresNothing(t *testing.T) {
	p := newPool(t, Options{Workers: 1})
	spec, err := transform.ParseSpec("size=100x100")
	if err != nil {
		t.Fatal(err)
	}
	_, cost, err := p.Do(t.Context(), transform.Task{Data: samples.Embedded()[0].Data, Spec: spec})
	if err != nil || cost.Work != (executor.Work{}) {
		t.Errorf("it said %+v, and error %v", cost.Work, err)
	}
}
