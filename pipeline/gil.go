package pipeline

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// switchInterval is how long a thread waits for the lock before it asks for it: sys.getswitchinterval of CPython.
const switchInterval = 5 * time.Millisecond

// A gil is a global interpreter lock as CPython has one, since 3.2 (Python/ceval_gil.c; python/cpython#90204):
//
//   - A thread that computes holds it.
//   - A thread that has waited for 5 ms, in which the lock did not change hands, asks for it. The holder lets it go at
//     its next check point, and waits until another thread has had it.
//   - A thread that waits for something else releases it. Here that is no matter of the lock: files are fetched and
//     outputs stored by other goroutines, before a task comes to its Executor and after its result has left it.
//
// The check points are the places where a transform looks at its context: once for every few rows of pixels, and
// between operations. CPython checks several times in each loop, so that its threads wait for less time than these do
// behind an operation on a large image.
//
// Threads get the lock in the order in which they came for it. CPython leaves that to the kernel.
//
// Nil is valid: there is no lock, and nobody waits.
type gil struct {
	asked atomic.Bool // the holder is to give it up

	mu       sync.Mutex
	holder   *thread   // nil while the lock is free
	line     []*thread // those that wait
	switches uint64    // how often it was taken
}

// A thread is one task as the lock sees it.
type thread struct {
	granted chan struct{} // gets a value for each time that the lock was handed over; there is room for one

	// What follows is guarded by gil.mu.
	waited time.Duration // in all, but for the wait that goes on
	since  time.Time     // when that began; zero if none goes on
}

// newThread returns a thread that neither holds the lock nor waits for it; nil if there is no lock.
func (g *gil) newThread() *thread {
	if g == nil {
		return nil
	}
	return &thread{granted: make(chan struct{}, 1)}
}

// take waits until t has the lock, and reports that. It returns false as soon as one of the channels is closed.
func (g *gil) take(t *thread, over, expired <-chan struct{}) bool {
	if g == nil {
		return true
	}
	g.mu.Lock()
	if g.holder == nil {
		g.grant(t)
		<-t.granted
		g.mu.Unlock()
		return true
	}
	g.await(t)
	g.mu.Unlock()
	return g.wait(t, over, expired)
}

// grant hands the lock to t. Like await, it is called with the lock of g held.
func (g *gil) grant(t *thread) {
	g.holder = t
	g.switches++
	g.asked.Store(false)
	if !t.since.IsZero() {
		t.waited += time.Since(t.since)
		t.since = time.Time{}
	}
	t.granted <- struct{}{}
}

// await puts t at the end of the line.
func (g *gil) await(t *thread) {
	t.since = time.Now()
	g.line = append(g.line, t)
}

// wait is take for a thread that is in line.
func (g *gil) wait(t *thread, over, expired <-chan struct{}) bool {
	tick := time.NewTicker(switchInterval)
	defer tick.Stop()
	g.mu.Lock()
	seen := g.switches
	g.mu.Unlock()
	for {
		select {
		case <-t.granted:
			return true
		case <-tick.C:
			g.mu.Lock()
			if g.switches == seen {
				g.asked.Store(true)
			}
			seen = g.switches
			g.mu.Unlock()
		case <-over:
			g.leave(t)
			return false
		case <-expired:
			g.leave(t)
			return false
		}
	}
}

// leave has t neither hold the lock nor wait for it. It may be called at any time, and more than once.
func (g *gil) leave(t *thread) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.line, t); i >= 0 {
		g.line = slices.Delete(g.line, i, i+1)
		t.waited += time.Since(t.since)
		t.since = time.Time{}
	}
	if g.holder == t {
		g.pass()
	}
}

// pass hands the lock to the first in line, or makes it free. It is called with the lock of g held.
func (g *gil) pass() {
	g.holder = nil
	if len(g.line) > 0 {
		next := g.line[0]
		g.line = slices.Delete(g.line, 0, 1)
		g.grant(next)
	}
}

// yield has t give the lock up, if another one waits for it, and come back for it. It does nothing for a thread that
// has left.
func (g *gil) yield(t *thread, over, expired <-chan struct{}) {
	g.mu.Lock()
	if len(g.line) == 0 {
		g.asked.Store(false) // who asked has left
	}
	if g.holder != t || len(g.line) == 0 {
		g.mu.Unlock()
		return
	}
	g.await(t)
	g.pass()
	g.mu.Unlock()
	g.wait(t, over, expired)
}

// waited returns how long t has waited for the lock, in all.
func (g *gil) waited(t *thread) time.Duration {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.since.IsZero() {
		return t.waited
	}
	return t.waited + time.Since(t.since)
}

// bounded is executor.Bounded for a limit in which no wait of t for the lock counts.
func (g *gil) bounded(ctx context.Context, limit time.Duration, t *thread) (context.Context, context.CancelFunc) {
	if g == nil || limit < switchInterval { // it is over before the lock could have been given up
		return executor.Bounded(ctx, limit)
	}
	whole, end := context.WithCancelCause(ctx)
	before := g.waited(t)
	var watch func(left time.Duration)
	watch = func(left time.Duration) {
		part, cancel := executor.Bounded(whole, left)
		context.AfterFunc(part, func() {
			cancel()
			now := g.waited(t)
			switch more := now - before; {
			case whole.Err() != nil:
			case more > 0:
				before = now
				watch(more)
			default:
				end(context.DeadlineExceeded)
			}
		})
	}
	watch(limit)
	return whole, func() { end(nil) }
}

// held returns the context with which t does its task under the lock.
func (g *gil) held(work context.Context, t *thread, expired <-chan struct{}) context.Context {
	if g == nil {
		return work
	}
	return &holding{work, g, t, expired}
}

// A holding is the context of a transform that runs under the lock.
type holding struct {
	context.Context
	lock    *gil
	thread  *thread
	expired <-chan struct{}
}

// Err is what the transform calls to see whether it should end: the check point.
func (h *holding) Err() error {
	if h.lock.asked.Load() {
		h.lock.yield(h.thread, h.Context.Done(), h.expired)
	}
	return h.Context.Err()
}

// without returns r with the times of its parts shortened by a wait that was within them, each in proportion: in which
// of them it was is not known.
func without(r transform.Result, wait time.Duration) transform.Result {
	all := r.Decode + r.Operate + r.Encode
	if wait <= 0 || all <= 0 {
		return r
	}
	share := max(0, 1-float64(wait)/float64(all))
	for _, part := range []*time.Duration{&r.Decode, &r.Operate, &r.Encode} {
		*part = time.Duration(share * float64(*part))
	}
	return r
}
