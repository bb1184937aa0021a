package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// TestAServerThatOptsOutIsHeededInEveryMode has a list and a URL that is named itself, of a server that wants a header.
func TestAServerThatOptsOutIsHeededInEveryMode(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := writePicture("a.jpg", 40, 30); err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile("a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "secret" || r.Referer() != "https://page.example/" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("X-Robots-Tag", "noai")
		_, _ = w.Write(picture)
	}))
	defer server.Close()
	if err := os.WriteFile("urls.txt", []byte(server.URL+"/a.jpg\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	asked := []string{"--header", "X-Key: secret", "--referer=https://page.example/", "--report"}
	for _, mode := range []string{modes.Serial, modes.Goroutines, modes.Processes} {
		for _, c := range []struct {
			args []string
			code int
			said string
		}{
			{[]string{"-i", "urls.txt"}, exitSomeFailed, "opted-out: get: the server says " +
				"X-Robots-Tag: noai"},
			{[]string{"-i", "urls.txt"}, exitSomeFailed, "1 failed before for good, such as opted-out"},
			{[]string{"-i", "urls.txt", "--ignore-opt-out", "--retry-failed"}, exitOK, "1 done"},
			{[]string{"-o", mode + "-named", server.URL + "/a.jpg"}, exitOK, "1 done"},
		} {
			report := filepath.Join(t.TempDir(), "report.json")
			args := append([]string{"run", "-m", mode, "-o", mode}, asked...)
			var said bytes.Buffer
			args = append(append(args, report), c.args...)
			code := run(context.Background(), args, strings.NewReader(""), io.Discard, &said)
			if code != c.code || !strings.Contains(said.String(), c.said) {
				t.Errorf("%s %q: status %d, %s", mode, c.args, code, &said)
			}
		}
	}
	for _, args := range [][]string{{"run", "--header", "X-Key: secret"}, {"run", "--header=X-Key: secret"},
		{"run", "--header", "X-Key:a\nsecret"}} {
		if kept := strings.Join(shownCommand(args), " "); strings.Contains(kept, "secret") ||
			!strings.Contains(kept, "X-Key: …") {
			t.Errorf("%q is kept as %q", args, kept)
		}
	}
}
