//go:build unix

package main

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestWatchMakesWhatARunMakes of what came while it watched: files, folders, what was moved, and what was changed. It
// hears of that from the system.
func TestWatchMakesWhatARunMakes(t *testing.T) {
	t.Chdir(t.TempDir())
	put := func(name string, w, h int) {
		t.Helper()
		if err := errors.Join(writePicture("aside.png", w, h), os.MkdirAll(filepath.Dir(name), 0o755),
			os.Rename("aside.png", name)); err != nil {
			t.Fatal(err)
		}
	}
	put("photos/a.png", 40, 30)
	flags := []string{"-o", "photos/small", "--resize", "20", "--format", "jpeg", "--prune"}
	r := begin(t, "", append([]string{"watch", "--settle", "30ms", "photos"}, flags...)...)
	r.until("watch: 1 done, 0 failed; waiting")
	put("photos/b.png", 50, 30)
	r.until("watch: 1 done, 0 failed")
	put("photos/trip/c.png", 60, 30)
	r.until("watch: 1 done, 0 failed")
	put("photos/trip/day 2/d.png", 70, 30)
	put("photos/a.png", 80, 30)
	r.until("watch: ")
	if err := os.WriteFile("photos/bad.png", []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.until("FAIL photos/bad.png: not-an-image")
	put("photos/bad.png", 90, 30)
	r.until("watch: 1 done, 0 failed")
	if err := os.Remove("photos/b.png"); err != nil {
		t.Fatal(err)
	}
	r.until("prune: photos/small/b.jpg goes")
	if err := os.Rename("photos/trip", "photos/tour"); err != nil {
		t.Fatal(err)
	}
	r.until("prune: photos/small/trip/day 2/d.jpg goes")
	r.until("watch: ")
	r.send(syscall.SIGINT)
	if said := r.ends(exitOK); !strings.Contains(said, " done, 1 failed, 0 skipped") {
		t.Errorf("it ended with %s", said)
	}
	if b, err := program(t.Context(), "run", "-q", "-o", "fresh", "--resize", "20", "--format", "jpeg",
		"photos").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	got, want := files(t, "photos/small"), files(t, "fresh")
	if !maps.Equal(got, want) || len(want) < 5 {
		t.Errorf("the watch has made %q, a run makes %q", keysOf(got), keysOf(want))
	}
}

// TestWatchOfAnEmptyFolderWaits for its first image.
func TestWatchOfAnEmptyFolderWaits(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("photos", 0o755); err != nil {
		t.Fatal(err)
	}
	r := begin(t, "", "watch", "-m", "processes", "-w", "1", "--settle", "30ms", "-o", "small", "photos")
	r.until("watch: 0 done, 0 failed; waiting")
	if err := errors.Join(writePicture("a.png", 40, 30), os.Rename("a.png", "photos/a.png")); err != nil {
		t.Fatal(err)
	}
	r.until("watch: 1 done, 0 failed")
	r.send(syscall.SIGTERM)
	if said := r.ends(exitOK); !strings.Contains(said, "1 done, 0 failed, 0 skipped") {
		t.Errorf("it ended with %s", said)
	}
}

// TestWatchSaysOnceThatItCannotPrune, and prunes when it can again.
func TestWatchSaysOnceThatItCannotPrune(t *testing.T) {
	t.Chdir(t.TempDir())
	put := func(name string) {
		t.Helper()
		if err := errors.Join(writePicture("aside.png", 40, 30), os.Rename("aside.png", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir("photos", 0o755), os.Mkdir("more", 0o755)); err != nil {
		t.Fatal(err)
	}
	put("photos/a.png")
	const note = "note: --prune removed nothing: the listing of the inputs is not whole: more cannot be read"
	r := begin(t, "", "watch", "-w", "1", "--settle", "30ms", "-o", "small", "--prune", "photos", "more")
	r.until(note)
	r.until("watch: 1 done, 0 failed; waiting")
	put("photos/b.png")
	r.until("watch: 1 done, 0 failed; waiting")
	if err := os.Remove("photos/a.png"); err != nil {
		t.Fatal(err)
	}
	put("photos/c.png")
	for line := ""; !strings.Contains(line, "watch: 1 done, 0 failed"); {
		var err error
		if line, err = r.stderr.ReadString('\n'); err != nil || strings.Contains(line, note) {
			t.Fatalf("%v, and it said again %q", err, line)
		}
	}
	put("more/d.png")
	r.until("prune: small/photos/a.png goes")
	r.send(syscall.SIGINT)
	r.ends(exitOK)
}

// TestWatchHearsOfFoldersBelowALinkThatWasNamed: a run lists those, too.
func TestWatchHearsOfFoldersBelowALinkThatWasNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.MkdirAll("photos/trip/day 2", 0o755), os.MkdirAll("photos/.hidden", 0o755),
		os.Symlink("photos", "link")); err != nil {
		t.Fatal(err)
	}
	n, err := newNotices()
	if err != nil {
		t.Skip(err)
	}
	defer n.close()
	enters := func(folder string) bool { return isEntered(folder, "out") }
	if err := n.tree("link", enters, func(path string) { t.Errorf("it found %s", path) }); err != nil {
		t.Fatal(err)
	}
	got := n.watcher.WatchList()
	slices.Sort(got)
	if want := []string{"link", "link/trip", "link/trip/day 2"}; !slices.Equal(got, want) {
		t.Errorf("it watches %q, want %q", got, want)
	}
}

func keysOf(m map[string]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}
