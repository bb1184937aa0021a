package fetch

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// firstGap is the time between the starts of two downloads from a host after its first 429 or 503. Each further
	// one doubles it, up to mostGap, and each good answer takes 3 % off. So the rate settles just below what the host
	// allows, and few items use up their tries while it is found.
	firstGap = 50 * time.Millisecond
	mostGap  = 5 * time.Second
	leastGap = 5 * time.Millisecond
	// patience is how many tries in a row may go without any answer before a host is suspect. Until it answers again,
	// it has a quarter of PerHost, and its items are tried once.
	patience = 16
	// silence is how long a suspect host may answer nothing before its items fail at once, and for how long they then
	// fail before it is asked again. So a dead host costs a run minutes and not a time-out for each item, and one
	// that is away for a moment costs nothing.
	silence = 5 * time.Minute
	// remembered is how many idle hosts are kept before those with nothing to remember are forgotten.
	remembered = 4096
)

// hosts know how each host is to be treated. Set perHost and source first; all else may be zero. They are the Hosts
// of a Client.
type hosts struct {
	perHost, retries int
	every            time.Duration              // the least time between two starts at one host
	source           func(scheme string) Source // of an item
	mu               sync.Mutex
	m                map[string]*host
	sweep            int // the number of hosts at which to look for those to forget
	line             line
	// finish, once closed, ends all waits; nil is never.
	finish chan struct{}
}

type host struct {
	key    string
	users  int           // in enter or between enter and leave
	active int           // between enter and leave
	freed  chan struct{} // closed when active falls, then replaced
	until  time.Time     // nothing starts before
	gap    time.Duration // between two starts
	slowed time.Time     // when gap last grew
	closed time.Time     // until then everything fails
	kind   string        // of that failure, a class
	silent int           // tries in a row without an answer
	since  time.Time     // when the first of them began
	most   float64       // how many may be active, where that is fewer than perHost; else 0
	cut    time.Time     // when most last fell
	later  rounds
	well   bool // it has answered once
	// hopeless says that it is closed for having answered nothing but 429 and 503.
	hopeless bool
}

// hostOf names the host of u and its port.
func hostOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// limit is how many may be active.
func (h *host) limit(perHost int) int {
	if h.most > 0 {
		perHost = min(perHost, int(h.most))
	}
	if h.silent >= patience {
		return max(1, perHost/4)
	}
	return perHost
}

// look returns the host of that name, which it makes where there is none. The lock is held.
func (hs *hosts) look(key string) *host {
	h := hs.m[key]
	if h == nil {
		if hs.m == nil {
			hs.m = make(map[string]*host)
			hs.sweep = remembered
		}
		h = &host{key: key, freed: make(chan struct{}), later: rounds{began: time.Now()}}
		hs.m[key] = h
	}
	return h
}

// crowded reports whether the line was found to be full after that time, or is full and ends some tries still: a limit
// that is nearly right ends few, but each of them for the same reason.
func (hs *hosts) crowded(since time.Time) bool {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	l := &hs.line
	return l.cut.After(since) || l.most > 0 && l.broken >= trouble/3
}

// Host implements [Hosts].
func (hs *hosts) Host(item Item) string {
	if item.Err != nil {
		return ""
	}
	return hs.source(item.Scheme).Host(item)
}

// State implements [Hosts].
func (hs *hosts) State(host string) HostState {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h := hs.m[host]
	if h == nil || time.Now().Before(h.closed) { // what is asked of a closed host fails at once
		return HostState{Limit: hs.perHost}
	}
	return HostState{Limit: h.limit(hs.perHost), From: h.until, Silent: h.silent > 0}
}

// Full implements [Hosts].
func (hs *hosts) Full() bool {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	return hs.line.full()
}

// Finished implements [Hosts].
func (hs *hosts) Finished() <-chan struct{} { return hs.finish }

// hopeless reports whether no further try is worth its time, as the host is closed or has given no answer for long.
func (hs *hosts) hopeless(key string) bool {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h := hs.m[key]
	return h != nil && (h.silent >= patience || time.Now().Before(h.closed))
}

// A turn is the right to ask a host. It ends with leave.
type turn struct {
	hs      *hosts
	h       *host
	started time.Time
	left    bool
}

// enter waits for a turn.
func (hs *hosts) enter(ctx context.Context, key string) (*turn, error) {
	hs.mu.Lock()
	h := hs.look(key)
	h.users++
	for {
		now := time.Now()
		if now.Before(h.closed) {
			err := h.refusal(now)
			hs.forget(h)
			hs.mu.Unlock()
			return nil, err
		}
		full, freed := h.active >= h.limit(hs.perHost), h.freed
		if !full && hs.line.full() {
			full, freed = true, hs.line.freed
		}
		wait := h.until.Sub(now)
		if !full && wait <= 0 {
			if h.later.next(now, hs.retries) {
				h.giveUp(now)
				continue
			}
			h.active++
			hs.line.active++
			h.until = now.Add(max(h.gap, hs.every))
			hs.mu.Unlock()
			return &turn{hs: hs, h: h, started: now}, nil
		}
		hs.mu.Unlock()
		var timer <-chan time.Time
		if !full {
			timer = time.After(wait)
		}
		select {
		case <-ctx.Done():
			hs.mu.Lock()
			hs.forget(h)
			hs.mu.Unlock()
			return nil, ctx.Err()
		case <-hs.finish:
			hs.mu.Lock()
			hs.forget(h)
			hs.mu.Unlock()
			return nil, ErrFinished
		case <-freed:
		case <-timer:
		}
		hs.mu.Lock()
	}
}

// refusal says why a closed host is not asked.
func (h *host) refusal(now time.Time) error {
	refused := func(format string, args ...any) error {
		return &Error{Kind: h.kind, Err: fmt.Errorf("not asked: "+format, args...)}
	}
	if h.hopeless {
		return refused("the server answered nothing but %s, %d times in a row, after the waits it had asked for",
			strings.TrimPrefix(h.kind, "http-"), h.later.n)
	}
	if h.silent > 0 {
		return refused("the host gave no answer for %s", now.Sub(h.since).Round(time.Second))
	}
	return refused("the server wants to be left alone for another %s", h.closed.Sub(now).Round(time.Second))
}

// giveUp closes a host that answers nothing but 429 and 503: for good, if it said for how long to wait and that was
// done, else for as long as one that is silent.
func (h *host) giveUp(now time.Time) {
	h.closed, h.hopeless = now.Add(silence), true
	if h.later.kept {
		h.closed = now.Add(100 * 365 * 24 * time.Hour)
	}
}

// A verdict is what a turn says of its host.
type verdict int

const (
	verdictNone   verdict = iota // nothing
	verdictGood                  // it answered
	verdictLater                 // it answered that it is to be asked later
	verdictSilent                // it did not answer
	verdictBroke                 // its answer did not come to an end
)

// leave ends the turn. After the first call it does nothing.
func (t *turn) leave(v verdict) {
	if t.left {
		return
	}
	t.left = true
	t.hs.mu.Lock()
	h := t.h
	switch v {
	case verdictGood, verdictLater:
		h.silent = 0
		if v == verdictGood {
			h.well = true
			h.later.good, h.later.n = true, 0
			h.recover(t.hs.perHost)
			t.hs.line.good()
		}
		if t.started.After(h.slowed) {
			if h.gap = h.gap * 97 / 100; h.gap < leastGap {
				h.gap = 0
			}
		}
	case verdictSilent, verdictBroke:
		if h.silent == 0 && h.well { // it has more to do than it can, and is not away
			h.broke(t.started)
		}
		if v == verdictBroke {
			h.broke(t.started)
			t.hs.line.broke(h, t.started)
		}
		if h.silent++; h.silent == 1 {
			h.since = t.started
		}
		if now := time.Now(); h.silent >= patience && now.Sub(h.since) >= silence {
			h.closed, h.kind, h.hopeless = later(h.closed, now.Add(silence)), ClassTimeout, false
		}
	}
	h.active--
	t.hs.line.leave()
	close(h.freed)
	h.freed = make(chan struct{})
	t.hs.forget(h)
	t.hs.mu.Unlock()
}

// broke halves how many may be active, after a try that began then and ended with bytes under way, or without an answer
// where others had one: what each of them gets of the line, or of the server, is too little. It is done once for all
// that were active.
func (h *host) broke(started time.Time) {
	if started.After(h.cut) {
		h.most, h.cut = float64(max(1, h.active/2)), time.Now()
	}
}

// recover lets one more be active after as many good answers as may be, until that is perHost again.
func (h *host) recover(perHost int) {
	if h.most == 0 {
		return
	}
	if h.most += 1 / h.most; int(h.most) >= perHost {
		h.most = 0
	}
}

// slow makes the host, whose answer was of that class, be asked more rarely, and not before wait is over.
func (t *turn) slow(class string, wait time.Duration) {
	t.hs.mu.Lock()
	defer t.hs.mu.Unlock()
	h, now := t.h, time.Now()
	h.kind = class
	if !t.started.Before(h.later.began) {
		h.later.refused, h.later.asked = true, h.later.asked || wait > 0
	}
	// Of the answers to what was already on its way, the first alone counts.
	if t.started.After(h.slowed) {
		h.gap = min(mostGap, max(firstGap, 2*h.gap))
		h.slowed = now
	}
	if wait > longestWait {
		h.closed, h.hopeless = later(h.closed, now.Add(wait)), false
		return
	}
	h.until = later(h.until, now.Add(max(wait, h.gap)))
	if h.active == 1 && h.later.last(t.hs.retries) { // nothing is under way that could be answered well
		h.later.next(now, t.hs.retries)
		h.giveUp(now)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// forget drops a user of h, and h itself where it is as new. The lock is held.
func (hs *hosts) forget(h *host) {
	h.users--
	now := time.Now()
	if h.users == 0 && h.gap == 0 && h.silent == 0 && h.most == 0 && !now.Before(h.until) && !now.Before(h.closed) {
		delete(hs.m, h.key)
	}
	if len(hs.m) < hs.sweep {
		return
	}
	for key, h := range hs.m {
		if h.users == 0 && !now.Before(h.until) && !now.Before(h.closed) {
			delete(hs.m, key)
		}
	}
	hs.sweep = max(remembered, 2*len(hs.m))
}
