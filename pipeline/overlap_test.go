package pipeline_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

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
				t.Errorf("latency %v, work %v: %v with downloads found, %v with the best fixed number", latency, work,
					found, best)
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
		totals, err := pipeline.Run(t.Context(), input, o, nil)
		if !errors.Is(err, pipeline.ErrTooManyFailures) || totals.Failed != 1 {
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
			t.Errorf("%d fetches and %d transforms at once, want one of each", w.peakFetching.Load(),
				w.peakWorking.Load())
		}
	})
}
