package main

import (
	"errors"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
)

// An executor is what --mode names, with what the command wants to know of it.
type executor struct {
	pipeline.Executor
	// pids gives the worker processes that are alive; nil where the mode has none.
	pids func() []int
	pool *procs.Pool // nil but in modes processes and auto
}

// executor makes what --mode names. chosen hears what --mode auto found.
func (f *runFlags) executor(chosen func(pipeline.Choice)) (*executor, error) {
	var e executor
	switch {
	case f.stage == bench.StageFetch:
		e.Executor = nullExecutor(f.workers)
	case f.mode == modes.Serial:
		e.Executor = pipeline.Serial()
	case f.mode == modes.GIL:
		e.Executor = pipeline.GIL(f.workers)
	case f.mode == modes.Processes, f.mode == modes.Auto:
		options := f.worker.options(f.workers)
		options.Prestart = f.mode == modes.Processes // all are needed but for the few images that are seldom worth a run
		options.Shared = f.budget() / 4              // of the budget that is the share of files
		// A trial is of one image at a time; and what slows a worker down must not go on beside its next image.
		options.Ahead = f.mode == modes.Processes && !drill.Slowed()
		pool, err := procs.New(options)
		if err != nil {
			return nil, err
		}
		e = executor{pool, pool.Pids, pool}
		if f.mode == modes.Auto {
			e.Executor = pipeline.NewTrial(pipeline.Goroutines(f.workers), pool, chosen)
		}
	default:
		e.Executor = pipeline.Goroutines(f.workers)
	}
	hooked, err := drill.Hook(e.Executor, e.pool)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	e.Executor = hooked
	return &e, nil
}

// Ahead is that of the pool.
func (e *executor) Ahead() pipeline.Ahead {
	if e.pool == nil {
		return pipeline.Ahead{}
	}
	return e.pool.Ahead()
}
