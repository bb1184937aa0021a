package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
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

func (sampleFetcher) Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error) {
	data := samples.Embedded()[0].Data
	if item.Index == 3 {
		data = []byte("what must not be read here")
	}
	return fetch.Body{Data: data, Attempts: 1}, room.Take(ctx, int64(len(data)))
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

// watched is a store whose places tell when they begin and end, a fetcher that counts what comes back, and an
// executor that does as the number of the item says.
type watched struct {
	mu       sync.Mutex
	told     map[int][]string
	released map[int]int
}

func (w *watched) tell(i int, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[i] = append(w.told[i], what)
}

const (
	goesWell = iota
	fails
	isAbandoned
	hasNoHeader
	cannotBegin
	ways
)

func (w *watched) Plan(item fetch.Item) (pipeline.Place, error) {
	return watchedPlace{in: w, index: item.Index}, nil
}

type watchedPlace struct {
	plainPlace
	in    *watched
	index int
}

var errBegin = errors.New("cannot begin")

func (p watchedPlace) Begin() (bool, error) {
	p.in.tell(p.index, "begin")
	if p.index == cannotBegin {
		return false, errBegin
	}
	return false, nil
}

func (p watchedPlace) End(abandoned bool) { p.in.tell(p.index, fmt.Sprint("end ", abandoned)) }

func (p watchedPlace) Do(ctx context.Context, e pipeline.Executor, task transform.Task) (transform.Result, pipeline.Cost, error) {
	p.in.tell(p.index, "do")
	switch p.index {
	case fails:
		return transform.Result{}, pipeline.Cost{}, errGuarded
	case isAbandoned:
		return transform.Result{}, pipeline.Cost{Abandoned: true}, errGuarded
	}
	return e.Do(ctx, task)
}

func (w *watched) Fetch(_ context.Context, item fetch.Item, _ fetch.Room) (fetch.Body, error) {
	data := samples.Embedded()[0].Data
	if item.Index == hasNoHeader {
		data = []byte("no image")
	}
	return fetch.Body{Data: data, Attempts: 1, Release: func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.released[item.Index]++
	}}, nil
}

// TestFilesAreGivenBackWhenNobodyReadsThem has a file come back however its item ends, but for one that may still be
// read.
func TestFilesAreGivenBackWhenNobodyReadsThem(t *testing.T) {
	for _, sequential := range []bool{false, true} {
		w := &watched{told: map[int][]string{}, released: map[int]int{}}
		executor := pipeline.Serial()
		items := make([]fetch.Item, ways)
		for i := range items {
			items[i] = fetch.Item{Index: i, Source: "a.jpg"}
		}
		totals, err := pipeline.Run(t.Context(), slices.Values(items), pipeline.Options{Fetcher: w, Executor: executor, Store: w, Sequential: sequential},
			func(pipeline.Outcome) {})
		executor.Close()
		if err != nil || totals.Done != 1 || totals.Failed != ways-1 {
			t.Errorf("%+v, %v", totals, err)
		}
		for i, want := range [ways]string{
			goesWell: "begin, do, end false", fails: "begin, do, end false", isAbandoned: "begin, do, end true",
			hasNoHeader: "begin, do, end false", cannotBegin: "begin",
		} {
			if got := strings.Join(w.told[i], ", "); got != want {
				t.Errorf("item %d: %s, want %s", i, got, want)
			}
			back := 1
			if i == isAbandoned {
				back = 0
			}
			if w.released[i] != back {
				t.Errorf("the file of item %d came back %d times, want %d", i, w.released[i], back)
			}
		}
	}
}
