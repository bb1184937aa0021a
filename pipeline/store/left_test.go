package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputWithoutALineStaysOurs puts an output that the ledger does not come to know. The next run that does the item, with
// another spec, knows the file for its own.
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
			all := Entry{Status: Done, Source: "all"}
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
			if err := s.Append(Entry{Status: Done, Source: "a.png", Outputs: outs}); !errors.Is(err, full) {
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
			if err := s.Append(Entry{Status: Done, Source: "a.png", Outputs: outs}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(filepath.Join(dir, tempDir)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the ledger tells of all, and %s is there: %v", tempDir, err)
			}
		})
	}
}

// TestOpenKilledAnywhereLosesNothing does what Open does with the folder for temporary files, as far as a kill lets it.
func TestOpenKilledAnywhereLosesNothing(t *testing.T) {
	begun := []func(s *Store, left []byte, suspects []uint64) error{
		func(s *Store, _ []byte, _ []uint64) error {
			return s.sweep(flightsName, journalNames[0], journalNames[1])
		},
		func(s *Store, _ []byte, suspects []uint64) (err error) {
			s.temp, err = s.root.OpenRoot(tempDir)
			return errors.Join(err, s.temp.WriteFile(flightsName+next, nil, 0o644))
		},
		func(s *Store, _ []byte, suspects []uint64) error { return s.openFlights(suspects) },
		func(s *Store, _ []byte, _ []uint64) error { return s.load() },
		func(s *Store, _ []byte, _ []uint64) error { return s.temp.WriteFile(journalNames[0]+next, nil, 0o644) },
		func(s *Store, left []byte, _ []uint64) error { return s.adopt(left) },
	}
	for killed := range len(begun) + 1 {
		dir := t.TempDir()
		s := open(t, dir, Options{})
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
		ledger, err := root.Open(LedgerName)
		if err != nil {
			t.Fatal(err)
		}
		s = newStore(dir, Options{})
		s.root, s.file = root, ledger
		left, suspects := s.leftJournal(), s.leftFlights()
		for _, step := range begun[:killed] {
			if err := step(s, left, suspects); err != nil {
				t.Fatal(err)
			}
		}
		crash(s)

		s = open(t, dir, Options{})
		if !s.Suspect(flightKey("one")) {
			t.Errorf("killed after step %d: the suspect is forgotten", killed)
		}
		if _, err := s.Put(name, jpg("another")); err != nil {
			t.Errorf("killed after step %d: %v", killed, err)
		}
		crash(s)
	}
}
