package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed says which packages of ours each package may import; its own internal packages are always allowed.
var allowed = map[string][]string{
	"imgpipe/samples":              {},
	"imgpipe/transform":            {},
	"imgpipe/fetch":                {},
	"imgpipe/pipeline":             {"imgpipe/fetch", "imgpipe/pipeline/executor", "imgpipe/transform"},
	"imgpipe/pipeline/executor":    {"imgpipe/transform"},
	"imgpipe/pipeline/store":       {"imgpipe/fetch", "imgpipe/pipeline", "imgpipe/transform"},
	"imgpipe/pipeline/store/shard": {"imgpipe/fetch", "imgpipe/pipeline", "imgpipe/pipeline/store"},
	"imgpipe/pipeline/store/object": {
		"imgpipe/fetch", "imgpipe/pipeline", "imgpipe/pipeline/store", "imgpipe/transform",
	},
	"imgpipe/pipeline/wire": {"imgpipe/pipeline/executor", "imgpipe/transform"},
	"imgpipe/pipeline/procs": {
		"imgpipe/pipeline", "imgpipe/pipeline/executor", "imgpipe/pipeline/wire", "imgpipe/transform",
	},
	"imgpipe/pipeline/storetest": {
		"imgpipe/fetch", "imgpipe/pipeline", "imgpipe/pipeline/store", "imgpipe/transform",
	},
	"imgpipe/pipeline/executortest": {"imgpipe/pipeline", "imgpipe/transform"},
}

// codecs says the same of the packages in imgpipe/transform/internal, by their last names. All may import codec and
// pixel; these are further ones. codec and pixel import none.
var codecs = map[string][]string{
	"png": {"inflate"}, "tiff": {"fax", "inflate"}, "avif": {"isobmff"}, "heif": {"avif", "isobmff"},
}

// only says which package alone may import a package of others.
var only = map[string]string{
	"github.com/disintegration/imaging":            "imgpipe/transform",
	"github.com/gen2brain/avif":                    "imgpipe/transform/internal/avif",
	"github.com/gen2brain/heic":                    "imgpipe/transform/internal/heif",
	"github.com/muesli/smartcrop":                  "imgpipe/transform",
	"golang.org/x/image/tiff":                      "imgpipe/transform",
	"golang.org/x/image/bmp":                       "imgpipe/transform",
	"golang.org/x/image/font/sfnt":                 "imgpipe/transform/internal/lettering",
	"github.com/spf13/cobra":                       "imgpipe/cmd/imgpipe",
	"github.com/spf13/pflag":                       "imgpipe/cmd/imgpipe",
	"github.com/bmatcuk/doublestar/v4":             "imgpipe/fetch",
	"github.com/landlock-lsm/go-landlock/landlock": "imgpipe/pipeline/procs",
	"github.com/parquet-go/parquet-go":             "imgpipe/cmd/imgpipe/internal/export",
	"github.com/fsnotify/fsnotify":                 "imgpipe/cmd/imgpipe",
	"github.com/minio/minio-go/v7":                 "imgpipe/pipeline/store/object",
	"github.com/minio/minio-go/v7/pkg/credentials": "imgpipe/pipeline/store/object",
	"github.com/BurntSushi/toml":                   "imgpipe/cmd/imgpipe/internal/preset",
	"golang.org/x/perf/benchmath":                  "imgpipe/cmd/imgpipe/internal/bench",
}

// TestEachPackageKeepsToItsRoom holds the table of imports that keeps the parts apart: transform and fetch never meet
// but in pipeline, and pipeline does not know what processes are.
func TestEachPackageKeepsToItsRoom(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "imgpipe/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	checked := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; checked++ {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, imp := range p.Imports {
			if owner, ok := only[imp]; ok && p.ImportPath != owner &&
				!strings.HasPrefix(p.ImportPath, owner+"/internal/") {
				t.Errorf("%s imports %s, which is for %s", p.ImportPath, imp, owner)
			}
			if strings.HasPrefix(imp, "imgpipe/") && !mayImport(p.ImportPath, imp) {
				t.Errorf("%s imports %s", p.ImportPath, imp)
			}
		}
	}
	if checked < len(allowed) {
		t.Errorf("go list names %d packages, fewer than the table", checked)
	}
}

func mayImport(from, to string) bool {
	if name, ok := strings.CutPrefix(from, "imgpipe/transform/internal/"); ok {
		to := strings.TrimPrefix(to, "imgpipe/transform/internal/")
		return name != "codec" && name != "pixel" &&
			(to == "codec" || to == "pixel" || slices.Contains(codecs[name], to))
	}
	if parent, _, ok := strings.Cut(from, "/internal/"); ok && parent != "imgpipe/cmd/imgpipe" {
		return strings.HasPrefix(to, parent+"/internal/") // a codec or the like needs nothing else of ours
	}
	if strings.HasPrefix(to, from+"/internal/") || strings.HasPrefix(from, "imgpipe/cmd/imgpipe") {
		return true
	}
	return slices.Contains(allowed[from], to)
}
