package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
)

// A live is one run under way: what it uses, and what tells of it.
type live struct {
	flags  *runFlags
	store  wordedStore
	screen *screen
	sum    *summary.Summary

	client *fetch.Client
	exec   *executor
	apart  *procs.Apart
	failed *failedList
	trace  *traceFile
	left   lastingCount
	untune func() // undoes what was set for the pool's sake

	// underWay counts the items that were taken and have not ended.
	underWay atomic.Int64
	stop     *stopper
	sides    *sideCheck
	// recording is why the list of failures cannot be written.
	recording error
	cancel    context.CancelCauseFunc
}

// liveRun fetches, transforms and stores.
func liveRun(
	stop *stopper, f *runFlags, inputs fetch.Inputs, st wordedStore, sides *sideCheck, stdout, stderr io.Writer,
) (err error) {
	ctx := stop.ctx
	stopProfiles, err := f.startProfiles(ctx, sides)
	if err != nil {
		return exitError{exitCouldNotRun, err}
	}
	defer func() { err = errors.Join(err, asCouldNotRun(stopProfiles())) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	spec := st.Spec().String()
	l := &live{flags: f, store: st, sum: f.summary(spec), sides: sides, stop: stop, cancel: cancel}
	l.screen = newScreen(stderr, f.progress, f.quiet)
	defer l.screen.close()
	if l.exec, err = f.executor(l.choseMode); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	defer l.exec.Close()
	l.client = fetch.New(f.client(l.exec.pool))
	defer l.client.Close()
	// What is to be written at the end is tried at the beginning.
	if l.failed, err = newFailedList(ctx, f.failedList, sides.allowed(f.failedList)); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	defer l.failed.abandon()
	if l.trace, err = newTraceFile(ctx, f.trace, sides.allowed(f.trace)); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	defer l.trace.abandon()
	var reportFile *sideFile
	if f.report != "-" {
		if reportFile, err = openSide(ctx, "report", f.report, sides.allowed(f.report)); err != nil {
			return exitError{exitCouldNotRun, err}
		}
	}
	defer reportFile.abandon()
	stop.atLast(func() {
		reportFile.forget()
		l.failed.forget()
		l.trace.forget()
	})
	isolation, err := l.exec.isolation(ctx, f.mode)
	if err != nil {
		return exitError{exitCouldNotRun, f.hinted(err)}
	}
	wayOut, unusedProxy := f.wayOut(l.client)
	l.screen.say("imgpipe: %s to %s: %s%s%s", f.shownInput(), f.shownOutput(), f.plan(spec), isolation, wayOut)
	if unusedProxy != "" {
		l.screen.say("note: %s", unusedProxy)
	}
	if f.scarce != "" {
		l.screen.say("note: %s", f.scarce)
	}
	warnings := st.Warnings()
	for _, w := range warnings {
		l.screen.say("note: %s", w)
	}
	apart := f.workers
	if f.open.workers > 0 {
		apart = min(apart, f.open.workers)
	}
	l.apart = procs.NewApart(f.worker.options(apart))
	defer l.apart.Close()
	if n := st.Suspects(); n > 0 {
		apart, err := isolationOf(ctx, l.apart)
		if err != nil {
			return exitError{exitCouldNotRun, err}
		}
		l.screen.say("note: a run died here with images under way; "+
			"those %d are now done in processes of their own%s", n, apart)
	}
	in := newIntake(ctx, inputs, st.Heads())
	in.ours = st.Wrote
	stopping := l.orderly()
	counting := in.count(f, l.screen)

	defer pipeline.BoundHeap(f.budget())()
	l.untune = func() {}
	defer func() { l.untune() }()
	if f.mode == modes.Processes && l.exec.pool != nil {
		l.untune = l.exec.pool.Tune()
	}
	options := l.options(stopping)
	options.Stopping = func() {
		in.close()
		select {
		case <-stopping: // who asked can ask again, or has its own grace
			l.client.Finish()
		default:
			l.client.FinishWithin(grace)
		}
	}
	items := l.counted(in.items())
	if f.stage == bench.StageTransform {
		if items, options.Fetcher, err = fetchedBefore(ctx, items, l.client, f.atOnce()); err != nil {
			in.close()
			counting.Wait()
			return exitError{exitCouldNotRun, err}
		}
	}
	began, before, sampler := time.Now(), usage.Spent(), usage.Start(l.pids)
	totals, runErr := pipeline.Run(ctx, items, options, l.outcome)
	stop.settle()
	in.close()
	counting.Wait()
	if err := st.Flush(); runErr == nil {
		runErr = err
	}
	for _, w := range st.Warnings()[len(warnings):] {
		l.screen.say("note: %s", w)
	}
	interrupted := stop.asked()
	if err := l.exec.Close(); err != nil {
		l.screen.say("note: %v", err)
	}
	l.apart.Close()
	if runErr == nil && in.err == nil && interrupted == "" {
		st.Acquit() // all had their turn
	}
	if l.sum.Mode == modes.Auto {
		l.screen.say("auto: there were too few images to choose a mode; goroutines and processes shared them")
	}
	for _, note := range append(in.notes(), plannedNotes(st.Planned())...) {
		l.screen.say("%s", note)
	}
	wall, memory := time.Since(began), sampler.Stop()
	l.screen.close()

	l.sum.FailedBefore = l.left.count
	totals.Failed += l.left.count // not all is done
	err = errors.Join(f.verdict(runErr, in.err, totals, interrupted), asCouldNotRun(l.failed.close()), asCouldNotRun(l.trace.close(memory.Curve)))
	if note := l.failed.note(); note != "" {
		l.screen.say("note: %s", note)
	}
	l.sum.Downloads, l.sum.PassedOver = totals.Pace.Downloads, in.passedOver()
	l.measured(usage.Spent().Sub(before), memory, err)
	l.sum.Finish(wall)
	if !f.quiet {
		l.sum.WriteText(stderr)
	}
	l.left.say(stderr)
	return errors.Join(err, asCouldNotRun(f.writeReport(l.sum, stdout, reportFile)))
}

// orderly has the first request to end close the channel that it returns: no more items are begun.
func (l *live) orderly() (stopping <-chan struct{}) {
	stop := make(chan struct{})
	l.stop.work(sync.OnceFunc(func() {
		close(stop)
		go func() { // what reads stderr may have stopped reading
			l.screen.end()
			l.screen.say("stopping: finishing what is under way; Ctrl-C, or another signal, stops at once")
		}()
		if l.underWay.Load() == 0 {
			go l.stop.idle()
		}
	}))
	return stop
}

// counted counts the items that are taken.
func (l *live) counted(items iter.Seq[fetch.Item]) iter.Seq[fetch.Item] {
	return func(yield func(fetch.Item) bool) {
		for item := range items {
			l.underWay.Add(1)
			if !yield(item) {
				return
			}
		}
	}
}

// pids gives the worker processes that are alive.
func (l *live) pids() []int {
	pids := l.apart.Pids()
	if l.exec.pids != nil {
		pids = append(pids, l.exec.pids()...)
	}
	return pids
}

// options are those of the pipeline.
func (l *live) options(stop <-chan struct{}) pipeline.Options {
	f := l.flags
	o := pipeline.Options{
		Fetcher:         l.client,
		Executor:        l.exec,
		Apart:           l.apart,
		Store:           l.store,
		Spec:            l.store.Spec(),
		Limits:          f.limits(),
		Sequential:      f.mode == modes.Serial,
		Downloads:       f.downloads,
		MostDownloads:   f.open.downloads,
		Memory:          f.budget(),
		ItemTimeout:     f.patience(),
		MaxFailures:     f.maxFailures.Count,
		MaxFailureShare: f.maxFailures.Share,
		Paced:           l.choseDownloads,
		Stop:            stop,
	}
	if f.stage != bench.StageAll {
		o.Store = nullStore{}
	}
	return o
}

// outcome tells of one item wherever it is to be told.
func (l *live) outcome(o pipeline.Outcome) {
	o.Err = withFlag(o.Err)
	if l.underWay.Add(-1) == 0 {
		defer l.stop.idle()
	}
	l.sum.Add(o)
	l.left.add(o)
	l.screen.outcome(o)
	if l.recording != nil {
		return
	}
	l.sides.saw(o.Item)
	l.trace.add(o)
	if l.recording = l.failed.add(listed(o)); l.recording != nil {
		l.cancel(l.recording)
	}
}

// choseMode tells what --mode auto found.
func (l *live) choseMode(c pipeline.Choice) {
	l.sum.Mode = modes.Goroutines // nobody reads it before the run has ended
	if c.Second {
		l.sum.Mode = modes.Processes
		l.untune = l.exec.pool.Tune()
	}
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	l.screen.say("auto: --mode %s: a megapixel takes %v in goroutines, %v in processes, which take up to %v to start",
		l.sum.Mode, round(c.PerMegapixel[0]), round(c.PerMegapixel[1]), round(c.Start))
}

// choseDownloads tells what --downloads auto found.
func (l *live) choseDownloads(p pipeline.Pace) {
	l.screen.say("auto: --downloads %d: a fetch takes %v, a transform %v, with --workers %d",
		p.Downloads, p.Latency.Round(10*time.Microsecond), p.Service.Round(10*time.Microsecond), l.flags.workers)
}

// measured fills in what the run cost.
func (l *live) measured(cpu usage.CPU, memory usage.Memory, err error) {
	s := l.sum
	s.User, s.System = cpu.User.Seconds(), cpu.System.Seconds()
	s.VoluntarySwitches, s.InvoluntarySwitches = cpu.Voluntary, cpu.Involuntary
	s.PeakMemory, s.PeakPSS = memory.PeakRSS, memory.PeakPSS
	s.GC = procs.Collected().Seconds()
	if l.exec.pool != nil {
		workers := l.exec.pool.Usage()
		s.GC += workers.GC.Seconds()
		if s.WorkerStarts = workers.Ready; workers.Ready > 0 {
			s.WorkerStart = workers.Starting.Seconds() / float64(workers.Ready)
		}
	}
	var status exitError
	if err != nil && !(errors.As(err, &status) && status.err == nil) { // some images failed: that is no early end
		s.Ended = err.Error()
	}
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
		return exitError{exitSomeFailed, fmt.Errorf("--max-failures %v: %w", f.set.Lookup("max-failures").Value, err)}
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

// hinted puts behind an error of the store, or of workers that do not start, what a person could do about it.
func (f *runFlags) hinted(err error) error {
	if _, ok := errors.AsType[*procs.StartError](err); ok && f.worker.memory > 0 {
		return fmt.Errorf("%w\nhint: --worker-memory %s may be too little for a worker to start", err, summary.Bytes(f.worker.memory))
	}
	if hint := storeHint(err); hint != "" {
		return fmt.Errorf("%w\nhint: %s", err, hint)
	}
	return err
}

// patience is how long the executor gets for one image.
func (f *runFlags) patience() time.Duration {
	if f.itemTimeout == 0 {
		return -1 // no limit
	}
	return f.itemTimeout
}

// summary begins the summary of a run.
func (f *runFlags) summary(spec string) *summary.Summary {
	return &summary.Summary{
		Program:   strings.SplitN(version(), "\n", 2)[0],
		Go:        runtime.Version(),
		Machine:   summary.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: cpus()},
		Command:   shownCommand(os.Args),
		Began:     time.Now(),
		Mode:      f.mode,
		Workers:   f.workers,
		Downloads: f.downloads,
		PerHost:   f.perHost,
		Memory:    f.budget(),
		Spec:      spec,
		Failures:  []summary.Failure{},
	}
}

func (f *runFlags) writeReport(sum *summary.Summary, stdout io.Writer, file *sideFile) error {
	switch {
	case f.report == "-":
		return sum.WriteJSON(stdout)
	case file == nil:
		return nil
	}
	return file.close(sum.WriteJSON(file))
}
