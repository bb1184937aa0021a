package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"imgpipe/fetch"
)

// ErrTooManyFailures ends a run that reached Options.MaxFailures or Options.MaxFailureShare.
var ErrTooManyFailures = errors.New("too many items failed")

var errStopped = errors.New("the run was stopped before its turn")

// Run takes items through fetch, transform and store as o says, and accounts for each: it counts the item in Totals,
// has a [Recorder] record its Outcome, and calls sink with it. That happens from one goroutine at a time and in the
// order in which items end. The sink only observes, and may be nil.
//
// Run returns when all that it started has ended, except a transform that was given up at its ItemTimeout, which ends
// at its next look at the context.
//
// The error says why the run ended before its items did: it is ctx's, ErrTooManyFailures, that of Record, or one that
// called itself fatal. It is nil after Options.Stop. The errors of items are in their Outcomes alone. Every item taken
// from the input is in Totals, whatever happened.
func Run(ctx context.Context, items iter.Seq[fetch.Item], o Options, sink func(Outcome)) (Totals, error) {
	o = o.withDefaults()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	recorder, _ := o.Store.(Recorder)
	began, lanes := time.Now(), o.Executor.Width()
	if o.Sequential {
		lanes = 1
	}
	pace := newThrottle(o.Downloads, o.MostDownloads, o.Executor.Width())
	r := &runner{
		Options:  o,
		recorder: recorder,
		budget:   newBudget(o.Memory),
		pace:     pace,
		wide:     o.Executor.Width(),
		began:    began,
		meter:    newMeter(lanes, o.Stores, began, pace.allowed),
		sink:     sink,
		enough:   make(chan struct{}),
		cancel:   cancel,
	}
	if q, ok := o.Executor.(Queuer); ok {
		ahead := q.Ahead()
		r.wide += ahead.Tasks + ahead.Small
	}
	if o.Sequential {
		r.wide = 1
	}
	stopTelling := r.tellStopping(ctx)
	if o.Sequential {
		r.sequential(ctx, items)
	} else {
		r.concurrent(ctx, items)
	}
	stopTelling()
	r.totals.Pace = r.paceNow()
	r.totals.Flow = r.flow()
	return r.totals, r.verdict(ctx)
}

// A runner is the state of one Run.
type runner struct {
	Options
	budget *budget
	wide   int // how many items are with the executor at once
	pace   *throttle
	began  time.Time
	meter  *meter
	cancel context.CancelCauseFunc

	// The goroutine that calls end owns what follows.
	recorder Recorder // nil if the Store is none, or once Record has returned an error
	sink     func(Outcome)
	enough   chan struct{} // closed when too many items have failed
	totals   Totals
	last     fetch.Item // the one that ended last
	paced    bool       // Options.Paced was called
}

// tellStopping calls Stopping once the run is to stop. It ends when the function that it returns is called.
func (r *runner) tellStopping(ctx context.Context) (end func()) {
	if r.Stopping == nil {
		return func() {}
	}
	var telling sync.WaitGroup
	over := make(chan struct{})
	telling.Go(func() {
		select {
		case <-ctx.Done():
		case <-r.Stop:
		case <-r.enough:
		case <-over:
			return
		}
		r.Stopping()
	})
	return func() {
		close(over)
		telling.Wait()
	}
}

func (r *runner) now() time.Duration { return time.Since(r.began) }

// sequential does one item after the other.
func (r *runner) sequential(ctx context.Context, items iter.Seq[fetch.Item]) {
	for item := range items {
		j := newJob(item)
		r.meter.take(&j.state)
		if r.plan(ctx, j) && r.fetch(ctx, j, 0) && r.transform(ctx, j) {
			r.meter.move(&j.state, stateNoting)
			r.store(ctx, j, 0)
		}
		r.meter.move(&j.state, stateNoting)
		r.end(j)
		r.meter.move(&j.state, stateNone)
		r.meter.ask()
		if r.stopped(ctx) {
			break
		}
	}
	r.meter.close()
}

// concurrent does many items at once. Each stage hands a job that goes on to the next stage, and a job that has ended
// straight to ended, which is closed when the last stage is through. Channels are unbuffered: a slow stage holds back
// the one before it, and what waits between them is what their lanes hold.
func (r *runner) concurrent(ctx context.Context, items iter.Seq[fetch.Item]) {
	planned, ended := make(chan *job), make(chan *job)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(planned)
		r.feed(ctx, items, planned, ended)
	})
	fetched := r.fetchStage(ctx, &running, planned, ended)
	made := r.transformStage(ctx, &running, fetched, ended)
	stage(&running, r.Stores, made, ended, func(j *job, lane int) bool {
		r.store(ctx, j, lane)
		return false
	}, nil)
	go func() {
		running.Wait()
		close(ended)
	}()
	for j := range ended {
		r.end(j)
	}
}

// transformStage is the stage of the executor. A Queuer can ask for lanes that take small files alone, besides those
// that take any: large files that wait would only hold memory.
func (r *runner) transformStage(
	ctx context.Context, running *sync.WaitGroup, in <-chan *job, ended chan<- *job,
) <-chan *job {
	do := func(j *job, _ int) bool {
		goesOn := r.transform(ctx, j)
		j.state = stateNone // it is the lane that is in stateLeaving now: j is another's once it is sent
		return goesOn
	}
	sent := func() {
		lane := stateLeaving
		r.meter.move(&lane, stateNone)
	}
	var ahead Ahead
	if q, ok := r.Executor.(Queuer); ok {
		ahead = q.Ahead()
	}
	width := r.Executor.Width() + ahead.Tasks
	if ahead.Small == 0 {
		return stage(running, width, in, ended, do, sent)
	}
	all, small, out := make(chan *job), make(chan *job), make(chan *job)
	running.Go(func() {
		defer close(all)
		defer close(small)
		for j := range in {
			if len(j.body.Data) > ahead.Bytes {
				all <- j
				continue
			}
			select {
			case all <- j:
			case small <- j:
			}
		}
	})
	var lanes sync.WaitGroup
	start(&lanes, width, all, out, ended, do, sent)
	start(&lanes, ahead.Small, small, out, ended, do, sent)
	running.Go(func() {
		lanes.Wait()
		close(out)
	})
	return out
}

// stage runs do on the jobs of in, n at once. It sends those for which do returns true to the channel that it returns,
// and the others to ended. After each it calls sent, unless that is nil. It alone closes that channel, when in is
// closed and all its lanes are through. The receivers of both channels never leave before they are closed, so a send
// needs no way out.
func stage(
	running *sync.WaitGroup, n int, in <-chan *job, ended chan<- *job, do func(j *job, lane int) bool, sent func(),
) <-chan *job {
	out := make(chan *job)
	var lanes sync.WaitGroup
	start(&lanes, n, in, out, ended, do, sent)
	running.Go(func() {
		lanes.Wait()
		close(out)
	})
	return out
}

// start starts n lanes of a stage.
func start(
	lanes *sync.WaitGroup, n int, in <-chan *job, out, ended chan<- *job, do func(j *job, lane int) bool, sent func(),
) {
	for lane := range n {
		lanes.Go(func() {
			for j := range in {
				if do(j, lane) {
					out <- j
				} else {
					ended <- j
				}
				if sent != nil {
					sent()
				}
			}
		})
	}
}

// feed plans the items in their order and hands them on until there are no more or the run is to stop.
func (r *runner) feed(ctx context.Context, items iter.Seq[fetch.Item], planned, ended chan<- *job) {
	defer r.meter.close()
	for item := range items {
		j := newJob(item)
		r.meter.take(&j.state)
		to := planned
		if !r.plan(ctx, j) {
			to = ended
			r.meter.move(&j.state, stateNone)
		}
		to <- j
		r.meter.ask()
		if r.stopped(ctx) {
			return
		}
	}
}

// stopped reports whether no further item is to be taken.
func (r *runner) stopped(ctx context.Context) bool {
	select {
	case <-ctx.Done():
	case <-r.Stop:
	case <-r.enough:
	default:
		return false
	}
	return true
}

// end accounts for j.
func (r *runner) end(j *job) {
	r.meter.end()
	defer r.meter.ended()
	r.last = j.Item
	r.totals.add(j.Status)
	if r.recorder != nil {
		if err := r.recorder.Record(j.Outcome); err != nil {
			r.recorder = nil
			r.cancel(err)
		}
	}
	if r.sink != nil {
		r.sink(j.Outcome)
	}
	if r.Paced != nil && !r.paced && r.pace.settled() {
		r.paced = true
		r.Paced(r.paceNow())
	}
	tried := r.totals.Done + r.totals.Failed
	few := r.MaxFailures <= 0 || r.totals.Failed < r.MaxFailures
	rare := r.MaxFailureShare <= 0 || tried < shareAfter || float64(r.totals.Failed) < r.MaxFailureShare*float64(tried)
	if few && rare {
		return
	}
	select {
	case <-r.enough:
	default:
		close(r.enough)
	}
}

// paceNow returns what the throttle has found, no more than was made use of.
func (r *runner) paceNow() Pace {
	return r.meter.bounds(r.pace.pace())
}

// flow returns what was seen of the lanes.
func (r *runner) flow() *Flow {
	f := &Flow{Account: r.meter.account(), Last: r.last}
	r.meter.see(f)
	return f
}

// verdict returns why the run ended early; nil if it did not.
func (r *runner) verdict(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	select {
	case <-r.enough:
		failed, tried := r.totals.Failed, r.totals.Done+r.totals.Failed
		return fmt.Errorf("%w: %d of the %d that were tried", ErrTooManyFailures, failed, tried)
	default:
		return nil
	}
}
