package main

import (
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"imgpipe/pipeline"
)

// TestAScreenTellsHowLongItTakesUntilItIsStopped is of the plain line.
func TestAScreenTellsHowLongItTakesUntilItIsStopped(t *testing.T) {
	s := &screen{total: 30, began: time.Now().Add(-time.Minute), counts: pipeline.Totals{Done: 10}}
	if got := s.status(); !strings.HasPrefix(got, "10/30 images, ") || !strings.Contains(got, "2m0s left") {
		t.Errorf("%q", got)
	}
	s.end()
	if got := s.status(); strings.Contains(got, "left") {
		t.Errorf("stopped: %q", got)
	}
}

func TestABarNeverWraps(t *testing.T) {
	parts := []string{"1234567/12345678", "123456 failed", "1234h56m7s left", "12345.6 images/s", "1234.5 MB/s",
		"1234567 skipped"}
	for columns := range 200 {
		for _, parts := range [][]string{parts, parts[:1], {"über/42 Läufe", "goroutines – with 2 workers"}} {
			for _, total := range []int{0, 1, 10} {
				line := barLine(columns, 7, total, parts)
				if n := utf8.RuneCountInString(line); n >= max(columns, 1) {
					t.Fatalf("%d columns: %d in %q", columns, n, line)
				}
			}
		}
	}
	if got := barLine(40, 5, 10, []string{"5/10", "1 failed"}); got != "50% [=======>........]  5/10, 1 failed" {
		t.Errorf("40 columns: %q", got)
	}
	if got := barLine(20, 5, 10, parts); got != "1234567/12345678" {
		t.Errorf("20 columns: %q", got)
	}
}

// TestProgressOfAResumeTellsTheTruth: what an earlier run has done has had its turn, the total stays, and how fast it
// went by says nothing of the rest.
func TestProgressOfAResumeTellsTheTruth(t *testing.T) {
	s := newScreen(io.Discard, "none", false)
	defer s.close()
	s.began = time.Now().Add(-time.Minute)
	s.expect(1000)
	for range 900 {
		s.outcome(pipeline.Outcome{Status: pipeline.Skipped})
	}
	if got := s.status(); !strings.HasPrefix(got, "900/1000 images, 0.0 images/s") ||
		!strings.HasSuffix(got, "900 skipped") {
		t.Errorf("%q", got)
	}
	for range 10 {
		s.outcome(pipeline.Outcome{Status: pipeline.Done})
	}
	if got := s.status(); !strings.HasPrefix(got, "910/1000 images, ") || strings.Contains(got, "left") {
		t.Errorf("while items are skipped: %q", got)
	}
	s.skipping = time.Now().Add(-time.Minute)
	if got := s.status(); !strings.HasPrefix(got, "910/1000 images, 9m0s left, 0.2 images/s") {
		t.Errorf("%q", got)
	}
}

func TestProgressSaysHowManyAreDamaged(t *testing.T) {
	s := newScreen(io.Discard, "none", false)
	defer s.close()
	s.outcome(pipeline.Outcome{Status: pipeline.Done})
	if got := s.status(); strings.Contains(got, "damaged") {
		t.Errorf("%q", got)
	}
	s.outcome(pipeline.Outcome{Status: pipeline.Done, Damaged: true})
	if got := s.status(); !strings.HasPrefix(got, "2 images, 1 damaged, ") {
		t.Errorf("%q", got)
	}
}
