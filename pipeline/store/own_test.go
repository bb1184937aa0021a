package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// wantKept wants what Put returns where a file of somebody else has the name: it is kept, or the item fails.
func wantKept(t *testing.T, on OnExist, outs []pipeline.Output, err error) {
	t.Helper()
	if on != Skip {
		wantClass(t, err, pipeline.ClassExists, false)
	} else if err != nil || !outs[0].Kept {
		t.Errorf("%v: got %+v, %v", on, outs, err)
	}
}

// putAs has a source's output put in place and told of.
func putAs(t *testing.T, s *Store, source, text string) {
	t.Helper()
	name := named(t, source)
	outs, err := s.Put(name, jpg(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(Entry{Status: pipeline.Done, Source: filepath.Base(source), Spec: text, Name: name.String(),
		Outputs: outs}); err != nil {
		t.Fatal(err)
	}
}

// TestAFileThatIsNotOursIsNeverReplaced has a file of a user take the name of an output that the ledger tells of,
// before the run or in the moment before the rename.
func TestAFileThatIsNotOursIsNeverReplaced(t *testing.T) {
	for _, c := range []struct {
		what  string
		write func(file string) error
	}{
		{"longer", func(file string) error { return os.WriteFile(file, []byte("a longer one"), 0o644) }},
		{"of the same length", func(file string) error { return os.WriteFile(file, []byte("edit"), 0o644) }},
		{"another file of the same length", func(file string) error {
			return errors.Join(os.WriteFile(file+"~", []byte("edit"), 0o644), os.Rename(file+"~", file))
		}},
		{"a link", func(file string) error {
			return errors.Join(os.WriteFile(file+"~", []byte("1st!"), 0o644), os.Remove(file),
				os.Symlink(filepath.Base(file)+"~", file))
		}},
	} {
		for _, on := range []OnExist{Suffix, Skip, Fail, Overwrite} {
			for _, late := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%v/late=%v", c.what, on, late), func(t *testing.T) {
					dir := t.TempDir()
					file := filepath.Join(dir, "a.jpg")
					write := func() {
						if c.what == "a link" && runtime.GOOS == "windows" {
							t.Skip("links need rights on Windows")
						}
						if err := c.write(file); err != nil {
							t.Fatal(err)
						}
					}
					s := open(t, dir, Options{})
					putAs(t, s, "a.png", "1st!")
					s.Close()
					if !late {
						write()
					}
					s = open(t, dir, Options{OnExist: on, Force: true, Fault: func(op, _ string) error {
						if op == "rename" && late {
							late = false
							write()
						}
						return nil
					}})
					before, _ := os.ReadFile(file)
					outs, err := s.Put(named(t, "a.png"), jpg("2nd!"))
					after, _ := os.ReadFile(file)
					switch on {
					case Overwrite:
						if err != nil || string(after) != "2nd!" {
							t.Errorf("got %q, %v; want it to be replaced", after, err)
						}
						return
					case Skip:
						if err != nil || len(outs) != 1 || !outs[0].Kept {
							t.Errorf("got %+v, %v", outs, err)
						}
					default:
						wantClass(t, err, pipeline.ClassExists, false)
					}
					if string(after) == "2nd!" || !late && string(after) == "1st!" && string(before) != "1st!" {
						t.Errorf("the user's file holds %q", after)
					}
					s.Close()
					if got := tree(t, dir); got["a.jpg"] == "2nd!" || len(got) > 2 {
						t.Errorf("left are %q", got)
					}
				})
			}
		}
	}
}

// TestAFileThatComesWhereNothingWasIsKept has it come in the moment before the rename.
func TestAFileThatComesWhereNothingWasIsKept(t *testing.T) {
	for _, on := range []OnExist{Suffix, Skip, Fail} {
		dir := t.TempDir()
		s := open(t, dir, Options{OnExist: on, Fault: func(op, _ string) error {
			if op == "rename" {
				return os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("hers"), 0o644)
			}
			return nil
		}})
		outs, err := s.Put(named(t, "a.png"), jpg("ours"))
		wantKept(t, on, outs, err)
		s.Close()
		wantTree(t, dir, map[string]string{"a.jpg": "hers"})
		// It is nobody's of ours afterwards.
		s = open(t, dir, Options{})
		_, err = s.Put(named(t, "a.png"), jpg("ours"))
		wantClass(t, err, pipeline.ClassExists, false)
	}
}

// TestWhatComesOutOfAnExchangeIsPutBack has another file than expected come out, also where the system cannot exchange
// files.
func TestWhatComesOutOfAnExchangeIsPutBack(t *testing.T) {
	for _, how := range []func(homeFiles, *folder, string, string, File) error{homeFiles.exchange, homeFiles.replace} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		putAs(t, s, "a.png", "1st!")
		old, err := s.stat("a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		edit := filepath.Join(dir, "b")
		if err := errors.Join(os.WriteFile(edit, []byte("edit"), 0o644),
			os.Rename(edit, filepath.Join(dir, "a.jpg"))); err != nil {
			t.Fatal(err)
		}
		files := homeFiles{&s.home}
		staged, err := files.Stage(t.Context(), []byte("2nd!"), Content{})
		if err != nil {
			t.Fatal(err)
		}
		f := staged.(*stagedFile)
		if err := how(files, s.folders.top, f.temp, "a.jpg", old); !errors.Is(err, ErrChanged) {
			t.Errorf("got %v, want %v", err, ErrChanged)
		}
		wantTree(t, dir, map[string]string{"a.jpg": "edit", TempName + "/" + f.temp: "2nd!"})
		now, err := s.stat("a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		if err := how(files, s.folders.top, f.temp, "a.jpg", now); err != nil {
			t.Error(err)
		}
		wantTree(t, dir, map[string]string{"a.jpg": "2nd!"})
	}
}

// TestAFileThatCannotBePutBackIsKept is of the file of somebody else that came out of an exchange.
func TestAFileThatCannotBePutBackIsKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if err := s.temp.WriteFile("7", []byte("hers"), 0o644); err != nil {
		t.Fatal(err)
	}
	files := homeFiles{&s.home}
	if err := files.keep("7", nil); err != nil {
		t.Error("it was put back:", err)
	}
	err := files.keep("7", fs.ErrPermission)
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), TempName+"/kept-7") {
		t.Errorf("got %v, want the error and where the file is", err)
	}
	discard([]pending{{staged: &stagedFile{files, "7"}}})
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, TempName, "kept-7")); err != nil || string(b) != "hers" {
			t.Errorf("after the run: %q, %v", b, err)
		}
		s = open(t, dir, Options{})
	}
}

// TestFileReplacedBeforeItsLineIsNotDone kills a run between an output and its line. The line of the output before it,
// which is as long, does not tell of that file any more.
func TestFileReplacedBeforeItsLineIsNotDone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	putAs(t, s, "a.png", "1st!")
	name := named(t, "a.png")
	key := Key{Source: "a.png", Spec: "1st!", Name: name.String()}
	if _, err := s.Put(name, jpg("2nd!")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, done := s.Done(key); done {
			t.Error("done, though another spec's output has its place")
		}
		crash(s)
		s = open(t, dir, Options{})
	}
	putAs(t, s, "a.png", "1st!")
	if _, done := s.Done(key); !done {
		t.Error("not done")
	}
	s.Close()
	wantTree(t, dir, map[string]string{"a.jpg": "1st!"})
}

// TestNoLastLineTellsOfAFileThatAKilledRunReplaced kills a run between an output and its line, and has one of other
// inputs come next.
func TestNoLastLineTellsOfAFileThatAKilledRunReplaced(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	putAs(t, s, "a.png", "1st!")
	s.Close()
	s = open(t, dir, Options{})
	if _, err := s.Put(named(t, "a.png"), jpg("2nd!")); err != nil {
		t.Fatal(err)
	}
	crash(s)
	open(t, dir, Options{}).Close()
	var last Entry
	for line := range strings.Lines(string(readLedger(t, dir))) {
		e, err := parseLine([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if e.Source == "a.png" {
			last = e
		}
	}
	if last.Status == pipeline.Done {
		t.Errorf("the last line of the source is %+v, and the file holds %q", last, tree(t, dir))
	}
	// The file is still the source's own.
	s = open(t, dir, Options{})
	putAs(t, s, "a.png", "another")
	s.Close()
	wantTree(t, dir, map[string]string{"a.jpg": "another"})
}

// TestNoOutputGoesOntoAnInputOfTheRun has what has the name be an input, by whatever path.
func TestNoOutputGoesOntoAnInputOfTheRun(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	file := filepath.Join(dir, "a.jpg")
	if err := os.WriteFile(file, []byte("original"), 0o644); err != nil {
		t.Fatal(err)
	}
	hard, soft := filepath.Join(elsewhere, "hard.jpg"), filepath.Join(elsewhere, "soft.jpg")
	folder := filepath.Join(elsewhere, "folder")
	if err := errors.Join(os.Link(file, hard), os.Symlink(file, soft), os.Symlink(dir, folder)); err != nil {
		t.Skip("no links here:", err)
	}
	for _, input := range []string{file, hard, soft, filepath.Join(folder, "a.jpg")} {
		var originals FileSet
		originals.Add(input)
		originals.Add(filepath.Join(dir, "absent"))
		s := open(t, dir, Options{OnExist: Overwrite, Originals: &originals})
		_, err := s.Put(named(t, "a.png"), jpg("ours"))
		wantClass(t, err, pipeline.ClassOutputIsInput, false)
		s.Close()
	}
	wantTree(t, dir, map[string]string{"a.jpg": "original"})
	s := open(t, dir, Options{OnExist: Overwrite, Originals: &FileSet{}})
	if _, err := s.Put(named(t, "a.png"), jpg("ours")); err != nil {
		t.Error("a file that is no input:", err)
	}
}

// TestNameOfAnotherSourceIsTreatedAsAsked plans an input whose name the ledger says is another's.
func TestNameOfAnotherSourceIsTreatedAsAsked(t *testing.T) {
	for _, template := range []string{"", "{stem}-{w}x{h}.{ext}", "{stem}/{size}.{ext}"} {
		dir := t.TempDir()
		plan := func(on OnExist, source string) (Name, error) {
			s := open(t, dir, Options{OnExist: on})
			defer s.Close()
			n := newNamer(t, NameOptions{Template: template, Labels: []string{"320"}, OnExist: on})
			n.Heed(s)
			name, err := n.Plan(Subject{Item: fileItem(source), Formats: of(transform.JPEG)})
			if err != nil {
				return name, err
			}
			o := jpg(source)
			o.Label = "320"
			outs, err := s.Put(name, o)
			if err != nil {
				t.Fatal(err)
			}
			return name, s.Append(Entry{Status: pipeline.Done, Source: source, Name: name.String(), Outputs: outs})
		}
		first, err := plan(Suffix, "x/a.png")
		if err != nil {
			t.Fatal(err)
		}
		for _, on := range []OnExist{Skip, Fail} {
			_, err := plan(on, "y/a.png")
			wantClass(t, err, pipeline.ClassNameTaken, false)
		}
		// The file need not be there: its line tells whose name it is.
		for range 2 {
			for _, on := range []OnExist{Suffix, Overwrite} {
				name, err := plan(on, "y/a.png")
				if err != nil || name.String() == first.String() {
					t.Errorf("%q, %v: got %s, %v", template, on, name, err)
				}
				if again, err := plan(on, "x/a.png"); err != nil || again.String() != first.String() {
					t.Errorf("%q, %v: its own name is %s, %v; want %s", template, on, again, err, first)
				}
			}
			for file := range tree(t, dir) {
				os.Remove(filepath.Join(dir, file))
			}
		}
	}
}

// TestNameThatIsKnownTooLateFails has an output meet another source's file that no name could tell of: its template
// was another.
func TestNameThatIsKnownTooLateFails(t *testing.T) {
	for _, on := range []OnExist{Suffix, Overwrite, Fail, Skip} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		putAs(t, s, "a-4x3.png", "1st!")
		s.Close()
		s = open(t, dir, Options{OnExist: on})
		n := newNamer(t, NameOptions{Template: "{stem}-{w}x{h}.{ext}"})
		n.Heed(s)
		name, err := n.Plan(Subject{Item: fetch.Item{Index: 1, Source: "a.png"}})
		if err != nil {
			t.Fatal(err)
		}
		outs, err := s.Put(name, jpg("2nd!"))
		if on != Skip {
			wantClass(t, err, pipeline.ClassNameTaken, false)
		} else if err != nil || !outs[0].Kept {
			t.Errorf("got %+v, %v; want it to be kept", outs, err)
		}
		s.Close()
		wantTree(t, dir, map[string]string{"a-4x3.jpg": "1st!"})
	}
}

// TestManyNamesOfOtherSourcesStayCheap plans as many inputs as the ledger has under one name.
func TestManyNamesOfOtherSourcesStayCheap(t *testing.T) {
	n := 5000
	if testing.Short() {
		n = 1000
	}
	dir := t.TempDir()
	s := open(t, dir, Options{})
	all := func(from int) (names []string) {
		namer := newNamer(t, NameOptions{Template: "{host}.{ext}"})
		namer.Heed(s)
		for i := range n {
			source := fmt.Sprint("http://host/", from+i)
			name, err := namer.Plan(Subject{Item: fetch.Item{Index: i, Source: source, Scheme: "https"}})
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name.String())
			out := pipeline.Output{Path: name.Path(jpg(""))}
			if err := s.Append(Entry{Status: pipeline.Done, Source: source, Name: name.String(),
				Outputs: []pipeline.Output{out}}); err != nil {
				t.Fatal(err)
			}
		}
		return names
	}
	first := all(0)
	if second := all(n); second[0] != fmt.Sprintf("host-%d.{ext}", n+1) ||
		second[n-1] != fmt.Sprintf("host-%d.{ext}", 2*n) {
		t.Errorf("others get %s to %s", second[0], second[n-1])
	}
	if again := all(0); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("the same get %q, and then %q", first[:3], again[:3])
	}
}

// TestSourceOfAnOlderLedgerIsFoundAsItWasGiven has lines with relative paths.
func TestSourceOfAnOlderLedgerIsFoundAsItWasGiven(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	putAs(t, s, "a.png", "1st!")
	s.Close()
	s = open(t, dir, Options{})
	n := newNamer(t, NameOptions{})
	n.Heed(s)
	name, err := n.Plan(Subject{Item: fileItem("a.png"), ID: "/photos/a.png", Given: "a.png"})
	if err != nil || name.String() != "a.{ext}" {
		t.Errorf("its name is %s, %v", name, err)
	}
	if fresh, err := n.Plan(Subject{Item: fetch.Item{Index: 1, Source: "x.png"}, ID: "/photos/x.png",
		Given: "x.png"}); err != nil ||
		fresh.String() != "x.{ext}" {
		t.Errorf("the name of another is %s, %v", fresh, err)
	}
	key := Key{Source: "/photos/a.png", Given: "a.png", Spec: "1st!", Name: name.String()}
	if _, done := s.Done(key); !done {
		t.Error("it is not done")
	}
	outs, err := s.Put(name, jpg("2nd!"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(Entry{Status: pipeline.Failed, Source: key.Source, Spec: key.Spec, Name: key.Name,
		Outputs: outs}); err != nil {
		t.Fatal(err)
	}
	if e, known := s.Last(key); !known || e.Status != pipeline.Failed {
		t.Errorf("its last line is %+v, %v; want the new one", e, known)
	}
	if _, done := s.Done(key); done {
		t.Error("the older line counts")
	}
}

// TestNameOfAPathIsThatOfTheFile has {sha8} in names: it is made of the file's own path, but where an older ledger has
// it otherwise.
func TestNameOfAPathIsThatOfTheFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	plan := func(src Subject) string {
		t.Helper()
		n := newNamer(t, NameOptions{Template: "{sha8}.{ext}"})
		n.Heed(s)
		name, err := n.Plan(src)
		if err != nil {
			t.Fatal(err)
		}
		return name.String()
	}
	want := sha8("/photos/a.png") + ".{ext}"
	for _, given := range []string{"a.png", "../photos/a.png", ""} {
		if got := plan(Subject{Item: fetch.Item{Source: cmp.Or(given, "/photos/a.png")}, ID: "/photos/a.png",
			Given: given}); got != want {
			t.Errorf("%q has the name %s, want %s", given, got, want)
		}
	}
	old := Subject{Item: fileItem("a.png")}
	name := plan(old)
	if err := s.Append(Entry{Status: pipeline.Done, Source: "a.png", Name: name,
		Outputs: []pipeline.Output{{Path: sha8("a.png") + ".jpg"}}}); err != nil {
		t.Fatal(err)
	}
	if got := plan(Subject{Item: fileItem("a.png"), ID: "/photos/a.png", Given: "a.png"}); got != name {
		t.Errorf("what an older ledger calls %s has the name %s", name, got)
	}
}
