package procs

import (
	"context"
	"slices"
	"time"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

// Everything in this file runs in the parent.

// A worker that waits for its next image costs 0.3 to 1.6 ms, the time until the pool's own process has a processor:
// a tenth of the time of a small image, and some hundredths of a large one's. Images stand in line at the workers,
// therefore: as many as it takes to hide that wait, where there are enough others, so that no worker has nothing to
// do while another one has a line.
const (
	maxLine  = 4                     // how long a line may be,
	maxAhead = 12 * time.Millisecond // in images and in time, but one image always
	maxSmall = 512 << 10             // the largest file that may be in a longer line than one
	patience = 10 * maxAhead         // after so long in a line, an image goes to a worker that has nothing to do, and after ten times that to any
)

// A slot is a lane of the pool, with or without a worker. It belongs to one task at a time, its first. Others may
// stand in line behind that, in the pipe of the worker.
type slot struct {
	lane   int
	worker *worker      // nil where there is none
	next   chan startup // gives the worker's successor when it has started; nil where none is on its way

	// What follows is guarded by Pool.mu.

	line   []*turn
	large  bool    // the file of the first is large
	takes  *worker // that of the first, while it takes more; nil where it does not, or somebody is about to write to it
	writes *turn   // who that is
}

// A turn is the place of a task in a line.
type turn struct {
	come  chan bool // says that the task is the first now, or else that it must go elsewhere
	large bool      // its file is
}

// A queue says which tasks wait, and for what. It is guarded by Pool.mu.
type queue struct {
	slots   []*slot
	free    []*slot   // those without a task; the last one is taken first, since its worker is warm
	waiting []*waiter // in the order in which they came, but before them those who come back from a line

	pace time.Duration // what an image takes, a moving average; 0 while unknown
}

// A waiter is a task that has no place.
type waiter struct {
	ahead bool // it may stand in line
	large bool // its file is larger than maxSmall
	again bool // it has stood in a line in vain
	got   chan grant
}

// A grant is a slot to be the first of, or where turn is not nil the end of its line: then worker is to be given the
// task, and turn says the rest.
type grant struct {
	slot   *slot
	worker *worker
	turn   *turn
}

// match gives places to those that have waited longest.
func (q *queue) match() {
	for len(q.waiting) > 0 {
		w := q.waiting[0]
		if last := len(q.free) - 1; last >= 0 {
			w.got <- grant{slot: q.free[last]}
			q.free = q.free[:last]
		} else if s := q.shortest(w); s != nil {
			g := grant{s, s.takes, &turn{make(chan bool, 1), w.large}}
			s.line, s.takes, s.writes = append(s.line, g.turn), nil, g.turn
			w.got <- g
		} else {
			return
		}
		q.waiting = slices.Delete(q.waiting, 0, 1)
	}
}

// shortest is the slot with the shortest line that w can stand in; nil where there is none.
func (q *queue) shortest(w *waiter) (best *slot) {
	if !w.ahead || q.pace == 0 {
		return nil
	}
	small, each := min(maxLine, int(maxAhead/q.pace)), 0
	if len(q.waiting) > len(q.slots) { // one stays for each worker that may be free sooner
		each = 1
	}
	for _, s := range q.slots {
		room := each
		if !w.large && !s.large && !slices.ContainsFunc(s.line, func(t *turn) bool { return t.large }) {
			room = max(each, small)
		}
		if s.takes != nil && len(s.line) < room && (best == nil || len(s.line) < len(best.line)) {
			best = s
		}
	}
	return best
}

// took tells of an image that has kept a worker busy for so long.
func (q *queue) took(busy time.Duration) {
	const weight = 8 // of the images before it
	if q.pace == 0 {
		q.pace = busy
	}
	q.pace = max((weight*q.pace+busy)/(weight+1), 1)
}

// enter counts a task in, unless Close has been called.
func (p *Pool) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closing:
		return false
	default:
		p.inside.Add(1)
		return true
	}
}

// turn waits until task is the first of a slot. If the task has stood in line, the worker has been given it: else
// sent is nil. It fills in what it knows of cost.
func (p *Pool) turn(ctx context.Context, task transform.Task, cost *pipeline.Cost) (s *slot, sent *posting, err error) {
	arrived := time.Now()
	defer func() { cost.Queued = time.Since(arrived) }()
	for again := false; ; again = true {
		g, err := p.acquire(ctx, &waiter{p.opts.Ahead && p.shared != nil, len(task.Data) > maxSmall, again, make(chan grant, 1)})
		if err != nil {
			return nil, nil, err
		}
		cost.Worker = g.slot.lane
		if g.turn == nil {
			return g.slot, nil, nil
		}
		sent, err := g.worker.post(task, true)
		if err != nil || sent.wrote == nil && !sent.lost {
			p.posted(g)
		}
		first := p.await(ctx, g)
		switch {
		case first && err == nil && sent.lost: // the worker has ended since it was given the others, or has to
			p.drop(sent)
			g.worker.stale.Store(true)
			return g.slot, nil, nil
		case first && err != nil:
			p.leave(g.slot)
			cost.Attempts = 1
			return nil, nil, err
		case first:
			cost.Attempts = 1
			sent.start = time.Now()
			return g.slot, sent, nil
		case err == nil:
			p.drop(sent)
		}
	}
}

// await waits until one in line is the first, and tells whether it is: if not, it is in line no more.
func (p *Pool) await(ctx context.Context, g grant) (first bool) {
	look := time.NewTicker(patience)
	defer look.Stop()
	for looks := 1; ; {
		select {
		case first := <-g.turn.come:
			return first
		case <-ctx.Done():
			return p.disperse(g)
		case <-p.life.Done():
			return p.disperse(g)
		case <-look.C:
			p.mu.Lock()
			idle, tooLong := len(p.free) > 0, 10*max(patience, p.pace)
			p.mu.Unlock()
			if idle || time.Duration(looks)*patience > tooLong {
				return p.disperse(g)
			}
			looks++
		}
	}
}

// disperse ends the line that g stands in, unless its turn has come, which it tells. Nothing can be taken back from a
// pipe: so those in line go elsewhere, and the worker has to end when it has answered the first.
func (p *Pool) disperse(g grant) (first bool) {
	p.mu.Lock()
	if slices.Contains(g.slot.line, g.turn) {
		g.worker.stale.Store(true)
		g.worker.in.SetWriteDeadline(time.Now()) // for who may be writing to it; its error is that the worker has ended
		g.slot.dismiss()
	}
	p.mu.Unlock()
	return <-g.turn.come
}

// acquire waits for a place.
func (p *Pool) acquire(ctx context.Context, w *waiter) (grant, error) {
	over := func() error {
		select {
		case <-p.closing:
			return pipeline.ErrClosed
		case <-p.broken:
			return p.startErr
		case <-ctx.Done():
			return pipeline.ContextError(ctx)
		default:
			return nil
		}
	}
	if err := over(); err != nil {
		return grant{}, err
	}
	p.mu.Lock()
	if w.again {
		p.waiting = slices.Insert(p.waiting, 0, w)
	} else {
		p.waiting = append(p.waiting, w)
	}
	p.match()
	p.mu.Unlock()
	select {
	case g := <-w.got:
		err := over()
		if err != nil {
			p.giveBack(g)
		}
		return g, err
	case <-p.closing:
	case <-p.broken:
	case <-ctx.Done():
	}
	p.mu.Lock()
	i := slices.Index(p.waiting, w)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		p.match() // those behind it may want less
	}
	p.mu.Unlock()
	if i < 0 {
		p.giveBack(<-w.got)
	}
	return grant{}, over()
}

// giveBack leaves a place to others, for which nothing has been written yet.
func (p *Pool) giveBack(g grant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.turn == nil {
		p.pass(g.slot)
	} else if last := len(g.slot.line) - 1; last >= 0 && g.slot.line[last] == g.turn { // nobody has come behind it
		g.slot.line, g.slot.takes, g.slot.writes = g.slot.line[:last], g.worker, nil
		p.match()
	} else if <-g.turn.come { // it is the first by now
		p.pass(g.slot)
	}
}

// offer lets others stand in line behind the first of s, whose worker has been given its task.
func (p *Pool) offer(s *slot, large bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.large = large
	if p.more(s.worker) {
		s.takes = s.worker
		p.match()
	}
}

// posted lets others stand in line behind one that does.
func (p *Pool) posted(g grant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if g.slot.writes == g.turn && p.more(g.worker) {
		g.slot.takes, g.slot.writes = g.worker, nil
		p.match()
	}
}

// more tells that a worker is not to be replaced after what it has been given.
func (p *Pool) more(w *worker) bool {
	return p.opts.Recycle == 0 || w.posted < uint64(p.opts.Recycle)
}

// dismiss sends those behind the first of s elsewhere: its worker has ended.
func (p *Pool) dismiss(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.dismiss()
}

func (s *slot) dismiss() {
	for _, t := range s.line {
		t.come <- false
	}
	s.line, s.takes, s.writes = nil, nil, nil
}

// leave is the end of the first of s.
func (p *Pool) leave(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass(s)
}

// pass gives s to the next in its line, or to those who wait.
func (q *queue) pass(s *slot) {
	if len(s.line) > 0 {
		s.large = s.line[0].large
		s.line[0].come <- true
		s.line = slices.Delete(s.line, 0, 1)
	} else {
		if s.worker != nil && s.worker.stale.Load() {
			s.worker.kill() // before it has done much that nobody waits for
		}
		s.takes, s.writes = nil, nil
		q.free = append(q.free, s)
	}
	q.match()
}

// drop lets go of a task that was posted and is done elsewhere.
func (p *Pool) drop(sent *posting) {
	if sent.wrote != nil {
		<-sent.wrote
	}
	p.shared.back(sent.copied)
}
