package pipeline

import (
	"context"
	"fmt"
	"sync"

	"imgpipe/fetch"
)

// A Sparing is a [Fetcher] that knows which hosts take no more now. Run then lets the items of such a host wait
// without a lane, so that one slow host does not hold back the items of others. A *fetch.Client is one. What wraps
// one, such as a cache, becomes one by returning the Client's Hosts.
//
// A Fetcher that is no Sparing, or whose Hosts are nil, gets its items in the order of the input. If they come from
// hosts, a slow one can then have all lanes. That is right for what asks no hosts.
type Sparing interface {
	Fetcher
	// Hosts is called once, when Run begins.
	Hosts() fetch.Hosts
}

// fetchStage is the stage of downloads.
func (r *runner) fetchStage(
	ctx context.Context, running *sync.WaitGroup, in <-chan *job, ended chan<- *job,
) <-chan *job {
	var hosts fetch.Hosts
	if s, ok := r.Fetcher.(Sparing); ok {
		hosts = s.Hosts()
	}
	if hosts == nil {
		return stage(running, r.pace.lanes(), in, ended, func(j *job, lane int) bool { return r.fetch(ctx, j, lane) })
	}
	out := make(chan *job)
	running.Go(func() {
		defer close(out)
		item := func(j *job) fetch.Item { return j.Item }
		err := fetch.Spread(ctx, hosts, r.pace.lanes(), in, item, r.aside(), func(j *job, lane int) {
			if r.fetch(ctx, j, lane) {
				out <- j
			} else {
				ended <- j
			}
		})
		if err != nil {
			r.cancel(fmt.Errorf("read back the inputs of slow hosts from a temporary file: %w", err))
		}
	})
	return out
}
