package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// A CrashJob is one job with an image that ends what runs it. It is run once in each mode, and never continued.
type CrashJob struct {
	// Program is the imgpipe that runs, with this environment. Dir is a folder for what it writes, which must exist.
	Program string
	Env     []string
	Dir     string
	// Images is how many items Args, the flags and inputs of imgpipe run, name.
	Images int
	Args   []string
}

// Run runs the job in a mode, and returns what is left of it. How the run ended is no error: that is what it looks for.
func (j CrashJob) Run(ctx context.Context, mode string, workers int) (Crash, error) {
	out, err := os.MkdirTemp(j.Dir, "crash-")
	if err != nil {
		return Crash{}, err
	}
	defer os.RemoveAll(out)
	report, trace := filepath.Join(out, "report.json"), filepath.Join(out, "trace.json")
	args := append([]string{"run", "--quiet", "--mode", mode, "--workers", fmt.Sprint(workers),
		"--downloads", fmt.Sprint(workers), "--output", filepath.Join(out, "out"), "--report", report,
		"--trace", trace}, j.Args...)
	cmd := exec.CommandContext(ctx, j.Program, args...)
	cmd.Args[0] = os.Args[0]
	cmd.Env = j.Env
	said := new(tail)
	cmd.Stderr = said
	cmd.WaitDelay = grace
	err = cmd.Run()
	if ctx.Err() != nil {
		return Crash{}, ctx.Err()
	}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return Crash{}, err
	}
	crash, err := crashOf(mode, j.Images, filepath.Join(out, "out"))
	if errors.Is(err, fs.ErrNotExist) {
		return Crash{}, fmt.Errorf("a run with an image that crashes did not begin: %s", said.reason())
	}
	if err != nil {
		return Crash{}, err
	}
	if sum, err := readSummary(report); err != nil {
		crash.Died = "the run" // it reports nothing: only what it wrote before is left
	} else if crash.Died = figure.Count(sum.Replaced+crash.Failed, "worker"); crash.Failed == 0 {
		crash.Died = "nothing"
	}
	if t, err := readTimeline(trace); err == nil {
		crash.Timeline = &t
	}
	return crash, nil
}

// crashOf counts the images of a run from the folder of its outputs. Each image has one output. A run that dies has not
// yet written all lines of its ledger, so outputs that are in place count as well.
func crashOf(mode string, images int, folder string) (Crash, error) {
	crash := Crash{Mode: mode, Images: images}
	// The last line of a run that died may be cut off.
	last, _, err := drill.LastEntries(filepath.Join(folder, store.LedgerName))
	if err != nil {
		return crash, err
	}
	for _, source := range slices.Sorted(maps.Keys(last)) {
		switch e := last[source]; e.Status {
		case pipeline.Done:
			crash.Done++
		case pipeline.Failed:
			crash.Failed++
			if !slices.Contains(strings.Split(crash.Class, ", "), e.Class) {
				crash.Class = strings.TrimPrefix(crash.Class+", "+e.Class, ", ")
			}
		}
	}
	inPlace, err := outputsIn(folder)
	crash.Done = max(crash.Done, inPlace)
	crash.Lost = images - crash.Done - crash.Failed
	return crash, err
}

// outputsIn counts the outputs in a folder. Files under way are in hidden folders, and do not count.
func outputsIn(folder string) (n int, err error) {
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		if e.Type().IsRegular() && e.Name() != store.LedgerName {
			n++
		}
	}
	return n, err
}

// short returns how many images a crash left.
func (k *Crash) short() string { return fmt.Sprintf("%d of %d were done", k.Done, k.Images) }

// inWords returns what a crash left.
func (k *Crash) inWords() string {
	text := fmt.Sprintf("%s: %d of %d done", k.Mode, k.Done, k.Images)
	if k.Failed > 0 {
		text += fmt.Sprintf(", %d failed (%s)", k.Failed, k.Class)
	}
	if k.Lost > 0 {
		text += fmt.Sprintf(", %d lost", k.Lost)
	}
	return text + "; " + k.Died + " died"
}
