package fetch

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A ListFormat is how a list is written.
type ListFormat string

// The formats of lists. In all, a line ends with LF or CR LF, a byte order mark is passed over, UTF-16 with one is
// understood, and a list that is compressed with gzip or zstd is read as what is inside.
//
// A record that the end of the file cuts short is the last one. One that an error cuts short is none: half a URL may
// name another picture.
const (
	// AutoList takes the format from the file's extension, also before ".gz" and ".zst": csv, tsv, tab, jsonl, ndjson,
	// json. Another list is CSV or JSONL if a Column is asked for, else plain.
	AutoList ListFormat = ""
	// PlainList has one source on a line. Blank lines are passed over, and remarks: what follows a # at the beginning
	// of a line or behind a blank. Of a path, which may hold that, it is a remark only if no file has the whole line
	// for its name. A line in double quotes is a Go string.
	PlainList ListFormat = "plain"
	// NULList ends each source with a NUL byte, as find -print0 does, and leaves the rest as it is.
	NULList ListFormat = "nul"
	// CSVList has fields as in RFC 4180, separated by what the first line has most of: commas, semicolons or tabs.
	CSVList ListFormat = "csv"
	// TSVList is CSVList separated by tabs.
	TSVList ListFormat = "tsv"
	// JSONLList has one JSON object on a line, or is one JSON array of objects or of sources. Where an object has
	// several sources, each is an item.
	JSONLList ListFormat = "jsonl"
)

// A List is a file that names items: files and URLs, not folders or patterns.
type List struct {
	// From opens Path, which is then a URL. Nil means a file of this machine.
	From Opener
	// Path is the file; "-" and "/dev/stdin" are standard input. A named pipe without a writer is waited for.
	Path string
	// Format is how it is written.
	Format ListFormat
	// Column is where CSV, TSV and JSONL have the source: the name of a column or key, "url" if Column is empty. A
	// number counts the columns of CSV and TSV from 1 and says that there is no line of names. Of JSONL it may be a
	// path of keys such as "image.url" or "images[0].url"; an array without a number on that path stands for all that
	// it holds.
	Column string
	// Columns are the names of further columns or keys, whose values items have as Item.Columns. AllColumns are those
	// of all but Column. A table whose Column is a number has numbers for names, too.
	Columns    []string
	AllColumns bool
	// Hash is the column or key of a digest that the bytes of an item must have; "" is none. A record without one is
	// an Item with Err.
	Hash string
}

// defaultColumn is the Column of a list that does not say.
const defaultColumn = "url"

// Stdin reports whether l is read from standard input, and so but once, even where that is a regular file: whoever
// reads it goes on where another has stopped.
func (l List) Stdin() bool {
	return l.Path == "-" || l.Path == "/dev/stdin" || l.Path == "/dev/fd/0" || l.Path == "/proc/self/fd/0"
}

// check returns what is wrong with l as far as its beginning shows it.
func (l List) check(ctx context.Context, p *watch) error {
	switch l.Format {
	case AutoList, PlainList, NULList, CSVList, TSVList, JSONLList:
	default:
		return fmt.Errorf("the list format %q is not known, expected plain, nul, csv, tsv or jsonl", l.Format)
	}
	if l.Column != "" && (l.Format == PlainList || l.Format == NULList) {
		return fmt.Errorf("a list in %s format has no column %q, expected csv, tsv or jsonl", l.Format, l.Column)
	}
	if l.tabular() && !slices.Contains([]ListFormat{AutoList, CSVList, TSVList, JSONLList}, l.Format) {
		return fmt.Errorf("a list in %s format has no columns, expected csv, tsv or jsonl", l.Format)
	}
	if l.Stdin() {
		return nil
	}
	if l.From != nil {
		return l.beginRemote(ctx)
	}
	at := spot{path: l.Path}
	limit, err := p.limit(at, true)
	if err != nil {
		return err
	}
	_, err = within(ctx, p, at, limit, func() (struct{}, error) { return struct{}{}, l.begin() }, nil)
	return err
}

// begin reads the beginning of a list that can be read again.
func (l List) begin() error {
	info, err := os.Stat(l.Path)
	switch {
	case err != nil && IsURL(l.Path):
		return errors.New("lists of this scheme cannot be read: " +
			"expected http://, https:// or s3://, a file, or - and the list on standard input")
	case err != nil:
		return fileError("open", l.Path, err).Err
	case info.IsDir():
		return errors.New("it is a folder, expected a list")
	case !info.Mode().IsRegular():
		return nil
	}
	f, err := os.Open(l.Path)
	if err != nil {
		return fileError("open", l.Path, err).Err
	}
	defer f.Close()
	return l.read(f, enough())
}

// enough returns a function that takes as many records as show that something is a list.
func enough() func(record) bool {
	n := 0
	return func(record) bool { n++; return n < 100 }
}

// items calls one with each item of l. It reports whether to go on, and returns why l could not be read to its end.
func (l List) items(ctx context.Context, in Inputs, files *files, one func(Item) bool) (bool, error) {
	name := "stdin"
	var r io.Reader
	if l.Stdin() {
		r = standardInput(ctx, in.Stdin)
	} else if l.From != nil {
		remote := l.remote(ctx)
		defer remote.Close()
		name, r = l.Path, remote
	} else {
		file, grown, end, err := l.open(ctx, files.clock)
		if err != nil {
			return false, err
		}
		defer end()
		defer func() {
			if in.PassedOver != nil && grown() {
				in.PassedOver(l.Path, "what was appended to lists while they were read")
			}
		}()
		name, r = l.Path, file
	}
	one = files.unlessLeft(in, one)
	var item Item // of a record
	found := false
	single := in.listing(func(i Item) bool {
		item, found = i, true
		return false
	})
	single.Single = true
	named := func(name string) Item {
		scheme := in.scheme(name)
		found, single.Name = false, name
		if in.list(ctx, files, scheme, single); !found {
			item = Item{Source: name, Scheme: scheme, Err: nothingNamed(name)}
		}
		return item
	}
	on := true
	err := l.read(r, func(rec record) bool {
		if rec.err == nil {
			item := rec.item(named)
			item.Row, item.Columns, item.Want = rec.line, rec.columns, rec.want
			on = one(item)
			return on
		}
		at := name + ":" + strconv.Itoa(rec.line)
		wrong := &Error{Kind: ClassRecord, Doing: "read line " + shown(at), Err: rec.err}
		on = one(Item{Source: at, Row: rec.line, Err: wrong})
		return on
	})
	return on, err
}

// A record is what a list has in one place.
type record struct {
	line   int
	source string
	loose  bool  // blanks and a remark may stand round source
	err    error // why there is no source

	columns Columns
	want    Digest
}

// item returns the item of a record. named returns that of a name.
func (r record) item(named func(name string) Item) Item {
	item := named(r.source)
	if item.Err == nil || !r.loose || item.Scheme == unknownScheme {
		return item
	}
	// A blank at the end of a line is rarely part of a name, and " #" seldom: the longest name that is there is meant.
	whole := item
	if t := strings.TrimSpace(r.source); t != r.source && t != "" {
		whole = named(t)
	}
	item = whole
	for text := r.source; item.Err != nil; item = named(strings.TrimSpace(text)) {
		i := lastRemark(text)
		if i <= 0 {
			return whole
		}
		text = text[:i]
	}
	return item
}

// lastRemark returns where the last # behind a blank of line is, with the blank, or -1.
func lastRemark(line string) int {
	return max(strings.LastIndex(line, " #"), strings.LastIndex(line, "\t#"))
}

// withoutRemark returns a line without the first # behind a blank and what follows it.
func withoutRemark(line string) string {
	for _, mark := range []string{" #", "\t#"} {
		line, _, _ = strings.Cut(line, mark)
	}
	return strings.TrimSpace(line)
}

// read calls yield with each record of the list in r until that is false. Its error concerns the whole list.
func (l List) read(r io.Reader, yield func(record) bool) error {
	return l.texts(r, func(d *reading, rec []byte, wrong error) (on bool, err error) {
		if wrong != nil {
			return yield(record{line: d.start, err: wrong}), nil
		}
		one := record{line: d.start}
		if d.extras != nil {
			if one.columns, one.want, wrong, err = d.extras.of(rec); err != nil {
				return false, err
			}
		}
		on = true
		err = d.pick(rec, func(source string, loose bool, err error) bool {
			one.source, one.loose, one.err = source, loose, cmp.Or(err, wrong)
			on = yield(one)
			return on
		})
		return on, err
	})
}

// A reading is a list while it is read.
type reading struct {
	*splitter
	format ListFormat
	array  bool // it is one JSON array
	extras *extras
	pick   func(rec []byte, yield func(source string, loose bool, err error) bool) error
}

// texts calls each with the text of each record of the list in r, or with what is wrong with it, until that is false or
// returns an error. Its error concerns the whole list.
func (l List) texts(r io.Reader, each func(d *reading, rec []byte, wrong error) (on bool, err error)) error {
	br, end, err := plainText(r)
	if err != nil {
		return err
	}
	defer end()
	text := &sticky{r: br}
	head, err := br.Peek(1)
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	format := l.format(head[0])
	s := &splitter{end: '\n', broken: text.broken}
	switch format {
	case NULList:
		s.end = 0
	case CSVList:
		s.comma, s.sniff = ',', true
	case TSVList:
		s.comma = '\t'
	}
	split := s.split
	array := format == JSONLList && beginsArray(br)
	if array {
		split = (&elements{splitter: s}).split
	}
	sc := bufio.NewScanner(text)
	sc.Buffer(make([]byte, 64<<10), maxRecord+64<<10)
	sc.Split(onwards(split))
	d := &reading{s, format, array, l.extras(format, s), l.picker(format, array, s)}
	for on := true; on && sc.Scan(); {
		rec := sc.Bytes()
		var err error
		switch {
		case s.err != nil:
			on, err = each(d, nil, s.err)
		case format != NULList && bytes.IndexByte(rec, 0) >= 0:
			if err := foreign(rec); err != nil && s.start == 1 {
				return err
			}
			if s.start <= 3 {
				return errors.New("it holds NUL bytes, expected text; " +
					"names that end with NUL have a format of their own")
			}
			on, err = each(d, nil, errors.New("the record holds a NUL byte, expected text"))
		default:
			on, err = each(d, rec, nil)
		}
		if err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("line %d: %w", s.next+1, err)
	}
	return nil
}

// onwards calls split until it has a record or wants more: at the end a bufio.Scanner takes for granted that there is
// no record behind what was passed over.
func onwards(split bufio.SplitFunc) bufio.SplitFunc {
	return func(data []byte, atEOF bool) (passed int, rec []byte, err error) {
		for {
			n, rec, err := split(data[passed:], atEOF)
			passed += n
			if n == 0 || rec != nil || err != nil {
				return passed, rec, err
			}
		}
	}
}

// A sticky reader repeats the error that ended it: a bufio.Reader that has looked ahead forgets it.
type sticky struct {
	r   io.Reader
	err error
}

func (s *sticky) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.err = err
	return n, err
}

// broken reports whether something else than its end has ended s.
func (s *sticky) broken() bool { return s.err != nil && s.err != io.EOF }

func (l List) format(first byte) ListFormat {
	if l.Format != AutoList {
		return l.Format
	}
	name := strings.ToLower(l.Name())
	for _, ext := range []string{".gz", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, ext)
	}
	switch filepath.Ext(name) {
	case ".csv":
		return CSVList
	case ".tsv", ".tab":
		return TSVList
	case ".jsonl", ".ndjson", ".json":
		return JSONLList
	}
	switch {
	case l.Column == "" && !l.tabular():
		return PlainList
	case first == '{' || first == '[':
		return JSONLList
	default:
		return CSVList
	}
}
