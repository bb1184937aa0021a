package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/fetch"
	"imgpipe/pipeline/store"
)

// This file has what is said and checked of runs whose outputs take the places of their inputs.

func (f *runFlags) addInPlace(g flags.Group) {
	g.Add(
		flags.Flag{Name: "in-place", Value: flags.Switch(&f.output.inPlace),
			Usage: "replace each input by its output, once --backup has the original; in place of --output. Names " +
				"stay; with --format the extension changes. What was made so is never processed again: see " +
				"'imgpipe help in-place'"},
		flags.Flag{Name: "backup", Value: flags.Text(&f.output.backup, "DIR"),
			Usage: "folder for the originals of --in-place, under their folders and names, and for the ledger; a " +
				"number is added where another file has the name"},
	)
}

// checkInPlace looks at the flags of runs in place. It finds what can do nothing there.
func (f *runFlags) checkInPlace(changed func(string) bool) error {
	o := &f.output
	switch {
	case !o.inPlace && o.backup != "":
		return fmt.Errorf("--backup %q is where --in-place keeps originals: expected --in-place with it", o.backup)
	case !o.inPlace:
		return nil
	case o.backup == "":
		return errors.New("--in-place replaces the inputs: expected --backup DIR with it, a folder for the originals")
	}
	for _, other := range []struct{ name, why string }{
		{"output", "has outputs take the places of the inputs"},
		{"name", "keeps the names of the inputs"},
		{"on-exist", "replaces nothing but inputs"},
		{"manifest", "makes no folder for a page"},
		{"raw-preview", "keeps raw files as they are"},
		{"follow", "replaces what lies in the folders that are named"},
		{"shard", "keeps one ledger of all that was made"},
		{"unique", "takes each file once, however often it is named"},
		{"verify", "asks no object store"},
		{"force", "processes what it made only once the original is put back"},
	} {
		if changed(other.name) {
			return fmt.Errorf("--%s: --in-place %s: expected no --%s with it", other.name, other.why, other.name)
		}
	}
	switch {
	case len(f.picture.sizes) > 1:
		return fmt.Errorf("--size: --in-place makes one output of each input: expected one size, not %d",
			len(f.picture.sizes))
	case len(f.picture.format.list) > 1 || f.picture.format.smallest:
		return fmt.Errorf("--format %s: --in-place makes one output of each input: expected one format",
			f.picture.format)
	}
	for _, arg := range f.input.args {
		if s := schemeOf(arg); s != "" || fetch.IsURL(arg) {
			return fmt.Errorf("--in-place: the input %q is no file of this machine: expected files and folders",
				fetch.Redact(arg))
		}
	}
	if err := folderName("backup", o.backup); err != nil {
		return err
	}
	return o.backupApart(f.input.args)
}

// backupApart returns an error if the folder for originals lies in an input, or an input in it.
func (f *outputFlags) backupApart(inputs []string) error {
	kept := store.NewTree(f.backup)
	for _, arg := range inputs {
		info, err := os.Stat(arg)
		if err != nil {
			continue // a pattern, or what is said to be missing elsewhere
		}
		if _, inside := kept.Rel(filepath.Clean(arg) + string(filepath.Separator)); inside {
			return fmt.Errorf("--backup %q: the input %q lies in it, and originals there stay as they are: "+
				"expected another folder", f.backup, arg)
		}
		_, inside := store.NewTree(arg).Rel(filepath.Clean(f.backup) + string(filepath.Separator))
		if inside && info.IsDir() {
			return fmt.Errorf("--backup %q lies in the input %q: expected a folder outside the inputs", f.backup, arg)
		}
	}
	return nil
}

// where says where outputs go, in the words of a header.
func (f *outputFlags) where() string {
	if f.inPlace {
		return "in place, originals to " + filepath.Clean(f.backup)
	}
	return "to " + f.shown()
}

// keptAt returns what a dry run says of the original of an input.
func (f *outputFlags) keptAt(original string) string {
	return filepath.Join(f.backup, filepath.FromSlash(strings.TrimPrefix(original, "/")))
}
