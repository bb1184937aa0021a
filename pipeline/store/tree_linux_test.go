package store

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOutputsAreKnownThroughMounts mounts the output folder, and a part of it, elsewhere.
func TestOutputsAreKnownThroughMounts(t *testing.T) {
	top := t.TempDir()
	out := filepath.Join(top, "out")
	s := open(t, out, Options{})
	putAs(t, s, "x/y/a.png", "ours")
	putAs(t, s, "x/b.png", "ours too")
	for from, to := range map[string]string{out: "whole", filepath.Join(out, "x"): "part",
		filepath.Join(out, "x/y"): "leaf"} {
		at := filepath.Join(top, to)
		if err := os.Mkdir(at, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount(from, at, "", unix.MS_BIND, ""); err != nil {
			t.Skip("no mounts here:", err)
		}
		t.Cleanup(func() { unix.Unmount(at, unix.MNT_DETACH) })
	}
	for range 2 {
		for path, want := range map[string]bool{
			"whole/x/y/a.jpg": true, "whole/x/b.jpg": true, "part/y/a.jpg": true, "part/b.jpg": true,
			"leaf/a.jpg": true,
			"leaf/b.jpg": false, "whole/a.jpg": false, "part/a.jpg": false,
		} {
			if _, ours := s.Identify(filepath.Join(top, path)); ours != want {
				t.Errorf("%s is ours: %v, want %v", path, ours, want)
			}
		}
		s.Close()
		s = open(t, out, Options{ReadOnly: true})
	}
	if rel, inside := NewTree(out).Rel(filepath.Join(top, "whole/x/new.jpg")); !inside || rel != "x/new.jpg" {
		t.Errorf("through the mount, a file is %s, inside %v", rel, inside)
	}
}
