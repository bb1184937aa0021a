//go:build linux || darwin || freebsd

package store

import (
	"fmt"
	"os"
	"testing"
)

// testFolders gives the folders of an empty one.
func testFolders(t *testing.T) *folders {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	all, err := newFolders(root, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(all.close)
	return all
}

// TestFoldersKeptOpenAreBounded has more folders than are kept open, and one in use meanwhile.
func TestFoldersKeptOpenAreBounded(t *testing.T) {
	all := testFolders(t)
	for i := range 3 * openFolders {
		if err := all.root.Mkdir(fmt.Sprint(i), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	first, err := all.get("0")
	if err != nil {
		t.Fatal(err)
	}
	var past []*folder
	for i := range 3 * openFolders {
		d, err := all.get(fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		past = append(past, d)
		all.release(d)
	}
	if n := len(all.below); n != openFolders {
		t.Errorf("%d folders are open, want %d", n, openFolders)
	}
	if _, err := first.stat("absent"); !os.IsNotExist(err) {
		t.Error("the folder in use:", err)
	}
	if err := past[1].file.Close(); err == nil {
		t.Error("a folder that was evicted was open still")
	}
	// One that is removed is closed by its last user, not before.
	if err := all.root.Remove("0"); err != nil {
		t.Fatal(err)
	}
	if _, err := all.get("0"); !os.IsNotExist(err) {
		t.Error("a folder that was removed is given:", err)
	}
	if err := first.file.Sync(); err != nil {
		t.Error("it was closed under its user:", err)
	}
	all.release(first)
	if err := first.file.Close(); err == nil {
		t.Error("nobody uses it, and it was open still")
	}
}

// TestBurstOfFoldersIsClosedAgain has more folders in use at once than are kept open.
func TestBurstOfFoldersIsClosedAgain(t *testing.T) {
	all := testFolders(t)
	get := func(i int) *folder {
		if err := all.root.MkdirAll(fmt.Sprint(i), 0o755); err != nil {
			t.Fatal(err)
		}
		d, err := all.get(fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	var used []*folder
	for i := range 2 * openFolders {
		used = append(used, get(i))
	}
	for _, d := range used {
		all.release(d)
	}
	all.release(get(2 * openFolders))
	if n := len(all.below); n > openFolders {
		t.Errorf("%d folders are open after a burst, want at most %d", n, openFolders)
	}
}

// TestNameIsTakenWithoutReplacing takes it by both ways.
func TestNameIsTakenWithoutReplacing(t *testing.T) {
	for _, take := range []func(d, from *folder, temp, name string) error{(*folder).takeNew, (*folder).linkNew} {
		all := testFolders(t)
		for name, text := range map[string]string{"theirs": "theirs", "temp": "ours"} {
			if err := all.root.WriteFile(name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := take(all.top, all.top, "temp", "theirs"); !os.IsExist(err) {
			t.Errorf("a name that is taken: %v", err)
		}
		if err := take(all.top, all.top, "temp", "new"); err != nil {
			t.Error(err)
		}
		if err := take(all.top, all.top, "absent", "other"); !os.IsNotExist(err) {
			t.Errorf("a file that is not there: %v", err)
		}
		for name, want := range map[string]string{"theirs": "theirs", "new": "ours", "temp": ""} {
			if text, _ := all.root.ReadFile(name); string(text) != want {
				t.Errorf("%s holds %q, want %q", name, text, want)
			}
		}
	}
}
