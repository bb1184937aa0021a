package procs

import (
	"context"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// Everything in this file runs in the parent: the way of a call through the states of queue.go, up to first.

// turn waits until task is the first of a slot. If it was in line before, its worker has been given it, and sent says
// how; else sent is nil. cost.Queued is how long that took.
func (p *Pool) turn(ctx context.Context, task transform.Task, cost *pipeline.Cost) (c *call, sent *posting, err error) {
	arrived := time.Now()
	defer func() {
		cost.Queued = time.Since(arrived)
		if sent != nil {
			cost.Queued = sent.start.Sub(arrived)
		}
	}()
	for again := false; ; again = true {
		c := newCall(p.opts.Ahead && p.shared != nil, len(task.Data) > maxSmall, again)
		now, err := p.wait(ctx, c)
		if err != nil {
			return nil, nil, err
		}
		cost.Worker = c.slot.lane
		if now == first {
			return c, nil, nil
		}
		c.written = true
		sent, err := c.worker.post(task, true)
		if err != nil || sent.wrote == nil && !sent.lost {
			p.written(c, c.worker) // nothing is being written any more
		}
		isFirst := p.stand(ctx, c)
		switch {
		case err != nil:
			if isFirst {
				p.pass(c)
				cost.Attempts = 1
				return nil, nil, err
			}
			// No worker will take it, but the call waits again, so that errors come in the order of the line.
		case !isFirst:
			sent.release(p.shared)
		case sent.lost: // the worker has ended since it was given the task before it, or has to
			sent.release(p.shared)
			c.worker.stale.Store(true)
			return c, nil, nil
		default:
			cost.Attempts = 1
			if sent.start = c.worker.heard; sent.start.Before(sent.posted) {
				sent.start = time.Now()
			}
			return c, sent, nil
		}
	}
}

// wait has c wait until it is first or in line, and returns which.
func (p *Pool) wait(ctx context.Context, c *call) (state, error) {
	over := func() error {
		select {
		case <-p.closing:
			return pipeline.ErrClosed
		case <-p.broken:
			return p.startErr
		case <-ctx.Done():
			return executor.ContextError(ctx)
		default:
			return nil
		}
	}
	if err := over(); err != nil {
		return gone, err
	}
	p.mu.Lock()
	p.queue.wait(c)
	p.mu.Unlock()
	now := waiting
	select {
	case now = <-c.moved:
	case <-p.closing:
	case <-p.broken:
	case <-ctx.Done():
	}
	if err := over(); err != nil {
		if p.withdraw(c) {
			p.pass(c)
		}
		return gone, err
	}
	return now, nil
}

// stand waits until c, which is in line, is first, and reports that. It returns false if c is gone: if it was
// scattered, its context or the pool has ended, or it has been in line for too long.
func (p *Pool) stand(ctx context.Context, c *call) (isFirst bool) {
	look := time.NewTicker(patience)
	defer look.Stop()
	for looks := 1; ; looks++ {
		select {
		case now := <-c.moved:
			return now == first
		case <-ctx.Done():
			return p.withdraw(c)
		case <-p.life.Done():
			return p.withdraw(c)
		case <-look.C:
			p.mu.Lock()
			idle, tooLong := len(p.free) > 0, 10*max(patience, p.pace)
			p.mu.Unlock()
			if idle || time.Duration(looks)*patience > tooLong {
				return p.withdraw(c)
			}
		}
	}
}

// written, pass, scatter and withdraw are those of queue and slot, for calls that do not hold the lock.

// written does nothing if w is to be replaced after what it has been given.
func (p *Pool) written(c *call, w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opts.Recycle == 0 || w.posted < uint64(p.opts.Recycle) {
		p.queue.written(c, w)
	}
}

func (p *Pool) pass(c *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue.pass(c)
}

func (p *Pool) scatter(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.scatter()
}

func (p *Pool) withdraw(c *call) (isFirst bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.queue.withdraw(c)
}
