package store_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/pipeline/storetest"
	"imgpipe/transform"
)

// failing is a Files that fails with one error.
type failing struct {
	storetest.Memory
	stage, put error
}

func (f *failing) Stage(ctx context.Context, data []byte, c store.Content) (store.Staged, error) {
	if f.stage != nil {
		return nil, f.stage
	}
	s, err := f.Memory.Stage(ctx, data, c)
	return failingStaged{s, f.put}, err
}

type failingStaged struct {
	store.Staged
	err error
}

func (s failingStaged) Put(context.Context, string, store.File) error { return s.err }

// An outage is an error of another kind of Files.
type outage struct{ fatal bool }

func (outage) Error() string    { return "the bucket cannot be reached" }
func (outage) Class() string    { return pipeline.ClassNotWritable }
func (o outage) Fatal() bool    { return o.fatal }
func (o outage) Advice() string { return "ask whose bucket it is" }

// put has a Store put one picture of item 0.
func put(t *testing.T, dir string, opts store.Options, text string) ([]pipeline.Output, error) {
	t.Helper()
	opts.Spec.Formats = []transform.Format{transform.JPEG}
	s, err := store.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	place, err := s.Plan(fetch.Item{Source: "a.png"})
	if err != nil {
		t.Fatal(err)
	}
	return place.Put(transform.Result{Outputs: []transform.Output{{
		Format: transform.JPEG, Width: 4, Height: 3, Data: []byte(text),
	}}})
}

func TestAnErrorOfAFilesKeepsItsClass(t *testing.T) {
	for _, c := range []struct {
		files *failing
		class string
		fatal bool
		says  string
	}{
		{&failing{stage: outage{true}}, pipeline.ClassNotWritable, true, "write a.jpg: the bucket cannot be reached"},
		{&failing{put: outage{false}}, pipeline.ClassNotWritable, false, "write a.jpg: the bucket cannot be reached"},
		{&failing{put: errors.New("odd")}, pipeline.ClassWrite, false, "write a.jpg: odd"},
		{&failing{stage: fs.ErrPermission}, pipeline.ClassNotWritable, false, "write a.jpg: permission denied"},
		{&failing{put: store.ErrChanged}, pipeline.ClassExists, false, "write a.jpg: files of that name come and go"},
	} {
		_, err := put(t, t.TempDir(), store.Options{Files: c.files}, "ours")
		var e *store.Error
		if !errors.As(err, &e) || e.Class() != c.class || e.Fatal() != c.fatal {
			t.Errorf("%v: got %v; want class %s, fatal %v", c.files, err, c.class, c.fatal)
		} else if e.Class() == pipeline.ClassNotWritable && errors.As(err, new(outage)) &&
			e.Advice() != (outage{}).Advice() {
			t.Errorf("%v: the advice is %q", err, e.Advice())
		} else if err.Error() != c.says && c.files.stage != fs.ErrPermission {
			t.Errorf("it says %q, want %q", err, c.says)
		}
	}
}

// TestOutputsThatGoElsewhereLeaveTheFolderToTheLedger also has an input in the folder, which no output can replace.
func TestOutputsThatGoElsewhereLeaveTheFolderToTheLedger(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("a.png", []byte("an input"), 0o644); err != nil {
		t.Fatal(err)
	}
	var files storetest.Memory
	outs, err := put(t, dir, store.Options{Files: &files, OnExist: store.Overwrite}, "ours")
	if err != nil || len(outs) != 1 {
		t.Fatalf("%v, %v", outs, err)
	}
	if data, ok := files.Data("a.jpg"); !ok || string(data) != "ours" {
		t.Errorf("the files hold %q", data)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	for _, name := range names {
		if !slices.Contains([]string{"a.png", store.LedgerName, store.TempName}, name) {
			t.Errorf("the folder holds %q", names)
		}
	}
}
