package fetch

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// odd are values that some format or some reader has trouble with.
var odd = []string{"", "plain", `a "quoted" one`, "a,b;c\td", "two\nlines", " blanks ", "é\u2028", `back\slash`,
	"<&>", "null", "{}", `{"a":[1]}`, "007", "https://user:secret@h.example/x.jpg", "]", "'", `,"outputs":[{"path":"x"`}

// written returns a list of rows with the columns url, one and two, in each format.
func written(t *testing.T, dir string, rows [][2]string) map[string]List {
	t.Helper()
	quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
	var csv, bare, tsv, jsonl, array strings.Builder
	csv.WriteString("two;url;one\n")
	tsv.WriteString("two\turl\tone\n")
	for i, row := range rows {
		url := fmt.Sprintf("https://h.example/%d.jpg", i)
		fmt.Fprintf(&csv, "%s;%s;%s\n", quote(row[1]), url, quote(row[0]))
		fmt.Fprintf(&bare, "%s,%s,%s\n", url, quote(row[0]), quote(row[1]))
		fmt.Fprintf(&tsv, "%s\t%s\t%s\n", quote(row[1]), url, quote(row[0]))
		b, err := json.Marshal(map[string]any{"url": url, "one": row[0], "two": row[1]})
		if err != nil {
			t.Fatal(err)
		}
		jsonl.Write(append(b, '\n'))
		if i > 0 {
			array.WriteString(",")
		}
		array.Write(b)
	}
	lists := map[string]List{}
	for name, text := range map[string]string{
		"list.csv": csv.String(), "bare.csv": bare.String(), "list.tsv": tsv.String(), "list.jsonl": jsonl.String(),
		"list.json": "[" + array.String() + "]",
	} {
		l := List{Path: filepath.Join(dir, name), Columns: []string{"one", "two"}}
		if name == "bare.csv" {
			l.Column, l.Columns = "1", []string{"2", "3"}
		}
		if err := os.WriteFile(l.Path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		lists[name] = l
	}
	return lists
}

// TestColumnsAreWhatTheListHas holds for values of all kinds in every format: an item has each value as it was written,
// but for secrets, and its Columns are one JSON object in which nothing is nested.
func TestColumnsAreWhatTheListHas(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	var rows [][2]string
	for range 60 {
		rows = append(rows, [2]string{odd[r.IntN(len(odd))], odd[r.IntN(len(odd))]})
	}
	for name, l := range written(t, t.TempDir(), rows) {
		for _, all := range []bool{false, true} {
			l.AllColumns = all
			i := 0
			for item, err := range (Inputs{Lists: []List{l}}).Items(t.Context()) {
				if err != nil || item.Err != nil {
					t.Fatalf("%s: %v, %v", name, err, item.Err)
				}
				var object map[string]any
				if err := json.Unmarshal([]byte(item.Columns), &object); err != nil || len(object) != 2 {
					t.Fatalf("%s: row %d has %q: %v", name, i, item.Columns, err)
				}
				for n, column := range l.Columns {
					got, ok := item.Columns.Get(column)
					if want := Redact(rows[i][n]); !ok || got != want || object[column] != want {
						t.Errorf("%s: row %d has %q in %s, want %q", name, i, got, column, want)
					}
				}
				if item.Row == 0 || strings.Contains(string(item.Columns), "\n") {
					t.Errorf("%s: row %d is %+v", name, i, item)
				}
				i++
			}
			if i != len(rows) {
				t.Errorf("%s: %d rows of %d", name, i, len(rows))
			}
		}
	}
}

func TestValuesOfJSONKeepTheirKinds(t *testing.T) {
	line := `{"url":"https://h/a.jpg","n":1e3,"t":true,"z":null,"o":{"b":[1, 2]},"a":[],"n":2,"d.e":5,"d":{"e":6}}`
	for _, c := range []struct {
		columns []string
		all     bool
		want    Columns
	}{
		{nil, true, `{"n":2,"t":true,"z":null,"o":"{\"b\":[1,2]}","a":"[]","d.e":5,"d":"{\"e\":6}"}`},
		{[]string{"t", "o.b", "d.e", "none", "t"}, false, `{"t":true,"o.b":"[1,2]","d.e":5}`},
		{[]string{"none"}, false, ""},
	} {
		l := List{Format: JSONLList, Columns: c.columns, AllColumns: c.all}
		if err := l.read(strings.NewReader(line), func(rec record) bool {
			if rec.columns != c.want || rec.err != nil {
				t.Errorf("%q, all %v: %s, %v; want %s", c.columns, c.all, rec.columns, rec.err, c.want)
			}
			return true
		}); err != nil {
			t.Error(err)
		}
		var back Columns
		if err := json.Unmarshal([]byte(c.want), &back); c.want != "" && (err != nil || back != c.want) {
			t.Errorf("%s comes back as %s, %v", c.want, back, err)
		}
	}
}

func TestColumnsThatCannotBeHadAreSaid(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, text, want string
		l                List
		whole            bool // the list cannot be used
	}{
		{"no.csv", "url,a\nx,1\n", `there is no column "b", expected one of: url, a`,
			List{Columns: []string{"b"}}, true},
		{"n.csv", "x,1\n", `there is no column "3", expected numbers from 1 to 2`,
			List{Column: "1", Columns: []string{"3"}}, true},
		{"p.txt", "x\n", "a list in plain format has no columns",
			List{Format: PlainList, Columns: []string{"a"}}, true},
		{"h.csv", "url,h\nhttps://h/x,12\n", `the column "h": "12" is no digest`, List{Hash: "h"}, false},
		{"m.jsonl", `{"url":"https://h/x"}`, `the column "h": "" is no digest`, List{Hash: "h"}, false},
		{"l.csv", "url,c\nhttps://h/x,\"" + strings.Repeat("z", maxColumns) + "\"\n",
			"expected at most 65536: ask for fewer", List{Columns: []string{"c"}}, false},
		{"w.csv", wide(maxNames + 1), "there are 10001 columns, expected at most 10000 where all are asked for",
			List{AllColumns: true}, true},
		{"w.tsv", strings.ReplaceAll(wide(maxNames+1), ",", "\t"), "there are 10001 columns",
			List{AllColumns: true, Columns: []string{"c2"}}, true},
		{"wn.csv", wide(maxNames + 1), "there are 10001 columns", List{AllColumns: true, Column: "1"}, true},
	} {
		c.l.Path = filepath.Join(dir, c.name)
		if err := os.WriteFile(c.l.Path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		in := Inputs{Lists: []List{c.l}}
		err := in.Check(t.Context())
		if !c.whole && err == nil {
			for item := range in.Items(t.Context()) {
				err = item.Err
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || c.whole == isRecord(err) {
			t.Errorf("%s: %v; want an error with %q", c.name, err, c.want)
		}
	}
}

// wide returns a table of so many columns: url, c2, c3 and so on, of which row 1 has the first two alone.
func wide(columns int) string {
	var b strings.Builder
	b.WriteString("url")
	for n := 2; n <= columns; n++ {
		fmt.Fprintf(&b, ",c%d", n)
	}
	b.WriteString("\nhttps://h/x,second\n")
	return b.String()
}

// TestATableOfManyColumnsIsRead holds for tables as wide as may be, or of which some columns are asked for by name. Of
// columns of one name the first counts.
func TestATableOfManyColumnsIsRead(t *testing.T) {
	for _, c := range []struct {
		text string
		l    List
		want Columns
	}{
		{wide(maxNames), List{AllColumns: true}, `{"c2":"second"}`},
		{wide(maxNames + 1), List{Columns: []string{"c10001", "c2", "c2"}}, `{"c2":"second"}`},
		{"url,a,b,a,,b\nhttps://h/x,1,2,3,4,5\n", List{AllColumns: true, Columns: []string{"b"}}, `{"a":"1","b":"2"}`},
		{"url,a,b,a\nhttps://h/x,1,2,3\n", List{Columns: []string{"b", "a"}}, `{"b":"2","a":"1"}`},
	} {
		c.l.Format = CSVList
		rows := 0
		err := c.l.read(strings.NewReader(c.text), func(rec record) bool {
			if rows++; rec.columns != c.want || rec.err != nil {
				t.Errorf("%.30q: %s, %v; want %s", c.text, rec.columns, rec.err, c.want)
			}
			return true
		})
		if err != nil || rows != 1 {
			t.Errorf("%.30q: %d rows, %v", c.text, rows, err)
		}
	}
}

func isRecord(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == ClassRecord
}

// TestOnlyTheBytesOfTheDigestAreFetched has files of all lengths, those of which the whole is read with the list among
// them, and digests that differ in one digit.
func TestOnlyTheBytesOfTheDigestAreFetched(t *testing.T) {
	dir := t.TempDir()
	c := New(Options{SHA256: true})
	defer c.Close()
	for _, length := range []int{1, 100, 4096, 4097, 100_000} {
		data := []byte(strings.Repeat("x", length))
		path := filepath.Join(dir, fmt.Sprint(length, ".jpg"))
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		s, m := sha256.Sum256(data), md5.Sum(data)
		whole := hex.EncodeToString(s[:])
		for _, digits := range []string{whole, hex.EncodeToString(m[:])} {
			for _, wrong := range []bool{false, true} {
				given := strings.ToUpper(digits)
				if wrong {
					given = digits[:len(digits)-1] + string("10"[btoi(digits[len(digits)-1] == '1')])
				}
				list := filepath.Join(dir, "list.csv")
				if err := os.WriteFile(list, []byte("url,h\n"+path+","+given+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				in := Inputs{Lists: []List{{Path: list, Hash: "h"}}, Heads: 4 << 10}
				for item, err := range in.Items(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					room := &counting{}
					body, err := c.Fetch(t.Context(), item, room)
					switch e := new(Error); {
					case !wrong && (err != nil || string(body.Data) != string(data) || body.SHA256 != whole):
						t.Errorf("%d bytes: %v, %s", length, err, body.SHA256)
					case wrong && (!errors.As(err, &e) || e.Kind != ClassHash || e.Again || room.held != 0):
						t.Errorf("%d bytes with another digest: %v; %d bytes are held", length, err, room.held)
					}
				}
			}
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A counting room has room for all, and knows how much of it is held.
type counting struct{ held int64 }

func (c *counting) Grow(n int64) bool                     { c.held = n; return true }
func (c *counting) Take(_ context.Context, n int64) error { c.held = n; return nil }
func (c *counting) Drop()                                 { c.held = 0 }
