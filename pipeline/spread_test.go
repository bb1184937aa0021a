package pipeline_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A counting Fetcher is around another one, as a cache would be.
type counting struct {
	client *fetch.Client
	n      atomic.Int32
}

func (c *counting) Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error) {
	c.n.Add(1)
	return c.client.Fetch(ctx, item, room)
}

func (c *counting) Hosts() fetch.Hosts { return c.client.Hosts() }

// heldAndQuick returns the URL of a server that answers when release is called, and of one that answers at once.
func heldAndQuick(t *testing.T) (held, quick string, release func()) {
	open := make(chan struct{})
	release = sync.OnceFunc(func() { close(open) })
	serve := func(wait bool) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if wait {
				select {
				case <-open:
				case <-r.Context().Done():
				}
			}
			_, _ = w.Write(tiny())
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	held, quick = serve(true), serve(false)
	t.Cleanup(release)
	return held, quick, release
}

// links are n items of one host and then n of another.
func links(n int, hosts ...string) iter.Seq[fetch.Item] {
	return func(yield func(fetch.Item) bool) {
		for h, host := range hosts {
			for i := range n {
				if !yield(fetch.Item{Index: h*n + i, Scheme: "http", Source: fmt.Sprint(host, "/", i)}) {
					return
				}
			}
		}
	}
}

// TestAWrappedFetcherKeepsOneSlowHostFromHoldingAllLanes has a host that answers nothing before all items of another
// one are done, which come behind many more of its own than there are lanes.
func TestAWrappedFetcherKeepsOneSlowHostFromHoldingAllLanes(t *testing.T) {
	held, quick, release := heldAndQuick(t)
	const n = 40
	client := fetch.New(fetch.Options{PerHost: 4})
	defer client.Close()
	fetcher, w := &counting{client: client}, &world{width: 2}
	done, early := 0, true
	stuck := time.AfterFunc(time.Minute, func() { // with all lanes held, nothing would ever end
		early = false
		release()
	})
	defer stuck.Stop()
	o := pipeline.Options{Fetcher: fetcher, Executor: w, Store: w, Downloads: 8}
	totals, err := pipeline.Run(t.Context(), links(n, held, quick), o, func(o pipeline.Outcome) {
		if o.Item.Index < n && done < n {
			t.Errorf("item %d of the host that is held ended when %d of the other were done", o.Item.Index, done)
		}
		if o.Item.Index >= n {
			if done++; done == n {
				release()
			}
		}
	})
	if err != nil || totals.Done != 2*n || fetcher.n.Load() != 2*n || !early {
		t.Errorf("%+v, %v, %d fetches, all lanes held: %v; want all done", totals, err, fetcher.n.Load(), !early)
	}
}

// TestAWrappedFetcherIsStoppedAtOnce stops a run while items wait for their host: all of them end at once.
func TestAWrappedFetcherIsStoppedAtOnce(t *testing.T) {
	held, _, release := heldAndQuick(t)
	client := fetch.New(fetch.Options{PerHost: 4})
	defer client.Close()
	stop := make(chan struct{})
	fetcher, w := &counting{client: client}, &world{width: 2}
	o := pipeline.Options{Fetcher: fetcher, Executor: w, Store: w, Downloads: 8, Stop: stop}
	const n = 40
	o.Stopping = client.Finish
	asked := func(yield func(fetch.Item) bool) {
		for item := range links(n, held) {
			if !yield(item) {
				return
			}
		}
		close(stop)
	}
	waiting := 0
	totals, err := pipeline.Run(t.Context(), asked, o, func(o pipeline.Outcome) {
		if o.Status == pipeline.Interrupted {
			if waiting++; waiting == n-4 {
				release()
			}
		}
	})
	if err != nil || totals.Items != n || totals.Interrupted < n-4 {
		t.Errorf("%+v, %v; want all of %d items but those under way interrupted", totals, err, n)
	}
}

// TestAFetcherWithoutHostsGetsItsItemsInOrder has one that knows of no hosts, as what is optional may be left out.
func TestAFetcherWithoutHostsGetsItsItemsInOrder(t *testing.T) {
	for name, wrap := range map[string]func(pipeline.Fetcher) pipeline.Fetcher{
		"no Sparing": func(f pipeline.Fetcher) pipeline.Fetcher { return f },
		"no hosts":   func(f pipeline.Fetcher) pipeline.Fetcher { return hostless{f} },
	} {
		w, next := &world{width: 1}, 0
		w.fetch = func(item fetch.Item) error {
			if item.Index != next {
				t.Errorf("%s: item %d is fetched, want %d", name, item.Index, next)
			}
			next++
			return nil
		}
		o := pipeline.Options{Fetcher: wrap(w), Executor: w, Store: w, Downloads: 1}
		given := links(20, "http://one", "http://two")
		totals, err := pipeline.Run(t.Context(), given, o, func(pipeline.Outcome) {})
		if err != nil || totals.Done != 40 {
			t.Errorf("%s: %+v, %v", name, totals, err)
		}
	}
}

type hostless struct{ pipeline.Fetcher }

func (hostless) Hosts() fetch.Hosts { return nil }
