package store

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"imgpipe/pipeline"
)

func flightKey(source string) Key {
	return Key{Source: source, Size: 7, ModTime: time.Unix(1e9, 0), Spec: "resize=10x10", Name: source + ".{ext}"}
}

// crash leaves a store as the end of its process does.
func crash(s *Store) { s.closeFiles() }

func TestWhatWasUnderWayAtACrashIsSuspect(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	ended, err := s.Begin(flightKey("ended"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} {
		if _, err := s.Begin(flightKey(name)); err != nil {
			t.Fatal(err)
		}
	}
	s.End(ended)
	crash(s)

	s = open(t, dir, Options{})
	if n := s.Suspects(); n != 2 {
		t.Errorf("%d suspects, want 2", n)
	}
	for name, want := range map[string]bool{"one": true, "two": true, "ended": false, "other": false} {
		if got := s.Suspect(flightKey(name)); got != want {
			t.Errorf("%s is a suspect: %v, want %v", name, got, want)
		}
	}
	other := flightKey("one")
	other.Spec, other.Name = "resize=20x20", "another"
	if !s.Suspect(other) {
		t.Error("another spec makes it innocent")
	}

	// A line in the ledger ends the suspicion; a crash before that does not.
	failed := Entry{Status: pipeline.Failed, Source: "one", Size: 7, ModTime: time.Unix(1e9, 0), Class: "decode"}
	if err := s.Append(failed); err != nil {
		t.Fatal(err)
	}
	crash(s)
	s = open(t, dir, Options{})
	if s.Suspect(flightKey("one")) || !s.Suspect(flightKey("two")) {
		t.Error("after a line for one and a crash: expected two alone to be a suspect")
	}

	// A run that ends before it came to a suspect leaves it to the next; one that came to the end of its input leaves
	// nothing.
	for _, acquit := range []bool{false, true} {
		if !s.Suspect(flightKey("two")) || s.Suspects() != 1 {
			t.Error("two is no suspect any more")
		}
		if acquit {
			s.Acquit()
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir, Options{})
	}
	if s.Suspects() != 0 {
		t.Error("a run that ended leaves suspects")
	}
	s.Close()
	wantTree(t, dir, map[string]string{})
}

func TestSlotsAreUsedAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 1000 {
				f, err := s.Begin(flightKey("a"))
				if err != nil {
					t.Error(err)
					return
				}
				s.End(f)
			}
		})
	}
	group.Wait()
	if n := s.flights.slots; n > 4 {
		t.Errorf("%d slots for 4 transforms at once, want at most 4", n)
	}
	crash(s)
	if open(t, dir, Options{}).Suspects() != 0 {
		t.Error("all had ended, and there are suspects")
	}
}

// TestMoreFlightsThanAreMapped begins so many, and ends every other one.
func TestMoreFlightsThanAreMapped(t *testing.T) {
	const n = 3 * flightsMapped / 8
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var under []Flight
	for i := range n {
		f, err := s.Begin(flightKey(strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		under = append(under, f)
	}
	for i := 0; i < n; i += 2 {
		s.End(under[i])
	}
	crash(s)
	s = open(t, dir, Options{})
	if s.Suspects() != n/2 {
		t.Errorf("%d suspects, want %d", s.Suspects(), n/2)
	}
	for i := range n {
		if got, want := s.Suspect(flightKey(strconv.Itoa(i))), i%2 == 1; got != want {
			t.Errorf("%d is a suspect: %v, want %v", i, got, want)
		}
	}
}

// TestFileCutUnderItsMapIsWrittenAgain cuts it, so that its memory is gone.
func TestFileCutUnderItsMapIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if err := os.Truncate(filepath.Join(dir, TempName, flightsName), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Begin(flightKey("one")); err != nil {
		t.Fatal(err)
	}
	crash(s)
	if !open(t, dir, Options{}).Suspect(flightKey("one")) {
		t.Error("what was under way is no suspect")
	}
}

// TestDamagedFlightsAreNoTrouble reads files of any length and content.
func TestDamagedFlightsAreNoTrouble(t *testing.T) {
	for _, text := range []string{"", "1234567", "12345678", "12345678\x00\x00\x00\x00\x00\x00\x00\x0012345678abc"} {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, TempName), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, TempName, flightsName), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		want := 0
		if len(text) >= 8 {
			want = 1
		}
		if got := open(t, dir, Options{}).Suspects(); got != want {
			t.Errorf("%q: %d suspects, want %d", text, got, want)
		}
	}
}

func TestBeginAfterCloseIsAnError(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	f, err := s.Begin(flightKey("a"))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	s.End(f)
	_, err = s.Begin(flightKey("a"))
	wantClass(t, err, pipeline.ClassWrite, true)
}

func BenchmarkFlight(b *testing.B) {
	s := open(b, b.TempDir(), Options{})
	k := photo(1).Key()
	b.ReportAllocs()
	for b.Loop() {
		f, err := s.Begin(k)
		if err != nil {
			b.Fatal(err)
		}
		s.End(f)
	}
}
