package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// A job is one item on its way.
type job struct {
	Outcome
	body   fetch.Body
	result transform.Result
	ticket *ticket
	// bytes is what the budget counts for body.
	bytes int64
	// held is what it counts for result.
	held int64
	// apart is what the Guard of its place said.
	apart bool
	// state is what the meter counts it as.
	state state
	// ready is when the job was last handed on.
	ready time.Duration
}

// newJob makes room for as many spans as there are stages, at once.
func newJob(item fetch.Item) *job {
	return &job{Outcome: Outcome{Item: item, Spans: make([]Span, 0, 12)}}
}

// plan asks the store where j goes. Like the stages that follow, it reports whether j goes on.
func (r *runner) plan(ctx context.Context, j *job) bool {
	place, err := r.Store.Plan(j.Item)
	if err == nil {
		j.Place = place
		if skip := place.Skip(); skip.Why != "" {
			j.Status, j.Why, j.Class = Skipped, skip.Why, skip.Class
			return false
		}
	}
	if j.Item.Err != nil {
		err = j.Item.Err
	}
	return err == nil || r.fail(ctx, j, err)
}

// fetch gets j's bytes.
func (r *runner) fetch(ctx context.Context, j *job, lane int) bool {
	goesOn := r.tryFetch(ctx, j, lane)
	if goesOn {
		r.meter.move(&j.state, stateReady)
	} else {
		r.meter.move(&j.state, stateNone)
	}
	return goesOn
}

func (r *runner) tryFetch(ctx context.Context, j *job, lane int) bool {
	var err error
	if !j.Item.Local() {
		r.meter.move(&j.state, stateThrottled)
	}
	if j.ticket, err = r.pace.begin(ctx, !j.Item.Local()); err != nil {
		return r.fail(ctx, j, err)
	}
	if r.stopped(ctx) { // planned, and not begun
		j.ticket.end()
		j.Status, j.Err = Interrupted, errStopped
		return false
	}
	start := r.now()
	room := &followed{room{budget: r.budget}, r.meter, &j.state}
	began := stateAsked
	if j.Item.Local() {
		began = stateDisk
	}
	r.meter.move(&j.state, began)
	body, err := r.Fetcher.Fetch(ctx, j.Item, room)
	j.ready = r.now()
	j.Spans = append(j.Spans, Span{StageFetch, lane, start, j.ready})
	j.body, j.Fetches, j.BytesIn, j.SHA256 = body, body.Attempts, int64(len(body.Data)), body.SHA256
	if d, ok := j.Place.(Dated); ok && err == nil {
		d.Modified(body.ModTime)
	}
	if err != nil {
		var tried *fetch.Error
		if errors.As(err, &tried) {
			j.Fetches = tried.Attempts
		}
		room.Drop()
		j.ticket.end()
		return r.fail(ctx, j, err)
	}
	j.bytes = room.settle()
	took := j.ready - start
	if body.Took > 0 {
		took = body.Took
	}
	j.ticket.fetched(took)
	return true
}

// release returns j's body to the Fetcher and its part to the budget. The buffer is used again only if nobody can be
// reading it any more.
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
	defer r.meter.move(&j.state, stateLeaving)
	j.ticket.end()
	taken := r.now()
	j.Spans = append(j.Spans, Span{StageQueue, 0, j.ready, taken})
	if r.stopped(ctx) && j.Item.Local() { // read, and not begun; what was downloaded is not thrown away
		r.release(j, true)
		j.Status, j.Err = Interrupted, errStopped
		return false
	}
	if g, ok := j.Place.(Guard); ok {
		var err error
		r.meter.move(&j.state, stateNoting)
		if j.apart, err = g.Begin(); err != nil {
			r.release(j, true)
			return r.fail(ctx, j, err)
		}
		defer func() {
			r.meter.move(&j.state, stateNoting)
			g.End(j.Cost.Abandoned)
		}()
	}
	result, err := r.work(ctx, j, taken)
	r.release(j, !j.Cost.Abandoned)
	if err != nil {
		return r.fail(ctx, j, err)
	}
	j.result, j.Path, j.Warnings, j.Damaged = result, result.Path, result.Warnings, result.Damaged
	j.Stripped = result.Stripped
	j.Swatch = result.Swatch
	j.ready = r.now()
	return true
}

// do calls the executor, for a task that may need so much memory.
func (r *runner) do(ctx context.Context, j *job, grant int64) (result transform.Result, err error) {
	task := transform.Task{Data: j.body.Data, Spec: r.Spec, Limits: r.Limits, Grant: grant}
	if r.Spec.Names() {
		task.Name = j.Item.Stem()
	}
	task.Limits.Time = max(r.ItemTimeout, 0)
	task.Limits.RefuseDamaged = r.Limits.RefuseDamaged || j.body.MayBeCut
	executor := r.Executor
	if j.apart {
		executor = r.Apart
	}
	result, j.Cost, err = executor.Do(ctx, task)
	if e, ok := errors.AsType[*transform.Error](err); ok && e.Refused && !r.Limits.RefuseDamaged {
		err = cut(j, e)
	}
	return result, err
}

// cut is the error of an image that is damaged, and may be whole at the server: a picture of what is there would pass
// for the image in all later runs, while one that failed is fetched again.
func cut(j *job, damage error) error {
	return &fetch.Error{
		Kind: fetch.ClassTruncated, Doing: "get " + fetch.Redact(j.Item.Source), Attempts: j.Fetches,
		Err: fmt.Errorf("the server announced no length, and the image did not come whole: %v", damage),
	}
}

// laneSpans divides the time of a call of the executor, from start to end, into the stages whose lengths are known. The
// three stages of the transform are shorter by the waits within it, in proportion: how much of each was a wait is not
// known. The waits stand at its end.
func (j *job) laneSpans(start, end time.Duration, res transform.Result) {
	at := start
	work := j.Cost.Work
	all := res.Decode + res.Operate + res.Encode
	waited := min(work.RunQueue+work.Scheduler, all)
	stalled := min(work.Stall(), all-waited)
	busy := func(took time.Duration) time.Duration {
		return time.Duration(float64(took) * float64(all-waited-stalled) / max(float64(all), 1))
	}
	for _, part := range []struct {
		stage Stage
		took  time.Duration
	}{
		{StageLock, j.Cost.Wait},
		{StageStart, j.Cost.Start},
		{StageHandover, j.Cost.Handover},
		{StageDecode, busy(res.Decode)},
		{StageOperate, busy(res.Operate)},
		{StageEncode, busy(res.Encode)},
		{StageCPUWait, waited},
		{StageStall, stalled},
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
	r.meter.store(1)
	defer r.meter.store(-1)
	start := r.now()
	outputs, err := j.Place.Put(j.result)
	j.Spans = append(j.Spans, Span{StageStore, lane, start, r.now()})
	j.result, j.Outputs = transform.Result{}, outputs
	r.budget.givePixels(j.held)
	j.held = 0
	if err == nil && len(outputs) == 0 {
		err = errNoOutput
	}
	if err != nil {
		r.fail(ctx, j, err)
		return
	}
	j.Status, j.Why = Skipped, "files that are not ours have its names"
	for _, o := range outputs {
		if o.Omitted {
			j.Why = "no output would be smaller than its input"
		}
	}
	for _, o := range outputs {
		if !o.Kept {
			j.Status, j.Why = Done, ""
		}
	}
}

// fail ends j with err, an item's own error or that of ctx, which is the run's. An error that is fatal ends the run
// as well. It returns false, the answer of a stage that ends a job.
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

// errNoOutput is the error of an item for which an executor or a store reports success and no output.
var errNoOutput = errors.New("transform: nothing was made of it: expected at least one output")
