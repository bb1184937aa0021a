package main

import (
	"go/ast"
	"go/token"
	"regexp"
	"testing"
)

// libraries are the folders of the packages that other programs may use.
var libraries = []string{"../../pipeline", "../../fetch", "../../transform", "../../samples"}

// flagName is the name of a flag in a text.
var flagName = regexp.MustCompile(`(^|[^-\w])--[a-z][a-z-]*`)

// TestNoLibrarySpeaksOfFlags reads the texts in the source of all packages but the command's: a program that uses them
// may have no flags, or others.
func TestNoLibrarySpeaksOfFlags(t *testing.T) {
	read := 0
	for _, dir := range libraries {
		source := sourceBelow(t, dir)
		read += len(source.files)
		for _, file := range source.files {
			ast.Inspect(file, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && flagName.MatchString(text.Value) {
					t.Errorf("%s: a text names a flag: %s", source.positions.Position(text.Pos()), text.Value)
				}
				return true
			})
		}
	}
	if read < 100 {
		t.Errorf("only %d files were read", read)
	}
}
