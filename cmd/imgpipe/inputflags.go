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

func (f *runFlags) addInput(g flags.Group) {
	f.addInputLists(g)
	g.Add(
		flags.Flag{Name: "columns",
			Value: flags.Parsed(&f.input.columns, "NAME,…|all", parseColumns, columnChoice.String),
			Usage: "columns or keys of the lists that come along into the ledger, such as captions; also for " +
				"{column:NAME} in --name"},
	)
	f.addHash(g)
	g.Add(
		flags.Flag{Name: "root", Value: flags.Text(&f.input.root, "DIR"),
			Usage: "keep the folders below DIR in the names of outputs, also of files that a list or the shell " +
				"names: find /photos … | imgpipe run --root /photos -i - -o small"},
		flags.Flag{Name: "shard",
			Value: flags.Parsed(&f.input.part, "I/N", parseShard, store.Part.String),
			Usage: "do the I-th of N parts of the input, from 1: each item is in one part. Several runs, on one " +
				"machine or many, do all together, also into one folder at once. auto/N takes I from Kubernetes, " +
				"Slurm or GNU parallel, and auto also N where it can; see 'imgpipe help shards'"},
	)
	f.addSelection(g)
}

// addInputLists adds the flags of lists.
func (f *runFlags) addInputLists(g flags.Group) {
	f.input.listFormat = listAuto
	g.Add(
		flags.Flag{Name: "input-list", Short: "i", Common: true, Value: flags.Texts(&f.input.lists, "FILE"),
			Usage: "list of files and URLs, - for standard input; plain, CSV, TSV, JSONL or a JSON array, " +
				"also in gzip or zstd; may be an http://, https:// or s3:// URL; may be repeated"},
	)
	f.input.addLists(g)
}

func (f *runFlags) addHash(g flags.Group) {
	g.Add(
		flags.Flag{Name: "verify-hash", Value: flags.Text(&f.input.hash, "NAME"),
			Usage: "column or key that holds the SHA-256 or MD5 of each file: an input with another one fails. " +
				"What is done already is not looked at again"},
	)
}

// addSelection adds the flags of what is taken of folders.
func (f *runFlags) addSelection(g flags.Group) {
	g.Add(
		flags.Flag{Name: "include", Value: flags.List(&f.input.include, "PATTERN", fetch.ParsePattern),
			Usage: "take only what matches, such as '*.png' or '2024/**'; may be repeated. A pattern without / is " +
				"for a name at any depth, another one for a path below the folder that you name, with / on every " +
				"system. See 'imgpipe help inputs'"},
		flags.Flag{Name: "exclude", Value: flags.List(&f.input.exclude, "PATTERN", fetch.ParsePattern),
			Usage: "leave out what matches, also if --include takes it; may be repeated. A folder that matches, " +
				"such as raw/, is left out with all below it, and not even opened"},
		flags.Flag{Name: "follow", Value: flags.Switch(&f.input.follow),
			Usage: "follow symbolic links in folders, to files and to folders; each folder is walked once, by the " +
				"way that has no links, if there is one"},
	)
}

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
