package pipeline_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A ledger is a world that records outcomes, until it cannot.
type ledger struct {
	world
	recorded []pipeline.Outcome
	full     int // it has room for so many; 0 means any number
}

var errFull = errors.New("the ledger is full")

func (l *ledger) Record(o pipeline.Outcome) error {
	if l.full > 0 && len(l.recorded) >= l.full {
		return errFull
	}
	l.recorded = append(l.recorded, o)
	return nil
}

func TestEveryOutcomeIsRecordedBeforeTheSinkSeesIt(t *testing.T) {
	for _, sequential := range []bool{false, true} {
		l := &ledger{}
		l.fetch = func(item fetch.Item) error {
			if item.Index%3 == 0 {
				return classed{class: "http-404"}
			}
			return nil
		}
		seen := 0
		o := pipeline.Options{Fetcher: l, Executor: l, Store: l, Sequential: sequential}
		totals, err := pipeline.Run(t.Context(), items(30), o, func(o pipeline.Outcome) {
			if seen++; len(l.recorded) != seen || l.recorded[seen-1].Item.Index != o.Item.Index {
				t.Errorf("the sink sees item %d as number %d; %d are recorded", o.Item.Index, seen, len(l.recorded))
			}
		})
		if err != nil || len(l.recorded) != 30 || seen != 30 || totals.Failed != 10 {
			t.Errorf("%d recorded, %d seen, %+v, %v", len(l.recorded), seen, totals, err)
		}
	}
}

// TestARunNeedsNoSink has all that a caller wants to know of items recorded by the Store.
func TestARunNeedsNoSink(t *testing.T) {
	l := &ledger{}
	totals, err := pipeline.Run(t.Context(), items(5), pipeline.Options{Fetcher: l, Executor: l, Store: l}, nil)
	if err != nil || len(l.recorded) != 5 || totals.Done != 5 {
		t.Errorf("%d recorded, %+v, %v", len(l.recorded), totals, err)
	}
}

func TestAnErrorOfRecordEndsTheRunAndNothingIsRecordedAfterIt(t *testing.T) {
	for _, sequential := range []bool{false, true} {
		l := &ledger{full: 7}
		seen := 0
		o := pipeline.Options{Fetcher: l, Executor: l, Store: l, Sequential: sequential}
		totals, err := pipeline.Run(t.Context(), items(1000), o, func(pipeline.Outcome) {
			if seen++; seen == 8 {
				l.full = 1000 // it would have room again
			}
		})
		if !errors.Is(err, errFull) || len(l.recorded) != 7 {
			t.Errorf("sequential %v: %d recorded, error %v; want 7 and that the ledger is full", sequential,
				len(l.recorded), err)
		}
		if totals.Items != seen || totals.Items == 1000 {
			t.Errorf("sequential %v: %+v, and the sink saw %d", sequential, totals, seen)
		}
	}
}

func TestABrokenItemIsPlannedAndFailsWithItsOwnErrorUnlessItIsSkipped(t *testing.T) {
	gone := classed{class: "not-found"}
	for _, tt := range []struct {
		name    string
		why     string
		planErr error
		want    pipeline.Status
	}{
		{"planned", "", nil, pipeline.Failed},
		{"skipped", "failed before", nil, pipeline.Skipped},
		{"refused", "", errors.New("no such place"), pipeline.Failed},
	} {
		for _, sequential := range []bool{false, true} {
			l := &ledger{}
			l.plan = func(fetch.Item) (string, error) { return tt.why, tt.planErr }
			l.fetch = func(fetch.Item) error { t.Error("a broken item was fetched"); return nil }
			o := pipeline.Options{Fetcher: l, Executor: l, Store: l, Sequential: sequential}
			broken := slices.Values([]fetch.Item{{Source: "gone.jpg", Err: gone}})
			if _, err := pipeline.Run(t.Context(), broken, o, nil); err != nil || len(l.planned) != 1 {
				t.Fatalf("%s: planned %v, %v", tt.name, l.planned, err)
			}
			got := l.recorded[0]
			if got.Status != tt.want || (got.Status == pipeline.Failed) != errors.Is(got.Err, gone) {
				t.Errorf("%s: %s, %v, want %s", tt.name, got.Status, got.Err, tt.want)
			}
		}
	}
}

// A lasting place is skipped because of a failure that lasts.
type lasting struct{ plainPlace }

func (lasting) Skip() pipeline.Skip {
	return pipeline.Skip{Why: "failed before", Class: "http-404"}
}

type lastingStore struct{}

func (lastingStore) Plan(fetch.Item) (pipeline.Place, error) { return lasting{}, nil }

func TestASkippedItemHasTheClassOfTheFailureThatItIsSkippedFor(t *testing.T) {
	w := &world{}
	var got string
	_, err := pipeline.Run(t.Context(), items(1), pipeline.Options{Fetcher: w, Executor: w, Store: lastingStore{}},
		func(o pipeline.Outcome) { got = fmt.Sprintf("%s %s: %s", o.Status, o.Class, o.Why) })
	if err != nil || got != "skipped http-404: failed before" {
		t.Errorf("%s, %v", got, err)
	}
}
