package pipeline_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// TestAnswersThatAnnounceAndDoNotComeDelayNobody has servers announce more than there is memory, send some of it, and
// wait until all others are done.
func TestAnswersThatAnnounceAndDoNotComeDelayNobody(t *testing.T) {
	for _, sent := range []int{0, 1, 100_000, 1_000_000} {
		release := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/good" {
				_, _ = w.Write(tiny())
				return
			}
			w.Header().Set("Content-Length", "30000000")
			_, _ = w.Write(make([]byte, sent))
			w.(http.Flusher).Flush()
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}))
		path := filepath.Join(t.TempDir(), "a.png")
		if err := os.WriteFile(path, tiny(), 0o600); err != nil {
			t.Fatal(err)
		}
		const held, others = 24, 200
		input := func(yield func(fetch.Item) bool) {
			for i := range held + others {
				item := fetch.Item{Index: i, Source: fmt.Sprint(server.URL, "/held?", i), Scheme: "http"}
				switch {
				case i >= held && i%2 == 0:
					item.Source = server.URL + "/good"
				case i >= held:
					item.Source, item.Scheme = path, ""
				}
				if !yield(item) {
					return
				}
			}
		}
		client := fetch.New(fetch.Options{PerHost: 2 * held, Retries: -1})
		w := &world{width: 2}
		left := others
		o := pipeline.Options{Fetcher: client, Executor: w, Store: w, Downloads: 64, Memory: 8 << 20}
		totals, err := pipeline.Run(t.Context(), input, o, func(o pipeline.Outcome) {
			if o.Status == pipeline.Done {
				if left--; left == 0 {
					close(release)
				}
			}
		})
		if err != nil || totals.Done != others || totals.Failed != held {
			t.Errorf("%d bytes sent: %+v, %v", sent, totals, err)
		}
		client.Close()
		server.Close()
	}
}

// TestManyLargeFilesGoThroughLittleMemory has more bytes come at once than there is memory for, and files that are
// larger than all that bytes may take.
func TestManyLargeFilesGoThroughLittleMemory(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscanf(r.URL.RawQuery, "%d", &n)
		body := make([]byte, n*40_000+len(tiny()))
		copy(body, tiny())
		if n%2 == 0 {
			w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		}
		_, _ = w.Write(body)
	}))
	defer server.Close()
	client := fetch.New(fetch.Options{PerHost: 64})
	defer client.Close()
	w := &world{width: 3}
	const n = 100
	input := func(yield func(fetch.Item) bool) {
		for i := range n {
			if !yield(fetch.Item{Index: i, Source: fmt.Sprint(server.URL, "/?", i), Scheme: "http"}) {
				return
			}
		}
	}
	o := pipeline.Options{Fetcher: client, Executor: w, Store: w, Downloads: 64, Memory: 2 << 20}
	totals, err := pipeline.Run(t.Context(), input, o, func(o pipeline.Outcome) {
		if want := int64(o.Item.Index*40_000 + len(tiny())); o.BytesIn != want {
			t.Errorf("item %d has %d bytes, want %d", o.Item.Index, o.BytesIn, want)
		}
	})
	if err != nil || totals.Done != n {
		t.Errorf("%+v, %v", totals, err)
	}
}

// A patient is a Fetcher whose tries take 10 ms, each after long waits.
type patient struct{ *world }

func (p patient) Fetch(ctx context.Context, item fetch.Item, room fetch.Room) (fetch.Body, error) {
	body, err := p.world.Fetch(ctx, item, room)
	body.Took = 10 * time.Millisecond
	return body, err
}

func TestDownloadsAreFoundFromHowLongAnswersTakeNotFromWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{latency: 3 * time.Second, work: 40 * time.Millisecond, width: 2}
		var paced sync.Once
		o := pipeline.Options{Fetcher: patient{w}, Executor: w, Store: w, Paced: func(p pipeline.Pace) {
			paced.Do(func() {
				if p.Latency != 10*time.Millisecond || p.Downloads != 3 {
					t.Errorf("found %+v, want 3 downloads of 10 ms", p)
				}
			})
		}}
		if totals, err := pipeline.Run(t.Context(), items(200), o, nil); err != nil || totals.Done != 200 {
			t.Errorf("%+v, %v", totals, err)
		}
	})
}
