package store

import (
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
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
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
	name, err := newNamer(t,
		NameOptions{}).Plan(Subject{Item: fetch.Item{Source: filepath.Base(file), Dir: dirOf(file)},
		Formats: of(transform.JPEG)})
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

// tree gives the files below dir with their contents, but for the ledger and what a run keeps in TempName about itself.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains([]string{LedgerName, pidName, flightsName, journalNames[0],
			journalNames[1]}, d.Name()) {
			return err
		}
		if strings.HasPrefix(d.Name(), linesName) {
			return nil
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
	name, err := n.Plan(Subject{Item: fetch.Item{Source: "x.png", Dir: "a/b"}})
	if err != nil {
		t.Fatal(err)
	}
	one, two := jpg("one"), jpg("two!")
	one.Label, two.Label = "1", "2"
	got, err := s.Put(name, one, two)
	want := []pipeline.Output{
		{Path: "a/b/x-1.jpg", Bytes: 3, Width: 4, Height: 3, Format: transform.JPEG,
			SHA256: "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"},
		{Path: "a/b/x-2.jpg", Bytes: 4, Width: 4, Height: 3, Format: transform.JPEG,
			SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("two!")))},
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
		{Suffix, "theirs", pipeline.ClassExists, false, "theirs"},
		{Suffix, "ours", "", false, "ours"},
		{Fail, "theirs", pipeline.ClassExists, false, "theirs"},
		{Skip, "theirs", "", true, "theirs"},
		{Overwrite, "theirs", "", false, "ours"},
		{Overwrite, "a longer one of theirs", "", false, "ours"},
		{Suffix, "four", pipeline.ClassExists, false, "four"}, // as long as "ours"
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
	if outs, ok := s.Present(name, of(transform.JPEG)); !ok || len(outs) != 1 || !outs[0].Kept {
		t.Errorf("present: %+v, %v", outs, ok)
	}
	if outs, ok := s.Present(name, of(transform.PNG)); ok {
		t.Errorf("present as PNG: %+v", outs)
	}
	outs, err := s.Put(name, jpg("ours"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(Entry{Status: pipeline.Skipped, Source: key.Source, Name: key.Name, Outputs: outs}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, ok := s.Done(key); !ok {
			t.Error("skipped, and would be done again")
		}
		s.Close()
		s = open(t, dir, Options{})
		_, err = s.Put(name, jpg("ours"))
		wantClass(t, err, pipeline.ClassExists, false)
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
		if err := s.Append(Entry{Status: pipeline.Done, Source: "a.png", Spec: text, Name: name.String(),
			Outputs: outs}); err != nil {
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

func TestOutputThatWasNotPlannedIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for _, o := range []transform.Output{
		{Format: "jsonl"}, {Format: "../x"}, {Format: ""}, {Format: transform.PNG, Label: "../../x"},
		{Format: transform.PNG, Width: -1},
		{Format: transform.PNG, Height: 1 << 40},
	} {
		_, err := s.Put(named(t, "imgpipe"), o)
		wantClass(t, err, pipeline.ClassWrite, false)
	}
	wantTree(t, dir, map[string]string{})
}

func TestTwoItemsNeverWriteOneFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{OnExist: Overwrite})
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		name, err := newNamer(t, NameOptions{}).Plan(Subject{Item: fetch.Item{Index: i, Source: "A.png"[i%2:]}})
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
			wantClass(t, err, pipeline.ClassNameTaken, false)
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
		name, err := newNamer(t, NameOptions{}).Plan(Subject{Item: fileItem(input)})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.Put(name, jpg("ours"))
		wantClass(t, err, pipeline.ClassOutputIsInput, false)
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
	wantClass(t, err, pipeline.ClassOutside, false)
	_, err = s.Put(named(t, "link/deep/a.png"), jpg("ours"))
	wantClass(t, err, pipeline.ClassOutside, false)
	_, err = s.Put(named(t, "file.png"), jpg("ours"))
	wantClass(t, err, pipeline.ClassExists, false)
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
		name, err := names.Plan(Subject{Item: fileItem("cat.png")})
		if err != nil {
			fmt.Println(err)
			return
		}
		names, _ = NewNamer(NameOptions{Folder: dir})
		e := Entry{Source: "cat.png", Name: name.String()}
		if done, ok := s.Done(e.Key()); ok {
			fmt.Println("skipped", done.Outputs[0].Path)
		} else {
			e.Status = pipeline.Done
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
