package main

import (
	"context"
	"errors"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
)

// An executor is what --mode names, with its pool of worker processes.
type executor struct {
	pipeline.Executor
	pool *procs.Pool // nil in modes without worker processes
}

// executor makes what --mode names, for so many images at once. chosen is called with what --mode auto finds.
func (f *execFlags) executor(workers int, chosen func(pipeline.Choice)) (*executor, error) {
	var e executor
	switch {
	case f.stage == bench.StageFetch:
		e.Executor = nullExecutor(workers)
	case f.pooled():
		pool, err := procs.New(f.poolOptions(workers))
		if err != nil {
			return nil, err
		}
		e = executor{pool, pool}
		if f.mode == modes.Auto {
			e.Executor = trial(f.local(workers), pool, chosen)
		}
	default:
		e.Executor = f.local(workers)
	}
	hooked, err := drill.Hook(e.Executor, e.pool)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.Executor = hooked
	return &e, nil
}

// local makes the executor of a mode that has no worker processes, and that of the goroutines of mode auto.
func (f *execFlags) local(workers int) *pipeline.Local {
	var l *pipeline.Local
	switch f.mode {
	case modes.Serial:
		l = pipeline.Serial()
	case modes.Threads:
		l = pipeline.Threads(workers)
	case modes.GIL:
		l = pipeline.GIL(workers)
	default: // and gil-released: who releases the lock around all that it computes never waits for it
		l = pipeline.Goroutines(workers)
	}
	if f.measured {
		l.Measured()
	}
	return l
}

// poolOptions returns those of the pool of a mode that has one.
func (f *execFlags) poolOptions(workers int) procs.Options {
	o := f.worker.options(workers)
	o.Measured = f.measured
	// All workers will be needed, unless there are very few images.
	o.Prestart = f.mode == modes.Processes || f.mode == modes.Pipes
	o.Shared = f.budget() / 4 // the share of files in the budget
	// A worker that a test slows down must not begin its next image meanwhile.
	o.Ahead = (f.mode == modes.Processes || f.mode == modes.Auto) && !drill.Slowed()
	o.Pipes = f.mode == modes.Pipes
	if f.mode == modes.Spawn {
		o.Recycle, o.OnDemand = 1, true
	}
	return o
}

// Ahead returns that of the pool.
func (e *executor) Ahead() pipeline.Ahead {
	if e.pool == nil {
		return pipeline.Ahead{}
	}
	return e.pool.Ahead()
}

// pids returns the ids of the worker processes that are alive.
func (e *executor) pids() []int {
	if e.pool == nil {
		return nil
	}
	return e.pool.Pids()
}

// isolationOf returns the part of the header line that says what the workers of a pool give up. The worker that it asks
// is started for the run: an error means that none can be.
func isolationOf(ctx context.Context, pool interface {
	Isolation(context.Context) (string, error)
}) (string, error) {
	said, err := pool.Isolation(ctx)
	if err != nil {
		return "", err
	}
	return "; isolation: " + said, nil
}

// trial makes the executor of mode auto.
func trial(goroutines *pipeline.Local, pool *procs.Pool, chosen func(pipeline.Choice)) pipeline.Executor {
	spent := func() (time.Duration, bool) {
		workers, known := pool.Spent()
		return workers + usage.Spent().Total(), known
	}
	return pipeline.NewTrial(pipeline.Side{Executor: goroutines},
		pipeline.Side{Executor: pool, Tune: pool.Tune}, spent, chosen)
}
