package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"imgpipe/fetch"
)

var (
	scheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+)://`) // a single letter is a drive
	remote = regexp.MustCompile(`^[^/\\@:]+@[^/\\@:]+:`)         // user@host:path
	torn   = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]+):/[^/]`)
)

// schemeOf returns the scheme of what is written as a URL, else "".
func schemeOf(path string) string {
	if m := scheme.FindStringSubmatch(path); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}

// packed are the endings of files that hold many images, or tables of them. A person who names an output so wants one
// file.
var packed = []string{
	".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst", ".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".zip64", ".7z",
	".rar", ".cbz", ".iso", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", ".avro",
	".orc", ".npy", ".npz", ".h5", ".hdf5", ".zarr", ".tfrecord", ".tfrecords", ".wds", ".beton", ".lmdb", ".mdb",
	".db", ".sqlite", ".sqlite3", ".pt", ".pkl", ".pdf", ".html",
}

// folderName returns an error if a flag's value does not name a folder to write to. A folder that is there is good, and
// so is every name that ends in a slash.
func folderName(flag, path string) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("--%s %q: %s: expected a folder of this machine",
			flag, fetch.Redact(path), fmt.Sprintf(format, args...))
	}
	if s := schemeOf(path); s == "file" {
		return bad("a folder is written without file://")
	} else if s != "" {
		return bad("nothing can be written to %s:// here; write to a folder and copy it there, or mount it", s)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() || path == "" || os.IsPathSeparator(path[len(path)-1]) {
		return nil
	}
	if m := torn.FindStringSubmatch(path); m != nil {
		return bad("it looks like an address of %s:// without its second slash; write ./%s for a folder of that name",
			m[1], path)
	}
	base := filepath.Base(path)
	switch ext := strings.ToLower(filepath.Ext(base)); {
	case path == "-":
		return bad("outputs are many files, which standard output cannot hold; ./- is a folder")
	case remote.MatchString(path):
		return bad("nothing can be written to another machine; write to a folder and copy it there, or mount it")
	case slices.Contains(packed, ext):
		return bad("outputs are files in a folder, which %s cannot hold yet; pack the folder afterwards, "+
			"or write %s/ for a folder of that name", ext, path)
	case imageFiles().Has(base):
		return bad("it has the name of an image, and outputs keep their names in a folder (see --name), "+
			"or write %s/ for a folder of that name", path)
	}
	return nil
}

// scratchFolder makes a folder for what a command keeps while it runs. The caller removes it.
func scratchFolder(command string) (string, error) {
	dir, err := os.MkdirTemp("", "imgpipe-"+command+"-")
	if err != nil {
		return "", fmt.Errorf("make a folder for temporary files: %w: expected room to write in %s, or another "+
			"folder in TMPDIR", err, os.TempDir())
	}
	return dir, nil
}
