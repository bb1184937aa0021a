//go:build unix

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFewOpenFilesFailNothing: with so many descriptors all is done, or one sentence says before the start that it
// cannot be.
func TestFewOpenFilesFailNothing(t *testing.T) {
	dir := t.TempDir()
	if err := writePicture(filepath.Join(dir, "a.jpg"), 20, 20); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "a.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(20 * time.Millisecond) // a server that many are asked of at once
		_, _ = w.Write(data)
	}))
	defer srv.Close()
	var list strings.Builder
	for i := range 150 {
		fmt.Fprintf(&list, "%s/%d.jpg\n", strings.Replace(srv.URL, "127.0.0.1", "localhost", 1), i)
		name := filepath.Join(dir, "tree", fmt.Sprint(i%40), strings.Repeat("deep/", i%12), fmt.Sprint(i)+".jpg")
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	urls := filepath.Join(dir, "urls.txt")
	if err := os.WriteFile(urls, []byte(list.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	run := func(limit int, flags ...string) *running {
		args := append([]string{"run", "--progress", "none", "-o", t.TempDir(), "--per-host", "256", "--resize", "10",
			"-i", urls}, flags...)
		return begin(t, fmt.Sprintf("ulimit -n %d", limit), append(args, filepath.Join(dir, "tree"))...)
	}
	for _, limit := range []int{64, 128} {
		for _, flags := range [][]string{{"-d", "4096"}, {}, {"-m", "processes", "-w", "100", "-d", "256"}} {
			if said := run(limit, flags...).ends(exitOK); !strings.Contains(said, "300 done, 0 failed") {
				t.Errorf("%d open files, %q: %s", limit, flags, said)
			}
		}
	}
	said := run(64, "-m", "processes", "-w", "100", "-d", "200").ends(exitOK)
	if !strings.Contains(said, "workers, not 100") || !strings.Contains(said, "downloads, not 200") {
		t.Errorf("what bounds the run is not said: %s", said)
	}
	if said := run(20).ends(exitCouldNotRun); !strings.Contains(said, "this process may have 20 open files") ||
		strings.Contains(said, "done") {
		t.Errorf("20 open files: %s", said)
	}
}

func TestOpenFilesAreShared(t *testing.T) {
	for limit := range 5000 {
		for _, workers := range []int{0, 1, 8, 1024} {
			measuring := workers % openMeasured
			o, err := shareOpenFiles(limit, 8, measuring, workers)
			if err != nil {
				if limit >= 64 {
					t.Fatal(err)
				}
				continue
			}
			all := o.downloads + o.idle + o.folders + openByWorker*o.workers
			starved := o.downloads < 1 || o.folders < 1 || workers > 0 && limit >= 64 && o.workers < 1
			if all > limit-8-openFixed-measuring+2 || starved {
				t.Fatalf("%d open files, %d workers: %+v", limit, workers, o)
			}
		}
	}
}
