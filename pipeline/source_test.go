package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// A toyShelf is a fetch.Source of another kind: toy:SHELF/ has items that are all alike, whose versions can be known
// before they are opened. The shelf "slow" gives none before all others were given.
type toyShelf struct {
	items    int
	version  atomic.Int32
	quick    atomic.Int32 // opened and given
	released chan struct{}
}

func (s *toyShelf) List(_ context.Context, l fetch.Listing) {
	for i := range s.items {
		item := fetch.Item{Source: fmt.Sprintf("%s%02d.png", l.Name, i), Version: fmt.Sprint(i, "-", s.version.Load())}
		if i == 0 {
			item.Version = "0" // this one stays as it is
		}
		if !l.Yield(item) {
			return
		}
	}
}

func (s *toyShelf) Host(item fetch.Item) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(item.Source, "toy:"), "/")
	return host
}

func (s *toyShelf) Open(ctx context.Context, item fetch.Item, try *fetch.Try) error {
	host := s.Host(item)
	if err := try.Ask(ctx, host); err != nil {
		return err
	}
	if host == "slow" {
		select {
		case <-s.released:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() {
		if host != "slow" && int(s.quick.Add(1)) == s.items {
			close(s.released)
		}
	}()
	return try.Receive(ctx, bytes.NewReader(tiny()), int64(len(tiny())))
}

// TestASourceOfAnotherKindRunsLikeTheOthers lists items of a source that only this test knows, with many of a slow host
// first, and runs them three times: all are done although the slow host holds its own, then none, and when the versions
// of all but one have changed, those.
func TestASourceOfAnotherKindRunsLikeTheOthers(t *testing.T) {
	const items = 30
	shelf := &toyShelf{items: items}
	sources := map[string]fetch.Source{"toy": shelf}
	inputs := fetch.Inputs{Args: []string{"toy:slow/", "toy:quick/"}, Sources: sources}
	if err := inputs.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	spec, err := transform.ParseSpec("format=png")
	if err != nil {
		t.Fatal(err)
	}
	outputs := t.TempDir()
	for round, want := range []pipeline.Totals{{Done: 2 * items}, {Skipped: 2 * items},
		{Done: 2 * (items - 1), Skipped: 2}} {
		shelf.released = make(chan struct{})
		if shelf.quick.Store(0); round == 2 {
			shelf.version.Add(1)
			shelf.quick.Store(1) // the one that is skipped
		}
		client := fetch.New(fetch.Options{Sources: sources, PerHost: 4, Timeout: time.Minute})
		executor := pipeline.Goroutines(2)
		kept, err := store.Open(outputs, store.Options{Spec: spec, NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		given := func(yield func(fetch.Item) bool) {
			for item, err := range inputs.Items(t.Context()) {
				if err != nil || !yield(item) {
					return
				}
			}
		}
		o := pipeline.Options{Fetcher: client, Executor: executor, Store: kept, Spec: spec, Downloads: 8}
		totals, err := pipeline.Run(t.Context(), given, o, func(o pipeline.Outcome) {
			if o.Err != nil {
				t.Errorf("%s: %v", o.Item.Source, o.Err)
			}
		})
		client.Close()
		if err := errors.Join(executor.Close(), kept.Close()); err != nil {
			t.Error(err)
		}
		want.Items, totals.Pace, totals.Flow = 2*items, pipeline.Pace{}, nil
		if err != nil || totals != want {
			t.Errorf("round %d: %+v, %v; want %+v", round, totals, err, want)
		}
	}
}
