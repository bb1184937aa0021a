package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// trickle is how many bytes of a body must come in a second, over all of its time, once that is longer than
	// Timeout. A line that many share, on which each body still moves, is above it; below it is a server that only
	// keeps a connection open.
	trickle = 32
	// itemMost is how many times Timeout each try may take in the end, however fast its bytes come.
	itemMost = 30
	// speedWindow is how long a body may be slower than MinSpeed at a time: bursts and pauses of networks are shorter.
	speedWindow = 5 * time.Second
)

// An overdue is why a try was ended for the server's slowness, not because the run ends.
type overdue struct {
	text  string
	again bool
	moved bool // the body still came, too slowly
}

func (o *overdue) Error() string { return o.text }

// wasOverdue returns why a try was ended for the server's slowness; nil where it was not.
func wasOverdue(ctx context.Context) *overdue {
	var o *overdue
	errors.As(context.Cause(ctx), &o)
	return o
}

// A stopwatch calls end, once, when a try has taken too long. It runs between resume and pause, which one goroutine
// calls.
//
//	the try is  and is ended when
//	asking      it has been for Timeout, redirects included
//	receiving   no byte came for Timeout,
//	            or fewer than trickle in a second over a time that is at least Timeout,
//	            or fewer than MinSpeed in a second for speedWindow
//	either      all tries of the item together took itemMost times Timeout for each
type stopwatch struct {
	opts *Options
	end  func(*overdue)
	// spent is the time of all tries of the item.
	spent time.Duration

	mu      sync.Mutex
	timer   *time.Timer
	running bool
	since   time.Time     // when it was resumed
	asking  time.Duration // before since
	body    *bodyReader   // nil while asking
	grace   time.Duration // how long the body may trickle
	window  time.Duration // of the body's time, where the present speedWindow began,
	had     int64         // and what had come by then
}

func (s *stopwatch) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running {
		return
	}
	s.running = true
	s.since = time.Now()
	s.arm()
}

func (s *stopwatch) pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return
	}
	s.running = false
	if s.timer != nil {
		s.timer.Stop()
	}
	took := time.Since(s.since)
	s.spent += took
	if s.body == nil {
		s.asking += took
	}
}

// ask ends the time of a body, if there was one, while it is paused: another host is asked.
func (s *stopwatch) ask() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body = nil
}

// receive begins the time of a body, while it runs.
func (s *stopwatch) receive(b *bodyReader) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.began = time.Now()
	s.body, s.window, s.had = b, 0, 0
	// Those who share a slow line are not all ended at once: what the first leave may be enough for the others.
	s.grace = s.opts.Timeout + rand.N(s.opts.Timeout/2+1)
	s.arm()
}

// arm sets the timer, or ends the try. The lock is held.
func (s *stopwatch) arm() {
	why, wait := s.look(time.Now())
	switch {
	case why != nil:
		s.end(why)
	case s.timer == nil:
		s.timer = time.AfterFunc(wait, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.running {
				s.arm()
			}
		})
	default:
		s.timer.Reset(wait)
	}
}

// look returns why the try is to be ended, or when to look again.
func (s *stopwatch) look(now time.Time) (why *overdue, wait time.Duration) {
	timeout := s.opts.Timeout
	most := time.Duration(s.opts.Retries+1) * itemMost * timeout
	if wait = most - s.spent - now.Sub(s.since); wait <= 0 {
		return &overdue{fmt.Sprintf("not done after %v, all tries together", most), false, false}, 0
	}
	least := func(left time.Duration) bool {
		wait = min(wait, left)
		return left <= 0
	}
	if s.body == nil {
		if least(timeout - s.asking - now.Sub(s.since)) {
			return &overdue{"no answer within " + timeout.String(), true, false}, 0
		}
		return nil, wait
	}
	took, came := now.Sub(s.body.began), s.body.came.Load()
	if least(timeout + time.Duration(s.body.last.Load()) - took) {
		return &overdue{fmt.Sprintf("no byte of the body came for %v, after %d", timeout, came), true, false}, 0
	}
	if least(s.grace + time.Duration(came)*time.Second/trickle - took) {
		return &overdue{fmt.Sprintf("only %d bytes came within %v", came, took.Round(time.Second)), true, true}, 0
	}
	if speed := s.opts.MinSpeed; speed > 0 {
		if s.window+speedWindow <= took {
			if came-s.had < speed*int64(speedWindow/time.Second) {
				text := fmt.Sprintf("the body came at less than %d bytes in a second for %v", speed, speedWindow)
				return &overdue{text, true, true}, 0
			}
			s.window, s.had = took, came
		}
		least(s.window + speedWindow - took)
	}
	return nil, wait
}

// A bodyReader reads a body as it comes from the network. It ends one that is endless before decompression, such as
// empty gzip members without end.
type bodyReader struct {
	r    io.Reader
	left int64
	// began is set by the stopwatch. came is how many bytes there were, and last when the last of them came, since
	// began.
	began time.Time
	came  atomic.Int64
	last  atomic.Int64
}

func (b *bodyReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if n > 0 {
		b.came.Add(int64(n))
		b.last.Store(int64(time.Since(b.began)))
	}
	if b.left -= int64(n); b.left < 0 {
		return 0, &Error{Kind: ClassTooBig, Err: errors.New("the body goes on long after it should have ended")}
	}
	return n, err
}

// A pulse notices when this process stood still for a while: it was stopped, as by Ctrl-Z or a container's pause, or
// the machine slept. Timers know nothing of that: what they then end was not slow. The zero value is ready.
type pulse struct {
	mu    sync.Mutex
	users int
	timer *time.Timer
	last  time.Time // of the last beat, on the wall: a machine that sleeps stops the other clock
	still time.Time // when it was last noticed that this process had stood still
}

const (
	pulseBeat = time.Second
	// pulseLate is by how much a beat comes late on a machine that is only busy.
	pulseLate = 2 * time.Second
)

// begin keeps the pulse beating until end.
func (p *pulse) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users++; p.users > 1 {
		return
	}
	p.last = time.Now().Round(0)
	if p.timer != nil {
		p.timer.Reset(pulseBeat)
		return
	}
	p.timer = time.AfterFunc(pulseBeat, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.users > 0 {
			p.beat()
			p.timer.Reset(pulseBeat)
		}
	})
}

func (p *pulse) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users--; p.users == 0 {
		p.timer.Stop()
	}
}

func (p *pulse) beat() {
	now := time.Now().Round(0)
	if now.Sub(p.last) > pulseBeat+pulseLate {
		p.still = now
	}
	p.last = now
}

// stoodStill reports whether this process did after that time, since when it has a pulse.
func (p *pulse) stoodStill(since time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beat()
	return p.still.After(since.Round(0))
}

// retryAfter returns how long the header field of RFC 9110, section 10.2.3, asks to be left alone: seconds or a date, 0
// for what is neither. A date is read by the server's own clock, which its answer's Date shows, as ours may be another.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const most = 366 * 24 * time.Hour
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseInt(v, 10, 64); err == nil {
		return time.Duration(min(max(s, 0), int64(most/time.Second))) * time.Second
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	if theirs, err := http.ParseTime(strings.TrimSpace(h.Get("Date"))); err == nil {
		now = theirs
	}
	return min(max(t.Sub(now), 0), most)
}
