package procs

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A rehearsal does to a queue what calls do, in one goroutine and without workers, and knows what each call was told.
type rehearsal struct {
	*testing.T
	q     queue
	calls []*call
}

func newRehearsal(t *testing.T, slots int) *rehearsal {
	r := &rehearsal{T: t}
	r.q.pace = time.Millisecond
	for lane := range slots {
		s := &slot{lane: lane}
		r.q.slots, r.q.free = append(r.q.slots, s), append(r.q.free, s)
	}
	return r
}

func (r *rehearsal) arrive(large, again bool) *call {
	c := newCall(true, large, again)
	r.q.wait(c)
	r.calls = append(r.calls, c)
	return c
}

// written has the task of c written to its worker, which the first of a slot starts.
func (r *rehearsal) written(c *call) {
	if c.state == first && c.slot.worker == nil {
		c.slot.worker = &worker{kill: func() {}}
	}
	c.written = true
	r.q.written(c, c.slot.worker)
}

// check holds the queue against the table of states.
func (r *rehearsal) check(after string) {
	r.Helper()
	wrong := func(format string, args ...any) {
		r.Helper()
		r.Fatalf("after "+after+": "+format, args...)
	}
	if len(r.q.free) > 0 && len(r.q.waiting) > 0 {
		wrong("%d wait while %d slots are free", len(r.q.waiting), len(r.q.free))
	}
	for _, c := range r.calls {
		var inLineAt, firstAt []*slot
		for _, s := range r.q.slots {
			if slices.Contains(s.line, c) {
				inLineAt = append(inLineAt, s)
			}
			if s.first == c {
				firstAt = append(firstAt, s)
			}
		}
		is := map[state]bool{
			waiting: slices.Contains(r.q.waiting, c), inLine: len(inLineAt) == 1, first: len(firstAt) == 1,
			gone: len(inLineAt)+len(firstAt) == 0,
		}
		if !is[c.state] || len(inLineAt)+len(firstAt) > 1 || c.state != waiting && is[waiting] {
			wrong("a call in state %d waits: %v, is in %d lines and first %d times",
				c.state, is[waiting], len(inLineAt), len(firstAt))
		}
		told := waiting
		for len(c.moved) > 1 {
			<-c.moved // as a call does that is slow to hear
		}
		if len(c.moved) == 1 {
			told = <-c.moved
			c.moved <- told
		}
		if c.state != gone && told != c.state {
			wrong("a call in state %d was told of state %d", c.state, told)
		}
	}
	for _, s := range r.q.slots {
		switch isFree := slices.Contains(r.q.free, s); {
		case isFree != (s.first == nil), isFree && (len(s.line) > 0 || s.open != nil || s.last != nil):
			wrong("slot %d is free: %v, and is held by %p with %d in line, open to %p",
				s.lane, isFree, s.first, len(s.line), s.open)
		case len(s.line) > maxLine:
			wrong("%d are in line", len(s.line))
		case s.open != nil && s.last != nil:
			wrong("a line is open behind a task that is not written")
		case s.last != nil && s.last.state == inLine && s.line[len(s.line)-1] != s.last:
			wrong("somebody has joined behind a task that is not written")
		}
	}
}

// TestCallsGoThroughTheirStatesInAnyOrderOfEvents rehearses random events. Each call is in one place at any moment, no
// slot is free while a call waits, and in the end all calls have been first or were told to go.
func TestCallsGoThroughTheirStatesInAnyOrderOfEvents(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := newRehearsal(t, 1+rnd.IntN(3))
		in := func(states ...state) *call {
			var some []*call
			for _, c := range r.calls {
				if slices.Contains(states, c.state) {
					some = append(some, c)
				}
			}
			if len(some) == 0 {
				return nil
			}
			return some[rnd.IntN(len(some))]
		}
		for range 200 {
			event := ""
			switch rnd.IntN(7) {
			case 0, 1:
				event = "arrival"
				r.arrive(rnd.IntN(4) == 0, rnd.IntN(4) == 0)
			case 2, 3:
				if c := in(first, inLine); c != nil && !c.written {
					event = "writing"
					r.written(c)
				}
			case 4:
				if c := in(first); c != nil {
					event = "pass"
					r.q.pass(c)
				}
			case 5:
				if c := in(waiting, inLine); c != nil {
					event = "withdrawal"
					before, behind := c.state, c.state == inLine && c.written
					if r.q.withdraw(c) || c.state != gone || behind && !c.slot.worker.stale.Load() {
						t.Fatalf("seed %d: a call in state %d withdraws, and is in state %d", seed, before, c.state)
					}
				}
			case 6:
				if c := in(first); c != nil {
					event = "the end of a worker"
					c.slot.scatter()
					c.slot.worker = nil
				}
			}
			r.check(event)
		}
		for len(r.q.free) < len(r.q.slots) {
			r.q.pass(in(first))
			r.check("the last passes")
		}
		if c := in(waiting, inLine, first); c != nil {
			t.Fatalf("seed %d: in the end a call is in state %d", seed, c.state)
		}
	}
}

// TestAPlaceThatIsWithdrawnGoesToOthers withdraws a call that has been given each kind of place, as one does that is
// canceled in the moment in which it comes.
func TestAPlaceThatIsWithdrawnGoesToOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		inLine    bool             // the call has a place in line, not a slot
		meanwhile func(*rehearsal) // what happens before it withdraws
		isFirst   bool             // what withdraw returns
		next      state            // of the next call then
	}{
		"a slot":                       {false, nil, true, first},
		"a place in line":              {true, nil, false, inLine},
		"one whose turn has come":      {true, func(r *rehearsal) { r.q.pass(r.calls[0]) }, true, first},
		"one that has to go elsewhere": {true, func(r *rehearsal) { r.q.slots[0].scatter() }, false, waiting},
	} {
		r := newRehearsal(t, 1)
		if tt.inLine {
			r.written(r.arrive(false, false))
		}
		c, next := r.arrive(false, false), r.arrive(false, false)
		if (c.state == inLine) != tt.inLine || next.state != waiting {
			t.Fatalf("%s: the calls are in states %d and %d", name, c.state, next.state)
		}
		if tt.meanwhile != nil {
			tt.meanwhile(r)
		}
		isFirst := r.q.withdraw(c)
		if isFirst {
			r.q.pass(c)
		}
		if isFirst != tt.isFirst || next.state != tt.next {
			t.Errorf("%s: it is first: %v, want %v; the next is in state %d, want %d",
				name, isFirst, tt.isFirst, next.state, tt.next)
		}
		r.check(name)
	}
}

// TestWhoComesBackFromALineIsServedBeforeOthers has a call wait, and then one that was in a line in vain.
func TestWhoComesBackFromALineIsServedBeforeOthers(t *testing.T) {
	r := newRehearsal(t, 1)
	busy := r.arrive(true, false)
	late, back := r.arrive(false, false), r.arrive(false, true)
	r.q.pass(busy)
	if back.state != first || late.state != waiting {
		t.Errorf("who came back is in state %d, and who came late in %d; want %d and %d",
			back.state, late.state, first, waiting)
	}
}

// TestNobodyJoinsBehindATaskThatIsTriedAgain has a worker end, and its first task written to another one.
func TestNobodyJoinsBehindATaskThatIsTriedAgain(t *testing.T) {
	r := newRehearsal(t, 1)
	c := r.arrive(false, false)
	r.written(c)
	r.q.slots[0].scatter()
	r.written(c)
	if next := r.arrive(false, false); next.state != waiting {
		t.Errorf("the next call is in state %d, want %d", next.state, waiting)
	}
}
