package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestAFileIsOneInputHoweverItsPathIsWritten names it in many ways; two files whose paths are written alike are two.
func TestAFileIsOneInputHoweverItsPathIsWritten(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"photos/trip", "other/deep", "day2"} {
		if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	links := errors.Join(
		os.Symlink("photos", filepath.Join(top, "pl")),
		os.Symlink(filepath.Join(top, "pl", "trip"), filepath.Join(top, "other", "tl")),
		os.Symlink("other/deep", filepath.Join(top, "od")),
	)
	if links != nil {
		t.Skip("no links here:", links)
	}
	s := open(t, filepath.Join(top, "out"), Options{})
	t.Chdir(filepath.Join(top, "photos"))
	want := filepath.Join(top, "photos", "trip", "a.jpg")
	for _, path := range []string{
		"trip/a.jpg", "./trip//a.jpg", "../photos/trip/a.jpg", want, "../pl/trip/a.jpg", top + "/pl/./trip/a.jpg",
		"../other/tl/a.jpg",
		"../other/tl/../trip/a.jpg", // above the target of the link, which is not above the link
		"../od/../../pl/trip/a.jpg",
	} {
		if got, ours := s.Identify(path); got != want || ours {
			t.Errorf("%s is %s, ours %v; want %s", path, got, ours, want)
		}
	}
	t.Chdir(filepath.Join(top, "day2"))
	s.Close()
	s = open(t, filepath.Join(top, "out"), Options{})
	if got, _ := s.Identify("a.jpg"); got != filepath.Join(top, "day2", "a.jpg") {
		t.Errorf("in another folder it is %s", got)
	}
}

// TestWhatARunWritesIsNoInput names outputs in many ways.
func TestWhatARunWritesIsNoInput(t *testing.T) {
	top := t.TempDir()
	out := filepath.Join(top, "out")
	s := open(t, out, Options{})
	putAs(t, s, "trip/a.png", "ours")
	if err := os.WriteFile(filepath.Join(out, "trip/hers.jpg"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	links := errors.Join(
		os.Symlink(out, filepath.Join(top, "l")), os.Symlink("out/trip", filepath.Join(top, "lt")),
		os.Symlink("out/trip/a.jpg", filepath.Join(top, "la.jpg")),
		os.Symlink("../out/trip/a.jpg", filepath.Join(out, "link.jpg")),
	)
	if links != nil {
		t.Skip("no links here:", links)
	}
	t.Chdir(top)
	check := func(s *Store) {
		t.Helper()
		for path, want := range map[string]bool{
			"out/trip/a.jpg": true, out + "/trip/a.jpg": true, "l/trip/a.jpg": true, "lt/a.jpg": true, "la.jpg": true,
			"out/link.jpg":      true,
			"out/" + LedgerName: true, "out/" + TempName + "/17": true, "l/../out/trip/a.jpg": true,
			"out/trip/hers.jpg": false, "out/a.jpg": false, "trip/a.jpg": false, "a.jpg": false, "lt/hers.jpg": false,
		} {
			if _, ours := s.Identify(path); ours != want {
				t.Errorf("%s is ours: %v, want %v", path, ours, want)
			}
		}
	}
	check(s)
	s.Close()
	check(open(t, out, Options{ReadOnly: true}))
	// A folder that is not there has nothing of ours.
	if _, ours := open(t, "absent", Options{ReadOnly: true}).Identify("absent/a.jpg"); ours {
		t.Error("a file in a folder that is not there is ours")
	}
}

// TestOutputThatIsOnItsWayIsNoInput asks while the file gets its name.
func TestOutputThatIsOnItsWayIsNoInput(t *testing.T) {
	dir := t.TempDir()
	asked := false
	var s *Store
	s = open(t, dir, Options{Fault: func(op, _ string) error {
		if op == "rename" {
			asked = true
			if _, ours := s.Identify(filepath.Join(dir, "a.jpg")); !ours {
				t.Error("what is about to have its name is an input")
			}
		}
		return nil
	}})
	putAs(t, s, "a.png", "ours")
	if !asked {
		t.Error("nothing was renamed")
	}
}
