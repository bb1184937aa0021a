package pipeline_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/samples"
	"imgpipe/transform"
)

// A guardedStore guards items with odd numbers, whose transform it refuses.
type guardedStore struct{ asked chan int }

type plainPlace struct{}

func (plainPlace) Skip() (string, bool)                            { return "", false }
func (plainPlace) Put(transform.Result) ([]pipeline.Output, error) { return []pipeline.Output{{}}, nil }

type guardedPlace struct {
	plainPlace
	asked chan int
	index int
}

// Begin has items whose number is divisible by 3 done apart, where their headers, which are none, are not read.
func (p guardedPlace) Begin() (bool, error) {
	p.asked <- p.index
	return p.index%3 == 0, nil
}

func (p guardedPlace) End(bool) { p.asked <- p.index }

var errGuarded = errors.New("not here")

func (p guardedPlace) Do(ctx context.Context, e pipeline.Executor, task transform.Task) (transform.Result, pipeline.Cost, error) {
	if _, _, err := e.Do(ctx, task); err != nil {
		return transform.Result{}, pipeline.Cost{}, err
	}
	p.asked <- p.index
	return transform.Result{}, pipeline.Cost{}, errGuarded
}

func (s guardedStore) Plan(item fetch.Item) (pipeline.Place, error) {
	if item.Index%2 == 0 {
		return plainPlace{}, nil
	}
	return guardedPlace{asked: s.asked, index: item.Index}, nil
}

type sampleFetcher struct{}

func (sampleFetcher) Fetch(ctx context.Context, item fetch.Item, reserve func(context.Context, int64) error) (fetch.Body, error) {
	data := samples.Embedded()[0].Data
	if item.Index == 3 {
		data = []byte("what must not be read here")
	}
	return fetch.Body{Data: data, Attempts: 1}, reserve(ctx, int64(len(data)))
}

// TestGuardTransformsItsItemAndNoOther has a guard stand before every second item, in both ways to run.
func TestGuardTransformsItsItemAndNoOther(t *testing.T) {
	for _, sequential := range []bool{false, true} {
		var wrapped int
		executor := pipeline.Serial().Through(func(next pipeline.TransformFunc) pipeline.TransformFunc {
			return func(ctx context.Context, task transform.Task) (transform.Result, error) {
				wrapped++ // one at a time, in a serial executor
				return transform.Result{}, nil
			}
		})
		items := make([]fetch.Item, 6)
		for i := range items {
			items[i] = fetch.Item{Index: i, Source: "a.jpg"}
		}
		store := guardedStore{make(chan int, 3*len(items))}
		failed := 0
		totals, err := pipeline.Run(t.Context(), slices.Values(items), pipeline.Options{
			Fetcher: sampleFetcher{}, Executor: executor, Store: store, Sequential: sequential,
		}, func(o pipeline.Outcome) {
			if (o.Status == pipeline.Failed) != (o.Item.Index%2 == 1) || o.Err != nil && !errors.Is(o.Err, errGuarded) {
				t.Errorf("item %d ended as %s: %v", o.Item.Index, o.Status, o.Err)
			}
			if o.Status == pipeline.Failed {
				failed++
			}
		})
		if err != nil || totals.Items != 6 || failed != 3 {
			t.Errorf("%+v, %v; want 6 items, of which 3 failed", totals, err)
		}
		executor.Close()
		close(store.asked)
		asked := map[int]int{}
		for i := range store.asked {
			asked[i]++
		}
		if want := map[int]int{1: 3, 3: 3, 5: 3}; !maps.Equal(asked, want) { // Begin, Do and End of each
			t.Errorf("the guards were asked %v, want %v", asked, want)
		}
		if wrapped != 6 {
			t.Errorf("%d transforms went through the wrapper, want 6", wrapped)
		}
	}
}
