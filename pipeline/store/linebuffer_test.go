package store

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestAnEntryKeepsNothingOfTheBufferItsLineWasReadInto reads short and long lines in turn: the buffer of one is that of
// the next.
func TestAnEntryKeepsNothingOfTheBufferItsLineWasReadInto(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	var want []Entry
	for _, stuff := range []string{"a", strings.Repeat("b", 3000), "c", strings.Repeat("d", 40_000), "e"} {
		e := photo(len(want))
		e.Time, e.Warnings, e.Error, e.Version = time.Unix(1.7e9, 0).UTC(), []string{stuff, "é"}, stuff, stuff
		e.ModTime = e.ModTime.UTC()
		if err := s.Append(e); err != nil {
			t.Fatal(err)
		}
		want = append(want, e)
	}
	var got []Entry
	for _, e := range want {
		last, ok := s.Last(e.Key())
		if !ok {
			t.Fatalf("no line of %s", e.Source)
		}
		got = append(got, last)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestReadingALineTakesNoBufferAnew bounds what a skipped item allocates: a line of 500 bytes needs no 2 KB of its own.
func TestReadingALineTakesNoBufferAnew(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	if err := s.Append(photo(1)); err != nil {
		t.Fatal(err)
	}
	key := photo(1).Key()
	r := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Last(key)
		}
	})
	if got := r.AllocedBytesPerOp(); got > 2000 {
		t.Errorf("to read a line allocates %d bytes, want at most 2000", got)
	}
}
