package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/machine"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// liveRun fetches, transforms and stores: it opens what the run uses, runs the pipeline, and says how that ended.
func liveRun(stop *stopper, p *prepared, stdout, stderr io.Writer) (err error) {
	r := &runner{prepared: p, stop: stop, stdout: stdout, stderr: stderr, sum: p.newSummary()}
	if p.flags.tell.figures() {
		r.watch = machine.Start()
	}
	var own owner
	defer func() { err = errors.Join(err, asCouldNotRun(own.close())) }()
	if err := r.open(stop.ctx, &own); err != nil {
		return exitError{exitCouldNotRun, p.flags.hinted(err)}
	}
	if err := r.header(stop.ctx); err != nil {
		return exitError{exitCouldNotRun, p.flags.hinted(err)}
	}
	end, err := r.run(stop.ctx)
	if err != nil {
		return exitError{exitCouldNotRun, err}
	}
	err = asCouldNotRun(r.prune(end))
	return errors.Join(err, r.finish(end))
}

// An ending is how a run has ended.
type ending struct {
	in          *intake
	totals      pipeline.Totals
	err         error  // of the pipeline or of the store
	interrupted string // why the run was asked to end, or ""
	clock       clock
	memory      usage.Memory
}

// run runs the pipeline. Its error says why the pipeline was not begun.
func (r *runner) run(ctx context.Context) (*ending, error) {
	in := newIntake(ctx, r.inputs, r.store.Heads())
	in.ours, in.part, in.pass = r.store.Wrote, r.flags.input.part, r.store.Pass
	stopping := r.orderly()
	counting := &sync.WaitGroup{}
	if r.screen.counting() && rereadable(r.flags.input.lists) {
		counting = in.count(r.screen.expect)
	}
	ended := sync.OnceFunc(func() {
		in.close()
		counting.Wait()
	})
	defer ended()
	r.process.undo(pipeline.BoundHeap(r.flags.exec.budget()))
	if modes.AllInWorkers(r.flags.exec.mode) && r.exec.pool != nil {
		r.process.undo(r.exec.pool.Tune())
	}
	options := r.options(stopping, in)
	items := r.counted(in.items())
	end := &ending{in: in}
	if r.flags.exec.stage == bench.StageTransform {
		fetched := end.clock.fetching()
		all, files, err := fetchedBefore(ctx, items, r.client, r.can.atOnce(r.flags.download.perHost))
		if err != nil {
			return nil, err
		}
		items, options.Fetcher = all, files
		fetched()
	}
	end.clock.begin()
	end.totals, end.err = pipeline.Run(ctx, items, options, r.outcome)
	r.memory.Stop() // before the workers leave
	r.stop.settle()
	ended()
	if err := r.store.Flush(); end.err == nil {
		end.err = err
	}
	end.interrupted = r.stop.asked()
	r.settle(end)
	return end, nil
}

// options returns those of the pipeline. Once stopping is closed, no more items are begun, and in is closed.
func (r *runner) options(stopping <-chan struct{}, in *intake) pipeline.Options {
	f := r.flags
	o := pipeline.Options{
		Fetcher:         r.client,
		Executor:        r.exec,
		Apart:           r.apart,
		Store:           wordedStore{r.store},
		Spec:            r.store.Spec(),
		Limits:          f.limits.options(),
		Sequential:      f.exec.mode == modes.Serial,
		Downloads:       r.can.downloads,
		MostDownloads:   r.can.mostDownloads,
		Stores:          f.output.atOnce(),
		Memory:          f.exec.budget(),
		ItemTimeout:     f.limits.perItem(),
		MaxFailures:     f.limits.maxFailures.Count,
		MaxFailureShare: f.limits.maxFailures.Share,
		Paced:           r.choseDownloads,
		Stop:            stopping,
	}
	if !f.exec.whole() {
		o.Store = nullStore{}
	}
	o.Stopping = func() {
		in.close()
		select {
		case <-stopping: // who asked can ask again, or has its own grace
			r.client.Finish()
		default:
			r.client.FinishWithin(grace)
		}
	}
	return o
}

// settle ends the workers once the pipeline has ended. If all items had their turn, none is a suspect any more.
func (r *runner) settle(end *ending) {
	r.sayWarnings()
	if err := r.exec.Close(); err != nil {
		r.screen.say("note: %v", err)
	}
	r.apart.Close() // its error is always nil
	if end.err == nil && end.in.err == nil && end.interrupted == "" {
		r.store.Acquit()
	}
}

// orderly returns a channel that the first request to end closes: from then on no more items are begun.
func (r *runner) orderly() (stopping <-chan struct{}) {
	stop := make(chan struct{})
	r.stop.work(sync.OnceFunc(func() {
		close(stop)
		go func() { // what reads stderr may have stopped reading
			r.screen.end()
			r.screen.say("stopping: finishing what is under way; Ctrl-C, or another signal, stops at once")
		}()
		if r.underWay.Load() == 0 {
			go r.stop.idle()
		}
	}))
	return stop
}

// counted counts the items that are taken.
func (r *runner) counted(items iter.Seq[fetch.Item]) iter.Seq[fetch.Item] {
	return func(yield func(fetch.Item) bool) {
		for item := range items {
			r.underWay.Add(1)
			if !yield(item) {
				return
			}
		}
	}
}

// outcome takes the outcome of one item to all who want it.
func (r *runner) outcome(o pipeline.Outcome) {
	o.Err = withFlag(o.Err)
	if r.underWay.Add(-1) == 0 {
		defer r.stop.idle()
	}
	r.sum.Add(o)
	r.strays.saw(o.Item)
	r.left.add(o)
	r.screen.outcome(o)
	if r.recording != nil {
		return
	}
	r.sides.saw(o.Item)
	r.trace.add(o)
	r.pages.add(o)
	if r.recording = r.failed.add(listed(o)); r.recording != nil {
		r.cancel(r.recording)
	}
}

// choseMode is called with what --mode auto has found, while the run is under way.
func (r *runner) choseMode(c pipeline.Choice) {
	r.sum.Mode = modes.Goroutines // nobody reads it before the run has ended
	why := "processes were not faster"
	switch {
	case c.Second:
		r.sum.Mode, why = modes.Processes, "they were faster"
	case c.Wall.High > 1 && c.Wall.Low < 1:
		why = "no difference shown"
	}
	r.screen.say("auto: --mode %s: %s: %s", r.sum.Mode, why, tried(c))
}

// tried returns with what figures goroutines and processes did the same images.
func tried(c pipeline.Choice) string {
	if c.Rounds == 0 {
		return "no images were done by both"
	}
	cpu := "CPU time not known"
	if c.CPU.Ratio > 0 {
		cpu = ratio(c.CPU) + " times the CPU time"
	}
	return fmt.Sprintf("processes took %s times as long, and %s, for the same %d images in %d rounds",
		ratio(c.Wall), cpu, c.Images, c.Rounds)
}

// ratio returns a ratio with its interval, if it has one.
func ratio(i pipeline.Interval) string {
	if i.Low <= 0 {
		return fmt.Sprintf("%.2f", i.Ratio)
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", i.Ratio, i.Low, i.High)
}

// choseDownloads is called with what --downloads auto has found, after the outcome of an item.
func (r *runner) choseDownloads(p pipeline.Pace) {
	found := fmt.Sprintf("--downloads %d", p.Downloads)
	if p.HeldBack > 0 {
		found = summary.AtOnce(p.AtOnce, max(r.sum.Hosts, 1), r.flags.download.perHost, p.Allowed)
	}
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	r.screen.say("auto: %s: a fetch takes %v, a transform %v, with --workers %d",
		found, round(p.Latency), round(p.Service), r.can.workers)
}

// spent notes in the summary what the run cost. It stops the clock.
func (r *runner) spent(end *ending) {
	s, c := r.sum, &end.clock
	c.stop()
	s.Conditions = r.watch.Stop()
	s.Finish(c.wall)
	s.Before, s.Fetched = c.before.Seconds(), c.aside.Seconds()
	s.User, s.System = c.cpu.User.Seconds(), c.cpu.System.Seconds()
	s.VoluntarySwitches, s.InvoluntarySwitches = c.cpu.Voluntary, c.cpu.Involuntary
	s.Flowed(end.totals.Flow, c.before)
	if r.exec.pool != nil {
		workers := r.exec.pool.Usage()
		if s.WorkerStarts = workers.Ready; workers.Ready > 0 {
			s.WorkerStart = workers.Starting.Seconds() / float64(workers.Ready)
		}
	}
	end.memory = r.memory.Memory()
	s.PeakMemory, s.PeakPSS = end.memory.PeakRSS, end.memory.PeakPSS
}

// ended notes in the summary why the run ended early, if it did: that some images failed is no reason.
func (r *runner) ended(err error) {
	var status exitError
	if err != nil && !(errors.As(err, &status) && status.err == nil) {
		r.sum.Ended = err.Error()
	}
}
