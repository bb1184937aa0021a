package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// TestOutputWithoutALineStaysOurs puts an output that the ledger does not come to know. The next run that does the
// item, with another spec, knows the file for its own.
func TestOutputWithoutALineStaysOurs(t *testing.T) {
	full := errors.New("disk full")
	for _, c := range []struct {
		name string
		next func(t *testing.T, dir string)
	}{
		{"nothing between", func(*testing.T, string) {}},
		{"a run that does other things", func(t *testing.T, dir string) {
			if err := open(t, dir, Options{}).Close(); err != nil {
				t.Error(err)
			}
		}},
		{"a run with so many outputs that its journal begins anew", func(t *testing.T, dir string) {
			s := open(t, dir, Options{})
			all := Entry{Status: pipeline.Done, Source: "all"}
			long := strings.Repeat("l", 180)
			for i := range 3 * journalSize / 256 {
				outs, err := s.Put(named(t, fmt.Sprintf("x/%s%d.png", long, i)), jpg("other"))
				if err != nil {
					t.Fatal(err)
				}
				all.Outputs = append(all.Outputs, outs...)
			}
			if err := errors.Join(s.Append(all), s.Close()); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, Options{Fault: func(op, _ string) error {
				if op == "append" {
					return full
				}
				return nil
			}})
			name := named(t, "x/a.png")
			outs, err := s.Put(name, jpg("one"))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Append(Entry{Status: pipeline.Done, Source: "a.png", Outputs: outs}); !errors.Is(err, full) {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			c.next(t, dir)
			s = open(t, dir, Options{})
			if outs, err = s.Put(name, jpg("another")); err != nil {
				t.Fatal(err)
			}
			if err := s.Append(Entry{Status: pipeline.Done, Source: "a.png", Outputs: outs}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(filepath.Join(dir, TempName)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the ledger tells of all, and %s is there: %v", TempName, err)
			}
		})
	}
}

// TestWhateverRunComesNextSettlesWhatAKilledOneLeft has a run killed with a line that waits, a file that no line
// tells of, a line of a file that was changed since, and a file that has no name yet. The next run does nothing of
// its own.
func TestWhateverRunComesNextSettlesWhatAKilledOneLeft(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	put := func(i int, text string) []pipeline.Output {
		name := named(t, fmt.Sprintf("%d.png", i))
		name.index = i
		outs, err := s.Put(name, jpg(text))
		if err != nil {
			t.Fatal(err)
		}
		return outs
	}
	lined, changed := Entry{Status: pipeline.Done, Source: "0.png"}, Entry{Status: pipeline.Done, Source: "1.png"}
	lined.Outputs, changed.Outputs = put(0, "with a line"), put(1, "with a line and changed")
	if err := errors.Join(s.Append(lined), s.Append(changed)); err != nil {
		t.Fatal(err)
	}
	put(2, "without a line")
	crash(s)
	if got := readLedger(t, dir); len(got) > 0 {
		t.Fatalf("the ledger is %q", got)
	}
	for name, text := range map[string]string{"1.jpg": "hers", TempName + "/77": "unfinished"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	// A dry run knows, and changes nothing.
	before := snapshot(t, dir)
	s = open(t, dir, Options{ReadOnly: true})
	if _, ok := s.Done(lined.Key()); !ok {
		t.Error("a dry run does not see what is done")
	}
	s.Close()
	if after := snapshot(t, dir); after != before {
		t.Errorf("a dry run made\n%s\nof\n%s", after, before)
	}

	s = open(t, dir, Options{})
	want := "[a run here did not end; lines of whole files, now in the ledger: 1; " +
		"files without a line, now in the ledger: 1; " +
		"lines left out, as their files are not what they say: 1; unfinished files removed: 1]"
	if got := fmt.Sprint(s.Warnings()); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantTree(t, dir, map[string]string{"0.jpg": "with a line", "1.jpg": "hers", "2.jpg": "without a line"})
	if _, err := os.Lstat(filepath.Join(dir, TempName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s stays: %v", TempName, err)
	}
	s = open(t, dir, Options{})
	if w := s.Warnings(); len(w) > 0 {
		t.Error(w)
	}
	if _, ok := s.Done(lined.Key()); !ok {
		t.Error("what had a line is not done")
	}
	if _, ok := s.Last(changed.Key()); ok {
		t.Error("the line of a changed file is in the ledger")
	}
	theirs, err := newNamer(t,
		NameOptions{}).Plan(Subject{Item: fetch.Item{Index: 2, Source: "other/2.png"}, Formats: of(transform.JPEG)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Put(theirs, jpg("another item's"))
	wantClass(t, err, pipeline.ClassNameTaken, false)
	put(2, "another text of its own item")
	name := named(t, "1.png")
	name.index = 1
	_, err = s.Put(name, jpg("ours"))
	wantClass(t, err, pipeline.ClassExists, false)
}

// TestOpenKilledAnywhereLosesNothing does what Open does with the folder for temporary files, as far as a kill lets
// it.
func TestOpenKilledAnywhereLosesNothing(t *testing.T) {
	begun := []func(s *Store, l left) error{
		func(s *Store, _ left) error { return s.lockTemp() },
		func(s *Store, _ left) (err error) {
			s.file, err = s.openLedger(true)
			return err
		},
		func(s *Store, _ left) error { return s.load() },
		func(s *Store, l left) (err error) {
			s.temp, err = s.root.OpenRoot(TempName)
			return errors.Join(err, s.temp.WriteFile(flightsName+newSuffix, nil, 0o644))
		},
		func(s *Store, l left) error { s.temp.Close(); return s.ownTemp(l) },
		func(s *Store, _ left) error { return s.ownLedger() },
		func(s *Store, l left) error { _, _, err := s.settleLines(l.batches); return err },
		func(s *Store, l left) error { _, err := s.settleJournal(l.journal); return err },
		func(s *Store, l left) error { return s.settleLeft(l) },
	}
	for killed := range len(begun) + 1 {
		dir := t.TempDir()
		s := open(t, dir, Options{})
		line := Entry{Status: pipeline.Done, Source: "b.png"}
		var err error
		if line.Outputs, err = s.Put(named(t, "x/b.png"), jpg("with a line")); err != nil {
			t.Fatal(err)
		}
		if err := s.Append(line); err != nil {
			t.Fatal(err)
		}
		name := named(t, "x/a.png")
		if _, err := s.Put(name, jpg("one")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Begin(flightKey("one")); err != nil {
			t.Fatal(err)
		}
		crash(s)

		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		s = newStore(dir, Options{})
		s.root = root
		if s.folders, err = newFolders(root, 0); err != nil {
			t.Fatal(err)
		}
		left := s.leftBehind()
		for i, step := range begun[:killed] {
			if err := step(s, left); err != nil {
				t.Fatal(i, err)
			}
		}
		crash(s)

		s = open(t, dir, Options{})
		if !s.Suspect(flightKey("one")) {
			t.Errorf("killed after step %d: the suspect is forgotten", killed)
		}
		if _, ok := s.Done(line.Key()); !ok {
			t.Errorf("killed after step %d: what had a line is not done", killed)
		}
		if _, err := s.Put(name, jpg("another")); err != nil {
			t.Errorf("killed after step %d: %v", killed, err)
		}
		crash(s)
	}
}
