package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/pipeline/store"
)

// inputFlags say where items come from.
type inputFlags struct {
	args                []string // files, folders, patterns and URLs
	lists               []string
	listFormat, listKey string
	root                string
	null                bool
	part                store.Part // of the input; zero is all
	columns             columnChoice
	hash                string // the column of digests; "" for none
	include, exclude    []fetch.Pattern
	follow              bool
}

// What --list-format takes besides formats of fetch.
const (
	listAuto  = "auto"
	listPlain = "plain"
)

// addLists adds the flags of how lists are read.
func (f *inputFlags) addLists(g flags.Group) {
	g.Add(
		flags.Flag{Name: "list-format",
			Value: flags.Choice(&f.listFormat, listAuto, listPlain, "csv", "tsv", "jsonl"),
			Usage: "format of the lists (default auto: by extension and content)"},
		flags.Flag{Name: "url-col", Value: flags.Text(&f.listKey, "NAME"),
			Usage: "column or key that holds the URL (default url), or several URLs in JSON, where it may be " +
				"image.url or images[0].url; a number counts the columns of a table without a header from 1"},
		flags.Flag{Name: "null", Short: "0", Value: flags.Switch(&f.null),
			Usage: "entries of plain lists end with a NUL byte, as find -print0 writes them"},
	)
}

// check looks at the flags together. Its error names the flags and what was expected.
func (f *inputFlags) check(changed func(string) bool) error {
	if len(f.lists) == 0 {
		for _, name := range []string{"list-format", "url-col", "null", "columns", "verify-hash"} {
			if changed(name) {
				return fmt.Errorf("--%s says how to read a list: expected --input-list with it", name)
			}
		}
	}
	if f.follow && !slices.ContainsFunc(f.args, func(arg string) bool { return !fetch.IsURL(arg) }) {
		return errors.New("--follow is for symbolic links in folders: expected a folder or a pattern with it")
	}
	if f.null && f.listFormat != listAuto && f.listFormat != listPlain {
		return fmt.Errorf("--null is for plain lists: expected no --list-format %s with it", f.listFormat)
	}
	return nil
}

// empty reports whether there is no input.
func (f *inputFlags) empty() bool { return len(f.args) == 0 && len(f.lists) == 0 }

// options say what is read. The caller sets how long a file may take, and what is passed over.
func (f *inputFlags) options(stdin io.Reader) fetch.Inputs {
	in := fetch.Inputs{
		Args: f.args, Root: f.root, Marker: store.LedgerName, Stdin: stdin, Extensions: imageFiles(),
		Include: f.include, Exclude: f.exclude, Follow: f.follow,
	}
	for _, l := range f.lists {
		format := fetch.ListFormat(f.listFormat)
		switch {
		case f.null:
			format = fetch.NULList
		case f.listFormat == listAuto:
			format = fetch.AutoList
		}
		in.Lists = append(in.Lists, fetch.List{
			Path: l, Format: format, Column: f.listKey,
			Columns: f.columns.names, AllColumns: f.columns.all, Hash: f.hash,
		})
	}
	return in
}

// asksServers reports whether the run may ask servers: an input or a line of a list can be a URL.
func (f *inputFlags) asksServers() bool {
	return len(f.lists) > 0 || slices.ContainsFunc(f.args, func(s string) bool { return strings.Contains(s, ":") })
}

// shown is what a screen says of the input. There must be one.
func (f *inputFlags) shown() string {
	all := slices.Concat(f.args, f.lists)
	text := fetch.Redact(all[0])
	if len(all) > 1 {
		text += fmt.Sprintf(" and %d more", len(all)-1)
	}
	if !f.part.Whole() {
		text += ", shard " + f.part.String()
	}
	return summary.Printable(text)
}
