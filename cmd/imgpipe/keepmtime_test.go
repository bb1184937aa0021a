package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestOutputsKeepTheTimeOfTheirInput has files, a server that says when its files were changed, and one that does not.
func TestOutputsKeepTheTimeOfTheirInput(t *testing.T) {
	t.Chdir(t.TempDir())
	at := time.Date(2012, 3, 4, 5, 6, 7, 0, time.UTC)
	if err := writePicture("photos/a.png", 40, 30); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes("photos/a.png", at, at); err != nil {
		t.Fatal(err)
	}
	served := at.Add(48 * time.Hour)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/dated") {
			w.Header().Set("Last-Modified", served.Format(http.TimeFormat))
		}
		data, err := os.ReadFile("photos/a.png")
		if err != nil {
			t.Error(err)
		}
		w.Write(data)
	}))
	defer server.Close()
	begun := time.Now().Add(-time.Minute)
	command := func(args ...string) {
		t.Helper()
		var said strings.Builder
		args = append([]string{"run", "-q", "--format", "png,jpeg", "--name", "{stem}.{ext}"}, args...)
		args = append(args, "photos", server.URL+"/dated.png", server.URL+"/plain.png")
		if status := run(context.Background(), args, strings.NewReader(""), io.Discard, &said); status != exitOK {
			t.Fatalf("status %d: %s", status, &said)
		}
	}
	check := func(dir string, kept bool) {
		t.Helper()
		for pattern, want := range map[string]time.Time{"a.*": at, "dated-*": served, "plain-*": {}} {
			files, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil || len(files) != 2 {
				t.Fatalf("%s: %q, %v", pattern, files, err)
			}
			for _, file := range files {
				st, err := os.Stat(file)
				if err != nil {
					t.Fatal(err)
				}
				if got := st.ModTime(); kept && !want.IsZero() && !got.Equal(want) ||
					(!kept || want.IsZero()) && got.Before(begun) {
					t.Errorf("%s was changed at %v; its input at %v", file, got, want)
				}
			}
		}
	}
	command("-o", "plain")
	check("plain", false)
	command("-o", "kept", "--keep-mtime")
	check("kept", true)
	command("-o", "workers", "--keep-mtime", "-m", "processes")
	check("workers", true)
	// A run that finds all done changes nothing, and one that does all again keeps the times.
	command("-o", "kept")
	check("kept", true)
	command("-o", "kept", "--keep-mtime", "--quality", "30")
	check("kept", true)
}
