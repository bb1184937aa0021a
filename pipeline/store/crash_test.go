package store

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// job is a small run: it plans every item, skips what is done, puts and records the rest, and stops at the first error.
func job(t testing.TB, s *Store, items int) error {
	n := newNamer(t, NameOptions{Labels: []string{"1", "2"}})
	for i := range items {
		src := Subject{Item: fetch.Item{Index: i, Source: fmt.Sprintf("%d.png", i/2), Dir: fmt.Sprintf("d%d", i%2)}}
		name, err := n.Plan(src)
		if err != nil {
			return err
		}
		e := Entry{
			Status: pipeline.Done, Source: src.Source, Size: 9, ModTime: time.Unix(1e9, 7), Spec: "resize",
			Name: name.String(),
		}
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

// TestRunKilledAtAnyCallContinues kills the run at every call of the file system in turn: no further call is made, as
// if the process were gone. The same job is then done to its end.
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
	step := 1
	if testing.Short() {
		step = 7
	}
	for kill := 1; kill <= calls; kill += step {
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
			if !strings.HasPrefix(name, TempName) && text != want[name] {
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
			if op != "remove" || name != TempName {
				t.Errorf("killed at call %d, ended, then called again: %s %s", kill, op, name)
			}
			return nil
		}})
		if err := job(t, s, items); err != nil {
			t.Error(err)
		}
	}
}

// TestRunKilledAtAnyCallContinuesWithAnotherSpec finds files without a line in the ledger. They hold other bytes than
// the run would write. The run recognizes them as its own all the same.
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
		for i, name := range []Name{one, two} {
			outs, err := s.Put(name, jpg(text+name.String()))
			if err != nil {
				return calls, err
			}
			source := []string{"a.png", "b.png"}[i]
			e := Entry{Status: pipeline.Done, Source: source, Spec: text, Name: name.String(), Outputs: outs}
			if err := s.Append(e); err != nil {
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
	wantClass(t, err, pipeline.ClassExists, false)
}

func TestJournalStaysShort(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	line := []byte(strings.Repeat("0", 64) + " " + strings.Repeat("x", 25<<10) + "\n")
	for range 20 {
		if err := s.journal.add(s.temp, line); err != nil {
			t.Fatal(err)
		}
	}
	if left := s.leftJournal(); len(left) < journalSize || len(left) > 3*journalSize {
		t.Errorf("the journal has %d bytes", len(left))
	}
}
