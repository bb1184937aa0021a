package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
)

// shown are the modules whose versions decide what is written.
var shown = []string{
	"github.com/disintegration/imaging",
	"golang.org/x/image",
}

// version describes the build: its own version, Go's, those of the libraries that make the pixels, and the formats.
func version() string {
	var b strings.Builder
	own := "(built from source)"
	info, ok := debug.ReadBuildInfo()
	if ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		own = info.Main.Version
	}
	fmt.Fprintf(&b, "imgpipe %s, %s %s/%s\n", own, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if ok {
		for _, dep := range info.Deps {
			if slices.Contains(shown, dep.Path) {
				fmt.Fprintf(&b, "%s %s\n", dep.Path, dep.Version)
			}
		}
	}
	b.WriteString(formatLines())
	return b.String()
}
