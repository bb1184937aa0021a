package main

import (
	"context"
	"errors"
	"sync"

	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
	"imgpipe/transform"
)

// An alone runs suspects, each in a worker process that does nothing else meanwhile. It starts none before the first.
type alone struct {
	options procs.Options

	mu   sync.Mutex
	pool *procs.Pool
}

// workers gives the pool, which it makes when it is first asked for.
func (a *alone) workers() (*procs.Pool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pool != nil {
		return a.pool, nil
	}
	var err error
	a.pool, err = procs.New(a.options)
	return a.pool, err
}

// isolation is what is said of the workers: what they have given up. The one that it asks is started for the suspects; an error means that none can be.
func (a *alone) isolation(ctx context.Context) (string, error) {
	pool, err := a.workers()
	if err != nil {
		return "", err
	}
	return isolationOf(ctx, pool)
}

// pids are those of the workers that live.
func (a *alone) pids() []int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pool == nil {
		return nil
	}
	return a.pool.Pids()
}

// Width is how many suspects are done at once.
func (a *alone) Width() int { return max(a.options.Workers, 1) }

// Do does a suspect: an image whose worker dies is poison.
func (a *alone) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	pool, err := a.workers()
	if err != nil {
		return transform.Result{}, pipeline.Cost{Attempts: 1}, err
	}
	result, cost, err := pool.Do(ctx, task)
	if pipeline.ClassNamed(pipeline.ClassOf(err)).Deadly {
		err = &transform.Error{Kind: pipeline.ClassPoison, Doing: "transform in a worker of its own", Err: unwrapOnce(err)}
	}
	return result, cost, err
}

// unwrapOnce drops what an error says was being done, since the error that it becomes says that itself.
func unwrapOnce(err error) error {
	var known *transform.Error
	if errors.As(err, &known) {
		return known.Err
	}
	return err
}

// Close ends the workers. It may be called again.
func (a *alone) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pool != nil {
		return a.pool.Close()
	}
	return nil
}
