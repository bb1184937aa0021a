package main

import (
	"context"
	"errors"
	"sync"

	"imgpipe/pipeline"
	"imgpipe/pipeline/procs"
	"imgpipe/pipeline/store"
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

// suspect tells that an item was under way when an earlier run died, or has killed a worker since.
func (a *archive) suspect(k store.Key) bool {
	if a.store.Suspect(k) {
		return true
	}
	last, known := a.store.Last(k)
	return known && pipeline.ClassNamed(last.Class).Deadly
}

// Begin has the next run know what was under way if this one dies of it.
func (p *place) Begin() (apart bool, err error) {
	if !p.suspect {
		p.flight, err = p.in.store.Begin(p.key)
	}
	return p.suspect, err
}

// End leaves under way what was given up and may still be at work.
func (p *place) End(abandoned bool) {
	if !p.suspect && !abandoned {
		p.in.store.End(p.flight)
	}
}

// Do has a suspect done apart.
func (p *place) Do(ctx context.Context, e pipeline.Executor, task transform.Task) (transform.Result, pipeline.Cost, error) {
	if p.suspect {
		return p.in.alone.do(ctx, task)
	}
	return e.Do(ctx, task)
}

func (a *alone) do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
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

// close ends the workers. No do may be under way. It may be called again.
func (a *alone) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pool != nil {
		a.pool.Close() // its error is always nil
	}
}
