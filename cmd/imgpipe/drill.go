package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline/procs"
)

// drillFlags are the flags of imgpipe drill.
type drillFlags struct {
	plan           drill.Plan // its DiskFull is filled in from diskFullAt
	diskFullAt     float64
	modes          []string
	seeds, workers int
	quiet          bool
}

func newDrillCommand() *cobra.Command {
	f := &drillFlags{
		plan:       drill.Plan{Images: 200, Seed: 1, Kill: 0.02, Panic: 0.01, Hang: 0.01, OOM: 0.005, Net: 0.1},
		diskFullAt: 0.5,
		modes:      []string{modes.Serial, modes.Goroutines, modes.Processes},
		seeds:      1, workers: max(8, cpus()),
	}
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Break runs on purpose, and see that nothing is lost",
		Long: `Run imgpipe on sample pictures from a server on this machine, in each mode, with faults:
workers killed, transforms that panic, hang or ask for more memory than there is, a server
that answers badly, a full disk. A run that dies or stops is continued by the same
command, at first with --skip-failed. Then count: every image has ended as its fault
would have it, no other image failed, every output has the bytes of a run without faults,
and no file and no process is left behind. Exit status 1 means that a promise was not
kept.

The seed decides which image gets which fault. In a mode without worker processes, a
fault that kills a worker kills the whole run; the next run does the image in a process
of its own.`,
		Example: `  imgpipe drill
  imgpipe drill -n 2000 --seeds 20 --modes processes
  imgpipe drill --kill-worker 0.2 --hang 0 --oom 0 --net 0 --disk-full-at 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.validate(); err != nil {
				return exitError{exitUsage, err}
			}
			return stoppable(cmd.Context(), cmd.ErrOrStderr(), func(stop *stopper) error {
				return f.run(stop, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	f.add(cmd.Flags())
	return cmd
}

func (f *drillFlags) add(set *pflag.FlagSet) {
	flags.Group{Set: set, Heading: "Drill"}.Add(
		flags.Flag{Name: "count", Short: "n", Value: flags.Whole(&f.plan.Images, 1, drill.MaxImages),
			Usage: "how many pictures"},
		flags.Flag{Name: "seed", Value: flags.Seed(&f.plan.Seed), Usage: "which picture gets which fault"},
		flags.Flag{Name: "seeds", Value: flags.Whole(&f.seeds, 1, 1000),
			Usage: "how many drills, each with the next seed"},
		flags.Flag{Name: "modes", Value: flags.Choices(&f.modes, "MODES", modes.Classic()...),
			Usage: "modes to drill, with commas between"},
		flags.Flag{Name: "workers", Short: "w", Value: flags.Whole(&f.workers, 1, 1024),
			Usage: "images transformed at once; one that hangs holds up no more than one of them"},
		flags.Flag{Name: "quiet", Short: "q", Value: flags.Switch(&f.quiet), Usage: "write nothing to standard error"},
	)
	flags.Group{Set: set, Heading: "Faults, each as a share of the pictures (above 0 at least one picture)"}.Add(
		flags.Flag{Name: "kill-worker", Value: flags.Share(&f.plan.Kill),
			Usage: "SIGKILL for a worker; in a mode without workers for the run, at most three times"},
		flags.Flag{Name: "panic", Value: flags.Share(&f.plan.Panic), Usage: "the transform panics"},
		flags.Flag{Name: "hang", Value: flags.Share(&f.plan.Hang), Usage: "the transform never returns"},
		flags.Flag{Name: "oom", Value: flags.Share(&f.plan.OOM),
			Usage: "the Go runtime is refused memory, and ends its process"},
		flags.Flag{Name: "net", Value: flags.Share(&f.plan.Net),
			Usage: "a bad answer of the server: resets, stalls, lies, wrong statuses"},
		flags.Flag{Name: "disk-full-at", Value: flags.Share(&f.diskFullAt),
			Usage: "the disk is full after this share of the outputs; 0 for never"},
	)
}

func (f *drillFlags) validate() error {
	if sum := f.plan.Kill + f.plan.Panic + f.plan.Hang + f.plan.OOM + f.plan.Net; sum > 1 {
		return fmt.Errorf("the shares of --kill-worker, --panic, --hang, --oom and --net are %.3g in sum, "+
			"expected at most 1: an image has one fault", sum)
	}
	return nil
}

// run drills and writes the table.
func (f *drillFlags) run(stop *stopper, stdout, stderr io.Writer) error {
	program, err := procs.Program()
	if err != nil {
		return exitError{exitCouldNotRun, err}
	}
	dir, err := scratchFolder("drill")
	if err != nil {
		return exitError{exitCouldNotRun, err}
	}
	defer os.RemoveAll(dir)
	stop.atLast(func() { os.RemoveAll(dir) })
	report, err := drill.Run(stop.ctx, f.options(program, dir, stderr))
	switch {
	case stop.ctx.Err() != nil:
		return exitError{exitInterrupted, errors.New("interrupted")}
	case err != nil:
		return exitError{exitCouldNotRun, fmt.Errorf("drill: %w", err)}
	}
	if err := report.WriteText(stdout); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	if n := len(report.Broken()); n > 0 {
		return exitError{exitSomeFailed, fmt.Errorf("%d promises were not kept", n)}
	}
	return nil
}

func (f *drillFlags) options(program, dir string, stderr io.Writer) drill.Options {
	o := drill.Options{
		Program: program, Dir: dir, Modes: f.modes, Plan: f.plan, Seeds: f.seeds, Workers: f.workers,
		Statuses: drill.Statuses{OK: exitOK, SomeFailed: exitSomeFailed, CouldNotRun: exitCouldNotRun},
	}
	o.Plan.DiskFull = int(f.diskFullAt * float64(o.Plan.Images))
	if !f.quiet {
		o.Say = func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	}
	return o
}
