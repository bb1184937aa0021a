package pipeline

import (
	"context"
	"fmt"
	"sync"
	"time"

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

// metered are Hosts of which the meter learns what they hold back, and which of them want to be asked later: a
// fetch.Holder.
type metered struct {
	fetch.Hosts
	meter *meter
}

// State implements fetch.Hosts.
func (m metered) State(host string) fetch.HostState {
	s := m.Hosts.State(host)
	if !s.From.IsZero() && time.Now().Before(s.From) {
		m.meter.later(host)
	}
	return s
}

// Holding implements fetch.Holder.
func (m metered) Holding(now, more int) { m.meter.hold(now, more) }

// A followed is the room of a job whose state the meter follows: a fetch.Follower.
type followed struct {
	room
	meter *meter
	state *state
}

// Take implements fetch.Room.
func (f *followed) Take(ctx context.Context, n int64) error {
	before := *f.state
	f.meter.move(f.state, stateBudget)
	defer f.meter.move(f.state, before)
	return f.room.Take(ctx, n)
}

// Follow implements fetch.Follower.
func (f *followed) Follow(phase fetch.Phase) {
	f.meter.move(f.state, [...]state{
		fetch.PhaseHeld: stateHeld, fetch.PhaseAsked: stateAsked, fetch.PhaseBody: stateBody,
	}[phase])
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
		do := func(j *job, lane int) bool { return r.fetch(ctx, j, lane) }
		return stage(running, r.pace.lanes(), in, ended, do, nil)
	}
	out := make(chan *job)
	running.Go(func() {
		defer close(out)
		item := func(j *job) fetch.Item { return j.Item }
		err := fetch.Spread(ctx, metered{hosts, r.meter}, r.pace.lanes(), in, item, r.aside(), func(j *job, lane int) {
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
