package pipeline_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// A queuer is a world whose executor has use for one more task than it works on, and for two more small ones.
type queuer struct {
	*world
	small  int
	queued time.Duration // of each task
}

func (q queuer) Ahead() pipeline.Ahead { return pipeline.Ahead{Tasks: 1, Small: 2, Bytes: q.small} }

func (q queuer) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	if err := sleep(ctx, q.queued); err != nil {
		return transform.Result{}, pipeline.Cost{}, err
	}
	result, cost, err := q.world.Do(ctx, task)
	cost.Queued = q.queued
	return result, cost, err
}

func TestFilesWaitAtTheExecutor(t *testing.T) {
	for name, c := range map[string]struct {
		small int
		want  int64
	}{"small": {len(tiny()), 5}, "large": {len(tiny()) - 1, 3}} {
		synctest.Test(t, func(t *testing.T) {
			q := queuer{world: &world{width: 2, work: time.Second}, small: c.small}
			o := pipeline.Options{Fetcher: q, Executor: q, Store: q, Downloads: 8}
			totals, err := pipeline.Run(t.Context(), items(40), o, func(pipeline.Outcome) {})
			if err != nil || totals.Done != 40 {
				t.Errorf("%s: %+v, %v", name, totals, err)
			}
			if got := q.peakWorking.Load(); got != c.want {
				t.Errorf("%s: %d calls at once, want %d", name, got, c.want)
			}
		})
	}
}

func TestTheWaitInTheExecutorCountsAsQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ms = time.Millisecond
		q := queuer{&world{work: 7 * ms}, 1000, 3 * ms}
		var got pipeline.Outcome
		o := pipeline.Options{Fetcher: q, Executor: q, Store: q}
		totals, err := pipeline.Run(t.Context(), items(1), o, func(o pipeline.Outcome) { got = o })
		if err != nil {
			t.Fatal(err)
		}
		want := []pipeline.Span{
			{Stage: pipeline.StageQueue, Start: 0, End: 3 * ms},
			{Stage: pipeline.StageDecode, Start: 3 * ms, End: 10 * ms},
		}
		spans := slices.DeleteFunc(slices.Clone(got.Spans), func(s pipeline.Span) bool { return s.Start == s.End })
		if !slices.Equal(spans, want) {
			t.Errorf("spans %v\nwant %v", spans, want)
		}
		if totals.Pace.Service != 7*ms {
			t.Errorf("a worker is said to take %v for an item, want 7ms", totals.Pace.Service)
		}
	})
}
