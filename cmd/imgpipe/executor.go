package main

import (
	"context"
	"errors"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
)

// An executor is what --mode names, with its pool of worker processes.
type executor struct {
	pipeline.Executor
	pool *procs.Pool // nil but in modes processes and auto
}

// executor makes what --mode names, for so many images at once. chosen is called with what --mode auto finds.
func (f *execFlags) executor(workers int, chosen func(pipeline.Choice)) (*executor, error) {
	var e executor
	switch {
	case f.stage == bench.StageFetch:
		e.Executor = nullExecutor(workers)
	case f.mode == modes.Serial:
		e.Executor = pipeline.Serial()
	case f.mode == modes.GIL:
		e.Executor = pipeline.GIL(workers)
	case f.pooled():
		pool, err := procs.New(f.poolOptions(workers))
		if err != nil {
			return nil, err
		}
		e = executor{pool, pool}
		if f.mode == modes.Auto {
			e.Executor = pipeline.NewTrial(pipeline.Goroutines(workers), pool, chosen)
		}
	default:
		e.Executor = pipeline.Goroutines(workers)
	}
	hooked, err := drill.Hook(e.Executor, e.pool)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.Executor = hooked
	return &e, nil
}

// poolOptions returns those of the pool of modes processes and auto.
func (f *execFlags) poolOptions(workers int) procs.Options {
	o := f.worker.options(workers)
	o.Prestart = f.mode == modes.Processes // all will be needed, unless there are very few images
	o.Shared = f.budget() / 4              // the share of files in the budget
	// A trial does one image at a time. A worker that a test slows down must not begin its next image meanwhile.
	o.Ahead = f.mode == modes.Processes && !drill.Slowed()
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
