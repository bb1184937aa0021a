package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"imgpipe/transform"
)

func open(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func jpg(text string) transform.Output {
	return transform.Output{Format: transform.JPEG, Width: 4, Height: 3, Data: []byte(text)}
}

// named gives the name of the only item.
func named(t testing.TB, file string) Name {
	t.Helper()
	name, err := newNamer(t, NameOptions{}).Plan(Source{Source: filepath.Base(file), Dir: dirOf(file), Format: transform.JPEG})
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func dirOf(file string) string {
	if dir := filepath.ToSlash(filepath.Dir(file)); dir != "." {
		return dir
	}
	return ""
}

// tree gives the files below dir with their contents, but for the ledger and what a run keeps in tempDir about itself.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains([]string{LedgerName, "pid", journalNames[0], journalNames[1]}, d.Name()) {
			return err
		}
		b, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func wantTree(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if got := tree(t, dir); !maps.Equal(got, want) {
		t.Errorf("files\n got %q\nwant %q", got, want)
	}
}

func wantClass(t *testing.T, err error, class string, fatal bool) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Class() != class || e.Fatal() != fatal {
		t.Errorf("got %v (%T); want class %s, fatal %v", err, err, class, fatal)
	}
}

func TestPutWritesAllOutputsAndTellsOfThem(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "out")
	s := open(t, dir, Options{})
	n := newNamer(t, NameOptions{Labels: []string{"1", "2"}})
	name, err := n.Plan(Source{Source: "x.png", Dir: "a/b"})
	if err != nil {
		t.Fatal(err)
	}
	one, two := jpg("one"), jpg("two!")
	one.Label, two.Label = "1", "2"
	got, err := s.Put(name, one, two)
	want := []Output{
		{Path: "a/b/x-1.jpg", Bytes: 3, Width: 4, Height: 3, Format: transform.JPEG, SHA256: "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"},
		{Path: "a/b/x-2.jpg", Bytes: 4, Width: 4, Height: 3, Format: transform.JPEG, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("two!")))},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantTree(t, dir, map[string]string{"a/b/x-1.jpg": "one", "a/b/x-2.jpg": "two!"})
	if runtime.GOOS != "windows" {
		st, err := os.Stat(filepath.Join(dir, "a/b/x-1.jpg"))
		if err != nil || st.Mode().Perm()&^0o644 != 0 {
			t.Errorf("mode %v, %v; want at most 0644", st.Mode(), err)
		}
	}
}

func TestForeignFileIsTreatedAsAsked(t *testing.T) {
	for _, c := range []struct {
		on    OnExist
		there string
		class string
		kept  bool
		want  string
	}{
		{Suffix, "theirs", ClassExists, false, "theirs"},
		{Suffix, "ours", "", false, "ours"},
		{Fail, "theirs", ClassExists, false, "theirs"},
		{Skip, "theirs", "", true, "theirs"},
		{Overwrite, "theirs", "", false, "ours"},
		{Overwrite, "a longer one of theirs", "", false, "ours"},
		{Suffix, "four", ClassExists, false, "four"}, // as long as "ours"
	} {
		t.Run(c.on.String()+"/"+c.there, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte(c.there), 0o644); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir, Options{OnExist: c.on})
			got, err := s.Put(named(t, "a.png"), jpg("ours"))
			if c.class != "" {
				wantClass(t, err, c.class, false)
			} else if err != nil || len(got) != 1 || got[0].Kept != c.kept || got[0].Bytes != int64(len(c.want)) {
				t.Errorf("got %+v, %v", got, err)
			}
			s.Close()
			wantTree(t, dir, map[string]string{"a.jpg": c.want})
		})
	}
}

func TestKeptFileNeverBecomesOurs(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("theirs"), 0o644); err != nil {
		t.Fatal(err)
	}
	name := named(t, "a.png")
	key := Key{Source: "a.png", Name: name.String()}
	s := open(t, dir, Options{OnExist: Skip})
	if outs, ok := s.Present(name, transform.JPEG); !ok || len(outs) != 1 || !outs[0].Kept {
		t.Errorf("present: %+v, %v", outs, ok)
	}
	if outs, ok := s.Present(name, transform.PNG); ok {
		t.Errorf("present as PNG: %+v", outs)
	}
	outs, err := s.Put(name, jpg("ours"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(Entry{Status: Skipped, Source: key.Source, Name: key.Name, Outputs: outs}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, ok := s.Done(key); !ok {
			t.Error("skipped, and would be done again")
		}
		s.Close()
		s = open(t, dir, Options{})
		_, err = s.Put(name, jpg("ours"))
		wantClass(t, err, ClassExists, false)
	}
	wantTree(t, dir, map[string]string{"a.jpg": "theirs"})
}

func TestOwnFileIsReplacedByLaterRun(t *testing.T) {
	dir := t.TempDir()
	name := named(t, "a.png")
	for _, text := range []string{"first", "a second spec", "third"} {
		s := open(t, dir, Options{})
		key := Key{Source: "a.png", Spec: text, Name: name.String()}
		if _, ok := s.Done(key); ok {
			t.Error("done before it was")
		}
		outs, err := s.Put(name, jpg(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Append(Entry{Status: Done, Source: "a.png", Spec: text, Name: name.String(), Outputs: outs}); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Done(key); !ok {
			t.Error("not done")
		}
		s.Close()
		wantTree(t, dir, map[string]string{"a.jpg": text})
	}
	// "first" and "third" are of one length: that its file was replaced is known from the ledger alone.
	s := open(t, dir, Options{})
	if _, ok := s.Done(Key{Source: "a.png", Spec: "first", Name: name.String()}); ok {
		t.Error("done, though another spec's output has its place")
	}
}

func TestTwoItemsNeverWriteOneFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{OnExist: Overwrite})
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		name, err := newNamer(t, NameOptions{}).Plan(Source{Index: i, Source: "A.png"[i%2:]})
		if err != nil {
			t.Fatal(err)
		}
		name.pattern = "a.\x01"
		wg.Go(func() { _, errs[i] = s.Put(name, jpg("ours")) })
	}
	wg.Wait()
	ok := 0
	for _, err := range errs {
		if err == nil {
			ok++
		} else {
			wantClass(t, err, ClassNameTaken, false)
		}
	}
	if ok != 1 {
		t.Errorf("%d items wrote one file", ok)
	}
}

func TestInputIsNeverReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("original"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{OnExist: Overwrite})
	// The namer was not told the folder, and the input comes through a link: only the file itself tells.
	link := filepath.Join(t.TempDir(), "a.jpg")
	if err := os.Symlink(filepath.Join(dir, "a.jpg"), link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	for _, input := range []string{filepath.Join(dir, "a.jpg"), link} {
		name, err := newNamer(t, NameOptions{}).Plan(Source{Source: input})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Put(name, jpg("ours"))
		wantClass(t, err, ClassOutputIsInput, false)
	}
	s.Close()
	wantTree(t, dir, map[string]string{"a.jpg": "original"})
}

func TestSymbolicLinksLeadNowhere(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	victim := filepath.Join(elsewhere, "victim.jpg")
	if err := os.WriteFile(victim, []byte("victim"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, "link")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.Symlink(victim, filepath.Join(dir, "file.jpg")); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{})
	_, err := s.Put(named(t, "link/a.png"), jpg("ours"))
	wantClass(t, err, ClassOutside, false)
	_, err = s.Put(named(t, "link/deep/a.png"), jpg("ours"))
	wantClass(t, err, ClassOutside, false)
	_, err = s.Put(named(t, "file.png"), jpg("ours"))
	wantClass(t, err, ClassExists, false)
	s.Close()

	s = open(t, dir, Options{OnExist: Overwrite})
	if _, err := s.Put(named(t, "file.png"), jpg("ours")); err != nil {
		t.Error(err)
	}
	s.Close()
	wantTree(t, elsewhere, map[string]string{"victim.jpg": "victim"})
	if st, err := os.Lstat(filepath.Join(dir, "file.jpg")); err != nil || !st.Mode().IsRegular() {
		t.Errorf("the link was not replaced: %v, %v", st, err)
	}
}

func TestSecondRunInOneFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	_, err := Open(dir, Options{})
	wantClass(t, err, ClassLocked, true)
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
	wantClass(t, err, ClassFolderGone, true)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder is back:", err)
	}
}

func TestSubfolderRemovedDuringTheRunIsMadeAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	n := newNamer(t, NameOptions{})
	for i, file := range []string{"a.png", "b.png"} {
		name, err := n.Plan(Source{Index: i, Source: file, Dir: "x/y"})
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
	wantClass(t, err, ClassWrite, false)
	_, err = s.Put(named(t, "y.png"), jpg("ours"))
	wantClass(t, err, ClassExists, false)
}

func TestReadOnlyStoreWritesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Join(dir, "absent")} {
		s := open(t, d, Options{ReadOnly: true})
		if _, ok := s.Done(Key{Source: "a"}); ok {
			t.Error("done in an empty folder")
		}
		for range s.Failures() {
			t.Error("a failure in an empty folder")
		}
		_, err := s.Put(named(t, "a.png"), jpg("ours"))
		wantClass(t, err, ClassWrite, true)
		wantClass(t, s.Append(Entry{Status: Failed, Source: "a"}), ClassWrite, true)
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
		{"create", syscall.ENOSPC, ClassDiskFull, true},
		{"write", syscall.ENOSPC, ClassDiskFull, true},
		{"close", syscall.ENOSPC, ClassDiskFull, true},
		{"mkdir", syscall.ENOSPC, ClassDiskFull, true},
		{"rename", syscall.ENOSPC, ClassDiskFull, true},
		{"append", syscall.ENOSPC, ClassDiskFull, true},
		{"create", syscall.EROFS, ClassNotWritable, true},
		{"rename", syscall.EROFS, ClassNotWritable, true},
		{"create", syscall.EACCES, ClassNotWritable, true},
		{"mkdir", syscall.EACCES, ClassNotWritable, true},
		{"rename", syscall.EACCES, ClassNotWritable, false},
		{"append", syscall.EACCES, ClassNotWritable, true},
		{"write", syscall.EIO, ClassWrite, true},
		{"lstat", syscall.ENAMETOOLONG, ClassWrite, false},
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
				return s.Append(Entry{Status: Done, Source: "a.png", Name: name.String(), Outputs: outs})
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

// job is a small run: it plans every item, skips what is done, puts and records the rest, and stops at the first error.
func job(t testing.TB, s *Store, items int) error {
	n := newNamer(t, NameOptions{Labels: []string{"1", "2"}})
	for i := range items {
		src := Source{Index: i, Source: fmt.Sprintf("%d.png", i/2), Dir: fmt.Sprintf("d%d", i%2)}
		name, err := n.Plan(src)
		if err != nil {
			return err
		}
		e := Entry{Status: Done, Source: src.Source, Size: 9, ModTime: time.Unix(1e9, 7), Spec: "resize", Name: name.String()}
		if _, ok := s.Done(e.Key()); ok {
			continue
		}
		one, two := jpg(fmt.Sprint("one ", i)), jpg(fmt.Sprint("the other ", i))
		one.Label, two.Label = "1", "2"
		outs, err := s.Put(name, one, two)
		if err != nil {
			return err
		}
		e.Outputs = outs
		if err := s.Append(e); err != nil {
			return err
		}
	}
	return s.Close()
}

// TestRunKilledAtAnyCallContinues kills the run at every call of the file system in turn: no further call is made, as if
// the process were gone. The same job is then done to its end.
func TestRunKilledAtAnyCallContinues(t *testing.T) {
	const items = 4
	whole := t.TempDir()
	calls := 0
	s := open(t, whole, Options{Fault: func(string, string) error { calls++; return nil }})
	if err := job(t, s, items); err != nil {
		t.Fatal(err)
	}
	want := tree(t, whole)
	if len(want) != 2*items || calls < 10*items {
		t.Fatalf("%d files and %d calls", len(want), calls)
	}
	for kill := 1; kill <= calls; kill++ {
		dir := filepath.Join(t.TempDir(), "out")
		made := 0
		s := open(t, dir, Options{Fault: func(string, string) error {
			if made++; made >= kill {
				return errors.New("killed")
			}
			return nil
		}})
		job(t, s, items)
		s.closeFiles() // as the system does with the files of a dead process
		for name, text := range tree(t, dir) {
			if !strings.HasPrefix(name, tempDir) && text != want[name] {
				t.Errorf("killed at call %d: %s holds %q", kill, name, text)
			}
		}
		if err := job(t, open(t, dir, Options{}), items); err != nil {
			t.Errorf("killed at call %d, then: %v", kill, err)
		}
		if got := tree(t, dir); !maps.Equal(got, want) {
			t.Errorf("killed at call %d, then: got %q, want %q", kill, got, want)
		}
		s = open(t, dir, Options{Fault: func(op, name string) error {
			if op != "remove" || name != tempDir {
				t.Errorf("killed at call %d, ended, then called again: %s %s", kill, op, name)
			}
			return nil
		}})
		if err := job(t, s, items); err != nil {
			t.Error(err)
		}
	}
}

// TestRunKilledAtAnyCallContinuesWithAnotherSpec finds files without a line in the ledger that hold other bytes than those
// it would write, and knows them for its own all the same.
func TestRunKilledAtAnyCallContinuesWithAnotherSpec(t *testing.T) {
	one, two := named(t, "a.png"), named(t, "d/b.png")
	run := func(dir, text string, kill int) (calls int, err error) {
		s := open(t, dir, Options{Fault: func(string, string) error {
			if calls++; calls == kill || kill < 0 {
				kill = -1
				return errors.New("killed")
			}
			return nil
		}})
		defer s.closeFiles()
		for _, name := range []Name{one, two} {
			outs, err := s.Put(name, jpg(text+name.String()))
			if err != nil {
				return calls, err
			}
			if err := s.Append(Entry{Status: Done, Source: name.file, Spec: text, Name: name.String(), Outputs: outs}); err != nil {
				return calls, err
			}
		}
		return calls, s.Close()
	}
	one.file, two.file = "", ""
	two.index = 1
	calls, err := run(t.TempDir(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for kill := 1; kill <= calls; kill++ {
		dir := filepath.Join(t.TempDir(), "out")
		for _, text := range []string{"first", "second"} {
			run(dir, text, kill)
		}
		if _, err := run(dir, "another spec", 0); err != nil {
			t.Errorf("killed at call %d, then: %v", kill, err)
		}
		wantTree(t, dir, map[string]string{"a.jpg": "another speca.{ext}", "d/b.jpg": "another specd/b.{ext}"})
	}
}

func TestFileChangedAfterAKillIsNotAdopted(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if _, err := s.Put(named(t, "a.png"), jpg("ours")); err != nil {
		t.Fatal(err)
	}
	s.closeFiles()
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("hers"), 0o644); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	_, err := s.Put(named(t, "a.png"), jpg("new!"))
	wantClass(t, err, ClassExists, false)
}

func TestJournalStaysShort(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	line := []byte(strings.Repeat("0", 64) + " " + strings.Repeat("x", 100<<10) + "\n")
	for range 20 {
		if err := s.journal.add(s.temp, line); err != nil {
			t.Fatal(err)
		}
	}
	if left := s.leftJournal(); len(left) < journalSize || len(left) > 3*journalSize {
		t.Errorf("the journal has %d bytes", len(left))
	}
}

func ExampleStore() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	names, err := NewNamer(NameOptions{Folder: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 { // the same run, twice
		s, err := Open(dir, Options{})
		if err != nil {
			fmt.Println(err)
			return
		}
		name, err := names.Plan(Source{Source: "cat.png"})
		if err != nil {
			fmt.Println(err)
			return
		}
		names, _ = NewNamer(NameOptions{Folder: dir})
		e := Entry{Source: "cat.png", Name: name.String()}
		if done, ok := s.Done(e.Key()); ok {
			fmt.Println("skipped", done.Outputs[0].Path)
		} else {
			e.Status = Done
			e.Outputs, err = s.Put(name, transform.Output{Format: transform.JPEG, Data: []byte("a picture")})
			fmt.Println("wrote", e.Outputs[0].Path, err)
			if err := s.Append(e); err != nil {
				fmt.Println(err)
			}
		}
		if err := s.Close(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// wrote cat.jpg <nil>
	// skipped cat.jpg
}

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{20 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("size=%dKiB", size>>10), func(b *testing.B) {
			dir := b.TempDir()
			s := open(b, dir, Options{})
			n := newNamer(b, NameOptions{})
			out := jpg(string(bytes.Repeat([]byte("x"), size)))
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for i := 0; b.Loop(); i++ {
				name, err := n.Plan(Source{Index: i, Source: "image.png", Dir: "a/b"})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.Put(name, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
