package store

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"imgpipe/pipeline"
)

func TestContentOfAnOutputIsItsLengthAndDigest(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("ours"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "d.jpg"), 0o755); err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte("ours")))
	for _, c := range []struct {
		name string
		size int64
		sum  string
		want bool
	}{
		{"a.jpg", 4, sum, true},
		{"a.jpg", 5, sum, false},
		{"a.jpg", 4, fmt.Sprintf("%x", sha256.Sum256([]byte("hers"))), false},
		{"a.jpg", 4, "", false},
		{"a.jpg", 4, sum[:10], false},
		{"a.jpg", 4, sum + "00", false},
		{"absent.jpg", 4, sum, false},
		{"d.jpg", 4, sum, false},
	} {
		if got := s.holdsDigest(c.name, c.size, c.sum); got != c.want {
			t.Errorf("%s with %d bytes and digest %q: %v, want %v", c.name, c.size, c.sum, got, c.want)
		}
	}
}

// TestContentOfALineIsFoundWithoutParsingIt compares with what parsing finds.
func TestContentOfALineIsFoundWithoutParsingIt(t *testing.T) {
	sum := fmt.Sprintf("%x", sha256.Sum256(nil))
	e := full()
	e.Outputs = []pipeline.Output{
		{Path: `a"},\.jpg`, Bytes: 1, SHA256: sum, Format: "jpeg"},
		{Path: "a.jpg", Bytes: 2, Width: 3, SHA256: sum}, {Path: "kept.jpg", Bytes: 6, SHA256: sum, Kept: true},
		{Path: "no digest.jpg", Bytes: 7}, {Path: "ü.jpg", Bytes: 8, SHA256: sum},
	}
	b, err := appendLine(nil, e, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range e.Outputs {
		want, ok := contentOf(o)
		ok = ok && !o.Kept
		if got, found := glanceContent(b, o.Path); found != ok || ok && got != want {
			t.Errorf("%s: got %v, %v; want %v, %v", o.Path, got, found, want, ok)
		}
	}
	if _, found := glanceContent(b, "b.jpg"); found {
		t.Error("a file that the line does not tell of is found")
	}
}
