package main

import (
	"context"

	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

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
		return p.in.alone.Do(ctx, task)
	}
	return e.Do(ctx, task)
}
