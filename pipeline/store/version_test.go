package store

import (
	"os"
	"strings"
	"testing"
	"time"

	"imgpipe/pipeline"
)

// oldLines are lines as they were before a Key had a Version, of a file and of a URL.
const oldLines = `{"v":1,"id":"c549423590f636c7","status":"done","source":"/photos/a.jpg","name":"a.{ext}",` +
	`"size":12345,"mtime":"2026-03-01T10:20:30.123456789Z","spec":"size=320","worker":1,"time":"2026-11-01T00:00:00Z"}
{"v":1,"id":"a41b6e20291d62a1","status":"failed","source":"https://example.com/b.jpg","name":"b-0badcafe.{ext}",` +
	`"spec":"size=320","class":"http-404","worker":0,"time":"2026-11-01T00:00:00Z"}
`

// TestALedgerOfFilesAndURLsIsAsItWas reads and writes lines of an older program: what has no version has the same key
// and the same line.
func TestALedgerOfFilesAndURLsIsAsItWas(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	entries := []Entry{
		{
			Status: pipeline.Done, Source: "/photos/a.jpg", Name: "a.{ext}", Size: 12345, Spec: "size=320", Worker: 1,
			Time:    at,
			ModTime: time.Date(2026, 3, 1, 10, 20, 30, 123456789, time.UTC),
		},
		{
			Status: pipeline.Failed, Source: "https://example.com/b.jpg", Name: "b-0badcafe.{ext}", Spec: "size=320",
			Class: "http-404", Time: at,
		},
	}
	var lines []byte
	for _, e := range entries {
		lines, _ = appendLine(lines, e, e.Key().hash())
	}
	if string(lines) != oldLines {
		t.Errorf("got\n%swant\n%s", lines, oldLines)
	}
	dir := t.TempDir()
	if err := os.WriteFile(ledger(dir), []byte(oldLines), 0o666); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, Options{})
	defer s.Close()
	for _, e := range entries {
		if got, ok := s.Last(e.Key()); !ok || got.Status != e.Status {
			t.Errorf("%s: got %+v, %v", e.Source, got, ok)
		}
	}
}

// TestAnotherVersionIsAnotherInput has an object that changed: what was made of it is out of date.
func TestAnotherVersionIsAnotherInput(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	key := Key{Source: "s3://bucket/a.jpg", Size: 5, Spec: "size=320", Name: "a.{ext}", Version: `"1"`}
	e := Entry{
		Status: pipeline.Done, Source: key.Source, Size: key.Size, Version: key.Version, Spec: key.Spec, Name: key.Name,
	}
	if err := s.Append(e); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if line := string(readLedger(t, dir)); !strings.Contains(line, `"version":"\"1\""`) {
		t.Errorf("the line has no version: %s", line)
	}
	s = open(t, dir, Options{})
	defer s.Close()
	for _, version := range []string{`"1"`, `"2"`, ""} {
		key.Version = version
		if _, known := s.Last(key); known != (version == `"1"`) {
			t.Errorf("version %s: known %v", version, known)
		}
	}
}
