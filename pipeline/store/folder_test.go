package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// twoIn gives the names of two items in one folder.
func twoIn(t *testing.T, dir string) (one, two Name) {
	t.Helper()
	n := newNamer(t, NameOptions{})
	for i, name := range []*Name{&one, &two} {
		var err error
		if *name, err = n.Plan(Subject{Item: fetch.Item{Index: i, Source: fmt.Sprintf("%d.png", i),
			Dir: dir}}); err != nil {
			t.Fatal(err)
		}
		name.file = ""
	}
	return one, two
}

// TestFolderChangedDuringTheRunIsLookedForByItsName puts one output, changes the folder that it went to, and puts
// another one.
func TestFolderChangedDuringTheRunIsLookedForByItsName(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights on Windows")
	}
	for _, c := range []struct {
		name   string
		change func(out, elsewhere string) error
		class  string            // of the second output
		want   map[string]string // in the output folder
		beside map[string]string // elsewhere
	}{
		{"moved away", func(out, elsewhere string) error {
			return os.Rename(filepath.Join(out, "x"), filepath.Join(elsewhere, "x"))
		}, "", map[string]string{"x/y/1.jpg": "two"}, map[string]string{"x/y/0.jpg": "one"}},
		{"moved within", func(out, _ string) error {
			return os.Rename(filepath.Join(out, "x"), filepath.Join(out, "z"))
		}, "", map[string]string{"z/y/0.jpg": "one", "x/y/1.jpg": "two"}, nil},
		{"made anew", func(out, _ string) error {
			return errors.Join(os.RemoveAll(filepath.Join(out, "x/y")), os.Mkdir(filepath.Join(out, "x/y"), 0o755))
		}, "", map[string]string{"x/y/1.jpg": "two"}, nil},
		{"link to outside", func(out, elsewhere string) error {
			return errors.Join(os.RemoveAll(filepath.Join(out, "x/y")),
				os.Symlink(elsewhere, filepath.Join(out, "x/y")))
		}, pipeline.ClassOutside, map[string]string{}, nil},
		{"link to outside above it", func(out, elsewhere string) error {
			return errors.Join(os.RemoveAll(filepath.Join(out, "x")), os.Symlink(elsewhere, filepath.Join(out, "x")),
				os.Mkdir(filepath.Join(elsewhere, "y"), 0o755))
		}, pipeline.ClassOutside, map[string]string{}, nil},
		{"moved away, and a link to it", func(out, elsewhere string) error {
			return errors.Join(os.Rename(filepath.Join(out, "x"), filepath.Join(elsewhere, "x")),
				os.Symlink(filepath.Join(elsewhere, "x"), filepath.Join(out, "x")))
		}, pipeline.ClassOutside, map[string]string{}, map[string]string{"x/y/0.jpg": "one"}},
		{"link to inside", func(out, _ string) error {
			return errors.Join(os.RemoveAll(filepath.Join(out, "x/y")), os.Mkdir(filepath.Join(out, "z"), 0o755),
				os.Symlink("../z", filepath.Join(out, "x/y")))
		}, "", map[string]string{"z/1.jpg": "two"}, nil},
		{"a file", func(out, _ string) error {
			return errors.Join(os.RemoveAll(filepath.Join(out, "x/y")),
				os.WriteFile(filepath.Join(out, "x/y"), []byte("mine"), 0o644))
		}, pipeline.ClassWrite, map[string]string{"x/y": "mine"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, elsewhere := t.TempDir(), t.TempDir()
			s := open(t, out, Options{})
			one, two := twoIn(t, "x/y")
			if _, err := s.Put(one, jpg("one")); err != nil {
				t.Fatal(err)
			}
			if err := c.change(out, elsewhere); err != nil {
				t.Fatal(err)
			}
			_, err := s.Put(two, jpg("two"))
			if c.class != "" {
				wantClass(t, err, c.class, false)
			} else if err != nil {
				t.Error(err)
			}
			s.Close()
			// Links must not be mistaken for what they lead to.
			if err := filepath.WalkDir(out, func(p string, d fs.DirEntry, err error) error {
				if err == nil && d.Type()&fs.ModeSymlink != 0 {
					err = os.Remove(p)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			wantTree(t, out, c.want)
			if c.beside == nil {
				c.beside = map[string]string{}
			}
			wantTree(t, elsewhere, c.beside)
		})
	}
}

// TestFolderRemovedWhileAnOutputIsWrittenIsMadeAgain removes it when the rename is due.
func TestFolderRemovedWhileAnOutputIsWrittenIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	removed := false
	s := open(t, dir, Options{Fault: func(op, name string) error {
		if op == "rename" && !removed {
			removed = true
			return os.RemoveAll(filepath.Join(dir, "x"))
		}
		return nil
	}})
	if err := os.MkdirAll(filepath.Join(dir, "x/y"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(named(t, "x/y/a.png"), jpg("ours")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	wantTree(t, dir, map[string]string{"x/y/a.jpg": "ours"})
}

// TestManyFoldersAtOnce puts from many goroutines into more folders than are kept open.
func TestManyFoldersAtOnce(t *testing.T) {
	const folders, lanes = 200, 8
	dir := t.TempDir()
	s := open(t, dir, Options{})
	n := newNamer(t, NameOptions{})
	names := make(chan Name)
	var running sync.WaitGroup
	for range lanes {
		running.Go(func() {
			for name := range names {
				if _, err := s.Put(name, jpg(name.String())); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 3 * folders {
		name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: fmt.Sprintf("%d.png", i),
			Dir: fmt.Sprintf("d%d", i%folders)}})
		if err != nil {
			t.Fatal(err)
		}
		name.file = ""
		names <- name
	}
	close(names)
	running.Wait()
	s.Close()
	got := tree(t, dir)
	for name, text := range got {
		if want := strings.TrimSuffix(name, "jpg") + "{ext}"; text != want {
			t.Errorf("%s holds %q, want %q", name, text, want)
		}
	}
	if len(got) != 3*folders {
		t.Errorf("%d files, want %d", len(got), 3*folders)
	}
}

// TestFilesAreReadThroughNoLink, also if it leads to a file of their folder.
func TestFilesAreReadThroughNoLink(t *testing.T) {
	dir, kept := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("a"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.jpg", filepath.Join(dir, "link.jpg")); err != nil {
		t.Skip("links need rights on Windows:", err)
	}
	in, err := openHand(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	to, err := openHand(kept)
	if err != nil {
		t.Fatal(err)
	}
	defer to.close()
	if c, err := in.digest("a.jpg"); err != nil || c.Size != 1 {
		t.Errorf("the file: %+v, %v", c, err)
	}
	if c, err := in.digest("link.jpg"); err == nil {
		t.Errorf("the link was read: %+v", c)
	}
	if err := to.link(in.folder, "a.jpg", "b.jpg"); err != nil {
		t.Error(err)
	}
	if err := to.link(in.folder, "a.jpg", "b.jpg"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
	if c, err := to.digest("b.jpg"); err != nil || c.Size != 1 {
		t.Errorf("the second name: %+v, %v", c, err)
	}
}
