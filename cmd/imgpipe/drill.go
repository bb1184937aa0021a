package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline/procs"
)

type drillFlags struct {
	images, seeds, workers int
	seed                   uint64
	modes                  []string
	plan                   faultPlan
	diskFullAt             float64
	quiet                  bool
}

func newDrillCommand() *cobra.Command {
	f := &drillFlags{images: 200, seeds: 1, seed: 1, workers: max(8, cpus()), modes: []string{modes.Serial, modes.Goroutines, modes.Processes}}
	f.plan.rates = [...]float64{0.02, 0.01, 0.01, 0.005, 0.1}
	f.diskFullAt = 0.5
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Break runs on purpose, and see that nothing is lost",
		Long: `Run imgpipe on sample pictures from a server on this machine, in each mode, with faults:
workers killed, transforms that panic, hang or want more memory than there is, a server
that answers badly, a disk that is full. A run that dies or stops is continued by the
same command, at first with --skip-failed. Then count: every image has ended as its
fault would have it, no other image failed, every output is byte for byte that of a run
without faults, and no file and no process is left behind. Exit status 1 says that a
promise was not kept.

The seed says which image gets which fault. Where there are no workers, what kills a
worker kills the whole run; the image is then done in a process of its own.`,
		Example: `  imgpipe drill
  imgpipe drill -n 2000 --seeds 20 --modes processes
  imgpipe drill --kill-worker 0.2 --panic 0 --hang 0 --oom 0 --net 0 --disk-full-at 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.validate(); err != nil {
				return exitError{exitUsage, err}
			}
			stop := listen(cmd.Context(), cmd.ErrOrStderr())
			defer stop.release()
			stop.work(nil)
			return stop.verdict(f.run(stop, cmd.OutOrStdout(), cmd.ErrOrStderr()))
		},
	}
	flags.Group{Set: cmd.Flags(), Heading: "Drill"}.Add(
		flags.Flag{Name: "count", Short: "n", Value: flags.Whole(&f.images, 1, maxDrill), Usage: "how many pictures"},
		flags.Flag{Name: "seed", Value: flags.Seed(&f.seed), Usage: "which picture gets which fault"},
		flags.Flag{Name: "seeds", Value: flags.Whole(&f.seeds, 1, 1000),
			Usage: "how many drills, each with the next seed"},
		flags.Flag{Name: "modes", Value: flags.Choices(&f.modes, "MODES", modes.Comparable()...),
			Usage: "modes to drill, with commas between"},
		flags.Flag{Name: "workers", Short: "w", Value: flags.Whole(&f.workers, 1, 1024),
			Usage: "images transformed at once; one that hangs holds up no more than one of them"},
		flags.Flag{Name: "quiet", Short: "q", Value: flags.Switch(&f.quiet), Usage: "say nothing on standard error"},
	)
	faults := flags.Group{Set: cmd.Flags(), Heading: "Faults, each as a share of the pictures; at least one where it is not 0"}
	for i, flag := range []struct{ name, usage string }{
		{"kill-worker", "SIGKILL for a worker, of the run where it has none, at most three times"},
		{"panic", "a panic in the transform"},
		{"hang", "a transform that never returns"},
		{"oom", "the Go runtime is refused memory, and ends its process"},
		{"net", "a bad answer of the server: resets, stalls, lies, wrong statuses"},
	} {
		faults.Add(flags.Flag{Name: flag.name, Value: flags.Share(&f.plan.rates[i]), Usage: flag.usage})
	}
	faults.Add(flags.Flag{Name: "disk-full-at", Value: flags.Share(&f.diskFullAt),
		Usage: "the disk is full after this share of the outputs; 0 for never"})
	return cmd
}

func (f *drillFlags) validate() error {
	sum := 0.0
	for _, rate := range f.plan.rates {
		sum += rate
	}
	if sum > 1 {
		return fmt.Errorf("the shares of --kill-worker, --panic, --hang, --oom and --net are %.3g in sum, expected at most 1: an image has one fault", sum)
	}
	return nil
}

// killsOfRuns is how many images kill a run that has no workers: each has what failed before done again.
const killsOfRuns = 3

// planFor is the plan of one drill. Under one lock, a transform that hangs holds up all others until it is given up, so that others run out of time
// as well: that mode cannot be asked to survive it.
func (f *drillFlags) planFor(mode string, seed uint64) faultPlan {
	p := f.plan
	p.seed, p.images = seed, f.images
	p.full = int(f.diskFullAt * float64(f.images))
	if mode != modes.Processes {
		p.kills = killsOfRuns
	}
	if mode == modes.GIL {
		p.rates[slices.Index(faultRates[:], faultHang)] = 0
	}
	return p
}

// run drills each mode with each seed.
func (f *drillFlags) run(stop *stopper, stdout, stderr io.Writer) error {
	ctx := stop.ctx
	program, err := procs.Program()
	if err != nil {
		return exitError{exitCouldNotRun, err}
	}
	dir, err := os.MkdirTemp("", "imgpipe-drill-")
	if err != nil {
		return exitError{exitCouldNotRun, err}
	}
	defer os.RemoveAll(dir)
	stop.atLast(func() { os.RemoveAll(dir) })
	say := func(format string, args ...any) {
		if !f.quiet {
			fmt.Fprintf(stderr, format+"\n", args...)
		}
	}
	var rows []drillRow
	var calm map[string][]byte
	one := func(mode string, plan faultPlan) (drillResult, error) {
		scratch, err := os.MkdirTemp(dir, "")
		if err != nil {
			return drillResult{}, err
		}
		defer os.RemoveAll(scratch)
		r := &drillRun{program: program, dir: scratch, mode: mode, workers: f.workers, images: f.images, plan: plan, faults: plan.table(), calm: calm, verbose: say}
		if err = r.do(ctx); err == nil && calm == nil {
			calm, err = outputsOf(r.out())
		}
		return r.result, err
	}
	drill := func() error {
		for _, mode := range f.modes {
			quiet, err := one(mode, faultPlan{images: f.images})
			if err != nil {
				return err
			}
			row := drillRow{mode: mode, calm: quiet.Took, drillResult: drillResult{Injected: map[fault]int{}, Survived: map[fault]int{}}}
			row.note("without faults", quiet.Broken)
			for i := range f.seeds {
				seed := f.seed + uint64(i)
				say("%s, seed %d: %d images", mode, seed, f.images)
				r, err := one(mode, f.planFor(mode, seed))
				if err != nil {
					return err
				}
				row.add(r)
				row.note(fmt.Sprintf("seed %d", seed), r.Broken)
			}
			rows = append(rows, row)
		}
		return nil
	}
	if err := drill(); ctx.Err() != nil {
		return exitError{exitInterrupted, errors.New("interrupted")}
	} else if err != nil {
		return exitError{exitCouldNotRun, fmt.Errorf("drill: %w", err)}
	}
	return tellDrill(stdout, rows)
}

// A drillRow is what all drills of a mode found.
type drillRow struct {
	mode string
	calm time.Duration // of a run without faults
	lost time.Duration // by faults
	drillResult
}

func (row *drillRow) add(r drillResult) {
	row.In += r.In
	row.Done += r.Done
	row.Failed += r.Failed
	row.Runs += r.Runs
	row.Partial += r.Partial
	row.Orphans += r.Orphans
	row.lost += max(0, r.Took-row.calm)
	for f, n := range r.Injected {
		row.Injected[f] += n
	}
	for f, n := range r.Survived {
		row.Survived[f] += n
	}
}

func (row *drillRow) note(when string, broken []string) {
	for _, b := range broken {
		row.Broken = append(row.Broken, fmt.Sprintf("%s, %s: %s", row.mode, when, b))
	}
}

// tellDrill writes the table and what was not kept.
func tellDrill(w io.Writer, rows []drillRow) error {
	columns := append(slices.Clone(faultRates[:]), faultDisk)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := []string{"mode", "in", "accounted for", "done", "failed"}
	for _, f := range columns {
		head = append(head, string(f))
	}
	fmt.Fprintln(table, strings.Join(append(head, "runs", "partial", "orphans", "time lost"), "\t")+"\t")
	var broken []string
	for _, r := range rows {
		cells := []string{r.mode, strconv.Itoa(r.In), strconv.Itoa(r.Done + r.Failed), strconv.Itoa(r.Done), strconv.Itoa(r.Failed)}
		for _, f := range columns {
			cell := "–"
			if n := r.Injected[f]; n > 0 {
				cell = fmt.Sprintf("%d/%d", r.Survived[f], n)
			}
			cells = append(cells, cell)
		}
		cells = append(cells, strconv.Itoa(r.Runs), strconv.Itoa(r.Partial), strconv.Itoa(r.Orphans), flags.FormatPeriod(r.lost.Round(100*time.Millisecond)))
		fmt.Fprintln(table, strings.Join(cells, "\t")+"\t")
		broken = append(broken, r.Broken...)
	}
	if err := table.Flush(); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	fmt.Fprintln(w, "\nOf each fault: survived / injected. It is survived when its image ended as it should and no other was touched.")
	if len(broken) == 0 {
		fmt.Fprintln(w, "All promises kept.")
		return nil
	}
	const most = 20
	for _, b := range broken[:min(len(broken), most)] {
		fmt.Fprintln(w, "BROKEN "+b)
	}
	if len(broken) > most {
		fmt.Fprintf(w, "and %d more\n", len(broken)-most)
	}
	return exitError{exitSomeFailed, fmt.Errorf("%d promises were not kept", len(broken))}
}
