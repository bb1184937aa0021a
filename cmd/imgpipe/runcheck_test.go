package main

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// parsedRun returns the flags of imgpipe run as a command line sets them, finalized.
func parsedRun(t *testing.T, args ...string) *runFlags {
	t.Helper()
	set := pflag.NewFlagSet("run", pflag.ContinueOnError)
	set.SetOutput(io.Discard)
	f := addRunFlags(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	f.finalize(set.Args())
	return f
}

func TestSerialDoesOneImageAtATime(t *testing.T) {
	f := parsedRun(t, "-o", "out", "-m", "serial", "in")
	if f.exec.workers != 1 || f.exec.downloads != 1 {
		t.Errorf("mode serial has %d workers and %d downloads", f.exec.workers, f.exec.downloads)
	}
	for _, flag := range []string{"-w=2", "-d=2", "-d=auto"} {
		if err := parsedRun(t, "-o", "out", "-m", "serial", flag, "in").check(); err == nil {
			t.Errorf("mode serial takes %s", flag)
		}
	}
	if err := parsedRun(t, "-o", "out", "-m", "serial", "-w=1", "-d=1", "in").check(); err != nil {
		t.Error(err)
	}
}

// TestCheckingFlagsChangesNothing: what finalize has left open stays as it is, be the flags good or not.
func TestCheckingFlagsChangesNothing(t *testing.T) {
	for _, args := range [][]string{
		{"-o", "out", "in"}, {"in"}, {"-o", "out"}, {"-o", "out", "-m", "serial", "-w", "3", "in"},
		{"-o", "out", "-m", "serial", "in"}, {"-o", "out", "--size", "10", "--resize", "20", "-i", "list"},
	} {
		f := parsedRun(t, args...)
		before := *f
		before.input.args, before.picture.sizes = slices.Clone(f.input.args), slices.Clone(f.picture.sizes)
		err := f.check()
		if again := f.check(); (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Errorf("%q: first %v, then %v", args, err, again)
		}
		if !reflect.DeepEqual(before, *f) {
			t.Errorf("%q: the check has changed the flags", args)
		}
	}
}

// TestComparisonsKnowWhatARunWouldSay: flags that each run is given are refused before the first one, and alike.
func TestComparisonsKnowWhatARunWouldSay(t *testing.T) {
	for _, args := range [][]string{
		{"--size", "10", "--resize", "20"}, {"--fit", "cover"}, {"--null"}, {"--user-agent", "a\nb"},
		{"--gravity", "north", "--resize", "10"},
	} {
		ofRun := parsedRun(t, slices.Concat([]string{"-o", "out"}, args, []string{"in"})...).check()
		set := pflag.NewFlagSet("compare", pflag.ContinueOnError)
		f := addCompareFlags(set)
		if err := set.Parse(append(args, "in")); err != nil {
			t.Fatal(err)
		}
		f.finalize(set.Args())
		if err := f.check(); ofRun == nil || err == nil || err.Error() != ofRun.Error() {
			t.Errorf("%q: a run says %v, a comparison %v", args, ofRun, err)
		}
	}
}

func TestOwnersCloseTheLastFirst(t *testing.T) {
	var own owner
	var order []string
	failure := errors.New("a failure")
	own.undo(func() { order = append(order, "first") })
	own.add(func() error {
		order = append(order, "second")
		return failure
	})
	own.undo(func() { order = append(order, "third") })
	if err := own.close(); !errors.Is(err, failure) || strings.Join(order, " ") != "third second first" {
		t.Errorf("closed %q, %v", order, err)
	}
	if err := own.close(); err != nil || len(order) != 3 {
		t.Errorf("closed again: %q, %v", order, err)
	}
}

// TestFilesOfMeasuredThreadsAreCounted where this process has them: worker processes have their own.
func TestFilesOfMeasuredThreadsAreCounted(t *testing.T) {
	for _, mode := range modes.Names() {
		plain := execFlags{mode: mode, workers: 4}
		asked := plain
		asked.measured = true
		without, err := plain.capacityWithin(200, 8)
		if err != nil {
			t.Fatal(err)
		}
		with, err := asked.capacityWithin(200, 8)
		if err != nil {
			t.Fatal(err)
		}
		if fewer := with.mostDownloads < without.mostDownloads; fewer == modes.AllInWorkers(mode) {
			t.Errorf("%s: %d downloads, measured %d", mode, without.mostDownloads, with.mostDownloads)
		}
	}
}

// TestRunsFitTheOpenFiles: whatever a run is asked for, it does no more at once than it may have files open, and says
// what it does not do.
func TestRunsFitTheOpenFiles(t *testing.T) {
	const open = 8
	for _, mode := range modes.Names() {
		for _, limit := range []int{20, 64, 100, 1024, 1 << 20} {
			for _, downloads := range []int{0, 1, 4096} {
				f := execFlags{mode: mode, workers: 100, downloads: downloads}
				c, err := f.capacityWithin(limit, open)
				if err != nil {
					if limit >= 64 {
						t.Errorf("%s, %d files: %v", mode, limit, err)
					}
					continue
				}
				processes := c.apart
				if f.pooled() {
					processes = c.workers
				} else if c.workers != f.workers {
					t.Errorf("%s, %d files: %d workers, want %d", mode, limit, c.workers, f.workers)
				}
				if processes < 1 || c.downloads > c.mostDownloads || f.pooled() && processes*openByWorker > limit {
					t.Errorf("%s, %d files: %+v", mode, limit, c)
				}
				if fewer := c.workers < f.workers || c.downloads < downloads; fewer && c.less == "" {
					t.Errorf("%s, %d files: nothing is said of %+v", mode, limit, c)
				}
			}
		}
	}
}
