package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// A manifest is the file of --manifest: what a page needs to know of each image and its outputs. It is made of the
// ledger's lines when the run has ended, so that images which an earlier run did are in it too, and a run of any number
// of images holds only where their lines are. Nil is valid and writes nothing.
type manifest struct {
	file  *sideFile
	store *store.Store
	html  bool
	base  string // the output folder as a page beside the manifest names it, with a slash; "" for that of the manifest
	lines []manifestLine
	dirs  map[string]string // each folder of an item, once
}

// A manifestLine is where the ledger has the line of an item, and in which folder below that of the input the item is.
type manifestLine struct {
	index int
	at    store.Ref
	local bool
	dir   string
}

// source returns the name of an input for a page that others may see: of a file, its path in the folder that was
// walked, and never where that folder is.
func (l *manifestLine) source(e store.Entry) string {
	if !l.local {
		return fetch.Redact(e.Source)
	}
	return path.Join(l.dir, filepath.Base(e.Source))
}

// manifestExtensions are those of the files of --manifest, and whether that is a page.
var manifestExtensions = map[string]bool{".json": false, ".html": true, ".htm": true}

// checkManifest returns an error unless a manifest can have a name.
func checkManifest(name string) error {
	if _, known := manifestExtensions[strings.ToLower(filepath.Ext(name))]; name != "" && !known {
		return fmt.Errorf("--manifest %q: its name says what it is: expected one that ends in .json or .html", name)
	}
	return nil
}

// newManifest begins the manifest of a run into an output folder.
func newManifest(
	ctx context.Context, name, folder string, s *store.Store, allowed func() error,
) (*manifest, error) {
	file, err := openSide(ctx, "manifest", name, allowed)
	if file == nil {
		return nil, err
	}
	m := &manifest{
		file: file, store: s, html: manifestExtensions[strings.ToLower(filepath.Ext(name))], dirs: map[string]string{},
	}
	if m.base, err = urlBetween(filepath.Dir(name), folder); err != nil {
		file.abandon()
		return nil, file.failed(err)
	}
	return m, nil
}

// urlBetween returns the URL of a folder as a page in another one names it, with a slash; "" if both are one.
func urlBetween(from, to string) (string, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	if to, err = filepath.Abs(to); err != nil {
		return "", err
	}
	rel, err := filepath.Rel(from, to)
	if err != nil {
		return "", errors.New("no relative URL leads from it to the output folder: expected a file on the same drive")
	}
	if rel == "." {
		return "", nil
	}
	return escapeURL(filepath.ToSlash(rel)) + "/", nil
}

// add notes where the line of an item is that is done, now or by an earlier run.
func (m *manifest) add(o pipeline.Outcome) {
	if m == nil || o.Status != pipeline.Done && o.Status != pipeline.Skipped || o.Place == nil {
		return
	}
	if at, ok := m.store.Recorded(o.Place); ok {
		dir, known := m.dirs[o.Item.Dir]
		if !known {
			dir = o.Item.Dir
			m.dirs[dir] = dir
		}
		m.lines = append(m.lines, manifestLine{o.Item.Index, at, o.Item.Local(), dir})
	}
}

func (m *manifest) forget() {
	if m != nil {
		m.file.forget()
	}
}

func (m *manifest) abandon() {
	if m != nil {
		m.file.abandon()
	}
}

// close writes the manifest, in the order of the input, and puts it in place. whole reports whether the run came to its
// end. If it did not, the manifest of an earlier run stays.
func (m *manifest) close(whole bool) error {
	if m == nil || !whole {
		m.abandon()
		return nil
	}
	slices.SortFunc(m.lines, func(a, b manifestLine) int { return cmp.Compare(a.index, b.index) })
	write := m.writeJSON
	if m.html {
		write = m.writeHTML
	}
	return m.file.close(write(m.file))
}

// images yields each image that has outputs.
func (m *manifest) images(yield func(*pageImage, error) bool) {
	for _, line := range m.lines {
		e, err := m.store.Entry(line.at)
		if err != nil {
			yield(nil, fmt.Errorf("read %s: %w", store.LedgerName, err))
			return
		}
		img := newPageImage(e, line.source(e), m.base)
		if img != nil && !yield(img, nil) {
			return
		}
	}
}

// writeJSON writes one object, in which each image is a line.
func (m *manifest) writeJSON(w io.Writer) error {
	before := "{\n  \"images\": [\n    "
	for img, err := range m.images {
		if err != nil {
			return err
		}
		text, err := json.Marshal(img)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", before, text); err != nil {
			return err
		}
		before = ",\n    "
	}
	if !strings.HasPrefix(before, ",") {
		_, err := io.WriteString(w, "{\n  \"images\": []\n}\n")
		return err
	}
	_, err := io.WriteString(w, "\n  ]\n}\n")
	return err
}

// writeHTML writes a page that shows each image with what puts it into another page.
func (m *manifest) writeHTML(w io.Writer) error {
	if _, err := io.WriteString(w, pageHead); err != nil {
		return err
	}
	for img, err := range m.images {
		if err == nil {
			err = pageFigure.Execute(w, img)
		}
		if err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "</main>\n</html>\n")
	return err
}
