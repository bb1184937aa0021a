package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
		want := pipeline.Totals{Items: 60, Done: 20, Skipped: 10, Failed: 30, Pace: totals.Pace, Flow: totals.Flow}
		if totals != want {
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
				Kind: transform.ClassDecode, Doing: "decode png", Err: errors.New("the last row is missing"),
				Refused: true,
			}
		}}
		got, _, err := run(t, t.Context(), w, 1, pipeline.Options{Limits: transform.Limits{RefuseDamaged: tt.refuse}})
		if err != nil || len(got) != 1 || got[0].Class != tt.class {
			t.Fatalf("%+v: %v, %+v", tt, err, got)
		}
		missing := "decode png: the last row is missing"
		if tt.class == fetch.ClassTruncated && !strings.HasSuffix(got[0].Err.Error(), missing) {
			t.Errorf("%v: does not say what is missing", got[0].Err)
		}
	}
}

func TestItemThatArrivesWithAnErrorFailsWithItsClass(t *testing.T) {
	w := &world{}
	gone := &fetch.Error{Kind: fetch.ClassNotFound, Doing: "open", Err: errors.New("no such file")}
	bad := fetch.Item{Source: "gone.jpg", Err: gone}
	var got []pipeline.Outcome
	_, err := pipeline.Run(t.Context(), slices.Values([]fetch.Item{bad}),
		pipeline.Options{Fetcher: w, Executor: w, Store: w},
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
	if totals.Failed != 1 || totals.Items > 50000 { // how many others had begun is up to the scheduler
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
	o := pipeline.Options{MaxFailureShare: 0.55, Sequential: true}
	if _, totals, err := run(t, t.Context(), &world{fetch: odd}, 100, o); err != nil || totals.Items != 100 {
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
		want := pipeline.Totals{Items: 10, Done: 9, Failed: 1, Pace: totals.Pace, Flow: totals.Flow}
		if err != nil || totals != want {
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
