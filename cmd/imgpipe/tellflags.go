package main

import (
	"errors"
	"fmt"
)

// tellFlags say what a run says of itself, and where.
type tellFlags struct {
	progress string
	quiet    bool

	failedList, report, trace, cpuProfile, memProfile, manifest string // files; "" for none
}

// figures reports whether a file is asked for that has all that is measured. A run without one measures only what its
// last lines say.
func (f *tellFlags) figures() bool { return f.report != "" || f.trace != "" }

// check looks at the flags together. A dry run writes no files.
func (f *tellFlags) check(changed func(string) bool, dry bool) error {
	if f.quiet && changed("progress") {
		return errors.New("--quiet and --progress exclude each other: expected one of them")
	}
	if err := checkManifest(f.manifest); err != nil || !dry {
		return err
	}
	for _, name := range []string{"report", "failed-list", "trace", "cpuprofile", "memprofile", "manifest"} {
		if changed(name) {
			return fmt.Errorf("--%s describes a run: expected it without --dry-run", name)
		}
	}
	return nil
}
