package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// ledger returns a Store with a few lines of all kinds.
func ledger(t *testing.T) *store.Store {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(dir, store.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []fetch.Columns{
		`{"caption":"a, \"b\"\nc","n":1,"f":1,"t":true,"mixed":1}`,
		`{"n":-2,"f":2.5,"mixed":"x","status":"theirs"}`,
		"",
		`{"n":null,"caption":"","t":false,"big":1e999}`,
	} {
		e := store.Entry{Status: pipeline.Done, Source: fmt.Sprintf("https://h/%d", i), Row: i, Columns: c,
			Outputs: []pipeline.Output{
				{Path: fmt.Sprint(i, ".jpg"), Bytes: 5, Width: i}, {Path: fmt.Sprint(i, ".webp")},
			}}
		if i == 2 {
			e.Status, e.Outputs, e.Class, e.Error = pipeline.Failed, nil, "decode", "ends early"
		}
		older := e
		older.Error = "older"
		if err := errors.Join(s.Append(older), s.Append(e)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(dir, store.Options{ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// table writes the ledger in a format and reads it back: rows of texts by the names of columns; "" is missing.
func table(t *testing.T, s *store.Store, format string) (rows []map[string]string) {
	t.Helper()
	var b bytes.Buffer
	n, err := Write(t.Context(), s, format, &b)
	if err != nil {
		t.Fatal(err)
	}
	switch format {
	case "csv":
		all, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range all[1:] {
			row := map[string]string{}
			for i, v := range record {
				row[all[0][i]] = v
			}
			rows = append(rows, row)
		}
	case "jsonl":
		for line := range strings.Lines(b.String()) {
			row := map[string]any{}
			d := json.NewDecoder(strings.NewReader(line))
			d.UseNumber()
			if err := d.Decode(&row); err != nil {
				t.Fatal(err)
			}
			rows = append(rows, texts(row))
		}
	case "parquet":
		f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		names := f.Schema().Columns()
		for _, g := range f.RowGroups() {
			r := g.Rows()
			for {
				some := make([]parquet.Row, 1)
				n, err := r.ReadRows(some)
				if n == 0 {
					if err != io.EOF {
						t.Fatal(err)
					}
					break
				}
				row := map[string]any{}
				for _, v := range some[0] {
					if !v.IsNull() {
						row[names[v.Column()][0]] = v.String()
					}
				}
				rows = append(rows, texts(row))
			}
			r.Close()
		}
	}
	if int(n) != len(rows) {
		t.Errorf("%s: %d rows are read, %d were said", format, len(rows), n)
	}
	return rows
}

func texts(row map[string]any) map[string]string {
	all := map[string]string{}
	for name, v := range row {
		all[name] = fmt.Sprint(v)
	}
	return all
}

// TestTheTableIsTheSameInEveryFormat has every value as text: of the lines that count alone, a row for each output.
func TestTheTableIsTheSameInEveryFormat(t *testing.T) {
	s := ledger(t)
	want := table(t, s, "csv")
	if len(want) != 7 {
		t.Fatalf("%d rows, want 2 of each input and 1 of the one that failed", len(want))
	}
	for _, format := range Formats {
		got := table(t, s, format)
		for i := range want {
			for name, v := range want[i] {
				if got[i][name] != v {
					t.Errorf("%s: row %d has %q in %s, CSV has %q", format, i, got[i][name], name, v)
				}
			}
			if len(got[i]) > len(want[i]) {
				t.Errorf("%s: row %d has columns that CSV has not: %v", format, i, got[i])
			}
		}
	}
	first, third := want[0], want[2]
	for name, v := range map[string]string{"path": "0.jpg", "caption": "a, \"b\"\nc", "n": "1", "f": "1", "t": "true",
		"mixed": "1", "status": "done", "list_status": "", "error": ""} {
		if got, ok := first[name]; !ok || got != v {
			t.Errorf("the first row has %q in %s, want %q", got, name, v)
		}
	}
	failed := want[4]
	if third["list_status"] != "theirs" || third["f"] != "2.5" || failed["class"] != "decode" || failed["path"] != "" {
		t.Errorf("rows are %v and %v", third, want[4])
	}
}

// TestColumnsHaveTheKindOfTheirValues looks at the types that a reader of Parquet sees.
func TestColumnsHaveTheKindOfTheirValues(t *testing.T) {
	columns, err := columnsOf(t.Context(), ledger(t))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Kind{"caption": Text, "n": Whole, "f": Number, "t": Truth, "mixed": Text, "list_status": Text,
		"big": Text}
	for _, c := range columns[len(fixed):] {
		if kind, ok := want[c.Name]; !ok || kind != c.Kind {
			t.Errorf("%s is of kind %d, want %d", c.Name, c.Kind, kind)
		}
		delete(want, c.Name)
	}
	if len(want) > 0 {
		t.Errorf("there are no columns %v", want)
	}
}
