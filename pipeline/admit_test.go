package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// counted is an executor that keeps to a width, and remembers what its tasks were granted.
type counted struct {
	*pipeline.Local
	mu     sync.Mutex
	grants []int64
}

func (c *counted) Do(ctx context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	c.mu.Lock()
	c.grants = append(c.grants, task.Grant)
	c.mu.Unlock()
	return c.Local.Do(ctx, task)
}

// admitted runs one sample image within a budget, and returns how it ended and what it was granted each time.
func admitted(t *testing.T, data []byte, memory int64) (pipeline.Outcome, []int64) {
	t.Helper()
	c := &counted{Local: pipeline.Goroutines(4)}
	defer c.Close()
	var out pipeline.Outcome
	_, err := pipeline.Run(t.Context(), slices.Values([]fetch.Item{{Source: "a.jpg"}}), pipeline.Options{
		Fetcher: bodyFetcher(data), Executor: c, Store: plainStore{}, Memory: memory,
	}, func(o pipeline.Outcome) { out = o })
	if err != nil {
		t.Fatal(err)
	}
	return out, c.grants
}

type bodyFetcher []byte

func (b bodyFetcher) Fetch(ctx context.Context, _ fetch.Item, room fetch.Room) (fetch.Body, error) {
	return fetch.Body{Data: b, Attempts: 1}, room.Take(ctx, int64(len(b)))
}

type plainStore struct{}

func (plainStore) Plan(fetch.Item) (pipeline.Place, error) { return plainPlace{}, nil }

func TestAnImageThatNeedsMoreThanTheBudgetIsRefused(t *testing.T) {
	photo := largePhoto()
	header, err := transform.ReadHeader(photo)
	if err != nil {
		t.Fatal(err)
	}
	need := transform.Spec{}.Need(header)
	plenty := 1
	if need > 64<<20 { // than any image gets at first
		plenty = 2
	}
	for _, tt := range []struct {
		name   string
		memory int64
		trips  int
		done   bool
	}{
		{"plenty", 16 * need, plenty, true},
		{"enough for it, not for four at once", 2 * need, 2, true},
		{"just enough", need + need/3 + 3, 2, true},
		{"a little too few", need + need/3 - 4, 1, false},
		{"hardly any", 1 << 10, 1, false},
		{"far less", 20 << 20, 1, false},
	} {
		o, grants := admitted(t, photo, tt.memory)
		if done := o.Status == pipeline.Done; done != tt.done || len(grants) != tt.trips || o.Cost.Attempts != 1 {
			t.Errorf("%s: %s after grants of %v and %d attempts: %v", tt.name, o.Status, grants, o.Cost.Attempts, o.Err)
		}
		if o.Source.Width != header.Width || o.Source.Format != header.Format {
			t.Errorf("%s: its source is %+v, want what its header says", tt.name, o.Source)
		}
		if tt.done {
			continue
		}
		more, ok := errors.AsType[*transform.NeedError](o.Err)
		if o.Class != transform.ClassTooLarge || !ok || more.Need != need ||
			!strings.Contains(o.Err.Error(), "expected at most") {
			t.Errorf("%s: class %s: %v, want too-large and what it needs", tt.name, o.Class, o.Err)
		}
	}
}

// TestASmallImageIsDoneWithinAnyBudget holds that a budget which is far too small makes a run slow, and nothing else.
func TestASmallImageIsDoneWithinAnyBudget(t *testing.T) {
	var small bytes.Buffer
	if err := jpeg.Encode(&small, image.NewGray(image.Rect(0, 0, 300, 200)), nil); err != nil {
		t.Fatal(err)
	}
	for _, memory := range []int64{1, 1 << 10, 1 << 20, 1 << 30} {
		if o, grants := admitted(t, small.Bytes(), memory); o.Status != pipeline.Done ||
			memory >= 1<<30 && len(grants) != 1 {
			t.Errorf("%d bytes: %s after grants of %v: %v", memory, o.Status, grants, o.Err)
		}
	}
}

// largePhoto is a JPEG that needs more than any image is given at first, and is quickly made and decoded.
var largePhoto = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	picture := image.NewYCbCr(image.Rect(0, 0, 6000, 4000), image.YCbCrSubsampleRatio420)
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
})

// TestWhatIsGivenUpKeepsItsMemory abandons one task, and looks at when another gets what it held.
func TestWhatIsGivenUpKeepsItsMemory(t *testing.T) {
	photo := largePhoto()
	header, _ := transform.ReadHeader(photo)
	need := transform.Spec{}.Need(header)
	synctest.Test(t, func(t *testing.T) {
		var worked, ended atomic.Int64
		executor := pipeline.Goroutines(2).Through(func(next executor.Func) executor.Func {
			return func(ctx context.Context, task transform.Task) (transform.Result, error) {
				result, err := next(ctx, task)
				if err != nil {
					return result, err // of the header
				}
				if worked.Add(1) == 1 {
					time.Sleep(300 * time.Millisecond) // it hears of no context
					ended.Add(1)
				} else if ended.Load() == 0 {
					t.Error("another image was worked on while the one that was given up still held the memory")
				}
				return result, nil
			}
		})
		items := []fetch.Item{{Index: 0, Source: "a.jpg"}, {Index: 1, Source: "b.jpg"}}
		totals, err := pipeline.Run(t.Context(), slices.Values(items), pipeline.Options{
			Fetcher: bodyFetcher(photo), Executor: executor, Store: plainStore{},
			Memory: need + need/2, ItemTimeout: 50 * time.Millisecond,
		}, func(pipeline.Outcome) {})
		if err != nil || totals.Failed != 1 || totals.Done != 1 {
			t.Errorf("%+v, %v; want one that was given up and one done", totals, err)
		}
		executor.Close()
	})
}

// TestWhatNeverEndsHoldsUpNoOther has a task that was given up go on for hours with all the memory that there is.
func TestWhatNeverEndsHoldsUpNoOther(t *testing.T) {
	photo := largePhoto()
	header, _ := transform.ReadHeader(photo)
	need := transform.Spec{}.Need(header)
	synctest.Test(t, func(t *testing.T) {
		var worked atomic.Int64
		executor := pipeline.Goroutines(2).Through(func(next executor.Func) executor.Func {
			return func(ctx context.Context, task transform.Task) (transform.Result, error) {
				result, err := next(ctx, task)
				if err == nil && worked.Add(1) == 1 {
					time.Sleep(time.Hour)
				}
				return result, err
			}
		})
		items := []fetch.Item{{Index: 0, Source: "a.jpg"}, {Index: 1, Source: "b.jpg"}}
		began := time.Now()
		totals, err := pipeline.Run(t.Context(), slices.Values(items), pipeline.Options{
			Fetcher: bodyFetcher(photo), Executor: executor, Store: plainStore{},
			Memory: need + need/2, ItemTimeout: 5 * time.Second,
		}, func(pipeline.Outcome) {})
		if took := time.Since(began); err != nil || totals.Failed != 1 || totals.Done != 1 || took > 20*time.Second {
			t.Errorf("%+v, %v after %v; want one that was given up and one done, soon after", totals, err, took)
		}
		executor.Close()
		time.Sleep(2 * time.Hour)
	})
}

// TestOutputsKeepTheirMemoryUntilTheyAreStored has one item's outputs leave too little for another, and looks at when
// that is worked on.
func TestOutputsKeepTheirMemoryUntilTheyAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stored, worked atomic.Int64
		executor := pipeline.Serial().Through(func(executor.Func) executor.Func {
			return func(context.Context, transform.Task) (transform.Result, error) {
				if worked.Add(1) > stored.Load()+1 {
					t.Error("an image was worked on beside outputs that take most of the budget")
				}
				return transform.Result{Outputs: []transform.Output{{Data: make([]byte, 40<<20)}}}, nil
			}
		})
		defer executor.Close()
		items := make([]fetch.Item, 5)
		totals, err := pipeline.Run(t.Context(), slices.Values(items), pipeline.Options{
			Fetcher: bodyFetcher("a"), Executor: executor, Store: countingStore{stored: &stored}, Memory: 64 << 20,
		}, func(pipeline.Outcome) {})
		if err != nil || totals.Done != len(items) {
			t.Errorf("%+v, %v; want all done", totals, err)
		}
	})
}

// A countingStore counts what it has stored.
type countingStore struct {
	plainPlace
	stored *atomic.Int64
}

func (s countingStore) Plan(fetch.Item) (pipeline.Place, error) { return s, nil }

func (s countingStore) Put(transform.Result) ([]pipeline.Output, error) {
	time.Sleep(time.Second)
	s.stored.Add(1)
	return []pipeline.Output{{}}, nil
}

// TestAnExecutorThatAlwaysWantsMoreEnds has one ask for a byte more each time.
func TestAnExecutorThatAlwaysWantsMoreEnds(t *testing.T) {
	executor := pipeline.Serial().Through(func(executor.Func) executor.Func {
		return func(_ context.Context, task transform.Task) (transform.Result, error) {
			return transform.Result{}, &transform.NeedError{Need: task.Grant + 1, Grant: task.Grant}
		}
	})
	defer executor.Close()
	totals, err := pipeline.Run(t.Context(), slices.Values([]fetch.Item{{Source: "a.jpg"}}), pipeline.Options{
		Fetcher: sampleFetcher{}, Executor: executor, Store: plainStore{},
	}, func(pipeline.Outcome) {})
	if err != nil || totals.Failed != 1 {
		t.Errorf("%+v, %v; want a failure", totals, err)
	}
}

// TestNothingMadeIsAFailure has an executor say that all is well, and have nothing to show for it.
func TestNothingMadeIsAFailure(t *testing.T) {
	executor := pipeline.Serial().Through(func(executor.Func) executor.Func {
		return func(context.Context, transform.Task) (transform.Result, error) { return transform.Result{}, nil }
	})
	defer executor.Close()
	var out pipeline.Outcome
	totals, err := pipeline.Run(t.Context(), slices.Values([]fetch.Item{{Source: "a.jpg"}}), pipeline.Options{
		Fetcher: sampleFetcher{}, Executor: executor, Store: keepingStore{},
	}, func(o pipeline.Outcome) { out = o })
	if err != nil || totals.Failed != 1 || out.Err == nil ||
		!strings.Contains(out.Err.Error(), "expected at least one output") {
		t.Errorf("%+v, %v: %s, %v; want a failure that says so", totals, err, out.Status, out.Err)
	}
}

// A keepingStore keeps an output for each that there is.
type keepingStore struct{ plainPlace }

func (s keepingStore) Plan(fetch.Item) (pipeline.Place, error) { return s, nil }

func (keepingStore) Put(r transform.Result) ([]pipeline.Output, error) {
	return make([]pipeline.Output, len(r.Outputs)), nil
}
