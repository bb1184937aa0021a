package procs

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// An Apart is a [pipeline.Executor] for suspects: images that were under way when an earlier run died. Each has a
// worker process to itself, in whatever mode all others are done. Such images are few, so no process is started before
// the first. Make one with [NewApart]; it must be closed.
type Apart struct {
	opts Options

	mu     sync.Mutex
	pool   *Pool // nil until it is needed
	closed bool
}

// NewApart returns an Apart whose pool has these options. Errors in the options are those of the first call that needs
// the pool.
func NewApart(opts Options) *Apart { return &Apart{opts: opts} }

// workers returns the pool, which it makes when it is first asked for.
func (a *Apart) workers() (*Pool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, pipeline.ErrClosed
	}
	if a.pool != nil {
		return a.pool, nil
	}
	var err error
	a.pool, err = New(a.opts)
	return a.pool, err
}

// Do runs one task as [Pool.Do] does. If the image ended its workers, in whatever way that [pipeline.Class] calls
// deadly, the error has class "poison": the image did so more than once, so it is not to be tried again.
func (a *Apart) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	pool, err := a.workers()
	if err != nil {
		return transform.Result{}, pipeline.Cost{Attempts: 1}, err
	}
	result, cost, err := pool.Do(ctx, task)
	if pipeline.ClassNamed(pipeline.ClassOf(err)).Deadly {
		if known, ok := errors.AsType[*transform.Error](err); ok {
			err = known.Err // what was being done is said anew
		}
		err = &transform.Error{Kind: pipeline.ClassPoison, Doing: "transform in a worker of its own", Err: err}
	}
	return result, cost, err
}

// Isolation returns what [Pool.Isolation] does. The worker that it asks is started for the suspects: an error means
// that none of them can be done.
func (a *Apart) Isolation(ctx context.Context) (string, error) {
	pool, err := a.workers()
	if err != nil {
		return "", err
	}
	return pool.Isolation(ctx)
}

// Pids returns the process ids of the workers that live, in ascending order.
func (a *Apart) Pids() []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pool == nil {
		return nil
	}
	return a.pool.Pids()
}

// Width is how many suspects are worked on at once.
func (a *Apart) Width() int {
	if a.opts.Workers < 1 {
		return runtime.GOMAXPROCS(0)
	}
	return a.opts.Workers
}

// Close ends the workers, as [Pool.Close] does. Calling it again does nothing more. Its error is always nil.
func (a *Apart) Close() error {
	a.mu.Lock()
	a.closed = true
	pool := a.pool
	a.mu.Unlock()
	if pool == nil {
		return nil
	}
	return pool.Close()
}

var _ pipeline.Executor = (*Apart)(nil)
