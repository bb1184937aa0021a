package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

func TestSecondRunInOneFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	_, err := Open(dir, Options{})
	wantClass(t, err, pipeline.ClassLocked, true)
	want := fmt.Sprintf("open output folder %s: another imgpipe run (pid %d) is writing to %s", dir, os.Getpid(), dir)
	if err.Error() != want {
		t.Errorf("got %s\nwant %s", err, want)
	}
	if _, err := s.Put(named(t, "a.png"), jpg("ours")); err != nil {
		t.Error("the first run was disturbed:", err)
	}
	if _, err := Open(dir, Options{ReadOnly: true}); err != nil {
		t.Error("reading was refused:", err)
	}
	s.Close()
	open(t, dir, Options{})
}

func TestFolderRemovedDuringTheRunEndsIt(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps a folder that is open")
	}
	dir := filepath.Join(t.TempDir(), "out")
	s := open(t, dir, Options{})
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, err := s.Put(named(t, "a.png"), jpg("ours"))
	wantClass(t, err, pipeline.ClassFolderGone, true)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder is back:", err)
	}
}

func TestSubfolderRemovedDuringTheRunIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	n := newNamer(t, NameOptions{})
	for i, file := range []string{"a.png", "b.png"} {
		name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: file, Dir: "x/y"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Put(name, jpg(file)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			os.RemoveAll(filepath.Join(dir, "x"))
		}
	}
	s.Close()
	wantTree(t, dir, map[string]string{"x/y/b.jpg": "b.png"})
}

func TestFileInPlaceOfFolderFailsTheItem(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "y.jpg"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{OnExist: Overwrite})
	_, err := s.Put(named(t, "x/a.png"), jpg("ours"))
	wantClass(t, err, pipeline.ClassWrite, false)
	_, err = s.Put(named(t, "y.png"), jpg("ours"))
	wantClass(t, err, pipeline.ClassExists, false)
}

func TestReadOnlyStoreWritesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Join(dir, "absent")} {
		s := open(t, d, Options{ReadOnly: true})
		if _, ok := s.Done(Key{Source: "a"}); ok {
			t.Error("done in an empty folder")
		}
		if _, ok := s.Last(Key{Source: "a"}); ok {
			t.Error("a line in an empty folder")
		}
		_, err := s.Put(named(t, "a.png"), jpg("ours"))
		wantClass(t, err, pipeline.ClassWrite, true)
		wantClass(t, s.Append(Entry{Status: pipeline.Failed, Source: "a"}), pipeline.ClassWrite, true)
		s.Close()
	}
	wantTree(t, dir, map[string]string{})
	if _, err := os.Stat(filepath.Join(dir, "absent")); err == nil {
		t.Error("the folder was made")
	}
}

func TestErrorsOfTheSystemAreSorted(t *testing.T) {
	for _, c := range []struct {
		op    string
		errno syscall.Errno
		class string
		fatal bool
	}{
		{"create", syscall.ENOSPC, pipeline.ClassDiskFull, true},
		{"write", syscall.ENOSPC, pipeline.ClassDiskFull, true},
		{"close", syscall.ENOSPC, pipeline.ClassDiskFull, true},
		{"mkdir", syscall.ENOSPC, pipeline.ClassDiskFull, true},
		{"rename", syscall.ENOSPC, pipeline.ClassDiskFull, true},
		{"append", syscall.ENOSPC, pipeline.ClassDiskFull, true},
		{"create", syscall.EROFS, pipeline.ClassNotWritable, true},
		{"rename", syscall.EROFS, pipeline.ClassNotWritable, true},
		{"create", syscall.EACCES, pipeline.ClassNotWritable, true},
		{"mkdir", syscall.EACCES, pipeline.ClassNotWritable, true},
		{"rename", syscall.EACCES, pipeline.ClassNotWritable, false},
		{"append", syscall.EACCES, pipeline.ClassNotWritable, true},
		{"write", syscall.EIO, pipeline.ClassWrite, true},
		{"lstat", syscall.ENAMETOOLONG, pipeline.ClassWrite, false},
	} {
		if runtime.GOOS == "windows" {
			t.Skip("the numbers are those of Unix")
		}
		t.Run(c.op+"/"+c.errno.Error(), func(t *testing.T) {
			dir := t.TempDir()
			broken := true
			s := open(t, dir, Options{Fault: func(op, name string) error {
				if op == c.op && broken {
					return &fs.PathError{Op: op, Path: name, Err: c.errno}
				}
				return nil
			}})
			name := named(t, "x/a.png")
			run := func() error {
				outs, err := s.Put(name, jpg("ours"))
				if err != nil {
					return err
				}
				return s.Append(Entry{Status: pipeline.Done, Source: "a.png", Name: name.String(), Outputs: outs})
			}
			err := run()
			wantClass(t, err, c.class, c.fatal)
			if c.op != "append" {
				wantTree(t, dir, map[string]string{})
			}
			broken = false
			if err := run(); err != nil {
				t.Error("after the trouble was over:", err)
			}
			s.Close()
			wantTree(t, dir, map[string]string{"x/a.jpg": "ours"})
		})
	}
}

// TestClockThatGoesBackChangesNothing has each line be older than the one before it: their order counts, not their
// times.
func TestClockThatGoesBackChangesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	name := named(t, "a.png")
	e := Entry{Status: pipeline.Failed, Class: "decode", Source: "a.png", Name: name.String(), Time: time.Unix(2e9, 0)}
	if err := s.Append(e); err != nil {
		t.Fatal(err)
	}
	var err error
	if e.Outputs, err = s.Put(name, jpg("ours")); err != nil {
		t.Fatal(err)
	}
	e.Status, e.Class, e.Time = pipeline.Done, "", time.Unix(-1e9, 0)
	if err := s.Append(e); err != nil {
		t.Fatal(err)
	}
	past := time.Unix(1, 0)
	if err := os.Chtimes(filepath.Join(dir, "a.jpg"), past, past); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, ok := s.Done(e.Key()); !ok {
			t.Error("what was done by an earlier clock is not done")
		}
		if last, _ := s.Last(e.Key()); last.Status != pipeline.Done {
			t.Errorf("it ended as %s, before it was done", last.Status)
		}
		s.Close()
		s = open(t, dir, Options{})
	}
}
