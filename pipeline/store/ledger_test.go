package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

func ledger(dir string) string { return filepath.Join(dir, LedgerName) }

func readLedger(t testing.TB, dir string) []byte {
	t.Helper()
	b, err := os.ReadFile(ledger(dir))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// full is an entry with every field set.
func full() Entry {
	return Entry{
		Status: pipeline.Failed, Source: `a "quoted" \ path,"outputs":[{"path":"x`, Name: "a.{ext}", Size: 12,
		ModTime: time.Unix(1e9, 123456789).UTC(), Version: `"etag"`,
		Spec: "resize=800x", Class: "decode", Error: "bad <data> & more\n", Stack: "goroutine 1",
		Warnings: []string{"ends early"}, Damaged: true, Swatch: "808080",
		Attempts: 2, Worker: 3, InBytes: 1 << 40, Time: time.Unix(2e9, 0).UTC(), By: "0123456789abcdef",
		Row: 17, Columns: `{"outputs":"<[{\"path\":\"x","path":"x","bytes":1,"n":null}`, SourceSHA256: "00ff",
		MS: Stages{Fetch: 1.5, Wait: 2, Decode: 3, Operate: 4, Encode: 5, Handover: 6, Start: 7, Store: 0.001},
		Outputs: []pipeline.Output{
			{Path: "b&c/ü}],'.jpg", Bytes: 5, Width: 1, Height: 2, SHA256: "00", Format: transform.JPEG},
			{Path: "kept.jpg", Bytes: 6, Kept: true},
		},
	}
}

func TestEntryComesBackAsItWas(t *testing.T) {
	if v := reflect.ValueOf(full()); true {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				t.Fatalf("the test leaves %s out", v.Type().Field(i).Name)
			}
		}
	}
	dir := t.TempDir()
	want := full()
	s := open(t, dir, Options{})
	if err := s.Append(want); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, ok := s.Last(want.Key()); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, ok, want)
		}
		s.Close()
		s = open(t, dir, Options{})
	}
	if len(s.Warnings()) > 0 {
		t.Error(s.Warnings())
	}
	if _, ours := s.owned[pathHash("B&C/Ü}],'.JPG")]; !ours || len(s.owned) != 1 {
		t.Errorf("%d files are ours, the one we wrote: %v", len(s.owned), ours)
	}
}

func TestEveryPartOfTheKeyCounts(t *testing.T) {
	key := Key{Source: "a", Size: 1, ModTime: time.Unix(5, 6), Spec: "s", Name: "n"}
	seen := map[uint64]Key{}
	for _, k := range []Key{
		key,
		{Source: "b", Size: 1, ModTime: key.ModTime, Spec: "s", Name: "n"},
		{Source: "a", Size: 2, ModTime: key.ModTime, Spec: "s", Name: "n"},
		{Source: "a", Size: 1, ModTime: time.Unix(5, 7), Spec: "s", Name: "n"},
		{Source: "a", Size: 1, ModTime: key.ModTime, Spec: "", Name: "n"},
		{Source: "a", Size: 1, ModTime: key.ModTime, Spec: "s", Name: "m"},
		{Source: "as", Size: 1, ModTime: key.ModTime, Spec: "", Name: "n"},
		{Source: "a", Size: 1, Spec: "s", Name: "n"},
		{Source: "a", Size: 1, ModTime: key.ModTime, Spec: "s", Name: "n", Version: "v"},
	} {
		if other, ok := seen[k.hash()]; ok {
			t.Errorf("%+v and %+v have one hash", k, other)
		}
		seen[k.hash()] = k
	}
	if other := key; true {
		other.ModTime = key.ModTime.In(time.FixedZone("", 3600))
		if other.hash() != key.hash() {
			t.Error("the time zone counts")
		}
	}
}

func TestOddSourcesAreFoundAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for i, e := range []Entry{
		{Source: "\xff\xfe.jpg"},
		{Source: "far.jpg", ModTime: time.Unix(math.MaxInt64/4, 1)},
		{Source: "past.jpg", ModTime: time.Unix(math.MinInt64/4, 1)},
		{Source: "epoch.jpg", ModTime: time.Unix(0, 0)},
		{Source: strings.Repeat("long", 5000), Error: strings.Repeat("x", 1<<20)},
		{Source: "\x00\n\u2028"},
	} {
		name := named(t, fmt.Sprintf("%d.png", i))
		outs, err := s.Put(name, jpg("ours"))
		if err != nil {
			t.Fatal(err)
		}
		e.Status, e.Outputs = pipeline.Done, outs
		if err := s.Append(e); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, ok := s.Done(e.Key()); !ok {
				t.Errorf("%.20q of %v is not found", e.Source, e.ModTime)
			}
			s.Close()
			s = open(t, dir, Options{})
		}
	}
}

func TestDoneAsksWhetherTheOutputsAreThere(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	name := named(t, "a.png")
	outs, err := s.Put(name, jpg("ours"))
	if err != nil {
		t.Fatal(err)
	}
	e := Entry{Status: pipeline.Done, Source: "a.png", Name: name.String(), Outputs: outs}
	file := filepath.Join(dir, "a.jpg")
	for _, c := range []struct {
		what   string
		status pipeline.Status
		harm   func() error
		want   bool
	}{
		{"nothing", pipeline.Done, func() error { return nil }, true},
		{"failed", pipeline.Failed, func() error { return nil }, false},
		{"removed", pipeline.Done, func() error { return os.Remove(file) }, false},
		{"shortened", pipeline.Done, func() error { return os.WriteFile(file, []byte("our"), 0o644) }, false},
		{"a folder", pipeline.Done, func() error { os.Remove(file); return os.Mkdir(file, 0o755) }, false},
	} {
		e.Status = c.status
		if err := s.Append(e); err != nil {
			t.Fatal(err)
		}
		if err := c.harm(); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Done(e.Key()); ok != c.want {
			t.Errorf("%s: done is %v", c.what, ok)
		}
	}
	os.Remove(file)
	os.WriteFile(file, []byte("ours"), 0o644)
	s.Close()
	if s = open(t, dir, Options{}); true {
		if _, ok := s.Done(e.Key()); !ok {
			t.Error("not done")
		}
	}
	s.Close()
	if _, ok := open(t, dir, Options{Force: true}).Done(e.Key()); ok {
		t.Error("done in spite of Force")
	}
}

// TestNameOfAnotherSourceIsTaken has runs of other inputs meet in one folder.
// TestOlderLinesTellOfDamageByTheirWarnings reads lines that were written before there was a field for it.
func TestOlderLinesTellOfDamageByTheirWarnings(t *testing.T) {
	for _, tt := range []struct {
		line string
		want bool
	}{
		{`"warnings":["only the first page was used","decode jpeg: the scan ends early"],`, true},
		{`"warnings":["decode jpeg: the scan has a code that means nothing"],`, true},
		{`"warnings":["decode jpeg: the scan ends early: of 120 rows the last 8 are missing"],"damaged":true,`, true},
		{`"damaged":true,`, true},
		{`"warnings":["decode jpeg: bytes were passed over"],`, false},
		{`"warnings":["only the first page was used"],`, false},
		{``, false},
		{`"damaged":false,"unheard of":[1],`, false},
	} {
		e, err := parseLine([]byte(`{"v":1,"id":"0123456789abcdef","status":"done","source":"a.jpg",` + tt.line +
			`"worker":0}`))
		if err != nil || e.Damaged != tt.want {
			t.Errorf("%s: damaged %t, %v; want %t", tt.line, e.Damaged, err, tt.want)
		}
	}
}

func TestNameOfAnotherSourceIsTaken(t *testing.T) {
	dir := t.TempDir()
	run := func(files ...string) (done []string) {
		s := open(t, dir, Options{})
		defer s.Close()
		n := newNamer(t, NameOptions{})
		n.Heed(s)
		for i, file := range files {
			name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: file}, Formats: of(transform.JPEG)})
			if err != nil {
				t.Fatal(err)
			}
			e := Entry{Status: pipeline.Done, Source: file, Name: name.String()}
			if _, ok := s.Done(e.Key()); ok {
				done = append(done, file)
				continue
			}
			if e.Outputs, err = s.Put(name, jpg(file)); err != nil {
				t.Fatal(err)
			}
			if err := s.Append(e); err != nil {
				t.Fatal(err)
			}
		}
		return done
	}
	want := map[string]string{"a.jpg": "y/a.png"}
	run("y/a.png")
	wantTree(t, dir, want)
	want["a-2.jpg"] = "x/a.png"
	for range 2 {
		run("x/a.png", "y/a.png")
		wantTree(t, dir, want)
	}
	if done := run("x/a.png", "y/a.png"); len(done) != 2 {
		t.Error("done are only", done)
	}
	if done := run("y/a.png"); len(done) != 1 {
		t.Error("alone, and in another order, it is done again")
	}
	run("w/a.png", "z/a.png", "y/a.png", "x/a.png")
	want["a-3.jpg"], want["a-4.jpg"] = "w/a.png", "z/a.png"
	wantTree(t, dir, want)
	if done := run("z/a.png", "x/a.png", "w/a.png", "y/a.png"); len(done) != 4 {
		t.Error("in another order, done are only", done)
	}
}

func TestAppendIsSafeForManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				e := Entry{Status: pipeline.Failed, Source: fmt.Sprint(i, j), Error: strings.Repeat("x", i*j)}
				if err := s.Append(e); err != nil {
					t.Error(err)
				}
				s.Last(Key{Source: fmt.Sprint(j, i)})
			}
		})
	}
	wg.Wait()
	s.Close()
	s = open(t, dir, Options{})
	if len(s.lines) != 400 || len(s.Warnings()) > 0 {
		t.Errorf("%d entries, %q", len(s.lines), s.Warnings())
	}
}

func TestLedgerCutAtAnyByteContinues(t *testing.T) {
	whole := t.TempDir()
	if err := job(t, open(t, whole, Options{}), 2); err != nil {
		t.Fatal(err)
	}
	text, files := readLedger(t, whole), tree(t, whole)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(text, '\n')
	for n := range len(text) {
		if err := os.WriteFile(ledger(dir), text[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		// Every byte is tried for what Open makes of it; a continuation at each would take the longest of all tests.
		border := n < 2 || n > len(text)-3 || max(n-first, first-n) < 3
		if testing.Short() && n%9 != 0 && !border {
			continue
		}
		s := open(t, dir, Options{ReadOnly: n%16 != 0 && !border})
		if want := bytes.Count(text[:n], []byte("\n")); len(s.lines) != want {
			t.Fatalf("cut at %d: %d entries, want %d", n, len(s.lines), want)
		}
		torn := n > 0 && text[n-1] != '\n'
		if (len(s.Warnings()) == 1) != torn {
			t.Fatalf("cut at %d: %q", n, s.Warnings())
		}
		if s.opts.ReadOnly {
			s.Close()
			continue
		}
		if err := job(t, s, 2); err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if got := readLedger(t, dir); !bytes.Equal(got, text) {
			t.Fatalf("cut at %d, then continued: got\n%s\nwant\n%s", n, got, text)
		}
	}
	wantTree(t, dir, files)
}

func TestGarbageInTheLedgerIsCountedAndPassedOver(t *testing.T) {
	dir := t.TempDir()
	if err := job(t, open(t, dir, Options{}), 2); err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(readLedger(t, dir), []byte("\n"))
	garbage := "\n{}\nnull\n{\"v\":2}\n\x00\x00\x00\n" + string(lines[0][:40]) + "\n" +
		`{"v":1,"id":"zzzzzzzzzzzzzzzz","status":"done","source":"x"}` + "\n" +
		`{"v":1,"id":"0000000000000000","status":"done","source":"x` + "\n" + strings.Repeat("y", 3<<20) + "\n"
	text := slices.Concat([]byte(garbage), lines[0], []byte(garbage), lines[1])
	if err := os.WriteFile(ledger(dir), text, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{Fault: func(op, name string) error {
		if op == "create" || op == "append" {
			t.Errorf("%s %s, though all is done", op, name)
		}
		return nil
	}})
	if got, want := fmt.Sprint(s.Warnings()), "[imgpipe.jsonl: ignored 18 lines that cannot be read]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := job(t, s, 2); err != nil {
		t.Error(err)
	}
}

func TestDamagedLineIsNotBelieved(t *testing.T) {
	dir := t.TempDir()
	if err := job(t, open(t, dir, Options{}), 1); err != nil {
		t.Fatal(err)
	}
	text := readLedger(t, dir)
	for i := range text {
		if testing.Short() && i%9 != 0 {
			continue
		}
		bad := slices.Clone(text)
		bad[i] = []byte{0, '"', '}', text[i] ^ 1}[i%4]
		if err := os.WriteFile(ledger(dir), bad, 0o644); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, Options{ReadOnly: true})
		e := Entry{Source: "0.png", Size: 9, ModTime: time.Unix(1e9, 7), Spec: "resize", Name: "d0/0-{size}.{ext}"}
		if got, ok := s.Done(e.Key()); ok && (!got.isOf(e.Key()) || got.Outputs[0].Path != "d0/0-1.jpg") {
			t.Errorf("byte %d set to %q: believed %+v", i, bad[i], got)
		}
		s.Close()
	}
}

// FuzzLedgerLine holds the laws of a line: what was written is read, by both readers alike; and no line, whatever it
// is, makes either of them fail.
func FuzzLedgerLine(f *testing.F) {
	b, err := appendLine(nil, full(), full().Key().hash())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, "s", "n", "p", int64(1), false)
	f.Add([]byte(`{"v":1,"id":"0123456789abcdef","status":"done","source":"a","outputs":[{"path":"\u00e9","bytes":1}`),
		`","outputs":[{"path":"`, `\`, `}],"`, int64(-1), true)
	f.Fuzz(func(t *testing.T, raw []byte, source, errText, path string, nanos int64, kept bool) {
		glance(raw)
		parseLine(raw)

		e := Entry{
			Status: pipeline.Done, Source: asJSON(source), Error: asJSON(errText), ModTime: stamp(time.Unix(0, nanos)),
			Outputs: []pipeline.Output{{Path: asJSON(path), Bytes: nanos, Kept: kept}, {Path: "second"}},
		}
		id := e.Key().hash()
		b, err := appendLine(nil, e, id)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(b, '\n') != len(b)-1 || !json.Valid(b) {
			t.Fatalf("not one line of JSON: %q", b)
		}
		got, err := parseLine(b[:len(b)-1])
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("got %+v, %v; want %+v", got, err, e)
		}
		g, ok := glance(b[:len(b)-1])
		want := []string{e.Outputs[0].Path, "second"}
		if kept {
			want = want[1:]
		}
		if !ok || g.id != id || g.status != pipeline.Done || !slices.Equal(g.paths, want) {
			t.Errorf("glance at %q: got %+v, %v", b, g, ok)
		}
	})
}
