package pipeline

import (
	"context"
	"errors"
	"time"

	"imgpipe/transform"
)

// What an image needs is not known before its header is read. A header comes from a stranger, as pixels do: so the
// executor reads it, perhaps in another process, and within Options.ItemTimeout. An image first gets a small grant of
// the budget, which is enough for most. If it needs more, the executor says how much before anything is decoded
// (transform.NeedError). Then it is done with a grant of that size, or fails if the whole budget is smaller.

// firstGrant bounds the grant that an image gets before its header was read: enough to make a photo of a camera
// smaller. smallGrant is enough for images of the web. To read a header twice costs some microseconds, and a trip to
// a worker process some 35.
const (
	firstGrant = 64 << 20
	smallGrant = 8 << 20
)

// firstGrant returns the first grant of an image. images is how many are with the executor at once, and workers how
// many of them are worked on. If the grants of all images would be small, only those of the images worked on fit the
// budget.
func (b *budget) firstGrant(images, workers int) int64 {
	all, each := b.maxPixels/int64(max(images, 1)), b.maxPixels/int64(max(workers, 1))
	return max(min(max(all, min(smallGrant, each)), firstGrant), 1)
}

// work has the executor work on j, within the budget. taken is when j came to its lane. The time limit begins anew for
// the second call: the first may have taken long because the run was suspended. An item that is done apart gets the
// whole budget at once.
func (r *runner) work(ctx context.Context, j *job, taken time.Duration) (transform.Result, error) {
	grant := r.budget.maxPixels
	if !j.apart {
		grant = r.budget.firstGrant(r.wide, r.Executor.Width())
	}
	result, err := r.within(ctx, j, grant, taken)
	more, ok := errors.AsType[*transform.NeedError](err)
	if !ok {
		return result, err
	}
	if more.Need <= r.budget.maxPixels {
		if result, err = r.within(ctx, j, more.Need, r.now()); !errors.As(err, &more) {
			return result, err
		}
	}
	// Or it has asked again for more, which transform.Do does not.
	return result, &transform.Error{Kind: transform.ClassTooLarge, Doing: "make room",
		Err: &transform.NeedError{Source: more.Source, Need: more.Need, Grant: r.budget.maxPixels}}
}

// within calls the executor for j once, with a grant of the budget. The part that j's outputs take stays reserved until
// they are stored.
func (r *runner) within(ctx context.Context, j *job, grant int64, taken time.Duration) (transform.Result, error) {
	r.meter.move(&j.state, stateMemory)
	pixels, err := r.budget.takePixels(ctx, grant)
	if err != nil {
		return transform.Result{}, err
	}
	r.meter.move(&j.state, stateWorking)
	start := r.now()
	before := j.Cost
	result, err := r.do(ctx, j, grant)
	end := r.now()
	queued := min(j.Cost.Queued, end-start)
	r.meter.called(j.Cost, end-start-queued)
	if _, header := errors.AsType[*transform.NeedError](err); !header {
		r.pace.workedOn(end - start - queued)
	}
	j.Spans = append(j.Spans, Span{StageMemory, j.Cost.Worker, taken, start})
	if queued > 0 {
		j.Spans = append(j.Spans, Span{StageQueue, 0, start, start + queued})
	}
	j.laneSpans(start+queued, end, result)
	j.Cost = before.and(j.Cost)
	j.Source = result.Source
	if err == nil {
		for _, o := range result.Outputs {
			j.held += int64(len(o.Data))
		}
		j.held = min(j.held, pixels)
	}
	r.givePixels(j, pixels-j.held)
	return result, err
}

// and returns the cost of two calls for one task, of which the second did it.
func (c Cost) and(second Cost) Cost {
	second.Attempts += max(c.Attempts-1, 0)
	second.Start += c.Start
	second.Queued += c.Queued
	second.Wait += c.Wait
	second.Handover += c.Handover
	second.Work = c.Work.Add(second.Work)
	second.Overlap += c.Overlap
	second.Copied += c.Copied
	return second
}

// givePixels returns to the budget what was taken for j's pixels. An abandoned task still uses its memory. So it keeps
// its part of the budget, with that of its file, until it ends, but no longer than Options.ItemTimeout.
func (r *runner) givePixels(j *job, pixels int64) {
	if !j.Cost.Abandoned || j.Cost.Ended == nil {
		r.budget.givePixels(pixels)
		return
	}
	bytes, ended := j.bytes, j.Cost.Ended
	j.bytes = 0
	go func() {
		timeout := time.NewTimer(max(r.ItemTimeout, time.Second))
		defer timeout.Stop()
		select {
		case <-ended:
		case <-timeout.C:
		}
		r.budget.givePixels(pixels)
		r.budget.giveBytes(bytes)
	}()
}
