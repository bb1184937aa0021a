package store

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// TestAnotherItemsPictureIsNeverReplacedThroughALink has a folder of the output folder be another one of it.
func TestAnotherItemsPictureIsNeverReplacedThroughALink(t *testing.T) {
	for _, on := range []OnExist{Suffix, Skip, Overwrite, Fail} {
		for _, again := range []bool{false, true} {
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "one"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("one", filepath.Join(dir, "two")); err != nil {
				t.Skip("no symbolic links here:", err)
			}
			n, err := NewNamer(NameOptions{})
			if err != nil {
				t.Fatal(err)
			}
			plan := func(i int, dir string) Name {
				name, err := n.Plan(Subject{Item: fetch.Item{Index: i, Source: "in/" + dir + "/a.jpg", Dir: dir}})
				if err != nil {
					t.Fatal(err)
				}
				return name
			}
			one, two := plan(0, "one"), plan(1, "two")
			s := open(t, dir, Options{OnExist: on})
			outs, err := s.Put(one, jpg("one"))
			if err != nil {
				t.Fatal(err)
			}
			if again { // in a later run
				if err := s.Append(Entry{Status: pipeline.Done, Source: "in/one/a.jpg", Name: one.String(),
					Outputs: outs}); err != nil {
					t.Fatal(err)
				}
				s.Close()
				s = open(t, dir, Options{OnExist: on})
			}
			outs, err = s.Put(two, jpg("two"))
			switch on {
			case Skip:
				if err != nil || !outs[0].Kept {
					t.Errorf("%v: got %+v, %v", on, outs, err)
				}
			case Overwrite:
				wantClass(t, err, pipeline.ClassNameTaken, false)
			default:
				wantClass(t, err, pipeline.ClassExists, false)
			}
			if b, err := os.ReadFile(filepath.Join(dir, "one", "a.jpg")); string(b) != "one" {
				t.Errorf("%v: got %q, %v; want the picture of the first", on, b, err)
			}
			s.Close()
		}
	}
}

// TestAFileThatIsNotOursIsKeptAfterAKill has an earlier run be killed: all that it wrote is whole, so that an empty
// file is somebody's.
func TestAFileThatIsNotOursIsKeptAfterAKill(t *testing.T) {
	if bootID() == "" {
		t.Skip("this system does not tell whether the machine was started anew")
	}
	for _, text := range []string{"", "\x00\x00\x00"} {
		for _, on := range []OnExist{Suffix, Skip, Fail} {
			dir := t.TempDir()
			s := open(t, dir, Options{})
			if _, err := s.Put(named(t, "b.png"), jpg("ours")); err != nil {
				t.Fatal(err)
			}
			s.closeFiles() // as a kill does
			if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			s = open(t, dir, Options{OnExist: on})
			outs, err := s.Put(named(t, "a.png"), jpg("ours"))
			wantKept(t, on, outs, err)
			s.Close()
			wantTree(t, dir, map[string]string{"a.jpg": text, "b.jpg": "ours"})
		}
	}
}

// TestWhatNoStoreWroteIsKeptWhereFilesOnTheirWayLie has somebody else use the name of TempName.
func TestWhatNoStoreWroteIsKeptWhereFilesOnTheirWayLie(t *testing.T) {
	t.Run("in it", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, TempName, "trip"), 0o755); err != nil {
			t.Fatal(err)
		}
		hers := []string{TempName + "/holiday.jpg", TempName + "/trip/1.jpg", TempName + "/notes.txt",
			TempName + "/12a"}
		for _, name := range hers {
			if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte("hers"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			s := open(t, dir, Options{})
			if len(s.Warnings()) != 1 {
				t.Errorf("warnings are %q, want one", s.Warnings())
			}
			putAs(t, s, "a.png", "ours")
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			for _, name := range hers {
				if b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name))); string(b) != "hers" {
					t.Errorf("%s: got %q, %v", name, b, err)
				}
			}
			if left, _ := os.ReadDir(filepath.Join(dir, TempName)); len(left) != 4 {
				t.Errorf("left are %v, want only what is hers", left)
			}
		}
	})
	for what, put := range map[string]func(name, target string) error{
		"a file": func(name, _ string) error { return os.WriteFile(name, []byte("hers"), 0o644) },
		"a link": func(name, target string) error { return os.Symlink(target, name) },
	} {
		t.Run(what, func(t *testing.T) {
			dir, target := t.TempDir(), t.TempDir()
			if err := os.WriteFile(filepath.Join(target, "1"), []byte("hers"), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := put(filepath.Join(dir, TempName), target); err != nil {
				t.Skip("such a file cannot be put here:", err)
			}
			before, _ := os.Lstat(filepath.Join(dir, TempName))
			for _, readOnly := range []bool{false, true} {
				_, err := Open(dir, Options{ReadOnly: readOnly})
				wantClass(t, err, pipeline.ClassExists, true)
			}
			after, err := os.Lstat(filepath.Join(dir, TempName))
			if err != nil || !os.SameFile(before, after) {
				t.Errorf("%s is gone: %v", TempName, err)
			}
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Errorf("the folder has %v", entries)
			}
			if b, err := os.ReadFile(filepath.Join(target, "1")); string(b) != "hers" {
				t.Errorf("behind the link: got %q, %v", b, err)
			}
		})
	}
}

// TestNoFileIsTakenForWhatItsLineTellsOfByItsTimeAlone has files of one length change places, and others come that
// are older than the line.
func TestNoFileIsTakenForWhatItsLineTellsOfByItsTimeAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("here a file's time is all that there is")
	}
	for what, change := range map[string]func(a, b string) error{
		"moved": os.Rename,
		"written to": func(a, _ string) error {
			old, err := os.Stat(a)
			return errors.Join(err, os.WriteFile(a, []byte("hers"), 0o644), os.Chtimes(a, old.ModTime(), old.ModTime()))
		},
	} {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		var keys []Key
		var told time.Time
		for _, file := range []string{"a.png", "b.png"} {
			name := named(t, file)
			outs, err := s.Put(name, jpg(file[:1]+"..."))
			if err != nil {
				t.Fatal(err)
			}
			told = time.Now()
			e := Entry{Status: pipeline.Done, Source: file, Name: name.String(), Outputs: outs, Time: told}
			if err := s.Append(e); err != nil {
				t.Fatal(err)
			}
			keys = append(keys, e.Key())
		}
		s.Close()
		// What was not changed is done.
		s = open(t, dir, Options{})
		for _, k := range keys {
			if _, done := s.Done(k); !done {
				t.Errorf("%s is not done", k.Source)
			}
		}
		s.Close()
		for probe := filepath.Join(t.TempDir(), "probe"); ; { // a file system's clock is some milliseconds behind
			if err := os.WriteFile(probe, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if st, err := os.Stat(probe); err != nil || st.ModTime().After(told) {
				break
			}
		}
		if err := change(filepath.Join(dir, "a.jpg"), filepath.Join(dir, "b.jpg")); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, Options{})
		for _, k := range keys {
			if _, done := s.Done(k); done != (what == "written to" && k.Source == "b.png") {
				t.Errorf("%s: %s: done is %v", what, k.Source, done)
			}
		}
		s.Close()
	}
}

// TestDoubtSurvivesAKill has a power failure take the ledger, and the run after it be killed.
func TestDoubtSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{LedgerName: "", "a.jpg": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	open(t, dir, Options{}).closeFiles()
	s := open(t, dir, Options{})
	if _, err := s.Put(named(t, "a.png"), jpg("ours")); err != nil {
		t.Errorf("what the power failure left is not replaced: %v", err)
	}
	s.Acquit() // as at the end of a run
	s.Close()
	wantTree(t, dir, map[string]string{"a.jpg": "ours"})
}

// TestAFolderThatIsMovedAwayIsNoticed has another folder take its place, or none.
func TestAFolderThatIsMovedAwayIsNoticed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("here an open folder stays where it is")
	}
	for _, another := range []bool{false, true} {
		top := t.TempDir()
		dir, away := filepath.Join(top, "out"), filepath.Join(top, "away")
		s := open(t, dir, Options{})
		putAs(t, s, "a.png", "ours")
		if err := os.Rename(dir, away); err != nil {
			t.Fatal(err)
		}
		if another {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		wantClass(t, s.Flush(), pipeline.ClassFolderGone, true)
		s.Close()
		if another {
			if err := os.Remove(dir); err != nil { // nothing was put into it
				t.Error(err)
			}
		}
		// The same command continues where it is put back.
		if err := os.Rename(away, dir); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, Options{})
		if _, done := s.Done(Key{Source: "a.png", Spec: "ours", Name: named(t, "a.png").String()}); !done {
			t.Error("what was done is lost")
		}
		s.Close()
		wantTree(t, dir, map[string]string{"a.jpg": "ours"})
	}
}

// TestWhatWasKeptIsNotTriedAgain has a link be kept, which is no regular file.
func TestWhatWasKeptIsNotTriedAgain(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("elsewhere", filepath.Join(dir, "a.jpg")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	s := open(t, dir, Options{OnExist: Skip})
	name := named(t, "a.png")
	outs, err := s.Put(name, jpg("ours"))
	if err != nil || !outs[0].Kept {
		t.Fatalf("got %+v, %v", outs, err)
	}
	e := Entry{Status: pipeline.Skipped, Source: "a.png", Name: name.String(), Outputs: outs}
	if err := s.Append(e); err != nil {
		t.Fatal(err)
	}
	if _, done := s.Done(e.Key()); !done {
		t.Error("the item would be tried again and again")
	}
	if err := os.Remove(filepath.Join(dir, "a.jpg")); err != nil {
		t.Fatal(err)
	}
	if _, done := s.Done(e.Key()); done {
		t.Error("what was kept is gone, and the item is not tried again")
	}
	s.Close()
}

// TestAMountBelowTheFolderIsNamed has a folder be another file system's, into which no file can be moved.
func TestAMountBelowTheFolderIsNamed(t *testing.T) {
	s := open(t, t.TempDir(), Options{Fault: func(op, _ string) error {
		if op == "rename" {
			return syscall.EXDEV
		}
		return nil
	}})
	defer s.Close()
	_, err := s.Put(named(t, "trip/a.png"), jpg("ours"))
	wantClass(t, err, pipeline.ClassWrite, false)
	if !strings.Contains(err.Error(), "the folder trip is another file system's") {
		t.Errorf("got %v", err)
	}
}

// TestARunThatHadNothingToTellLeavesNoDoubt has a run keep all that it finds, and another one come after it.
func TestARunThatHadNothingToTellLeavesNoDoubt(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	name := named(t, "a.png")
	for range 3 {
		s := open(t, dir, Options{OnExist: Skip})
		if _, all := s.Present(name, of(transform.JPEG)); !all {
			t.Error("the item would be fetched and transformed")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	s := open(t, dir, Options{})
	_, err := s.Put(name, jpg("ours"))
	wantClass(t, err, pipeline.ClassExists, false)
	s.Close()
	wantTree(t, dir, map[string]string{"a.jpg": ""})
}
