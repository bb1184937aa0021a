package procs

import (
	"slices"
	"time"
)

// Everything in this file runs in the parent. It decides which task goes where. It starts nothing and writes nothing.

// A worker that waits for its next image costs 0.3 to 1.6 ms, the time until the pool's own process has a processor:
// a tenth of the time of a small image, and some hundredths of a large one's. With Options.Ahead, therefore, images are
// queued at workers that are busy: as many as hide that wait, provided that there are enough for all workers.
const (
	maxLine  = 4                     // how long the line at a worker may be,
	maxAhead = 12 * time.Millisecond // in images and in time, but one image always
	maxSmall = 512 << 10             // the largest file that may be in a longer line than one

	// patience is how long an image stays in a line while another slot is free. It leaves any line after ten times
	// that.
	patience = 10 * maxAhead
)

// A call is one call of Pool.Do or Pool.Isolation: where its task stands. Its states, and what changes them:
//
//	state    event                                                   next
//	waiting  match: a slot is free                                   first
//	         match: a line has room for it                           inLine
//	         withdraw: its context or the pool ends                  gone
//	inLine   pass: the first of its slot ends, and it is the next    first
//	         scatter: the worker has ended                           gone
//	         withdraw, before its task was written: its context or
//	         the pool ends                                           gone
//	         withdraw, after that: the same, or it has been in line
//	         for long. Nothing can be taken back from a pipe, so the
//	         line is scattered and the worker is stale: it is killed
//	         when it has answered the first                          gone
//	first    pass: its task has ended, or will never be written      gone
//	gone
//
// The first of a slot has its worker to itself: it starts and replaces it, and reads its answers. A call that is gone
// although its task is to be done comes back as a new one, at the front of those that wait.
type call struct {
	ahead bool       // it may be in line
	large bool       // its file is larger than maxSmall
	again bool       // it has been in a line in vain
	moved chan state // gets each new state that others bring about: two at most, for which there is room

	written bool // inLine: its task was written to worker, or is being written. It is the call's own

	// What follows is guarded by Pool.mu. slot and worker stand from when the call has them.

	state  state
	slot   *slot
	worker *worker // inLine: the one that the task is to be written to
}

// A state is one of those that a call has.
type state int

const (
	waiting state = iota // it has no slot
	inLine               // it is behind the first of its slot
	first                // the slot is its own
	gone                 // it has no slot any more
)

func newCall(ahead, large, again bool) *call {
	return &call{ahead: ahead, large: large, again: again, moved: make(chan state, 2)}
}

func (c *call) move(to state) {
	c.state = to
	c.moved <- to
}

// A slot is a lane of the pool, with or without a worker.
type slot struct {
	lane int

	// worker and next belong to the first of the slot. worker is nil where there is none. next gets the worker's
	// replacement when that has started, and is nil if none is on its way.
	worker *worker
	next   chan startup

	// What follows is guarded by Pool.mu.

	first *call   // nil while the slot is free
	line  []*call // behind the first, in the order in which their tasks are in the worker's pipe
	open  *worker // that of the first, while another call may join the line; else nil
	last  *call   // the call that must write its task before another may join; nil if none has to
}

// A queue says which calls wait, and which slots are free. It is guarded by Pool.mu.
type queue struct {
	slots   []*slot
	free    []*slot // the last one is taken first, since its worker is warm
	waiting []*call // in the order in which they came, but before them those that come back from a line

	pace time.Duration // how long an image takes, a moving average; 0 while unknown
}

// wait has c wait for a slot.
func (q *queue) wait(c *call) {
	if c.again {
		q.waiting = slices.Insert(q.waiting, 0, c)
	} else {
		q.waiting = append(q.waiting, c)
	}
	q.match()
}

// match moves the calls that have waited longest to free slots, and behind them to lines.
func (q *queue) match() {
	for len(q.waiting) > 0 {
		c := q.waiting[0]
		if last := len(q.free) - 1; last >= 0 {
			s := q.free[last]
			q.free = q.free[:last]
			c.slot, s.first, s.last = s, c, c
			c.move(first)
		} else if s := q.shortest(c); s != nil {
			c.slot, c.worker = s, s.open
			s.line, s.open, s.last = append(s.line, c), nil, c
			c.move(inLine)
		} else {
			return
		}
		q.waiting = slices.Delete(q.waiting, 0, 1)
	}
}

// shortest returns the slot with the shortest line that c can join, or nil.
func (q *queue) shortest(c *call) (best *slot) {
	if !c.ahead || q.pace == 0 {
		return nil
	}
	small, each := min(maxLine, int(maxAhead/q.pace)), 0
	if len(q.waiting) > len(q.slots) { // one stays for each worker that may be free sooner
		each = 1
	}
	for _, s := range q.slots {
		if s.open == nil {
			continue
		}
		room := each
		if !c.large && !s.first.large && !slices.ContainsFunc(s.line, func(c *call) bool { return c.large }) {
			room = max(each, small)
		}
		if len(s.line) < room && (best == nil || len(s.line) < len(best.line)) {
			best = s
		}
	}
	return best
}

// written lets others join the line behind c, whose task has been written to w. It does nothing if c has lost its place
// since, or if its task is tried again: then it is alone at its worker.
func (q *queue) written(c *call, w *worker) {
	if s := c.slot; s.last == c {
		s.open, s.last = w, nil
		q.match()
	}
}

// pass ends c, which is the first of its slot: the next in line has the slot then, or those that wait.
func (q *queue) pass(c *call) {
	s := c.slot
	c.state = gone
	if len(s.line) > 0 {
		s.first = s.line[0]
		s.line = slices.Delete(s.line, 0, 1)
		s.first.move(first)
	} else {
		if s.worker != nil && s.worker.stale.Load() {
			s.worker.kill() // before it has done much that nobody waits for
		}
		s.first, s.open, s.last = nil, nil, nil
		q.free = append(q.free, s)
	}
	q.match()
}

// scatter sends all that are in line at s elsewhere.
func (s *slot) scatter() {
	for _, c := range s.line {
		c.move(gone)
	}
	s.line, s.open, s.last = nil, nil, nil
}

// withdraw ends c, unless it is the first of its slot by now.
func (q *queue) withdraw(c *call) (isFirst bool) {
	switch {
	case c.state == waiting:
		i := slices.Index(q.waiting, c)
		q.waiting = slices.Delete(q.waiting, i, i+1)
		c.state = gone
		q.match() // those behind it may want less
	case c.state == inLine && !c.written: // so that none has joined behind it
		s := c.slot
		s.line, s.open, s.last = s.line[:len(s.line)-1], c.worker, nil
		c.state = gone
		q.match()
	case c.state == inLine:
		c.worker.stale.Store(true)
		c.worker.in.SetWriteDeadline(time.Now()) // for a call that may be writing to it: its error is that of an end
		c.slot.scatter()
	}
	return c.state == first
}

// took notes that an image has kept a worker busy for so long.
func (q *queue) took(busy time.Duration) {
	const weight = 8 // of the images before it
	if q.pace == 0 {
		q.pace = busy
	}
	q.pace = max((weight*q.pace+busy)/(weight+1), 1)
}
