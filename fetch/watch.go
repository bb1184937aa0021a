package fetch

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A watch bounds how long calls of the system on files are waited for. Such a call may never return: the server of a
// mount is gone, a disk fails, another program holds the file. So each is made in a goroutine of its own (see within).
// A call that is not back in time is left behind with that goroutine, and with the thread that it blocks.
//
// Threads are bounded, so a device from which nothing comes back is asked for less and less long, and in the end no
// more:
//
//	calls of the device left behind   and since then       the next call is waited for
//	none                                                   timeout
//	some                              one came back        timeout; a brief one a tenth of it
//	some                              none came back       a tenth of it, halved for each 8 left behind, 50 ms at least
//	manySilent                        none came back       not made
//
// A goroutine for a call costs some 2 µs (two cores, 2026). A walk looks at files ahead, and not one by one, for that
// reason.
type watch struct {
	timeout time.Duration
	// finish, if it is set and closed, says that the run ends: a call is then waited for no longer than lastWait.
	finish <-chan struct{}

	hanging  atomic.Int32 // calls that were left behind and are not back, of all devices
	mu       sync.Mutex
	devices  map[device]*deafness
	out      []*errand
	guarding bool        // timer is set
	timer    *time.Timer // calls guard

	errands sync.Pool // of *errand

	// stall, where it is set before the first call, is called in the goroutine of each with the path; for tests.
	stall func(path string)
}

// A deafness is what is known of a device whose calls were left behind.
type deafness struct {
	hanging  int  // of them are not back
	answered bool // another call came back since
}

const (
	manySilent  = 256
	manyHanging = 4096 // of all devices; Go ends a program that has 10,000 threads
	lastWait    = 2 * time.Second
)

// A spot is where a call goes: the device, if it is known, and the path.
type spot struct {
	device uint64
	path   string
}

// A device is what answers or does not. Where its number is not known, the first folders of a path stand for it.
type device struct {
	number uint64
	top    string
}

func (s spot) of() device {
	if s.device != 0 {
		return device{number: s.device}
	}
	const depth = 3 // mounts lie at /mnt/name or /run/user/name
	path := s.path
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	parts := strings.SplitAfterN(path, string(filepath.Separator), depth+2)
	return device{top: strings.Join(parts[:min(len(parts), depth+1)], "")}
}

// A hungError is the error of a call that is not back, or was not made.
type hungError struct {
	after  time.Duration
	others int
}

func (e *hungError) Error() string {
	if e.after == 0 {
		return fmt.Sprintf("not tried: %d earlier calls on its device have not come back", e.others)
	}
	return fmt.Sprintf("no answer within %v: its disk or the server of its mount hangs", e.after)
}

func newWatch(timeout time.Duration, finish <-chan struct{}) *watch {
	if timeout <= 0 {
		timeout = Options{}.withDefaults().Timeout
	}
	return &watch{timeout: timeout, finish: finish}
}

// limit returns how long a call at s is to be waited for. A brief call is one that others wait behind.
func (p *watch) limit(s spot, brief bool) (time.Duration, error) {
	hanging := p.hanging.Load()
	if hanging == 0 {
		return p.timeout, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.devices[s.of()]
	short := min(p.timeout, max(p.timeout/10, time.Second))
	switch {
	case hanging >= manyHanging:
		return 0, &hungError{others: int(hanging)}
	case known == nil, known.answered && !brief:
		return p.timeout, nil
	case known.answered:
		return short, nil
	case known.hanging >= manySilent:
		return 0, &hungError{others: known.hanging}
	}
	return max(short>>min(known.hanging/8, 10), min(short, 50*time.Millisecond)), nil
}

// left counts a call that was left behind.
func (p *watch) left(s spot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count(s.of())
}

// count does so with mu held.
func (p *watch) count(at device) {
	if p.devices == nil {
		p.devices = map[device]*deafness{}
	}
	if p.devices[at] == nil {
		p.devices[at] = &deafness{}
	}
	p.devices[at].hanging++
	p.devices[at].answered = false
	p.hanging.Add(1)
}

// uncount undoes count, of a device that is the same value: of a relative path it is another one in another folder.
func (p *watch) uncount(at device) {
	p.hanging.Add(-1)
	if p.devices[at].hanging--; p.devices[at].hanging == 0 {
		delete(p.devices, at)
	}
}

// answered notes that a call came back; late says that it had been left behind.
func (p *watch) answered(s spot, late bool) {
	if p.hanging.Load() == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := s.of()
	known := p.devices[at]
	if known == nil {
		return
	}
	known.answered = true
	if late {
		p.uncount(at)
	}
}

// An errand is one call under way. Who waits for it receives from back: that it came back, or that it was left, by the
// guard.
type errand struct {
	ctx      context.Context
	at       spot
	limit    time.Duration
	deadline time.Time
	ending   bool  // the run ends, and deadline is that of its end
	left     error // why it was left, before back says so
	state    atomic.Int32
	back     chan struct{}
	place    int // in watch.out
}

const (
	errandOut = iota
	errandBack
	errandLeft
)

// begin makes an errand, and sees to it that the guard is there.
func (p *watch) begin(ctx context.Context, at spot, limit time.Duration) *errand {
	e, _ := p.errands.Get().(*errand)
	if e == nil {
		e = &errand{back: make(chan struct{}, 1)}
	}
	e.ctx, e.at, e.limit, e.deadline, e.ending, e.left = ctx, at, limit, time.Now().Add(limit), false, nil
	if limit == forever {
		e.deadline = time.Time{}
	}
	e.state.Store(errandOut)
	p.mu.Lock()
	defer p.mu.Unlock()
	e.place = len(p.out)
	p.out = append(p.out, e)
	if !p.guarding {
		p.guarding = true
		if p.timer == nil {
			p.timer = time.AfterFunc(guardEvery, p.guard)
		} else {
			p.timer.Reset(guardEvery)
		}
	}
	return e
}

// remove takes e from those that are out, with mu held.
func (p *watch) remove(e *errand) {
	last := p.out[len(p.out)-1]
	p.out[e.place], last.place = last, e.place
	p.out[len(p.out)-1] = nil
	p.out = p.out[:len(p.out)-1]
}

// guardEvery is how late the end of a run or a time-out may be noticed.
const guardEvery = 50 * time.Millisecond

// guard leaves behind what is overdue, and comes again as long as a call is out. One clock for all calls costs a tenth
// of one for each.
func (p *watch) guard() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, ending := time.Now(), false
	select {
	case <-p.finish:
		ending = true
	default:
	}
	for i := len(p.out) - 1; i >= 0; i-- { // remove moves the last one, which has been looked at
		e := p.out[i]
		if end := now.Add(lastWait); ending && !e.ending {
			e.ending = true
			if e.deadline.IsZero() || end.Before(e.deadline) {
				e.deadline, e.left = end, ErrFinished
			}
		}
		why := e.left
		if why == nil {
			why = &hungError{after: e.limit}
		}
		if err := e.ctx.Err(); err != nil {
			why = err
		} else if e.deadline.IsZero() || now.Before(e.deadline) {
			continue
		}
		at := e.at.of()
		p.count(at) // before the call may find that it was left
		if e.left = why; e.state.CompareAndSwap(errandOut, errandLeft) {
			p.remove(e)
			e.back <- struct{}{}
		} else { // it has just come back
			p.uncount(at)
		}
	}
	if p.guarding = len(p.out) > 0; p.guarding {
		p.timer.Reset(guardEvery)
	}
}

// forever is the limit of a call that only the end of ctx leaves behind.
const forever time.Duration = 1<<63 - 1

// within returns what call returns, if that is within limit. Else its error is a *hungError, or ctx's, or ErrFinished;
// call then still runs, and late is called with what it returns where that is no error. A nil late is not called.
func within[T any](
	ctx context.Context, p *watch, at spot, limit time.Duration, call func() (T, error), late func(T),
) (T, error) {
	var value T
	if err := ctx.Err(); err != nil {
		return value, err
	}
	var failed error
	e := p.begin(ctx, at, limit)
	go func() {
		if p.stall != nil {
			p.stall(at.path)
		}
		v, err := call()
		if e.state.CompareAndSwap(errandOut, errandBack) {
			value, failed = v, err
			e.back <- struct{}{}
			return
		}
		if err == nil && late != nil {
			late(v)
		}
		p.answered(at, true)
	}()
	<-e.back
	if e.state.Load() == errandLeft {
		var none T
		return none, e.left
	}
	p.mu.Lock()
	p.remove(e)
	p.mu.Unlock()
	e.ctx = nil
	p.errands.Put(e)
	p.answered(at, false)
	return value, failed
}
