package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestEachLinkedModuleHasItsLicense looks at the builds with and without HEIC.
func TestEachLinkedModuleHasItsLicense(t *testing.T) {
	_, list, _ := strings.Cut("\n"+licenses, "\n")
	named := strings.Split(list, "\n")
	for i, name := range named {
		named[i], _, _ = strings.Cut(name, " ")
	}
	for _, tags := range []string{"", "heic"} {
		const form = "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}"
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, "-f", form, "imgpipe/cmd/imgpipe").Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		modules := strings.Fields(string(out))
		if len(modules) == 0 {
			t.Fatal("go list names no modules")
		}
		for _, m := range slices.Compact(modules) {
			// A stub of our own stands in its place.
			if m != "github.com/ebitengine/purego" && !slices.Contains(named, m) {
				t.Errorf("%s is linked into the program: expected its license in licenses.txt", m)
			}
		}
	}
	// What runs as WebAssembly is no module.
	for _, name := range []string{"libavif", "libaom", "dav1d", "libyuv"} {
		if !strings.Contains(licenses, "\n"+name+", in github.com/gen2brain/avif\n") {
			t.Errorf("licenses.txt does not name %s", name)
		}
	}
}
