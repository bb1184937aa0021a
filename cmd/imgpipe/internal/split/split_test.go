package split

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"imgpipe/fetch"
)

// sourcesIn returns what a list names, in order, as a run reads it.
func sourcesIn(t *testing.T, l fetch.List) (all []string) {
	t.Helper()
	for item, err := range (fetch.Inputs{Lists: []fetch.List{l}}).Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, item.Source)
	}
	return all
}

// A way is how a list is written.
type way struct {
	ext    string
	list   fetch.List
	begin  string
	row    func(i int, source string) string
	end    string
	header string // that each part has
}

var ways = []way{
	{ext: ".txt", row: func(i int, s string) string {
		if i%5 == 4 {
			return "# a remark\n\n" + s + "  # the source\r\n"
		}
		return s + "\n"
	}},
	{ext: ".csv", begin: "id;caption;url\n", header: "id;caption;url\n", row: func(i int, s string) string {
		return fmt.Sprintf("%d;\"a \"\"caption\"\"\nof two; lines\";%s\n", i, s)
	}},
	{ext: ".csv", list: fetch.List{Column: "2"},
		row: func(i int, s string) string { return fmt.Sprintf("%d,%s,x\n", i, s) }},
	{ext: ".tsv", begin: "url\tid\r\n", header: "url\tid\n",
		row: func(i int, s string) string { return fmt.Sprintf("%s\t%d\r\n", s, i) }},
	{ext: ".jsonl", list: fetch.List{Column: "a.b"},
		row: func(i int, s string) string { return fmt.Sprintf(`{"id":%d, "a":{"b":%q}}`, i, s) + "\n" }},
	{ext: ".json", begin: "[\n", row: func(i int, s string) string {
		comma := ","
		if i == 0 {
			comma = ""
		}
		return fmt.Sprintf("%s\n {\"url\":\n%q}", comma, s)
	}, end: "]"},
	{ext: ".nul", list: fetch.List{Format: fetch.NULList}, row: func(i int, s string) string { return s + "\x00" }},
}

// random returns sources, of which some come twice and some have no host.
func random(r *rand.Rand, n int) (all []string) {
	for range n {
		source := fmt.Sprintf("https://Host%d.example/%d.jpg?q=#%d", r.IntN(1+n/4), r.IntN(6), r.IntN(2))
		if r.IntN(8) == 0 {
			source = fmt.Sprintf("/photos/%d.jpg", r.IntN(n))
		}
		all = append(all, source)
	}
	return all
}

// TestPartsAreTheList holds for every kind of list, any number of parts, packed or not, and with a memory so small that
// keys are divided several times: the parts have each source of the list once, in its order, each host is in one part,
// and each part is read as the list was.
func TestPartsAreTheList(t *testing.T) {
	rounds := 42
	if testing.Short() {
		rounds = 15
	}
	for seed := range rounds {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		w := ways[seed%len(ways)]
		sources := random(r, 1+r.IntN(120))
		var text strings.Builder
		text.WriteString(w.begin)
		for i, s := range sources {
			text.WriteString(w.row(i, s))
		}
		text.WriteString(w.end)
		dir := t.TempDir()
		l := w.list
		l.Path = filepath.Join(dir, "list"+w.ext)
		writeFile(t, l.Path, text.String())
		pack := []string{"", "gzip", "zstd"}[r.IntN(3)]
		o := Options{Lists: []fetch.List{l}, Parts: 1 + r.IntN(12), ByURL: r.IntN(3) == 0, Pack: pack,
			Memory: []int64{1, 5 * 2 * keyCost, 1 << 20, 64 << 20}[r.IntN(4)], Dir: filepath.Join(dir, "parts")}
		res, err := Run(t.Context(), o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		inList := sourcesIn(t, l)
		place := map[string]int{}
		for i, s := range slices.Backward(inList) {
			place[s] = i
		}
		partOf, hostOf := map[string]int{}, map[string]int{}
		rows := int64(0)
		for i, p := range res.Parts {
			path := filepath.Join(o.Dir, p.Name)
			if !strings.HasPrefix(plain(t, path), w.header) {
				t.Errorf("seed %d: %s has no line of names", seed, p.Name)
			}
			got := l
			got.Path = path
			last := -1
			in := sourcesIn(t, got)
			if int64(len(in)) != p.Rows {
				t.Errorf("seed %d: %s has %d rows, said to have %d", seed, p.Name, len(in), p.Rows)
			}
			rows += p.Rows
			for _, s := range in {
				at, known := place[s]
				if _, twice := partOf[s]; twice || !known || at <= last {
					t.Errorf("seed %d: %s has %q at %d, behind %d; twice %v", seed, p.Name, s, at, last, twice)
				}
				last, partOf[s] = at, i
				host := fetch.HostName(s)
				if before, ok := hostOf[host]; ok && before != i && !o.ByURL && host != "" {
					t.Errorf("seed %d: %s is in parts %d and %d", seed, host, before, i)
				}
				hostOf[host] = i
			}
		}
		if len(partOf) != len(place) || rows != res.Rows || res.Rows+res.Twice != int64(len(inList)) || res.Bad != 0 {
			t.Errorf("seed %d: %d sources of %d; %+v", seed, len(partOf), len(place), res)
		}
		again := o
		again.Dir, again.Memory = filepath.Join(dir, "again"), 1<<30
		if _, err := Run(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		if a, b := filesIn(t, o.Dir), filesIn(t, again.Dir); !maps.Equal(a, b) {
			t.Errorf("seed %d: with more memory other parts are made", seed)
		}
		if left := namesIn(t, dir); !slices.Equal(left, []string{"again", "list" + w.ext, "parts"}) {
			t.Errorf("seed %d: beside the parts there are %q", seed, left)
		}
	}
}

// TestMemoryIsBoundedWhateverTheList splits lists of which one is eight times the other, and looks at what is held at
// every stage: 2 MiB are too little for a set of all keys, and for all parts at once.
func TestMemoryIsBoundedWhateverTheList(t *testing.T) {
	if testing.Short() {
		t.Skip("it splits lists of 80,000 rows")
	}
	held := func(rows int) uint64 {
		dir := t.TempDir()
		l := fetch.List{Path: filepath.Join(dir, "list.txt")}
		var text bytes.Buffer
		for i := range rows {
			fmt.Fprintf(&text, "https://h%d.example/a/rather/long/path/to/a/picture/%d.jpg\n", i%997, i)
		}
		writeFile(t, l.Path, text.String())
		text = bytes.Buffer{}
		runtime.GC()
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		most, seen := uint64(0), 0
		sampled := func(int64) {
			if seen++; seen%2_500 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
			}
		}
		o := Options{Lists: []fetch.List{l}, Parts: 300, Memory: 2 << 20, Dir: filepath.Join(dir, "p")}
		s := &splitter{Options: o}
		s.sampled = sampled
		if err := s.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if int(s.Rows) != rows {
			t.Errorf("%d rows of %d", s.Rows, rows)
		}
		return most
	}
	few, many := held(10_000), held(80_000)
	if many > few+1<<20 {
		t.Errorf("eight times the rows take %d bytes, and the rows %d", many, few)
	}
}

// TestPartsAppearAllOrNotAtAll has a list that is changed while it is read, one that breaks off, and a run that is
// cancelled.
func TestPartsAppearAllOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.txt")
	writeFile(t, good, strings.Repeat("https://h.example/a.jpg\n", 5)+"https://h.example/b.jpg\n")
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for i := range 20_000 {
		fmt.Fprintf(z, "https://h.example/%d.jpg\n", i*i)
	}
	z.Close()
	broken := filepath.Join(dir, "broken.txt.gz")
	writeFile(t, broken, packed.String()[:packed.Len()/2])
	other := filepath.Join(dir, "other.csv")
	writeFile(t, other, "url\nhttps://h.example/a.jpg\n")
	before := namesIn(t, dir)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		lists []string
	}{
		{"a list that breaks off", t.Context(), []string{good, broken}},
		{"lists of two kinds", t.Context(), []string{good, other}},
		{"a run that was cancelled", over, []string{good}},
		{"a list that is changed", t.Context(), []string{good}},
		{"nothing", t.Context(), nil},
	} {
		o := Options{Parts: 2, Memory: LeastMemory, Dir: filepath.Join(dir, "parts")}
		for _, path := range c.lists {
			o.Lists = append(o.Lists, fetch.List{Path: path})
		}
		s := &splitter{Options: o}
		if c.name == "a list that is changed" {
			n := 0
			s.sampled = func(int64) {
				if n++; n == 6 { // the end of the first reading
					writeFile(t, good, strings.Repeat("https://h.example/c.jpg\n", 6))
				}
			}
		}
		if err := s.run(c.ctx); err == nil {
			t.Errorf("%s: it was split", c.name)
		}
		if after := namesIn(t, dir); !slices.Equal(before, after) {
			t.Errorf("%s: there are %q, before %q", c.name, after, before)
		}
	}
	taken := filepath.Join(dir, "taken")
	writeFile(t, filepath.Join(taken, "mine"), "mine")
	if _, err := Run(t.Context(), Options{Lists: []fetch.List{{Path: good}}, Parts: 1, Memory: LeastMemory,
		Dir: taken}); err == nil {
		t.Error("a folder with a file in it was replaced")
	}
	if files := filesIn(t, taken); len(files) != 1 || files["mine"] != "mine" {
		t.Errorf("in the folder that was there are %v", files)
	}
}

// TestAPipeIsSplitAsAFileIs has a list that can be read once, with rows that name nothing.
func TestAPipeIsSplitAsAFileIs(t *testing.T) {
	dir := t.TempDir()
	text := "url,id\nhttps://a.example/1.jpg,1\n,2\nhttps://b.example/1.jpg,3\n"
	path := filepath.Join(dir, "list.csv")
	writeFile(t, path, text)
	var got [2]map[string]string
	for i, l := range []fetch.List{{Path: path}, {Path: "-", Format: fetch.CSVList}} {
		o := Options{Lists: []fetch.List{l}, Stdin: io.MultiReader(strings.NewReader(text)), Parts: 2,
			Memory: LeastMemory, Dir: filepath.Join(dir, fmt.Sprint("parts", i))}
		res, err := Run(t.Context(), o)
		if err != nil || res.Bad != 1 || !strings.HasSuffix(res.FirstBad, ":3") || res.Rows != 2 {
			t.Fatalf("%+v, %v", res, err)
		}
		got[i] = filesIn(t, o.Dir)
	}
	if !maps.Equal(got[0], got[1]) {
		t.Errorf("the file becomes %v, the pipe %v", got[0], got[1])
	}
}

// A shelf has lists that are no files.
type shelf map[string]string

func (s shelf) OpenList(_ context.Context, name string, from int64, _ string) (fetch.Part, error) {
	return fetch.Part{Body: io.NopCloser(strings.NewReader(s[name][from:]))}, nil
}

// TestWhatIsWrongNamesTheListThatWasAskedFor holds for lists that are copied before they are read: the copies are gone
// when somebody reads the message.
func TestWhatIsWrongNamesTheListThatWasAskedFor(t *testing.T) {
	const good, bad = "url,id\nhttps://a.example/1.jpg,1\n", "url,id\nhttps://a.example/1.jpg,1\n,2\n"
	packed := func(text string) string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, text)
		z.Close()
		return b.String()
	}
	cut := packed(good)[:30]
	for _, c := range []struct {
		name  string // of the list; "-" is standard input
		text  string
		first string // of the list before it
		want  string
	}{
		{"-", bad, "", "such as stdin:3"},
		{"s3://b/list.csv", bad, "", "such as s3://b/list.csv:3"},
		{"s3://b/list.csv.gz", packed(bad), "", "such as s3://b/list.csv.gz:3"},
		{"-", bad, "url\n", `input "stdin": it has another format`},
		{"s3://b/list.csv", bad, "url\n", `input "s3://b/list.csv": it has another format`},
		{"-", cut, "", `input "stdin": `},
		{"s3://b/list.csv.gz", cut, "", `input "s3://b/list.csv.gz": `},
	} {
		dir := t.TempDir()
		l := fetch.List{Path: c.name, From: shelf{c.name: c.text}}
		if c.name == "-" {
			l.From, l.Format = nil, fetch.CSVList
		}
		o := Options{Stdin: strings.NewReader(c.text), Parts: 1, Memory: LeastMemory, Dir: filepath.Join(dir, "parts")}
		if c.first != "" {
			path := filepath.Join(dir, "first.csv")
			writeFile(t, path, c.first)
			o.Lists = append(o.Lists, fetch.List{Path: path})
		}
		o.Lists = append(o.Lists, l)
		r, err := Run(t.Context(), o)
		got := "such as " + r.FirstBad
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || strings.Contains(got, ".imgpipe-split") {
			t.Errorf("%s: %s; want %s", c.name, got, c.want)
		}
	}
}

// TestBucketsAreDealtEvenly compares with the bound of the rule.
func TestBucketsAreDealtEvenly(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		counts := make([]int64, 500)
		sum, largest := int64(0), int64(0)
		for i := range counts {
			counts[i] = int64(r.ExpFloat64() * 100)
			sum, largest = sum+counts[i], max(largest, counts[i])
		}
		parts := 1 + r.IntN(20)
		loads := make([]int64, parts)
		for b, p := range deal(counts, parts) {
			loads[p] += counts[b]
		}
		least := max(largest, (sum+int64(parts)-1)/int64(parts))
		if most := slices.Max(loads); 3*most > 4*least {
			t.Errorf("seed %d: a part has %d rows, and %d parts could do with %d", seed, most, parts, least)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, name := range namesIn(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(b)
	}
	return files
}

// plain returns the text of a list, unpacked by a list of its own.
func plain(t *testing.T, path string) string {
	t.Helper()
	var b strings.Builder
	err := (fetch.List{Path: path, Format: fetch.PlainList}).Rows(t.Context(), nil,
		func(fetch.Shape) error { return nil },
		func(row fetch.Row) bool { b.Write(row.Text); b.WriteByte('\n'); return true })
	if err != nil && !strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".nul") {
		return ""
	}
	return b.String()
}
