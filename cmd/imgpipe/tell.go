package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
)

// This file has what a run says of itself before and after, and the exit status that it ends with.

// newSummary begins the summary of a run.
func (p *prepared) newSummary() *summary.Summary {
	f := p.flags
	return &summary.Summary{
		Program:   strings.SplitN(version(), "\n", 2)[0],
		Go:        runtime.Version(),
		Machine:   summary.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: cpus()},
		Command:   shownCommand(os.Args),
		Began:     usage.Began(),
		Mode:      f.exec.mode,
		Workers:   p.can.workers,
		Downloads: p.can.downloads,
		PerHost:   f.download.perHost,
		Memory:    f.exec.budget(),
		Backup:    f.output.backup,
		Spec:      p.store.Spec().String(),
		Shard:     f.input.part.String(),
		Presets:   f.preset.sources(),
		Failures:  []summary.Failure{},
	}
}

// header says what is going to be done, and how. Its error says that workers cannot be started.
func (r *runner) header(ctx context.Context) error {
	f := r.flags
	isolation := ""
	if modes.AllInWorkers(f.exec.mode) && r.exec.pool != nil {
		var err error
		if isolation, err = isolationOf(ctx, r.exec.pool); err != nil {
			return err
		}
	}
	wayOut, unusedProxy := f.wayOut(r.client)
	r.screen.say("imgpipe: %s %s: %s%s%s",
		f.input.shown(), f.output.where(), f.plan(r.can, r.store.Spec().String()), isolation, wayOut)
	for _, note := range []string{unusedProxy, r.can.less, f.idle()} {
		if note != "" {
			r.screen.say("note: %s", note)
		}
	}
	r.sayWarnings()
	if n := r.store.Suspects(); n > 0 {
		isolation, err := isolationOf(ctx, r.apart)
		if err != nil {
			return err
		}
		r.screen.say("note: a run died here with images under way; "+
			"those %d are now done in processes of their own%s", n, isolation)
	}
	return nil
}

// sayWarnings says what the store has found since it was last asked.
func (r *runner) sayWarnings() {
	warnings := r.store.Warnings()
	for _, w := range warnings[r.warned:] {
		r.screen.say("note: %s", w)
	}
	r.warned = len(warnings)
}

// finish puts files in place and says how the run has ended. Its error has the exit status.
func (r *runner) finish(end *ending) error {
	f := r.flags
	if r.sum.Mode == modes.Auto {
		r.sum.Mode = modes.Goroutines
		r.screen.say("auto: --mode goroutines: the run was too short for a choice of processes to matter")
	}
	for _, note := range append(end.in.notes(), plannedNotes(r.store.Planned())...) {
		r.screen.say("%s", note)
	}
	r.screen.close()

	r.sum.FailedBefore = r.left.count
	end.totals.Failed += r.left.count // not all is done
	err := errors.Join(f.verdict(end.err, end.in.err, end.totals, end.interrupted), asCouldNotRun(r.failed.close()))
	if r.can.downloads == 0 {
		r.sum.Downloads = end.totals.Pace.Downloads // what auto found; else it is what was allowed
	}
	r.sum.PassedOver = end.in.passedOver()
	r.spent(end)
	processes := r.exec.pool != nil && modes.AllInWorkers(r.sum.Mode)
	err = errors.Join(err, asCouldNotRun(r.trace.close(r.sum.Mode, processes, end)))
	whole := end.err == nil && end.in.err == nil && end.interrupted == ""
	if !whole && r.pages != nil {
		r.screen.say("note: --manifest is written by a run that comes to its end: %s is as it was",
			r.flags.tell.manifest)
	}
	err = errors.Join(err, asCouldNotRun(r.pages.close(whole)))
	r.ended(err)
	if note := r.failed.note(); note != "" {
		r.screen.say("note: %s", note)
	}
	if !f.tell.quiet {
		r.sum.WriteText(r.stderr)
	}
	r.left.say(r.stderr)
	r.sum.Written = time.Since(end.clock.stopped).Seconds()
	return errors.Join(err, asCouldNotRun(r.writeReport()))
}

func (r *runner) writeReport() error {
	switch {
	case r.flags.tell.report == "-":
		return r.sum.WriteJSON(r.stdout)
	case r.report == nil:
		return nil
	}
	return r.report.close(r.sum.WriteJSON(r.report))
}

// verdict makes the exit status of what happened.
func (f *runFlags) verdict(err, inputErr error, totals pipeline.Totals, interrupted string) error {
	switch {
	case interrupted != "":
		stopped := exitError{exitInterrupted, errors.New(interrupted + "; the same command continues")}
		if err != nil && !errors.Is(err, errInterrupted) {
			return errors.Join(stopped, exitError{exitCouldNotRun, f.hinted(err)})
		}
		return stopped
	case errors.Is(err, pipeline.ErrTooManyFailures):
		return exitError{exitSomeFailed, fmt.Errorf("--max-failures %v: %w", f.limits.maxFailures, err)}
	case err != nil:
		return exitError{exitCouldNotRun, f.hinted(err)}
	case inputErr != nil:
		return exitError{exitCouldNotRun, inputErr}
	case totals.Failed > 0:
		return exitError{exitSomeFailed, nil}
	}
	return nil
}

func asCouldNotRun(err error) error {
	if err == nil {
		return nil
	}
	return exitError{exitCouldNotRun, err}
}

// hinted puts what a person could do on a line after an error of the store, or of workers that do not start.
func (f *runFlags) hinted(err error) error {
	hint := storeHint(err)
	if _, ok := errors.AsType[*procs.StartError](err); ok && f.exec.worker.memory > 0 {
		hint = fmt.Sprintf("--worker-memory %s may be too little for a worker to start",
			summary.Bytes(f.exec.worker.memory))
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w\nhint: %s", err, hint)
}
