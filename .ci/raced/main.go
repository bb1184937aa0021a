// Command raced prints which packages and tests of a module the race detector can find anything in: a race takes two
// goroutines, and it is said here which tests have a second one. Run it in the module:
//
//	raced -packages ./...     the packages that have such a test, a line for each
//	raced -tests ./...        a pattern for -run that has their tests
//
// A test has a second goroutine if it reaches code that starts one: a go statement, a method or function of the library
// that is known to start one, or a package that always does (starters). A declaration reaches all that it mentions, and
// a mention of a type reaches all its methods. So a call by way of an interface or of a variable is followed, too: what
// it calls was mentioned where the value was made. More may be reached than can ever run, never less.
//
// What another module starts by itself is left out: nothing of ours runs in it but what was given to it.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	packages := flag.Bool("packages", false, "print packages")
	tests := flag.Bool("tests", false, "print a pattern of tests")
	flag.Parse()
	if *packages == *tests {
		fmt.Fprintln(os.Stderr, "raced: expected one of -packages and -tests")
		os.Exit(2)
	}
	g, err := load(flag.Args())
	if err != nil {
		fmt.Fprintf(os.Stderr, "raced: %v\n", err)
		os.Exit(1)
	}
	var paths, names []string
	for path, found := range g.raced() {
		paths, names = append(paths, path), append(names, found...)
	}
	slices.Sort(paths)
	slices.Sort(names)
	if *packages {
		fmt.Println(strings.Join(paths, "\n"))
	} else {
		fmt.Printf("^(%s)$\n", strings.Join(slices.Compact(names), "|"))
	}
}

// load reads the packages that patterns name, as they are built for the race detector.
func load(patterns []string) (*graph, error) {
	cmd := exec.Command("go", append([]string{"list", "-race", "-json=ImportPath,Dir,GoFiles,TestGoFiles,XTestGoFiles"},
		patterns...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages: %w", err)
	}
	g := newGraph()
	positions := token.NewFileSet()
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath, Dir                    string
			GoFiles, TestGoFiles, XTestGoFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return g, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the list of packages: %w", err)
		}
		own, err := parse(positions, p.Dir, append(p.GoFiles, p.TestGoFiles...))
		if err != nil {
			return nil, err
		}
		apart, err := parse(positions, p.Dir, p.XTestGoFiles)
		if err != nil {
			return nil, err
		}
		g.add(p.ImportPath, positions, own)
		g.add(p.ImportPath+"_test", positions, apart)
	}
}

func parse(positions *token.FileSet, dir string, names []string) (files []*ast.File, err error) {
	for _, name := range names {
		file, err := parser.ParseFile(positions, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse the packages: %w", err)
		}
		files = append(files, file)
	}
	return files, nil
}
