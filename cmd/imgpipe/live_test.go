package main

import (
	"bytes"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// TestARunLeavesItsProcessAsItWas: what a run changes for the whole process is undone when it ends, well or not.
func TestARunLeavesItsProcessAsItWas(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "a.png")
	if err := writePicture(photo, 40, 30); err != nil {
		t.Fatal(err)
	}
	if runtime.GOMAXPROCS(0) < 2 { // else there is nothing that a run could change
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	processors, heap := runtime.GOMAXPROCS(0), debug.SetMemoryLimit(-1)
	for _, mode := range modes.Names() {
		for input, want := range map[string]int{photo: exitOK, "testdata/usage.txtar": exitSomeFailed} {
			var said bytes.Buffer
			args := []string{"run", "-m", mode, "--memory", "32MB", "-o", t.TempDir(), input}
			if mode != modes.Serial {
				args = append(args, "-w", "1")
			}
			if code := run(t.Context(), args, nil, &said, &said); code != want {
				t.Errorf("%s: status %d, want %d:\n%s", mode, code, want, &said)
			}
			if p, h := runtime.GOMAXPROCS(0), debug.SetMemoryLimit(-1); p != processors || h != heap {
				t.Errorf("%s: %d processors and a heap of %d after the run, %d and %d before", mode, p, h, processors,
					heap)
			}
		}
	}
}
