package preset

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FileName is the name of files of presets that are found by themselves.
const FileName = "imgpipe.toml"

// mostBytes is the longest file that is read.
const mostBytes = 64 << 10

// builtIn are the presets that come with the program.
//
//go:embed builtin.toml
var builtIn string

// A Book has the files of presets, and reads each when it is first asked for. It is for one goroutine.
type Book struct {
	files []string // near to far; "" for what is built in
	pages []page
}

// A page is what is in a file.
type page struct {
	presets []*Preset
	err     error
	read    bool
}

// Open returns the book of the presets in file, if that is not "", and those that are built in. Without a file it has
// the one of this name that Find finds for the current folder, and the user's own.
func Open(file string) (*Book, error) {
	b := &Book{files: []string{file}}
	if file == "" {
		here, err := os.Getwd()
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", FileName, err)
		}
		b.files = Find(here)
	}
	b.files = append(b.files, "")
	b.pages = make([]page, len(b.files))
	if file != "" {
		_, err := b.read(0)
		return b, err
	}
	return b, nil
}

// BuiltIn returns the presets that are built in.
func BuiltIn() []*Preset {
	b := &Book{files: []string{""}, pages: make([]page, 1)}
	return b.All(nil)
}

// Find returns the files of presets for a folder, the nearest first: that of the folder itself or, in a repository, of
// the nearest folder above it up to the one that has .git; and that of the user, in the folder imgpipe of
// $XDG_CONFIG_HOME or what the system has for it. Above a folder that is in no repository nothing is looked for, since
// others may write there.
func Find(dir string) (files []string) {
	if file, ok := nearest(dir); ok {
		files = append(files, file)
	}
	config, err := os.Getenv("XDG_CONFIG_HOME"), error(nil)
	if !filepath.IsAbs(config) {
		config, err = os.UserConfigDir()
	}
	if err == nil {
		file := filepath.Join(config, "imgpipe", FileName)
		if isThere(file) && (len(files) == 0 || filepath.Join(dir, files[0]) != file) {
			files = append(files, file)
		}
	}
	return files
}

// nearest returns the path of the nearest file from dir, which is absolute.
func nearest(dir string) (file string, ok bool) {
	if isThere(filepath.Join(dir, FileName)) {
		return FileName, true
	}
	up := ""
	for at := dir; ; {
		if isThere(filepath.Join(at, ".git")) {
			return file, file != ""
		}
		above := filepath.Dir(at)
		if above == at {
			return "", false // in no repository
		}
		at, up = above, filepath.Join("..", up)
		if found := filepath.Join(up, FileName); file == "" && isThere(filepath.Join(at, FileName)) {
			file = found
		}
	}
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// read returns the presets of a file.
func (b *Book) read(i int) ([]*Preset, error) {
	p, file := &b.pages[i], b.files[i]
	if !p.read {
		p.read = true
		text := builtIn
		if file != "" {
			text, p.err = load(file)
		}
		if p.err == nil {
			p.presets, p.err = parse(file, text)
		}
		for _, one := range p.presets {
			one.file = i
		}
	}
	return p.presets, p.err
}

// load reads a file that is no longer than it may be.
func load(file string) (string, error) {
	fail := func(err error) (string, error) { return "", fmt.Errorf("read presets of %s: %w", file, err) }
	info, err := os.Stat(file)
	if failed := (*fs.PathError)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	switch {
	case err != nil:
		return fail(err)
	case !info.Mode().IsRegular():
		return fail(errors.New("expected a regular file"))
	}
	f, err := os.Open(file)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	switch {
	case err != nil:
		return fail(err)
	case len(data) > mostBytes:
		return fail(fmt.Errorf("it has over %d bytes: expected a file of presets, which is shorter", mostBytes))
	}
	return string(data), nil
}
