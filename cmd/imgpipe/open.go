package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"

	"imgpipe/cmd/imgpipe/internal/machine"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/fetch"
	"imgpipe/pipeline/procs"
)

// An owner closes what has been added to it, the last first. The zero owner is empty, and ready to use.
type owner struct{ closes []func() error }

func (o *owner) add(close func() error) { o.closes = append(o.closes, close) }

// undo adds a function that cannot fail.
func (o *owner) undo(undo func()) {
	o.add(func() error {
		undo()
		return nil
	})
}

// close closes everything, and returns all errors, joined. After it the owner is empty.
func (o *owner) close() error {
	var errs []error
	for _, close := range slices.Backward(o.closes) {
		errs = append(errs, close())
	}
	o.closes = nil
	return errors.Join(errs...)
}

// A runner is one run under way: what it uses, and where it says what happens. [liveRun] makes it.
type runner struct {
	*prepared
	stop           *stopper
	stdout, stderr io.Writer

	screen *screen
	sum    *summary.Summary
	client *fetch.Client
	exec   *executor
	apart  *procs.Apart // for what an earlier run died of
	failed *failedList
	trace  *traceFile
	report *sideFile // nil for none, or for standard output
	pages  *manifest
	left   lastingCount

	watch  *machine.Watch // nil where nobody will read what it saw
	memory *usage.Sampler // nil likewise

	// process undoes what the run changes for the whole process: the bound of the heap, the number of processors, the
	// scheduling class.
	process owner

	// underWay counts the items that were taken and have not ended.
	underWay atomic.Int64
	// recording is why the list of failures cannot be written.
	recording error
	cancel    context.CancelCauseFunc
	warned    int // warnings of the store that have been said
}

// open opens what the run uses, also files that are written at the end: what cannot be written is said before anything
// is done. Everything that it opens belongs to own, even if it fails.
func (r *runner) open(ctx context.Context, own *owner) (err error) {
	f := r.flags
	stopProfiles, err := f.startProfiles(ctx, r.sides)
	if err != nil {
		return err
	}
	own.add(stopProfiles)
	ctx, r.cancel = context.WithCancelCause(ctx)
	own.undo(func() { r.cancel(nil) })
	r.screen = newScreen(r.stderr, f.tell.progress, f.tell.quiet)
	own.undo(r.screen.close)
	if r.exec, err = f.exec.executor(r.can.workers, r.choseMode); err != nil {
		return err
	}
	own.undo(func() { r.exec.Close() }) // finish says what its error is
	buffers := r.exec.pool
	if !f.exec.whole() {
		buffers = nil // one stage alone fetches all files first, which would fill the buffers
	}
	r.client = fetch.New(r.fetching(buffers))
	own.undo(r.client.Close)
	suspects := f.exec.worker.options(r.can.apart)
	suspects.Measured = f.exec.measured
	r.apart = procs.NewApart(suspects)
	own.undo(func() { r.apart.Close() })
	switch {
	case f.tell.figures():
		r.memory = usage.Start(r.pids, usage.Began())
	case !f.tell.quiet:
		r.memory = usage.StartCoarse(r.pids, usage.Began())
	}
	own.undo(r.memory.Stop)
	if err := r.openSides(ctx, own); err != nil {
		return err
	}
	own.add(r.process.close)
	return nil
}

// openSides opens the files that flags name beside the outputs.
func (r *runner) openSides(ctx context.Context, own *owner) (err error) {
	f := &r.flags.tell
	if r.failed, err = newFailedList(ctx, f.failedList, r.sides.allowed(f.failedList)); err != nil {
		return err
	}
	own.undo(r.failed.abandon)
	if r.trace, err = newTraceFile(ctx, f.trace, r.sides.allowed(f.trace)); err != nil {
		return err
	}
	own.undo(r.trace.abandon)
	folder := r.flags.output.folderOf(f.manifest)
	r.pages, err = newManifest(ctx, f.manifest, folder, r.store, r.sides.allowed(f.manifest))
	if err != nil {
		return err
	}
	own.undo(r.pages.abandon)
	if f.report != "-" {
		if r.report, err = openSide(ctx, "report", f.report, r.sides.allowed(f.report)); err != nil {
			return err
		}
		own.undo(r.report.abandon)
	}
	r.stop.atLast(func() {
		r.report.forget()
		r.failed.forget()
		r.trace.forget()
		r.pages.forget()
	})
	return nil
}

// pids returns the ids of the worker processes that are alive.
func (r *runner) pids() []int { return append(r.apart.Pids(), r.exec.pids()...) }
