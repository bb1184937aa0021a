package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

// ErrClosed is the error of an Executor that has been closed.
var ErrClosed = errors.New("transform: the executor is closed")

// closeGrace is how long [Local.Close] waits for work that nobody waits for any more. A transform looks at its
// context between its parts, of which the longest takes well under a second on the largest image that the default
// limits let in.
const closeGrace = 2 * time.Second

// Local is an [Executor] that runs tasks in goroutines of this process. Make one with [Serial], [Goroutines],
// [Threads] or [GIL].
//
//	Do ──> a free lane ──> the lock (GIL alone) ──> transform.Do ──> Result
//
// It copies no bytes. Each lane has a goroutine, which it starts for its first task and keeps until Close. A new
// goroutine for each task would have to grow its stack each time, at 10 µs a task. [Local.Measured] has it say where
// the time of each task went.
//
// A goroutine cannot be killed. When a task's context ends, Do abandons the task together with its goroutine. The lane
// and the lock go to the next task at once, and the goroutine ends when transform.Do next looks at its context.
// [Local.Abandoned] counts such goroutines. A fault that Go cannot recover, such as a stack overflow, ends the whole
// process; only worker processes (package procs) survive that.
//
// A Local may be used by many goroutines. Its zero value is not usable.
type Local struct {
	lanes    chan *lane // those that are free; capacity: the width
	lock     *gil       // nil where there is no lock
	threads  bool       // each lane has an operating system thread to itself
	measured bool       // Cost.Work is filled in

	do executor.Func

	closing chan struct{} // closed by the first Close: no new task is let in
	expired chan struct{} // closed when the grace of Close is over: running tasks are abandoned

	once     sync.Once
	closeErr error // written within once

	running sync.WaitGroup // the calls of Do

	mu        sync.Mutex    // guards what is below, calls, and running.Add against the Wait of Close
	abandoned int           // goroutines whose task was given up
	drained   chan struct{} // closed when abandoned becomes 0; nil while nobody waits for that
}

// Serial returns an Executor of width 1: one task after the other, the reference that other modes are measured against.
func Serial() *Local { return newLocal(1) }

// Goroutines returns an Executor that runs up to n tasks at once; n below 1 means GOMAXPROCS.
func Goroutines(n int) *Local { return newLocal(n) }

// Threads is [Goroutines] with an operating system thread for each lane. The thread does nothing else, starts with the
// lane's first task and ends with the lane: Go does not use it again. As with the threads of other languages, each
// hand-over of a task is then a matter of the kernel, which wakes one thread and has another sleep. Not more than
// GOMAXPROCS of them run at once. n below 1 means GOMAXPROCS.
func Threads(n int) *Local {
	l := newLocal(n)
	l.threads = true
	return l
}

// GIL returns an Executor that lets n tasks in and has one of them compute at a time, as threads of pure Python do
// under CPython's global interpreter lock. A task that waits for the lock asks for it after 5 ms; the task that has it
// lets it go when it next looks at its context, and waits to get it back. Nothing that is fetched or stored waits for
// the lock, because an Executor does neither. Cost.Wait is the sum of a task's waits. n below 1 means GOMAXPROCS.
func GIL(n int) *Local {
	l := newLocal(n)
	l.lock = &gil{}
	return l
}

func newLocal(n int) *Local {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	l := &Local{
		lanes:   make(chan *lane, n),
		do:      transform.Do,
		closing: make(chan struct{}),
		expired: make(chan struct{}),
	}
	for i := range n {
		l.lanes <- &lane{number: i}
	}
	return l
}

// Measured has l fill in Cost.Work, and returns l. For that the goroutine of a lane stays on its thread while it has a
// task. It must be called before the first Do. Images of 4 ms then take 1.04 times the CPU time (0.99 to 1.10 in 12
// pairs of runs, two busy CPUs, 2026-11-28), so it is not for runs that nobody looks at.
func (l *Local) Measured() *Local {
	l.measured = true
	return l
}

// Through has l run wrap(transform.Do) in place of transform.Do, and returns l. It is for what is to be done around
// every transform, and must be called before the first Do.
func (l *Local) Through(wrap func(next executor.Func) executor.Func) *Local {
	l.do = wrap(l.do)
	return l
}

// Width is how many tasks Do lets in at once.
func (l *Local) Width() int { return cap(l.lanes) }

// Abandoned is the number of goroutines that still work on tasks which have been given up.
func (l *Local) Abandoned() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.abandoned
}

// Do runs one task, as [Executor] says. A panic becomes an error of class "panic".
func (l *Local) Do(ctx context.Context, task transform.Task) (transform.Result, Cost, error) {
	cost := Cost{Attempts: 1}
	if !l.enter() {
		return transform.Result{}, cost, ErrClosed
	}
	defer l.running.Done()
	if ctx.Err() != nil {
		return transform.Result{}, cost, executor.ContextError(ctx)
	}

	arrived := time.Now()
	var on *lane
	select {
	case on = <-l.lanes:
		cost.Worker = on.number
		defer func() { l.lanes <- on }()
	case <-ctx.Done():
		return transform.Result{}, cost, executor.ContextError(ctx)
	case <-l.expired:
		return transform.Result{}, cost, ErrClosed
	}
	came := time.Now()
	cost.Queued = came.Sub(arrived)
	turn := l.lock.newThread()
	defer l.lock.leave(turn)
	ok := l.lock.take(turn, ctx.Done(), l.expired)
	before := l.lock.waited(turn)
	cost.Wait = before
	switch {
	case !ok && ctx.Err() == nil:
		return transform.Result{}, cost, ErrClosed
	case !ok:
		return transform.Result{}, cost, executor.ContextError(ctx)
	}

	// The context of transform.Do ends with this call, so that a goroutine that Close abandons hears of it.
	work, cancel := l.lock.bounded(ctx, task.Limits.Time, turn)
	defer cancel()
	task.Limits.Time = 0 // it is in work
	c := &call{ctx: l.lock.held(work, turn, l.expired), task: task, turn: turn, done: make(chan struct{})}
	if on.work == nil {
		on.work = make(chan *call)
		go l.serve(on.work)
	}
	on.work <- c
	var err error
	select {
	case <-c.done:
		if c.exited {
			on.work = nil
		}
		cost.Wait = l.lock.waited(turn)
		cost.Work = c.work.Within(c.work.Wall - (cost.Wait - before))
		c.result = without(c.result, cost.Wait-before)
		if c.err != nil && work.Err() != nil {
			// Whatever transform.Do says of it, the context is why it stopped.
			return transform.Result{}, cost, executor.ContextError(work)
		}
		return c.result, cost, c.err
	case <-work.Done():
		err = executor.ContextError(work)
	case <-l.expired:
		err = ErrClosed
	}
	cost.Wait = l.lock.waited(turn)
	if l.giveUp(c) {
		cost.Abandoned, cost.Ended = true, c.done
	}
	close(on.work)
	on.work = nil
	return transform.Result{}, cost, err
}

// A lane does one task at a time. Whoever took it from Local.lanes owns it.
type lane struct {
	number int
	work   chan *call // to its goroutine, which ends when it is closed; nil while there is none
}

// A call is one run of transform.Do.
type call struct {
	ctx    context.Context
	task   transform.Task
	turn   *thread // with the lock, if there is one
	result transform.Result
	err    error
	work   executor.Work
	exited bool          // it ended its goroutine
	done   chan struct{} // closed when result, err, work and exited are there

	ended, givenUp bool // guarded by Local.mu
}

func (l *Local) finish(c *call) {
	l.lock.leave(c.turn) // before Do hears of it: others wait
	l.mu.Lock()
	defer l.mu.Unlock()
	c.ended = true
	close(c.done)
	if c.givenUp {
		l.abandoned--
		if l.abandoned == 0 && l.drained != nil {
			close(l.drained)
			l.drained = nil
		}
	}
}

// giveUp reports whether c still runs.
func (l *Local) giveUp(c *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !c.ended {
		c.givenUp = true
		l.abandoned++
	}
	return c.givenUp
}

// serve is the goroutine of a lane.
func (l *Local) serve(work <-chan *call) {
	if l.threads {
		runtime.LockOSThread() // for ever: a thread that is locked ends with its goroutine
	}
	for c := range work {
		l.run(c)
	}
}

// run does c's task and finishes c. A panic of transform.Do becomes its error.
func (l *Local) run(c *call) {
	defer l.finish(c) // deferred, because runtime.Goexit runs nothing else
	returned := false
	defer func() {
		if returned {
			return
		}
		thrown := recover()
		c.exited = thrown == nil // by runtime.Goexit
		c.err = executor.Panicked(thrown)
	}()
	if l.measured {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		c.work = executor.Measure(func() { c.result, c.err = l.do(c.ctx, c.task) })
	} else {
		c.result, c.err = l.do(c.ctx, c.task)
	}
	returned = true
}

// enter counts a call of Do in, unless Close has been called.
func (l *Local) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closing:
		return false
	default:
		l.running.Add(1)
		return true
	}
}

// Close lets no new task in and waits for those that run. After two seconds it abandons them: they end with
// [ErrClosed]. If goroutines have not ended after two more, its error says how many. Calling it again waits for the
// first call and returns the same error.
func (l *Local) Close() error {
	l.once.Do(func() { l.closeErr = l.close() })
	return l.closeErr
}

func (l *Local) close() error {
	l.mu.Lock()
	close(l.closing)
	l.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		l.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(closeGrace):
		close(l.expired)
		<-ended
	}

	for range cap(l.lanes) {
		if on := <-l.lanes; on.work != nil {
			close(on.work)
		}
	}

	l.mu.Lock()
	drained := make(chan struct{})
	if l.abandoned == 0 {
		close(drained)
	} else {
		l.drained = drained
	}
	l.mu.Unlock()
	select {
	case <-drained:
		return nil
	case <-time.After(closeGrace):
		return fmt.Errorf("transform: close: %d tasks that were given up are still at work", l.Abandoned())
	}
}
