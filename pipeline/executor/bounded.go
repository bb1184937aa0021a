package executor

import (
	"context"
	"sync"
	"time"
)

const (
	// slice is how much of a limit goes by at once.
	slice = time.Second
	// lateness is by how much a timer must be late for this process to have been stopped. A busy machine is late by
	// milliseconds.
	lateness = time.Second
)

// Bounded returns a context that ends with ctx, with cancel, or when this process has run for the limit since now. At
// the limit its cause is context.DeadlineExceeded: see ContextError. A limit of 0 or less sets none.
//
// While the process is stopped, as by Ctrl-Z, a container's pause or a machine that sleeps, clocks go on and work does
// not. A plain timer would then fail the task that was under way. So the limit is counted in slices, each with a timer
// of its own, and a slice whose timer is late does not count. Of two late ones in a row the second counts, or nothing
// would end on a machine that has no time for its timers.
func Bounded(ctx context.Context, limit time.Duration) (bounded context.Context, cancel context.CancelFunc) {
	bounded, end := context.WithCancelCause(ctx)
	if limit <= 0 {
		return bounded, func() { end(nil) }
	}
	if limit < 10*time.Microsecond { // over before a timer could tell
		end(context.DeadlineExceeded)
		return bounded, func() {}
	}
	c := &clock{left: limit, end: end}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.arm()
	c.timer = time.AfterFunc(c.slice, c.strike)
	return bounded, c.stop
}

// A clock is the limit of one context.
type clock struct {
	end context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
	left  time.Duration // without the slice that goes by
	slice time.Duration
	armed time.Time
	late  bool // the last slice did not count
	over  bool
}

// arm begins a slice.
func (c *clock) arm() {
	c.slice = min(c.left, slice)
	c.left -= c.slice
	c.armed = time.Now()
}

func (c *clock) strike() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	if c.late = !c.late && time.Since(c.armed) > c.slice+lateness; c.late {
		c.left += c.slice
	}
	if c.left <= 0 {
		c.over = true
		c.end(context.DeadlineExceeded)
		return
	}
	c.arm()
	c.timer.Reset(c.slice)
}

func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.timer.Stop()
	c.end(nil)
}
