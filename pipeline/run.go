package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// ErrTooManyFailures ends a run that reached Options.MaxFailures or Options.MaxFailureShare.
var ErrTooManyFailures = errors.New("too many items failed")

var errStopped = errors.New("the run was stopped before its turn")

// Run takes items through fetch, transform and store as o says and calls sink with the Outcome of each, from one goroutine at a time
// and in the order in which they end. It returns when all that it started has ended, except a transform that was given up at its
// ItemTimeout, which ends at its next look at the context.
//
// The error tells why the run ended before its items did: ctx's, ErrTooManyFailures, or one that called itself fatal; it is nil after Options.Stop. The errors
// of items are in their Outcomes alone. Every item taken from the input is in Totals, whatever happened.
func Run(ctx context.Context, items iter.Seq[fetch.Item], o Options, sink func(Outcome)) (Totals, error) {
	o = o.withDefaults()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &runner{
		Options: o,
		budget:  newBudget(o.Memory),
		pace:    newThrottle(o.Downloads, o.Executor.Width()),
		began:   time.Now(),
		sink:    sink,
		enough:  make(chan struct{}),
		cancel:  cancel,
	}
	stopTelling := r.tellStopping(ctx)
	if o.Sequential {
		r.sequential(ctx, items)
	} else {
		r.concurrent(ctx, items)
	}
	stopTelling()
	r.totals.Pace = r.pace.pace()
	return r.totals, r.verdict(ctx)
}

// A runner is the state of one Run.
type runner struct {
	Options
	budget *budget
	pace   *throttle
	began  time.Time
	sink   func(Outcome)
	cancel context.CancelCauseFunc

	// enough is closed when too many items have failed. It, totals and sink belong to the goroutine that calls end.
	enough chan struct{}
	totals Totals
	paced  bool // Options.Paced was called
}

// tellStopping calls Stopping once the run is to stop. It ends when the function that it gives is called.
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

// A job is one item on its way.
type job struct {
	Outcome
	body   fetch.Body
	result transform.Result
	ticket *ticket
	// bytes is what the budget counts for body.
	bytes int64
	// ready is when the job was last handed on.
	ready time.Duration
}

// newJob makes room for as many spans as there are stages, at once.
func newJob(item fetch.Item) *job {
	return &job{Outcome: Outcome{Item: item, Spans: make([]Span, 0, 10)}}
}

func (r *runner) now() time.Duration { return time.Since(r.began) }

// sequential does one item after the other.
func (r *runner) sequential(ctx context.Context, items iter.Seq[fetch.Item]) {
	for item := range items {
		j := newJob(item)
		if r.plan(ctx, j) && r.fetch(ctx, j, 0) && r.transform(ctx, j) {
			r.store(ctx, j, 0)
		}
		r.end(j)
		if r.stopped(ctx) {
			return
		}
	}
}

// concurrent does many items at once. Each stage hands a job that goes on to the next one and a job that has ended straight to ended, which
// is closed when the last stage is through. Channels are unbuffered: a stage that is slow holds back the one before it, and
// what waits between them is what their lanes hold.
func (r *runner) concurrent(ctx context.Context, items iter.Seq[fetch.Item]) {
	planned, ended := make(chan *job), make(chan *job)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(planned)
		r.feed(ctx, items, planned, ended)
	})
	fetched := r.fetchStage(ctx, &running, planned, ended)
	made := stage(&running, r.Executor.Width(), fetched, ended, func(j *job, _ int) bool { return r.transform(ctx, j) })
	stage(&running, storeLanes, made, ended, func(j *job, lane int) bool {
		r.store(ctx, j, lane)
		return false
	})
	go func() {
		running.Wait()
		close(ended)
	}()
	for j := range ended {
		r.end(j)
	}
}

// stage runs do on the jobs of in, n at once, and gives those for which it is true to the channel it returns, the others to
// ended. It alone closes that channel, when in is closed and all its lanes are through. The receivers of both channels never
// leave before they are closed, so a send needs no way out.
func stage(running *sync.WaitGroup, n int, in <-chan *job, ended chan<- *job, do func(j *job, lane int) bool) <-chan *job {
	out := make(chan *job)
	var lanes sync.WaitGroup
	for lane := range n {
		lanes.Go(func() {
			for j := range in {
				if do(j, lane) {
					out <- j
				} else {
					ended <- j
				}
			}
		})
	}
	running.Go(func() {
		lanes.Wait()
		close(out)
	})
	return out
}

// fetchStage is the stage of downloads. A fetch.Client knows which hosts are slow, and has their items wait without a lane, so that
// they do not hold back those of others.
func (r *runner) fetchStage(ctx context.Context, running *sync.WaitGroup, in <-chan *job, ended chan<- *job) <-chan *job {
	client, ok := r.Fetcher.(*fetch.Client)
	if !ok {
		return stage(running, r.pace.lanes(), in, ended, func(j *job, lane int) bool { return r.fetch(ctx, j, lane) })
	}
	out := make(chan *job)
	running.Go(func() {
		defer close(out)
		fetch.Spread(ctx, client, r.pace.lanes(), in, func(j *job) fetch.Item { return j.Item }, func(j *job, lane int) {
			if r.fetch(ctx, j, lane) {
				out <- j
			} else {
				ended <- j
			}
		})
	})
	return out
}

// feed plans the items in their order and hands them on until there are no more or the run is to stop.
func (r *runner) feed(ctx context.Context, items iter.Seq[fetch.Item], planned, ended chan<- *job) {
	for item := range items {
		j := newJob(item)
		to := ended
		if r.plan(ctx, j) {
			to = planned
		}
		to <- j
		if r.stopped(ctx) {
			return
		}
	}
}

// stopped tells that no further item is to be taken.
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

// plan asks the store where j goes. Like the stages that follow, it tells whether j goes on.
func (r *runner) plan(ctx context.Context, j *job) bool {
	if j.Item.Err != nil {
		return r.fail(ctx, j, j.Item.Err)
	}
	place, err := r.Store.Plan(j.Item)
	if err != nil {
		return r.fail(ctx, j, err)
	}
	j.Place = place
	if why, skip := place.Skip(); skip {
		j.Status, j.Why = Skipped, why
		return false
	}
	return true
}

// fetch gets j's bytes.
func (r *runner) fetch(ctx context.Context, j *job, lane int) bool {
	var err error
	if j.ticket, err = r.pace.begin(ctx, j.Item.URL); err != nil {
		return r.fail(ctx, j, err)
	}
	if r.stopped(ctx) { // planned, and not begun
		j.ticket.end()
		j.Status, j.Err = Interrupted, errStopped
		return false
	}
	start := r.now()
	reserve := func(ctx context.Context, n int64) (err error) {
		if j.bytes > 0 { // a further try gives back what the one before it took
			r.budget.giveBytes(j.bytes)
			j.bytes = 0
		}
		j.bytes, err = r.budget.takeBytes(ctx, n)
		return err
	}
	body, err := r.Fetcher.Fetch(ctx, j.Item, reserve)
	j.ready = r.now()
	j.Spans = append(j.Spans, Span{StageFetch, lane, start, j.ready})
	j.body, j.Fetches, j.BytesIn = body, body.Attempts, int64(len(body.Data))
	if err != nil {
		var tried *fetch.Error
		if errors.As(err, &tried) {
			j.Fetches = tried.Attempts
		}
		r.release(j, false)
		j.ticket.end()
		return r.fail(ctx, j, err)
	}
	j.ticket.fetched(j.ready - start)
	if spare := j.bytes - j.BytesIn; spare > 0 { // an unknown length was reserved at its limit
		r.budget.giveBytes(spare)
		j.bytes -= spare
	}
	return true
}

// release gives back j's body and its part of the budget. The buffer is used again only if nobody can be reading it any more.
func (r *runner) release(j *job, reuse bool) {
	r.budget.giveBytes(j.bytes)
	j.bytes = 0
	if reuse && j.body.Release != nil {
		j.body.Release()
	}
	j.body = fetch.Body{}
}

// transform has the executor work on j.
func (r *runner) transform(ctx context.Context, j *job) bool {
	j.ticket.end()
	taken := r.now()
	j.Spans = append(j.Spans, Span{StageQueue, 0, j.ready, taken})
	header, err := transform.ReadHeader(j.body.Data)
	if err != nil {
		r.release(j, true)
		return r.fail(ctx, j, err)
	}
	j.Source = header
	pixels, err := r.budget.takePixels(ctx, r.Spec.Need(header))
	if err != nil {
		r.release(j, true)
		return r.fail(ctx, j, err)
	}
	start := r.now()
	result, err := r.do(ctx, j)
	end := r.now()
	r.pace.workedOn(end - start)
	r.budget.givePixels(pixels)
	r.release(j, err == nil)
	j.Spans = append(j.Spans, Span{StageMemory, j.Cost.Worker, taken, start})
	j.laneSpans(start, end, result)
	if err != nil {
		return r.fail(ctx, j, err)
	}
	j.result, j.Source, j.Path, j.Warnings = result, result.Source, result.Path, result.Warnings
	j.ready = end
	return true
}

// do calls the executor within the item's time.
func (r *runner) do(ctx context.Context, j *job) (result transform.Result, err error) {
	if r.ItemTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.ItemTimeout)
		defer cancel()
	}
	task := transform.Task{Data: j.body.Data, Spec: r.Spec, Limits: r.Limits}
	if g, ok := j.Place.(Guard); ok {
		result, j.Cost, err = g.Do(ctx, r.Executor, task)
	} else {
		result, j.Cost, err = r.Executor.Do(ctx, task)
	}
	return result, err
}

// laneSpans divides the time of a call of the executor, from start to end, into the stages whose lengths are known.
func (j *job) laneSpans(start, end time.Duration, res transform.Result) {
	at := start
	for _, part := range []struct {
		stage Stage
		took  time.Duration
	}{
		{StageLock, j.Cost.Wait},
		{StageStart, j.Cost.Start},
		{StageHandover, j.Cost.Handover},
		{StageDecode, res.Decode},
		{StageOperate, res.Operate},
		{StageEncode, res.Encode},
	} {
		if part.took > 0 {
			to := min(at+part.took, end)
			j.Spans = append(j.Spans, Span{part.stage, j.Cost.Worker, at, to})
			at = to
		}
	}
}

// store keeps j's outputs, which ends j.
func (r *runner) store(ctx context.Context, j *job, lane int) {
	start := r.now()
	outputs, err := j.Place.Put(j.result)
	j.Spans = append(j.Spans, Span{StageStore, lane, start, r.now()})
	j.result, j.Outputs = transform.Result{}, outputs
	if err != nil {
		r.fail(ctx, j, err)
		return
	}
	j.Status, j.Why = Skipped, "files that are not ours have its names"
	for _, o := range outputs {
		if !o.Kept {
			j.Status, j.Why = Done, ""
		}
	}
}

// fail ends j with err, an item's own error or that of ctx, which is the run's. An error that is fatal ends the run as well. It gives
// false, the answer of a stage that ends a job.
func (r *runner) fail(ctx context.Context, j *job, err error) bool {
	j.Err = err
	if over := ctx.Err(); over != nil && errors.Is(err, over) || errors.Is(err, fetch.ErrFinished) {
		j.Status = Interrupted
		return false
	}
	j.Status, j.Class = Failed, ClassOf(err)
	var fatal interface{ Fatal() bool }
	if errors.As(err, &fatal) && fatal.Fatal() {
		r.cancel(err)
	}
	return false
}

// end accounts for j.
func (r *runner) end(j *job) {
	r.totals.add(j.Status)
	r.sink(j.Outcome)
	if r.Paced != nil && !r.paced && r.pace.settled() {
		r.paced = true
		r.Paced(r.pace.pace())
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

// verdict says why the run ended early, if it did.
func (r *runner) verdict(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	select {
	case <-r.enough:
		return fmt.Errorf("%w: %d of the %d that were tried", ErrTooManyFailures, r.totals.Failed, r.totals.Done+r.totals.Failed)
	default:
		return nil
	}
}

// ClassUnknown is the class of an error that names none.
const ClassUnknown = "error"

// ClassOf gives the class of an error: that of the first error in its chain with a method Class() string, else ClassUnknown.
func ClassOf(err error) string {
	var c interface{ Class() string }
	if errors.As(err, &c) {
		return c.Class()
	}
	return ClassUnknown
}
