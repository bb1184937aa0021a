package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// A world is a Fetcher, an Executor and a Store that do next to nothing and remember what they were asked.
type world struct {
	latency, work time.Duration
	width         int
	fetch         func(fetch.Item) error
	do            func(context.Context, transform.Task) error
	put           func(fetch.Item) error
	mayBeCut      bool
	plan          func(fetch.Item) (string, error)

	fetching, working, busy, peakFetching, peakWorking, peakBusy atomic.Int64
	planned                                                      []int
}

// up counts one more in now, and gives what to call when it is over.
func up(now, peak *atomic.Int64) (down func()) {
	n := now.Add(1)
	for p := peak.Load(); n > p && !peak.CompareAndSwap(p, n); p = peak.Load() {
	}
	return func() { now.Add(-1) }
}

var tiny = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		panic(err)
	}
	return b.Bytes()
})

func (w *world) Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error) {
	if err := room.Take(ctx, item.Size); err != nil {
		return fetch.Body{}, err
	}
	defer up(&w.fetching, &w.peakFetching)()
	defer up(&w.busy, &w.peakBusy)()
	if err := sleep(ctx, w.latency); err != nil {
		return fetch.Body{}, err
	}
	if w.fetch != nil {
		if err := w.fetch(item); err != nil {
			return fetch.Body{}, err
		}
	}
	return fetch.Body{Data: tiny(), Attempts: 1, MayBeCut: w.mayBeCut}, nil
}

func (w *world) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	defer up(&w.working, &w.peakWorking)()
	defer up(&w.busy, &w.peakBusy)()
	ctx, cancel := executor.Bounded(ctx, task.Limits.Time)
	defer cancel()
	if err := sleep(ctx, w.work); err != nil {
		err = &transform.Error{Kind: transform.ClassTimeout, Doing: "transform", Err: err}
		return transform.Result{}, pipeline.Cost{}, err
	}
	if w.do != nil {
		if err := w.do(ctx, task); err != nil {
			return transform.Result{}, pipeline.Cost{}, err
		}
	}
	return transform.Result{Decode: w.work}, pipeline.Cost{Attempts: 1}, nil
}

func (w *world) Width() int   { return max(w.width, 1) }
func (w *world) Close() error { return nil }

func (w *world) Plan(item fetch.Item) (pipeline.Place, error) {
	w.planned = append(w.planned, item.Index)
	p := place{w: w, item: item}
	if w.plan != nil {
		why, err := w.plan(item)
		if err != nil {
			return nil, err
		}
		p.why = why
	}
	return p, nil
}

type place struct {
	w    *world
	item fetch.Item
	why  string
}

func (p place) Skip() pipeline.Skip { return pipeline.Skip{Why: p.why} }

func (p place) Put(transform.Result) ([]pipeline.Output, error) {
	defer up(&p.w.busy, &p.w.peakBusy)()
	if p.w.put != nil {
		if err := p.w.put(p.item); err != nil {
			return nil, err
		}
	}
	return []pipeline.Output{{Path: p.item.Source}}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func items(n int) iter.Seq[fetch.Item] {
	return func(yield func(fetch.Item) bool) {
		for i := range n {
			if !yield(fetch.Item{Index: i, Source: fmt.Sprintf("http://host/%04d.png", i), Scheme: "http", Size: 10}) {
				return
			}
		}
	}
}

// run runs w over n items and gives their outcomes in the order of their ends.
func run(
	t *testing.T, ctx context.Context, w *world, n int, o pipeline.Options,
) ([]pipeline.Outcome, pipeline.Totals, error) {
	t.Helper()
	o.Fetcher, o.Executor, o.Store = w, w, w
	var got []pipeline.Outcome
	totals, err := pipeline.Run(ctx, items(n), o, func(out pipeline.Outcome) { got = append(got, out) })
	if totals.Items != len(got) {
		t.Errorf("totals count %d items, the sink saw %d", totals.Items, len(got))
	}
	if sum := totals.Done + totals.Skipped + totals.Failed + totals.Interrupted; sum != totals.Items {
		t.Errorf("the states add up to %d of %d items", sum, totals.Items)
	}
	seen := map[int]bool{}
	for _, out := range got {
		if seen[out.Item.Index] {
			t.Errorf("item %d ended twice", out.Item.Index)
		}
		seen[out.Item.Index] = true
	}
	return got, totals, err
}

type classed struct {
	class string
	fatal bool
}

func (c classed) Error() string { return "it is " + c.class }
func (c classed) Class() string { return c.class }
func (c classed) Fatal() bool   { return c.fatal }
