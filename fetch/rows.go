package fetch

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
)

// A Row is one record of a list as it is written, for one who copies it.
type Row struct {
	// Line is where it begins, from 1.
	Line int
	// Text is the record without the end of its line, as UTF-8. It is valid until the next one.
	Text []byte
	// Sources are what it names: one, or several in JSON.
	Sources []string
	// Err is why it names nothing.
	Err error
}

// A Shape is how a list is written: a part of the list is read with the same flags if it has the same.
type Shape struct {
	// Format is the one that was found, never AutoList.
	Format ListFormat
	// Array reports that the list is one JSON array.
	Array bool
	// Header is the line of names of CSV and TSV; "" if there is none.
	Header string
	// Packed is "gzip" or "zstd" for a list that is compressed, else "".
	Packed string
}

// Rows calls yield with each row of l until that is false, and before the first one shape, unless the list is empty. An
// error of shape ends the reading. The error is ctx's, that of shape, or says why the list could not be read to its
// end. A nil stdin means os.Stdin.
func (l List) Rows(ctx context.Context, stdin io.Reader, shape func(Shape) error, yield func(Row) bool) error {
	file, err := l.Open(ctx, stdin)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := l.rows(bufio.NewReaderSize(file, 64<<10), shape, yield); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &InputError{Input: l.Path, Err: err}
	}
	return nil
}

func (l List) rows(r *bufio.Reader, shape func(Shape) error, yield func(Row) bool) error {
	var known Shape
	switch head, _ := r.Peek(4); {
	case bytes.HasPrefix(head, magicGzip):
		known.Packed = "gzip"
	case bytes.HasPrefix(head, magicZstd):
		known.Packed = "zstd"
	}
	told := false
	return l.texts(r, func(d *reading, rec []byte, wrong error) (on bool, err error) {
		row := Row{Line: d.start, Text: rec, Err: wrong}
		if wrong == nil {
			err = d.pick(rec, func(source string, loose bool, err error) bool {
				if row.Err == nil {
					row.Err = err
				}
				if err == nil {
					row.Sources = append(row.Sources, sourceOfLine(source, loose))
				}
				return true
			})
		}
		switch {
		case err != nil:
			return false, err
		case row.Err == nil && len(row.Sources) == 0 && (d.comma == 0 || told || len(bytes.TrimSpace(rec)) == 0):
			return true, nil // a blank line or a remark
		case row.Err == nil && len(row.Sources) == 0:
			known.Header = string(rec)
		}
		if len(row.Sources) > 0 {
			row.Err = nil // some of several are missing
		}
		if row.Err == nil && d.format == PlainList && !bytes.HasPrefix(bytes.TrimSpace(rec), []byte{'"'}) &&
			quoted(row.Sources[0]) { // it cannot be the first line of another list as it is
			row.Text = bytes.TrimSuffix(AppendSource(nil, row.Sources[0]), []byte{'\n'})
		}
		if !told {
			told = true
			known.Format, known.Array = d.format, d.array
			if err := shape(known); err != nil {
				return false, err
			}
			if known.Header != "" {
				return true, nil
			}
		}
		return yield(row), nil
	})
}

// sourceOfLine returns what a record most likely names, without a look at the disk.
func sourceOfLine(source string, loose bool) string {
	if loose {
		return strings.TrimSpace(source)
	}
	return source
}

// HostName returns the host of a URL as it is looked up, without a port; "" if source is no URL, or names none.
func HostName(source string) string {
	if !IsURL(source) {
		return ""
	}
	u, err := parseWeb(blankless(source), nil)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
