package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	ctx, cancel := pipeline.Bounded(ctx, task.Limits.Time)
	defer cancel()
	if err := sleep(ctx, w.work); err != nil {
		return transform.Result{}, pipeline.Cost{}, &transform.Error{Kind: transform.ClassTimeout, Doing: "transform", Err: err}
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
func run(t *testing.T, ctx context.Context, w *world, n int, o pipeline.Options) ([]pipeline.Outcome, pipeline.Totals, error) {
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

func TestEveryItemEndsInExactlyOneState(t *testing.T) {
	for _, sequential := range []bool{true, false} {
		w := &world{
			width: 3,
			plan: func(i fetch.Item) (string, error) {
				switch i.Index % 6 {
				case 1:
					return "done before", nil
				case 2:
					return "", classed{class: "name-taken"}
				}
				return "", nil
			},
			fetch: func(i fetch.Item) error {
				if i.Index%6 == 3 {
					return fmt.Errorf("fetch: %w", classed{class: "http-404"})
				}
				return nil
			},
			put: func(i fetch.Item) error {
				if i.Index%6 == 4 {
					return errors.New("no class at all")
				}
				return nil
			},
		}
		got, totals, err := run(t, t.Context(), w, 60, pipeline.Options{Sequential: sequential})
		if err != nil {
			t.Fatal(err)
		}
		if want := (pipeline.Totals{Items: 60, Done: 20, Skipped: 10, Failed: 30, Pace: totals.Pace}); totals != want {
			t.Errorf("sequential %v: totals %+v, want %+v", sequential, totals, want)
		}
		classes := map[string]int{}
		for _, out := range got {
			classes[out.Class]++
		}
		for class, n := range map[string]int{"name-taken": 10, "http-404": 10, pipeline.ClassUnknown: 10, "": 30} {
			if classes[class] != n {
				t.Errorf("sequential %v: %d of class %q, want %d", sequential, classes[class], class, n)
			}
		}
	}
}

// TestADamagedImageThatMayBeCutIsFetchedAgain has an executor for which every image is damaged.
func TestADamagedImageThatMayBeCutIsFetchedAgain(t *testing.T) {
	for _, tt := range []struct {
		mayBeCut, refuse bool
		class            string
	}{
		{false, false, ""},
		{false, true, transform.ClassDecode},
		{true, false, fetch.ClassTruncated},
		{true, true, transform.ClassDecode},
	} {
		w := &world{mayBeCut: tt.mayBeCut, do: func(_ context.Context, task transform.Task) error {
			if !task.Limits.RefuseDamaged {
				return nil
			}
			return &transform.Error{
				Kind: transform.ClassDecode, Doing: "decode png", Err: errors.New("the last row is missing"), Refused: true,
			}
		}}
		got, _, err := run(t, t.Context(), w, 1, pipeline.Options{Limits: transform.Limits{RefuseDamaged: tt.refuse}})
		if err != nil || len(got) != 1 || got[0].Class != tt.class {
			t.Fatalf("%+v: %v, %+v", tt, err, got)
		}
		if tt.class == fetch.ClassTruncated && !strings.HasSuffix(got[0].Err.Error(), "decode png: the last row is missing") {
			t.Errorf("%v: does not say what is missing", got[0].Err)
		}
	}
}

func TestItemThatArrivesWithAnErrorFailsWithItsClass(t *testing.T) {
	w := &world{}
	bad := fetch.Item{Source: "gone.jpg", Err: &fetch.Error{Kind: fetch.ClassNotFound, Doing: "open", Err: errors.New("no such file")}}
	var got []pipeline.Outcome
	_, err := pipeline.Run(t.Context(), slices.Values([]fetch.Item{bad}), pipeline.Options{Fetcher: w, Executor: w, Store: w},
		func(o pipeline.Outcome) { got = append(got, o) })
	if err != nil || len(got) != 1 || got[0].Class != fetch.ClassNotFound {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestPlansInOrderOfInput(t *testing.T) {
	w := &world{width: 4}
	if _, _, err := run(t, t.Context(), w, 300, pipeline.Options{}); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(w.planned) || len(w.planned) != 300 {
		t.Errorf("planned %d items, in order: %v", len(w.planned), slices.IsSorted(w.planned))
	}
}

func TestFetchTakesItemsOverDownloadsTimesLatency(t *testing.T) {
	for _, c := range []int{1, 8, 64} {
		synctest.Test(t, func(t *testing.T) {
			w := &world{latency: 50 * time.Millisecond, width: 2}
			began := time.Now()
			if _, _, err := run(t, t.Context(), w, 192, pipeline.Options{Downloads: c}); err != nil {
				t.Fatal(err)
			}
			// In the bubble only latency costs time, so the ideal is met exactly.
			if took, ideal := time.Since(began), time.Duration(192/c)*w.latency; took != ideal {
				t.Errorf("%d downloads took %v, ideal %v", c, took, ideal)
			}
			if got := w.peakFetching.Load(); got != int64(c) {
				t.Errorf("%d fetches at once, want %d", got, c)
			}
		})
	}
}

func TestDownloadsAreFoundWithinATenthOfTheBest(t *testing.T) {
	for _, latency := range []time.Duration{0, 10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond} {
		for _, work := range []time.Duration{5 * time.Millisecond, 40 * time.Millisecond} {
			took := func(downloads int) (d time.Duration) {
				synctest.Test(t, func(t *testing.T) {
					w := &world{latency: latency, work: work, width: 2}
					began := time.Now()
					if _, _, err := run(t, t.Context(), w, 400, pipeline.Options{Downloads: downloads}); err != nil {
						t.Fatal(err)
					}
					d = time.Since(began)
				})
				return d
			}
			best := time.Duration(1 << 62)
			for _, fixed := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256} {
				best = min(best, took(fixed))
			}
			if found := took(0); found > best+best/10 {
				t.Errorf("latency %v, work %v: %v with downloads found, %v with the best fixed number", latency, work, found, best)
			}
		}
	}
}

func TestDownloadsAreNoMoreThanWorkersCanUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: 10 * time.Millisecond, work: 40 * time.Millisecond, width: 2}
		paces := 0
		_, totals, err := run(t, t.Context(), w, 200, pipeline.Options{Paced: func(p pipeline.Pace) {
			paces++
			if p.Latency != 10*time.Millisecond || p.Service != 40*time.Millisecond {
				t.Errorf("found latency %v and service %v", p.Latency, p.Service)
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		// 10 ms at 50 items a second is half an item; one and a half times that, and one for each worker.
		if totals.Pace.Downloads != 3 || paces != 1 {
			t.Errorf("%d downloads in the end, said %d times; want 3, said once", totals.Pace.Downloads, paces)
		}
	})
}

func TestSlowFetchesHoldBackNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{width: 2, work: time.Millisecond, latency: time.Millisecond}
		w.fetch = func(i fetch.Item) error {
			if i.Index >= 50 && i.Index < 90 {
				time.Sleep(time.Minute)
			}
			return nil
		}
		var good time.Duration
		began := time.Now()
		o := pipeline.Options{Fetcher: w, Executor: w, Store: w}
		totals, err := pipeline.Run(t.Context(), items(500), o, func(o pipeline.Outcome) {
			if o.Item.Index < 50 || o.Item.Index >= 90 {
				good = time.Since(began)
			}
		})
		if err != nil || totals.Done != 500 {
			t.Fatalf("%+v, %v", totals, err)
		}
		// Each few of the forty are waited for a tenth of a second at most.
		if good > 5*time.Second {
			t.Errorf("the last of the others was done after %v", good)
		}
	})
}

func TestStoppingIsToldSoThatIdleInputEnds(t *testing.T) {
	for name, o := range map[string]pipeline.Options{
		"failures":             {MaxFailures: 1},
		"failures, sequential": {MaxFailures: 1, Sequential: true},
	} {
		w := &world{fetch: func(fetch.Item) error { return classed{class: "http-404"} }}
		quiet := make(chan struct{})
		o.Fetcher, o.Executor, o.Store, o.Stopping = w, w, w, func() { close(quiet) }
		input := func(yield func(fetch.Item) bool) {
			if yield(fetch.Item{Index: 0, Source: "a.jpg"}) {
				<-quiet // as standard input, where nobody writes
			}
		}
		if totals, err := pipeline.Run(t.Context(), input, o, func(pipeline.Outcome) {}); !errors.Is(err, pipeline.ErrTooManyFailures) || totals.Failed != 1 {
			t.Errorf("%s: %+v, %v", name, totals, err)
		}
	}
}

func TestALineThatIsFullIsNotAskedForEverMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// One answer each 10 ms, however many are asked for: the more, the longer each takes.
		line := make(chan struct{}, 1)
		w := &world{work: time.Millisecond, width: 2, fetch: func(fetch.Item) error {
			line <- struct{}{}
			time.Sleep(10 * time.Millisecond)
			<-line
			return nil
		}}
		_, totals, err := run(t, t.Context(), w, 600, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if totals.Pace.Downloads == 256 {
			t.Errorf("%d downloads at once from a line that gives one after the other", totals.Pace.Downloads)
		}
	})
}

func TestSequentialNeverOverlaps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: 10 * time.Millisecond, work: 20 * time.Millisecond, width: 8}
		began := time.Now()
		if _, _, err := run(t, t.Context(), w, 10, pipeline.Options{Sequential: true, Downloads: 8}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("took %v, want the sum of all stages, 300ms", took)
		}
		if w.peakBusy.Load() != 1 {
			t.Errorf("%d things at once, want 1", w.peakBusy.Load())
		}
	})
}

func TestDownloadsOverlapWithWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: 10 * time.Millisecond, work: 10 * time.Millisecond, width: 1}
		began := time.Now()
		if _, _, err := run(t, t.Context(), w, 50, pipeline.Options{Downloads: 1}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 510*time.Millisecond {
			t.Errorf("took %v, want 51 steps of 10ms", took)
		}
	})
}

func TestWorkersAreAsManyAsTheExecutorIsWide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{work: 10 * time.Millisecond, width: 3}
		if _, _, err := run(t, t.Context(), w, 30, pipeline.Options{}); err != nil {
			t.Fatal(err)
		}
		if w.peakWorking.Load() != 3 {
			t.Errorf("%d transforms at once, want 3", w.peakWorking.Load())
		}
	})
}

func TestFetchedBytesStayWithinTheirShareOfMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: time.Millisecond, work: time.Millisecond, width: 2}
		// A quarter of 120 holds three items of ten bytes.
		if _, _, err := run(t, t.Context(), w, 100, pipeline.Options{Downloads: 50, Memory: 120}); err != nil {
			t.Fatal(err)
		}
		if got := w.peakFetching.Load(); got != 3 {
			t.Errorf("%d items of 10 bytes fetched at once within 30 bytes", got)
		}
	})
}

func TestItemsLargerThanTheBudgetRunAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: time.Millisecond, work: time.Millisecond, width: 4}
		_, totals, err := run(t, t.Context(), w, 20, pipeline.Options{Downloads: 8, Memory: 8})
		if err != nil || totals.Done != 20 {
			t.Fatalf("%+v, %v", totals, err)
		}
		if w.peakWorking.Load() != 1 || w.peakFetching.Load() != 1 {
			t.Errorf("%d fetches and %d transforms at once, want one of each", w.peakFetching.Load(), w.peakWorking.Load())
		}
	})
}

func TestStopFinishesWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		w := &world{latency: 10 * time.Millisecond, width: 2}
		time.AfterFunc(35*time.Millisecond, func() { close(stop) })
		_, totals, err := run(t, t.Context(), w, 1000, pipeline.Options{Downloads: 4, Stop: stop})
		if err != nil {
			t.Fatal(err)
		}
		// Sixteen were under way; one more may have been planned.
		if totals.Done != 16 || totals.Failed != 0 || totals.Interrupted > 1 {
			t.Errorf("%+v, want the 16 that were under way done", totals)
		}
	})
}

func TestCancelInterruptsWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w := &world{latency: 10 * time.Millisecond, work: time.Hour, width: 2}
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		_, totals, err := run(t, ctx, w, 1000, pipeline.Options{Downloads: 4, ItemTimeout: -1})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if time.Since(began) != time.Second || totals.Interrupted != totals.Items || totals.Items < 6 {
			t.Errorf("%+v after %v, want all interrupted after 1s", totals, time.Since(began))
		}
	})
}

func TestFatalErrorEndsTheRun(t *testing.T) {
	w := &world{width: 2, put: func(i fetch.Item) error {
		if i.Index == 5 {
			return fmt.Errorf("put: %w", classed{"disk-full", true})
		}
		return nil
	}}
	_, totals, err := run(t, t.Context(), w, 100000, pipeline.Options{})
	var c classed
	if !errors.As(err, &c) || c.class != "disk-full" {
		t.Errorf("error %v, want disk-full", err)
	}
	if totals.Failed != 1 || totals.Items > 1000 {
		t.Errorf("%+v, want one failure and an early end", totals)
	}
}

func TestTooManyFailuresEndTheRun(t *testing.T) {
	odd := func(i fetch.Item) error {
		if i.Index%2 == 1 {
			return classed{class: "http-500"}
		}
		return nil
	}
	for name, c := range map[string]struct {
		o      pipeline.Options
		failed int
	}{
		"the first": {pipeline.Options{MaxFailures: 1, Sequential: true}, 1},
		"five":      {pipeline.Options{MaxFailures: 5, Sequential: true}, 5},
		"a share":   {pipeline.Options{MaxFailureShare: 0.4, Sequential: true}, 10},
	} {
		_, totals, err := run(t, t.Context(), &world{fetch: odd}, 1000, c.o)
		if !errors.Is(err, pipeline.ErrTooManyFailures) || totals.Failed != c.failed {
			t.Errorf("%s: %+v, %v; want %d failures", name, totals, err, c.failed)
		}
	}
	if _, totals, err := run(t, t.Context(), &world{fetch: odd}, 100, pipeline.Options{MaxFailureShare: 0.55, Sequential: true}); err != nil || totals.Items != 100 {
		t.Errorf("half of them may fail: %+v, %v", totals, err)
	}
}

func TestItemTimeoutFailsTheItemAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		w := &world{width: 2, do: func(ctx context.Context, _ transform.Task) error {
			if calls.Add(1) == 3 {
				<-ctx.Done()
				return &transform.Error{Kind: transform.ClassTimeout, Doing: "transform", Err: ctx.Err()}
			}
			return nil
		}}
		_, totals, err := run(t, t.Context(), w, 10, pipeline.Options{ItemTimeout: time.Second})
		if want := (pipeline.Totals{Items: 10, Done: 9, Failed: 1, Pace: totals.Pace}); err != nil || totals != want {
			t.Errorf("%+v, %v; want %+v", totals, err, want)
		}
	})
}

func TestSpansFollowTheStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: 5 * time.Millisecond, work: 7 * time.Millisecond}
		got, _, err := run(t, t.Context(), w, 1, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		const ms = time.Millisecond
		want := []pipeline.Span{
			{Stage: pipeline.StageFetch, Start: 0, End: 5 * ms},
			{Stage: pipeline.StageQueue, Start: 5 * ms, End: 5 * ms},
			{Stage: pipeline.StageMemory, Start: 5 * ms, End: 5 * ms},
			{Stage: pipeline.StageDecode, Start: 5 * ms, End: 12 * ms},
			{Stage: pipeline.StageStore, Start: 12 * ms, End: 12 * ms},
		}
		for i := range got[0].Spans { // which idle lane takes an item is left to chance
			got[0].Spans[i].Lane = 0
		}
		if !slices.Equal(got[0].Spans, want) {
			t.Errorf("spans %v\nwant %v", got[0].Spans, want)
		}
	})
}

// BenchmarkRun measures what the pipeline itself costs for one item: everything but the work of its parts.
func BenchmarkRun(b *testing.B) {
	for _, sequential := range []bool{true, false} {
		b.Run(fmt.Sprintf("sequential=%v", sequential), func(b *testing.B) {
			b.ReportAllocs()
			w := &world{width: 2}
			o := pipeline.Options{Fetcher: w, Executor: w, Store: w, Sequential: sequential}
			if _, err := pipeline.Run(b.Context(), items(b.N), o, func(pipeline.Outcome) {}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
