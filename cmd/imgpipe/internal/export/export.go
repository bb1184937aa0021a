// Package export writes a ledger as a table: CSV, JSON lines or Parquet, for those who make a data set of outputs.
//
// Start with [Write]. A row is an output; an input without one, such as one that failed, has a row without a file. Only
// the line that counts of each input is in the table, in the order of the ledger. The columns are those of [Fixed], and
// behind them the columns of lists that --columns had come along.
//
// The ledger is read twice: what columns there are, and of what kind, is known only at its end. Nothing is kept of its
// lines.
package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// A Kind is what the values of a column are. Any may be missing.
type Kind int

// The kinds, in Go: string, int64, float64, bool.
const (
	Text Kind = iota
	Whole
	Number
	Truth
)

// A Column is one of the table.
type Column struct {
	Name string
	Kind Kind
	of   func(e *store.Entry, o *pipeline.Output) any // nil for one of a list
	list string                                       // the name of that
}

// Formats are those that Write knows, as a flag has them.
var Formats = []string{"parquet", "csv", "jsonl"}

// mostColumns bounds the columns of lists: each takes memory while a table is written.
const mostColumns = 1000

// fixed is the table of the columns that every table has.
var fixed = []Column{
	text("source", func(e *store.Entry, _ *pipeline.Output) string { return e.Source }),
	whole("row", func(e *store.Entry, _ *pipeline.Output) int64 { return int64(e.Row) }),
	text("status", func(e *store.Entry, _ *pipeline.Output) string { return string(e.Status) }),
	text("class", func(e *store.Entry, _ *pipeline.Output) string { return e.Class }),
	text("error", func(e *store.Entry, _ *pipeline.Output) string { return e.Error }),
	text("path", func(_ *store.Entry, o *pipeline.Output) string { return o.Path }),
	whole("bytes", func(_ *store.Entry, o *pipeline.Output) int64 { return o.Bytes }),
	whole("width", func(_ *store.Entry, o *pipeline.Output) int64 { return int64(o.Width) }),
	whole("height", func(_ *store.Entry, o *pipeline.Output) int64 { return int64(o.Height) }),
	text("format", func(_ *store.Entry, o *pipeline.Output) string { return string(o.Format) }),
	text("sha256", func(_ *store.Entry, o *pipeline.Output) string { return o.SHA256 }),
	whole("source_bytes", func(e *store.Entry, _ *pipeline.Output) int64 { return e.InBytes }),
	text("source_sha256", func(e *store.Entry, _ *pipeline.Output) string { return e.SourceSHA256 }),
	text("spec", func(e *store.Entry, _ *pipeline.Output) string { return e.Spec }),
	text("warnings", func(e *store.Entry, _ *pipeline.Output) string { return strings.Join(e.Warnings, "; ") }),
	{Name: "damaged", Kind: Truth, of: func(e *store.Entry, _ *pipeline.Output) any { return e.Damaged }},
	whole("attempts", func(e *store.Entry, _ *pipeline.Output) int64 { return int64(e.Attempts) }),
	text("time", func(e *store.Entry, _ *pipeline.Output) string {
		if e.Time.IsZero() {
			return ""
		}
		return e.Time.UTC().Format(time.RFC3339Nano)
	}),
}

// text is a column whose empty texts are missing.
func text(name string, of func(*store.Entry, *pipeline.Output) string) Column {
	return Column{Name: name, Kind: Text, of: func(e *store.Entry, o *pipeline.Output) any {
		if s := of(e, o); s != "" {
			return s
		}
		return nil
	}}
}

// whole is a column whose zeros are missing.
func whole(name string, of func(*store.Entry, *pipeline.Output) int64) Column {
	return Column{Name: name, Kind: Whole, of: func(e *store.Entry, o *pipeline.Output) any {
		if n := of(e, o); n != 0 {
			return n
		}
		return nil
	}}
}

// Fixed returns the names of the columns that every table has, in order.
func Fixed() (names []string) {
	for _, c := range fixed {
		names = append(names, c.Name)
	}
	return names
}

// A writer writes rows, of which each has a value or nil for each column.
type writer interface {
	write(row []any) error
	close() error
}

// Write writes the ledger of s to w in one of Formats, and returns how many rows that are. The error is ctx's, or says
// what could not be read or written.
func Write(ctx context.Context, s *store.Store, format string, w io.Writer) (rows int64, err error) {
	columns, err := columnsOf(ctx, s)
	if err != nil {
		return 0, err
	}
	var out writer
	switch format {
	case "csv":
		out, err = newCSV(w, columns)
	case "jsonl":
		out = newJSONL(w, columns)
	case "parquet":
		out = newParquet(w, columns)
	default:
		return 0, fmt.Errorf("the format %q is not known, expected one of %s", format, strings.Join(Formats, ", "))
	}
	if err != nil {
		return 0, err
	}
	row := make([]any, len(columns))
	err = eachRow(ctx, s, func(e *store.Entry, o *pipeline.Output) error {
		values := map[string]any{}
		for name, v := range valuesOf(e.Columns) {
			values[name] = v
		}
		for i, c := range columns {
			if c.of != nil {
				row[i] = c.of(e, o)
			} else {
				row[i] = c.Kind.convert(values[c.list])
			}
		}
		rows++
		return out.write(row)
	})
	return rows, errors.Join(err, out.close())
}

// eachRow calls each with the entry and the output of each row; the zero output where there is none.
func eachRow(ctx context.Context, s *store.Store, each func(*store.Entry, *pipeline.Output) error) error {
	n := 0
	for line, err := range s.Entries() {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		e := line.Entry
		if len(e.Outputs) == 0 {
			e.Outputs = []pipeline.Output{{}}
		}
		for i := range e.Outputs {
			if err := each(&e, &e.Outputs[i]); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// columnsOf returns the columns of the table: those of lists are in the order in which lines have them first.
func columnsOf(ctx context.Context, s *store.Store) ([]Column, error) {
	columns := slices.Clone(fixed)
	place := map[string]int{} // of columns of lists
	known := map[string]bool{}
	for i := range columns {
		known[columns[i].Name] = true
	}
	seen := make([]kinds, len(columns))
	err := eachRow(ctx, s, func(e *store.Entry, _ *pipeline.Output) error {
		for name, v := range valuesOf(e.Columns) {
			at, ok := place[name]
			if !ok {
				if len(place) == mostColumns {
					return fmt.Errorf("the ledger has more than %d columns of lists: expected a run with fewer, "+
						"as --columns NAME,… has them", mostColumns)
				}
				at = len(columns)
				place[name] = at
				shown := name
				for known[shown] {
					shown = "list_" + shown
				}
				known[shown] = true
				columns = append(columns, Column{Name: shown, list: name})
				seen = append(seen, kinds{})
			}
			seen[at].add(v)
		}
		return nil
	})
	for i := len(fixed); i < len(columns); i++ {
		columns[i].Kind = seen[i].all()
	}
	return columns, err
}

// valuesOf calls yield with the names and values of columns of a list: a string, an int64, a float64, a bool or nil.
func valuesOf(c fetch.Columns) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		for name, raw := range c.Raw {
			if !yield(name, valueOf(raw)) {
				return
			}
		}
	}
}

func valueOf(raw json.RawMessage) any {
	s := string(raw)
	switch {
	case s == "null":
		return nil
	case s == "true", s == "false":
		return s == "true"
	case s != "" && s[0] == '"':
		var t string
		_ = json.Unmarshal(raw, &t) // it is a text
		return t
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return s // a number too large for any kind
}

// kinds counts the kinds of values that a column has.
type kinds struct{ texts, wholes, numbers, truths int }

func (k *kinds) add(v any) {
	switch v.(type) {
	case string:
		k.texts++
	case int64:
		k.wholes++
	case float64:
		k.numbers++
	case bool:
		k.truths++
	}
}

// all returns the kind that all values of the column have.
func (k kinds) all() Kind {
	switch {
	case k.texts > 0, k.truths > 0 && k.wholes+k.numbers > 0:
		return Text
	case k.truths > 0:
		return Truth
	case k.numbers > 0:
		return Number
	case k.wholes > 0:
		return Whole
	}
	return Text
}

// convert returns a value as one of the kind.
func (k Kind) convert(v any) any {
	switch v := v.(type) {
	case int64:
		switch k {
		case Number:
			return float64(v)
		case Text:
			return strconv.FormatInt(v, 10)
		}
	case float64:
		if k == Text {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case bool:
		if k == Text {
			return strconv.FormatBool(v)
		}
	}
	return v
}
