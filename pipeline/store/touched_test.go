package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imgpipe/pipeline"
)

// TestAFileThatWasTouchedIsReadOnce: a backup made of hard links, or a clock that another machine sets, makes files
// later than their lines, and no run after the next one reads them for that.
func TestAFileThatWasTouchedIsReadOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	name := named(t, "a.png")
	outs, err := s.Put(name, jpg("1st!"))
	if err != nil {
		t.Fatal(err)
	}
	e := Entry{Status: pipeline.Done, Source: "a.png", Spec: "1st!", Name: name.String(), Outputs: outs,
		Time: time.Now().Add(-time.Hour)}
	if err := s.Append(e); err != nil {
		t.Fatal(err)
	}
	for run := range 3 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, LedgerName))
		if got, want := strings.Count(string(b), "\n"), min(run+1, 2); err != nil || got != want {
			t.Errorf("after %d runs there are %d lines (%v), want %d", run+1, got, err, want)
		}
		s = open(t, dir, Options{})
		if _, done := s.Done(e.Key()); !done {
			t.Errorf("run %d would do it again", run+2)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("hers"), 0o644); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(dir, "a.jpg"), later, later); err != nil {
		t.Fatal(err)
	}
	if _, done := s.Done(e.Key()); done {
		t.Error("a file with other content is taken for done")
	}
}
