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
	"imgpipe/pipeline/executor"
	"imgpipe/samples"
	"imgpipe/transform"
)

// A guardedStore guards items with odd numbers.
type guardedStore struct{ asked chan int }

type plainPlace struct{}

func (plainPlace) Skip() pipeline.Skip                             { return pipeline.Skip{} }
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

// countedBy returns an executor whose transforms do nothing but count.
func countedBy(count *int) *pipeline.Local {
	return pipeline.Serial().Through(func(executor.Func) executor.Func {
		return func(context.Context, transform.Task) (transform.Result, error) {
			*count++ // one at a time, in a serial executor
			return transform.Result{}, nil
		}
	})
}

// TestAnItemThatItsGuardWantsApartIsDoneByTheOtherExecutor has a guard stand before every second item, in both ways to
// run.
func TestAnItemThatItsGuardWantsApartIsDoneByTheOtherExecutor(t *testing.T) {
	for _, sequential := range []bool{false, true} {
		for _, apart := range []bool{false, true} {
			var here, there int
			executor, other := countedBy(&here), countedBy(&there)
			items := make([]fetch.Item, 6)
			for i := range items {
				items[i] = fetch.Item{Index: i, Source: "a.jpg"}
			}
			store := guardedStore{make(chan int, 2*len(items))}
			o := pipeline.Options{Fetcher: sampleFetcher{}, Executor: executor, Store: store, Sequential: sequential}
			wantHere, wantThere := len(items), 0
			if apart {
				o.Apart = other
				wantHere, wantThere = len(items)-1, 1 // item 3
			}
			totals, err := pipeline.Run(t.Context(), slices.Values(items), o, nil)
			if err != nil || totals.Items != 6 || totals.Done != 6 {
				t.Errorf("%+v, %v; want 6 items done", totals, err)
			}
			executor.Close()
			other.Close()
			close(store.asked)
			asked := map[int]int{}
			for i := range store.asked {
				asked[i]++
			}
			if want := map[int]int{1: 2, 3: 2, 5: 2}; !maps.Equal(asked, want) { // Begin and End of each
				t.Errorf("the guards were asked %v, want %v", asked, want)
			}
			if here != wantHere || there != wantThere {
				t.Errorf("%d were done here and %d apart, want %d and %d", here, there, wantHere, wantThere)
			}
		}
	}
}

// watched is a store whose places say when they begin and end, a fetcher that counts what comes back, and an executor
// that does as the number of the item says.
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

var (
	errBegin  = errors.New("cannot begin")
	errBroken = errors.New("broken")
)

func (p watchedPlace) Begin() (bool, error) {
	p.in.tell(p.index, "begin")
	if p.index == cannotBegin {
		return false, errBegin
	}
	return false, nil
}

func (p watchedPlace) End(abandoned bool) { p.in.tell(p.index, fmt.Sprint("end ", abandoned)) }

// Do does as the number of the item says, which is the last byte of its file.
func (w *watched) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	i := int(task.Data[len(task.Data)-1])
	w.tell(i, "do")
	switch i {
	case fails:
		return transform.Result{}, pipeline.Cost{}, errBroken
	case isAbandoned:
		return transform.Result{}, pipeline.Cost{Abandoned: true}, errBroken
	}
	result, err := transform.Do(ctx, task)
	return result, pipeline.Cost{Attempts: 1}, err
}

func (w *watched) Width() int   { return 1 }
func (w *watched) Close() error { return nil }

func (w *watched) Fetch(_ context.Context, item fetch.Item, _ fetch.Room) (fetch.Body, error) {
	data := samples.Embedded()[0].Data
	if item.Index == hasNoHeader {
		data = []byte("no image")
	}
	data = append(slices.Clone(data), byte(item.Index))
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
		items := make([]fetch.Item, ways)
		for i := range items {
			items[i] = fetch.Item{Index: i, Source: "a.jpg"}
		}
		o := pipeline.Options{Fetcher: w, Executor: w, Store: w, Sequential: sequential}
		totals, err := pipeline.Run(t.Context(), slices.Values(items), o, nil)
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
