package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/drill"
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
		modes:      []string{modeSerial, modeGoroutines, modeProcesses},
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
	f.add(cmd.Flags())
	return cmd
}

func (f *drillFlags) add(flags *pflag.FlagSet) {
	g := flagGroup{flags, "Drill"}
	g.add(whole(&f.plan.Images, 1, drill.MaxImages), "count", "n", "how many pictures")
	g.add(seed(&f.plan.Seed), "seed", "", "which picture gets which fault")
	g.add(whole(&f.seeds, 1, 1000), "seeds", "", "how many drills, each with the next seed")
	g.add(modeList(&f.modes), "modes", "", "modes to drill, with commas between")
	g.add(whole(&f.workers, 1, 1024), "workers", "w",
		"images transformed at once; one that hangs holds up no more than\none of them")
	g.yes(&f.quiet, "quiet", "q", "write nothing to standard error")
	g = flagGroup{flags, "Faults, each as a share of the pictures; a share above 0 is at least one picture"}
	for _, flag := range []struct {
		share       *float64
		name, usage string
	}{
		{&f.plan.Kill, "kill-worker", "SIGKILL for a worker; in a mode without workers for the run, at\nmost three times"},
		{&f.plan.Panic, "panic", "the transform panics"},
		{&f.plan.Hang, "hang", "the transform never returns"},
		{&f.plan.OOM, "oom", "the Go runtime is refused memory, and ends its process"},
		{&f.plan.Net, "net", "a bad answer of the server: resets, stalls, lies, wrong statuses"},
		{&f.diskFullAt, "disk-full-at", "the disk is full after this share of the outputs; 0 for never"},
	} {
		g.add(share(flag.share), flag.name, "", flag.usage)
	}
}

// share is a number from 0 to 1, or a percentage.
func share(p *float64) pflag.Value {
	return value[float64]{p, func(s string) (float64, error) {
		text, percent := strings.CutSuffix(s, "%")
		x, err := strconv.ParseFloat(text, 64)
		if percent {
			x /= 100
		}
		if err != nil || !(x >= 0 && x <= 1) {
			return 0, errors.New("expected a number from 0 to 1, or a percentage such as 5%")
		}
		return x, nil
	}, func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }, "SHARE"}
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
	dir, err := os.MkdirTemp("", "imgpipe-drill-")
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
		Program: program, Dir: dir, Plan: f.plan, Seeds: f.seeds, Workers: f.workers,
		Statuses: drill.Statuses{OK: exitOK, SomeFailed: exitSomeFailed, CouldNotRun: exitCouldNotRun},
	}
	o.Plan.DiskFull = int(f.diskFullAt * float64(o.Plan.Images))
	for _, mode := range f.modes {
		o.Modes = append(o.Modes, drillMode(mode))
	}
	if !f.quiet {
		o.Say = func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }
	}
	return o
}

// drillMode is what a drill has to know of a mode.
func drillMode(name string) drill.Mode {
	return drill.Mode{
		Name: name, Processes: name == modeProcesses, Locked: name == modeGIL, Serial: name == modeSerial,
	}
}
