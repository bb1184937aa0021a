package fetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
)

// A ListFormat is how a list is written.
type ListFormat string

// The formats of lists. In all, a line ends with LF or CR LF, a byte order mark is passed over, UTF-16 with one is
// understood, and a list that is compressed with gzip is read as what is inside.
const (
	// AutoList takes the format from the file's extension, also before ".gz": csv, tsv, tab, jsonl, ndjson, json. Another
	// list is CSV or JSONL if a Column is asked for, else plain.
	AutoList ListFormat = ""
	// PlainList has one source on a line. Blank lines, and lines that begin with #, are passed over. A line in double
	// quotes is a Go string.
	PlainList ListFormat = "plain"
	// NULList ends each source with a NUL byte, as find -print0 does, and leaves the rest as it is.
	NULList ListFormat = "nul"
	// CSVList has fields as in RFC 4180, separated by what the first line has most of: commas, semicolons or tabs.
	CSVList ListFormat = "csv"
	// TSVList is CSVList separated by tabs.
	TSVList ListFormat = "tsv"
	// JSONLList has one JSON object on a line.
	JSONLList ListFormat = "jsonl"
)

// A List is a file that names items: files and URLs, not folders or patterns.
type List struct {
	// Path is the file; "-" is standard input.
	Path string
	// Format is how it is written.
	Format ListFormat
	// Column is where CSV, TSV and JSONL have the source: the name of a column or key, "url" if Column is empty. A number
	// counts the columns of CSV and TSV from 1 and says that there is no line of names.
	Column string
}

// check tells what is wrong with l as far as its beginning shows it.
func (l List) check() error {
	switch l.Format {
	case AutoList, PlainList, NULList, CSVList, TSVList, JSONLList:
	default:
		return fmt.Errorf("the list format %q is not known, expected plain, nul, csv, tsv or jsonl", l.Format)
	}
	if l.Column != "" && (l.Format == PlainList || l.Format == NULList) {
		return fmt.Errorf("a list in %s format has no column %q, expected csv, tsv or jsonl", l.Format, l.Column)
	}
	if l.Path == "-" {
		return nil
	}
	info, err := os.Stat(l.Path)
	if err != nil {
		return fileError("open", l.Path, err).Err
	}
	if info.IsDir() {
		return errors.New("it is a folder, expected a list")
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(l.Path)
	if err != nil {
		return fileError("open", l.Path, err).Err
	}
	defer f.Close()
	const enough = 100 // records, to see that it is a list
	n := 0
	return l.read(f, func(int, string, error) bool { n++; return n < enough })
}

// items gives the items of l to one. It tells whether to go on, and why l could not be read to its end.
func (l List) items(ctx context.Context, stdin io.Reader, one func(Item) bool) (bool, error) {
	name := l.Path
	var r io.Reader
	switch {
	case l.Path != "-":
		f, err := os.Open(l.Path)
		if err != nil {
			return false, fileError("open", l.Path, err).Err
		}
		defer f.Close()
		r = f
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			r = leave(ctx, f)
		} else if info.Size() > 0 { // what is appended while a run goes on would keep it going; of some files 0 says nothing
			r = io.LimitReader(f, info.Size())
		}
	case stdin == nil:
		name, r = "stdin", leave(ctx, os.Stdin)
	default:
		name, r = "stdin", leave(ctx, stdin)
	}
	on := true
	err := l.read(r, func(line int, source string, err error) bool {
		if err == nil {
			item := toItem(source)
			if t := strings.TrimSpace(source); item.Err != nil && t != source && t != "" && l.Format != NULList {
				item = toItem(t) // a blank at the end of a line is rarely part of a name
			}
			on = one(item)
			return on
		}
		at := name + ":" + strconv.Itoa(line)
		on = one(Item{Source: at, Err: &Error{Kind: ClassRecord, Doing: "read line " + shown(at), Err: err}})
		return on
	})
	return on, err
}

// read gives each record of the list in r to yield until that is false: its line, and its source or what is wrong with
// it. An error that concerns the whole list ends it.
func (l List) read(r io.Reader, yield func(line int, source string, err error) bool) error {
	br, err := plainText(r)
	if err != nil {
		return err
	}
	head, err := br.Peek(1)
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	format := l.format(head[0])
	s := &splitter{end: '\n'}
	switch format {
	case NULList:
		s.end = 0
	case CSVList:
		s.comma, s.sniff = ',', true
	case TSVList:
		s.comma = '\t'
	}
	sc := bufio.NewScanner(br)
	sc.Buffer(make([]byte, 64<<10), maxRecord+64<<10)
	sc.Split(s.split)
	pick := l.picker(format, s)
	for sc.Scan() {
		if s.err != nil {
			if !yield(s.start, "", s.err) {
				return nil
			}
			continue
		}
		rec := sc.Bytes()
		if format != NULList && bytes.IndexByte(rec, 0) >= 0 {
			if s.start <= 3 {
				return errors.New("it holds NUL bytes, expected text; names that end with NUL have a format of their own")
			}
			if !yield(s.start, "", errors.New("the record holds a NUL byte, expected text")) {
				return nil
			}
			continue
		}
		source, ok, err := pick(rec)
		var whole *listError
		if errors.As(err, &whole) {
			return whole
		}
		if (ok || err != nil) && !yield(s.start, source, err) {
			return nil
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("line %d: %w", s.next+1, err)
	}
	return nil
}

// A listError concerns a whole list.
type listError struct{ text string }

func (e *listError) Error() string { return e.text }

func (l List) format(first byte) ListFormat {
	if l.Format != AutoList {
		return l.Format
	}
	name := strings.TrimSuffix(strings.ToLower(l.Path), ".gz")
	switch filepath.Ext(name) {
	case ".csv":
		return CSVList
	case ".tsv", ".tab":
		return TSVList
	case ".jsonl", ".ndjson", ".json":
		return JSONLList
	}
	switch {
	case l.Column == "":
		return PlainList
	case first == '{':
		return JSONLList
	default:
		return CSVList
	}
}

// picker gives the function that finds the source in a record; its ok is false for a record that has none to give,
// such as a blank line.
func (l List) picker(format ListFormat, s *splitter) func(rec []byte) (source string, ok bool, err error) {
	column := l.Column
	if column == "" {
		column = "url"
	}
	switch format {
	case NULList:
		return func(rec []byte) (string, bool, error) { return string(rec), len(rec) > 0, nil }
	case JSONLList:
		return func(rec []byte) (string, bool, error) { return jsonField(rec, column) }
	case CSVList, TSVList:
		n, err := strconv.Atoi(column)
		if err != nil {
			n = 0
		}
		return func(rec []byte) (string, bool, error) {
			if len(bytes.TrimSpace(rec)) == 0 {
				return "", false, nil
			}
			if n == 0 {
				n, err = columnOf(rec, s.comma, column)
				return "", false, err
			}
			v, ok := field(rec, s.comma, n)
			v = strings.TrimSpace(v)
			switch {
			case !ok:
				return "", false, fmt.Errorf("the record has no column %d", n)
			case v == "":
				return "", false, fmt.Errorf("the column %s is empty", column)
			}
			return v, true, nil
		}
	default:
		return func(rec []byte) (string, bool, error) {
			t := bytes.TrimSpace(rec)
			if len(t) == 0 || rec[0] == '#' {
				return "", false, nil
			}
			if t[0] == '"' {
				s := unquote(string(t))
				if s == "" {
					return "", false, errors.New("the name is empty")
				}
				return s, true, nil
			}
			if isURL(string(t)) {
				return string(t), true, nil
			}
			return string(rec), true, nil
		}
	}
}

func jsonField(rec []byte, key string) (string, bool, error) {
	if len(bytes.TrimSpace(rec)) == 0 {
		return "", false, nil
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(rec, &m); err != nil {
		return "", false, errors.New("the line is not a JSON object")
	}
	v, ok := m[key]
	if !ok {
		return "", false, fmt.Errorf("the object has no key %q", key)
	}
	var s string
	if err := json.Unmarshal(v, &s); err != nil || s == "" {
		return "", false, fmt.Errorf("the value of %q is not a text", key)
	}
	return s, true, nil
}

// plainText gives r without compression, byte order mark or UTF-16.
func plainText(r io.Reader) (*bufio.Reader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	if head, _ := br.Peek(2); bytes.Equal(head, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("read gzip: %w", err)
		}
		br = bufio.NewReaderSize(zr, 64<<10)
	}
	head, _ := br.Peek(3)
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		_, err := br.Discard(3)
		return br, err
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		br = bufio.NewReaderSize(utf16.Reader(br), 64<<10)
	}
	return br, nil
}

// leave gives r so that a read returns when ctx ends, although one from r may still block: that one is left behind with
// its goroutine and ends with it.
func leave(ctx context.Context, r io.Reader) io.Reader {
	return &leaver{ctx: ctx, r: r, got: make(chan chunk, 1)}
}

type chunk struct {
	n   int
	err error
}

type leaver struct {
	ctx  context.Context
	r    io.Reader
	buf  []byte
	rest []byte
	err  error      // what r gave after rest
	got  chan chunk // holds one, so that a read that was left behind can end
}

func (l *leaver) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		// After ctx's end a read that was left behind may still be using buf.
		if err := l.ctx.Err(); err != nil {
			return 0, err
		}
		if l.err != nil {
			return 0, l.err
		}
		if l.buf == nil {
			l.buf = make([]byte, 64<<10)
		}
		go func() {
			n, err := l.r.Read(l.buf)
			l.got <- chunk{n, err}
		}()
		select {
		case <-l.ctx.Done():
			return 0, l.ctx.Err()
		case c := <-l.got:
			l.rest, l.err = l.buf[:c.n], c.err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}
