//go:build linux

package procs

import (
	"errors"
	"strings"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// TestASuspectThatKillsItsWorkersIsPoison has suspects end their workers in every way, and one that only fails.
func TestASuspectThatKillsItsWorkersIsPoison(t *testing.T) {
	for fault, want := range map[string]string{
		"exit3":           pipeline.ClassPoison,
		"eight-gibibytes": pipeline.ClassPoison,
		"garbage":         pipeline.ClassPoison,
		"panic":           transform.ClassPanic,
	} {
		t.Run(fault, func(t *testing.T) {
			a := NewApart(Options{
				Workers: 1, WorkerMemory: 256 << 20, gullible: true, Env: []string{faultName + "=faults"},
			})
			defer a.Close()
			_, _, err := a.Do(t.Context(), task("fault "+fault))
			var e *transform.Error
			if !errors.As(err, &e) || e.Kind != want || strings.Contains(err.Error(), ": transform") {
				t.Errorf("error %v of class %q, want class %q and what was being done once", err, class(err), want)
			}
			if _, _, err := a.Do(t.Context(), task("good")); err != nil {
				t.Errorf("the next suspect: %v", err)
			}
		})
	}
}
