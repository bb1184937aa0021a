package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// open opens a Store whose outputs go to f and whose ledger lies in dir.
func open(t testing.TB, dir string, f store.Files, opts store.Options) *store.Store {
	t.Helper()
	opts.Files = f
	if len(opts.Spec.Formats) == 0 {
		opts.Spec.Formats = []transform.Format{transform.JPEG}
	}
	s, err := store.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// close closes a Store.
func closeStore(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// plan plans an item, as a run does.
func plan(t testing.TB, s *store.Store, index int, source string) (fetch.Item, pipeline.Place) {
	t.Helper()
	item := fetch.Item{Index: index, Source: source}
	place, err := s.Plan(item)
	if err != nil {
		t.Fatalf("plan %s: %v", source, err)
	}
	return item, place
}

// do plans an item, puts one output with some text and records how that ended, as a run does.
func do(t testing.TB, s *store.Store, index int, source, text string) pipeline.Outcome {
	t.Helper()
	item, place := plan(t, s, index, source)
	o := pipeline.Outcome{Item: item, Place: place, Status: pipeline.Skipped}
	if place.Skip().Why != "" {
		return o
	}
	o.Status = pipeline.Done
	o.Outputs, o.Err = place.Put(result(text))
	if o.Err != nil {
		o.Status, o.Class = pipeline.Failed, pipeline.ClassOf(o.Err)
	} else if len(o.Outputs) > 0 && o.Outputs[0].Kept {
		o.Status = pipeline.Skipped
	}
	if err := s.Record(o); err != nil {
		t.Errorf("record %s: %v", source, err)
	}
	return o
}

// result is a Result of one output, or of several with the labels.
func result(text string, labels ...string) (r transform.Result) {
	if len(labels) == 0 {
		labels = []string{""}
	}
	for _, label := range labels {
		r.Outputs = append(r.Outputs, transform.Output{
			Label: label, Format: transform.JPEG, Width: 4, Height: 3, Data: []byte(text + label),
		})
	}
	return r
}

func storeSkips(t testing.TB, f store.Files) {
	dir := t.TempDir()
	for run := range 3 {
		s := open(t, dir, f, store.Options{})
		for i, source := range []string{"a.png", "b.png"} {
			o := do(t, s, i, source, "of "+source)
			if wanted := run > 0; (o.Status == pipeline.Skipped) != wanted || o.Err != nil {
				t.Errorf("run %d: %s is %s, %v", run, source, o.Status, o.Err)
			}
		}
		closeStore(t, s)
	}
	want(t, f, "a.jpg", "of a.png")
	if err := f.Remove(t.Context(), "a.jpg", stat(t, f, "a.jpg")); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, f, store.Options{})
	if o := do(t, s, 0, "a.png", "of a.png"); o.Status != pipeline.Done {
		t.Errorf("an item whose output was removed is %s, %v", o.Status, o.Err)
	}
	if o := do(t, s, 1, "b.png", "of b.png"); o.Status != pipeline.Skipped {
		t.Errorf("an item whose output is there is %s, %v", o.Status, o.Err)
	}
	want(t, f, "a.jpg", "of a.png")
}

// storeMissesOne has an item of several sizes and formats, of whose files any one is missing.
func storeMissesOne(t testing.TB, f store.Files) {
	spec, err := transform.ParseSpec("size=1;size=2;format=jpeg,png")
	if err != nil {
		t.Fatal(err)
	}
	var r transform.Result
	for _, v := range spec.Variants() {
		r.Outputs = append(r.Outputs, transform.Output{Label: v.Label, Format: v.Format, Data: []byte(v.Label)})
	}
	dir := t.TempDir()
	for run, gone := range []string{"", "a-1.jpg", "a-1.png", "a-2.jpg", "a-2.png", ""} {
		if gone != "" {
			if err := f.Remove(t.Context(), gone, stat(t, f, gone)); err != nil {
				t.Fatal(err)
			}
		}
		s := open(t, dir, f, store.Options{Spec: spec})
		item, place := plan(t, s, 0, "a.gif")
		todo := run == 0 || gone != ""
		if (place.Skip().Why == "") != todo {
			t.Errorf("run %d, without %q: skipped for %q", run, gone, place.Skip().Why)
		}
		if todo {
			outputs, err := place.Put(r)
			if err != nil || len(outputs) != 4 {
				t.Fatalf("run %d: %+v, %v", run, outputs, err)
			}
			o := pipeline.Outcome{Item: item, Place: place, Status: pipeline.Done, Outputs: outputs}
			if err := s.Record(o); err != nil {
				t.Fatal(err)
			}
		}
		closeStore(t, s)
		for _, name := range []string{"a-1.jpg", "a-1.png", "a-2.jpg", "a-2.png"} {
			want(t, f, name, name[2:3])
		}
	}
}

func storeReplacesItsOwn(t testing.TB, f store.Files) {
	dir := t.TempDir()
	quality := func(q int) store.Options {
		return store.Options{Spec: transform.Spec{Formats: []transform.Format{transform.JPEG}, Quality: q}}
	}
	for q, text := range []string{0: "1st!", 1: "2nd!", 2: "a third"} { // of another spec each
		s := open(t, dir, f, quality(10+q))
		if o := do(t, s, 0, "a.png", text); o.Status != pipeline.Done {
			t.Errorf("%q is %s, %v", text, o.Status, o.Err)
		}
		closeStore(t, s)
		want(t, f, "a.jpg", text)
	}
	if err := put(t, f, "a.jpg", "edited!", stat(t, f, "a.jpg")); err != nil { // as long as the third
		t.Fatal(err)
	}
	s := open(t, dir, f, quality(20))
	if o := do(t, s, 0, "a.png", "4th"); o.Class != pipeline.ClassExists {
		t.Errorf("over a file that somebody edited: %s, %v", o.Status, o.Err)
	}
	want(t, f, "a.jpg", "edited!")
}

func storeTreatsOthers(t testing.TB, f store.Files) {
	seen := store.File{}
	for _, c := range []struct {
		on     store.OnExist
		there  string
		status pipeline.Status
		left   string
	}{
		{store.Suffix, "hers", pipeline.Failed, "hers"},
		{store.Suffix, "a longer one", pipeline.Failed, "a longer one"},
		{store.Suffix, "ours", pipeline.Done, "ours"},
		{store.Fail, "hers", pipeline.Failed, "hers"},
		{store.Skip, "hers", pipeline.Skipped, "hers"},
		{store.Overwrite, "hers", pipeline.Done, "ours"},
	} {
		if err := put(t, f, "a.jpg", c.there, seen); err != nil {
			t.Fatal(err)
		}
		s := open(t, t.TempDir(), f, store.Options{OnExist: c.on})
		if o := do(t, s, 0, "a.png", "ours"); o.Status != c.status {
			t.Errorf("%v over %q: %s, %v; want %s", c.on, c.there, o.Status, o.Err, c.status)
		}
		closeStore(t, s)
		want(t, f, "a.jpg", c.left)
		seen = stat(t, f, "a.jpg")
	}
}

func storeNames(t testing.TB, f store.Files) {
	dir := t.TempDir()
	for run := range 2 {
		s := open(t, dir, f, store.Options{})
		for i, source := range []string{"x/a.png", "y/a.png", "A.gif"} {
			if o := do(t, s, i, source, "of "+source); o.Err != nil || (o.Status == pipeline.Done) != (run == 0) {
				t.Errorf("run %d: %s is %s, %v", run, source, o.Status, o.Err)
			}
		}
		closeStore(t, s)
		for name, text := range map[string]string{"a.jpg": "of x/a.png", "a-2.jpg": "of y/a.png",
			"A-3.jpg": "of A.gif"} {
			want(t, f, name, text)
		}
	}
	// The same inputs in another order keep their names, by the ledger.
	s := open(t, dir, f, store.Options{Spec: transform.Spec{Formats: []transform.Format{transform.JPEG}, Quality: 33}})
	do(t, s, 0, "y/a.png", "anew")
	want(t, f, "a-2.jpg", "anew")
	want(t, f, "a.jpg", "of x/a.png")
}

// errFull is the error of a fullFiles.
var errFull = errors.New("no room is left")

// fullFiles has room for some files.
type fullFiles struct {
	store.Files
	room int
}

func (f *fullFiles) Stage(ctx context.Context, data []byte, c store.Content) (store.Staged, error) {
	if f.room--; f.room < 0 {
		return nil, errFull
	}
	return f.Files.Stage(ctx, data, c)
}

func storeStagesFirst(t testing.TB, f store.Files) {
	spec, err := transform.ParseSpec("size=1;size=2;format=jpeg")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, t.TempDir(), &fullFiles{f, 1}, store.Options{Spec: spec})
	_, place := plan(t, s, 0, "a.png")
	labels := []string{spec.Variants()[0].Label, spec.Variants()[1].Label}
	outputs, err := place.Put(result("text", labels...))
	if len(outputs) > 0 || !errors.Is(err, errFull) || pipeline.ClassOf(err) != pipeline.ClassWrite {
		t.Errorf("%v, %v; want nothing and %v", outputs, err, errFull)
	}
	closeStore(t, s)
	if names := list(t, f, ""); len(names) > 0 {
		t.Errorf("though not all could be staged, there are %q", names)
	}
}

// storeAfterKill goes on with a copy of the ledger's folder as it is while a run is under way: all that a kill leaves.
func storeAfterKill(t testing.TB, f store.Files) {
	spec := func(q int) store.Options {
		return store.Options{Spec: transform.Spec{Formats: []transform.Format{transform.JPEG}, Quality: q}}
	}
	killed, next := filepath.Join(t.TempDir(), "killed"), filepath.Join(t.TempDir(), "next")
	s := open(t, killed, f, spec(10))
	do(t, s, 0, "a.png", "with a line")
	_, place := plan(t, s, 1, "b.png")
	if _, err := place.Put(result("without a line")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(next, os.DirFS(killed)); err != nil {
		t.Fatal(err)
	}
	s = open(t, next, f, spec(10))
	if o := do(t, s, 0, "a.png", "again"); o.Status != pipeline.Skipped {
		t.Errorf("what had its line is %s, %v", o.Status, o.Err)
	}
	closeStore(t, s)
	s = open(t, next, f, spec(11)) // which makes another file of it
	if o := do(t, s, 1, "b.png", "anew"); o.Status != pipeline.Done {
		t.Errorf("what was in place without a line is %s, %v: it is ours", o.Status, o.Err)
	}
	want(t, f, "a.jpg", "with a line")
	want(t, f, "b.jpg", "anew")
}
