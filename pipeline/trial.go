package pipeline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"imgpipe/pipeline/executor"
	"imgpipe/transform"
)

const (
	// trialShare is how much of the time of a run's tasks its trial may take, as long as nothing is decided. So a run
	// that is too short for a choice to matter has no trial, and costs what the first Executor does.
	trialShare = 1.0 / 32
	// firstStart is what the first round is expected to cost beside its tasks: the second Executor may have to start
	// processes.
	firstStart = 50 * time.Millisecond
	// perLane is how many tasks a round has for each lane.
	perLane = 3
)

// A Side is one of the two Executors of a [Trial].
type Side struct {
	Executor
	// Tune sets this process up for the Executor while that has all tasks, and returns what undoes that. It may be nil.
	Tune func() (undo func())
}

// A Trial is an [Executor] that finds out which of two others is the better one for the tasks at hand. The first has
// all tasks at the beginning. Now and then there is a round: once no task is under way, one side does some tasks, all
// lanes at once, and then the other side does the same tasks.
//
//	state        event                                            next
//	open         a round is due                                   gathering
//	gathering    no task is under way any more, and enough
//	             callers wait: they are the round                 first half
//	             it takes long                                    open
//	first half   the last of its tasks has ended                  second half
//	second half  the same; once that decides, all tasks are for
//	             the better side                                  open
//
// Rounds are weighed as a comparison weighs its runs: by the wall time and the CPU time of each half. Either side comes
// first in turn. The first round is for the second side to get warm, and does not count. The second side is chosen if
// it is shown to be faster, and takes no more CPU time. If that becomes unlikely, the first is chosen.
//
// The price is that each image of a round is done twice. Rounds take a thirty-second of the time at most.
//
// A Trial may be used by many goroutines. Make one with NewTrial.
type Trial struct {
	of      [2]Side
	cpu     func() (spent time.Duration, known bool)
	chosen  func(Choice)
	closing chan struct{}

	mu        sync.Mutex
	begun     time.Time     // when the first task came
	busy      int           // tasks outside of rounds that are under way
	done      int           // those that have ended
	took      time.Duration // what those took, in all
	waiting   []*caller     // in the order in which they came
	gathering *time.Timer   // ends the gathering if it takes long; nil while none goes on
	gathered  time.Time     // when the gathering began
	round     *round        // that goes on; nil if none does
	rounds    int           // that have ended
	spent     time.Duration // by rounds, beyond what their tasks take once
	last      time.Duration // the same of the last round
	later     time.Duration // no round is due so soon after begun
	walls     []float64     // of rounds that count: logarithms of second over first
	cpus      []float64     // the same; nil if the system does not tell
	found     Choice        // its ratios are those of the moment of the choice
	made      bool          // found is the choice
	undo      func()        // of the Tune that is in force; nil if none is

	shutting sync.WaitGroup // of the side that was not chosen
	once     sync.Once
	err      error // of Close
}

// A Choice is what a [Trial] has found.
type Choice struct {
	// Second reports whether the second Executor was chosen.
	Second bool
	// Wall and CPU compare the second Executor with the first, by the time and by the CPU time of the same tasks.
	Wall, CPU Interval
	// Rounds and Images are in how many rounds, and with how many tasks, both were tried.
	Rounds, Images int
}

// NewTrial returns a Trial of two Executors of the same width, which it closes. cpu returns the CPU time that this
// process and all that it has started have spent so far. If cpu is nil, or does not know, wall time alone is weighed.
// chosen is called once a choice is made, by a goroutine that called Do; it may be nil.
func NewTrial(first, second Side, cpu func() (spent time.Duration, known bool), chosen func(Choice)) *Trial {
	return &Trial{of: [2]Side{first, second}, cpu: cpu, chosen: chosen, closing: make(chan struct{})}
}

// Width is that of the first Executor.
func (t *Trial) Width() int { return t.of[0].Width() }

// Ahead is that of the second Executor, which is tried as it would run.
func (t *Trial) Ahead() Ahead {
	if q, ok := t.of[1].Executor.(Queuer); ok {
		return q.Ahead()
	}
	return Ahead{}
}

// Do has one of the two do the task, or both. Then the result and its Cost are those of the one that did it first, and
// the rest of the time counts as Cost.Queued.
func (t *Trial) Do(ctx context.Context, task transform.Task) (transform.Result, Cost, error) {
	came := time.Now()
	r, side, err := t.enter(ctx)
	if err != nil {
		return transform.Result{}, Cost{Attempts: 1, Queued: time.Since(came)}, err
	}
	if r != nil {
		return t.twice(ctx, r, task, came)
	}
	began := time.Now()
	result, cost, err := t.of[side].Do(ctx, task)
	t.leave(time.Since(began) - cost.Queued)
	cost.Queued += began.Sub(came)
	return result, cost, err
}

// A caller is a call of Do that waits.
type caller struct {
	told chan struct{} // closed when it need not wait any more
	in   *round        // that it belongs to then; nil if it has to come again
}

// enter waits until the call can go on: in a round if r is not nil, else at side.
func (t *Trial) enter(ctx context.Context) (r *round, side int, err error) {
	for {
		c, side := t.arrive()
		if c == nil {
			return nil, side, nil
		}
		select {
		case <-c.told:
			if c.in == nil {
				continue
			}
			return c.in, 0, nil
		case <-ctx.Done():
			err = executor.ContextError(ctx)
		case <-t.closing:
			err = ErrClosed
		}
		t.withdraw(c)
		return nil, 0, err
	}
}

// arrive lets a call in, at side; or has it wait, as c.
func (t *Trial) arrive() (c *caller, side int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.begun.IsZero() {
		t.begun = time.Now()
	}
	if t.gathering == nil && t.round == nil {
		if !t.due() {
			t.busy++
			if t.found.Second {
				side = 1
			}
			return nil, side
		}
		t.gathered = time.Now()
		t.gathering = time.AfterFunc(max(t.expected(), firstStart), t.lose)
	}
	c = &caller{told: make(chan struct{})}
	t.waiting = append(t.waiting, c)
	t.gather()
	return c, 0
}

// leave takes back a task outside of a round.
func (t *Trial) leave(took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy--
	t.done++
	t.took += took
	t.gather()
}

// withdraw takes a caller back that does not wait any more.
func (t *Trial) withdraw(c *caller) {
	t.mu.Lock()
	i := slices.Index(t.waiting, c)
	if i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 && c.in != nil {
		t.ended(c.in, false, true) // it has been given a task's place in a round
	}
}

// due reports whether there is to be a round now.
func (t *Trial) due() bool {
	if t.made || t.done < 2*t.Width() {
		return false
	}
	// The time of the tasks and not that of the run, in which lanes may have been idle: a round costs CPU time.
	worked := t.took / time.Duration(t.Width())
	return time.Since(t.begun) >= t.later && float64(t.spent+t.expected()) <= trialShare*float64(worked)
}

// expected is what the next round will cost, beyond what its tasks take once.
func (t *Trial) expected() time.Duration {
	if t.rounds > 0 {
		return t.last
	}
	return firstStart + (perLane+1)*t.took/time.Duration(t.done)
}

// seats is how many tasks a round has.
func (t *Trial) seats() int { return min(perLane*t.Width(), t.Width()+t.Ahead().Tasks) }

// gather begins a round if one is being gathered, no task is under way any more and enough callers wait.
func (t *Trial) gather() {
	if t.gathering != nil && t.busy == 0 && len(t.waiting) >= t.seats() {
		t.start()
	}
}

// lose ends a gathering that takes long. Tasks may come too slowly to fill the lanes: then it does not matter who does
// them. Or one of those under way may be very large.
func (t *Trial) lose() {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.gathering == nil:
	case t.busy == 0 && len(t.waiting) >= t.Width():
		t.start()
	default:
		t.scatter()
	}
}

// scatter ends a gathering without a round.
func (t *Trial) scatter() {
	t.spent += time.Since(t.gathered)
	t.later = 2 * time.Since(t.begun)
	t.gathering.Stop()
	t.gathering = nil
	t.open()
}

// open lets all callers in that wait.
func (t *Trial) open() {
	for _, c := range t.waiting {
		close(c.told)
	}
	t.waiting = nil
}

// tune sets the process up for a side.
func (t *Trial) tune(side int) {
	t.untune()
	if tune := t.of[side].Tune; tune != nil {
		t.undo = tune()
	}
}

func (t *Trial) untune() {
	if t.undo != nil {
		t.undo()
		t.undo = nil
	}
}

// Close closes both Executors.
func (t *Trial) Close() error {
	t.once.Do(func() {
		t.mu.Lock()
		close(t.closing)
		t.mu.Unlock()
		t.shutting.Wait() // from now on nobody begins it
		t.err = errors.Join(t.of[0].Close(), t.of[1].Close())
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.gathering != nil {
			t.gathering.Stop()
		}
		t.untune()
	})
	return t.err
}
