package pipeline

import (
	"context"
	"errors"
	"time"

	"imgpipe/transform"
)

// What an image needs is not known before its header is read, and a header is a stranger's as much as pixels are: the
// executor reads it, which may be in another process and is within Options.ItemTimeout. So an image is first given a
// small grant of the budget, which is enough for most. One that needs more says how much before anything of it is
// decoded (transform.NeedError), and is then done with that, or refused where the budget has not so much.

// firstGrant bounds the grant that an image gets before its header was read: enough to make a photo of a camera
// smaller. smallGrant is enough for images of the web. To read a header twice costs some microseconds, and a trip to
// a worker process some 35.
const (
	firstGrant = 64 << 20
	smallGrant = 8 << 20
)

// firstGrant is what each image gets at first, of which so many are with the executor at once and so many are worked
// on: all of them fit, or where that would be little for each, all that are worked on.
func (b *budget) firstGrant(images, workers int) int64 {
	all, each := b.maxPixels/int64(max(images, 1)), b.maxPixels/int64(max(workers, 1))
	return max(min(max(all, min(smallGrant, each)), firstGrant), 1)
}

// work has the executor work on j, within the budget. The time for a header and that for all the rest are bounded
// apart: what the first took, by the clock, may be a time in which the run was suspended. taken is when j came to its
// lane. An item that is to be done apart gets all there is.
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

// within is one call of the executor for j, with so much of the budget. What j's outputs take of that stays taken
// until they are stored.
func (r *runner) within(ctx context.Context, j *job, grant int64, taken time.Duration) (transform.Result, error) {
	pixels, err := r.budget.takePixels(ctx, grant)
	if err != nil {
		return transform.Result{}, err
	}
	start := r.now()
	before := j.Cost
	result, err := r.do(ctx, j, grant)
	end := r.now()
	queued := min(j.Cost.Queued, end-start)
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

// and is the cost of two calls for one task, of which the second did it.
func (c Cost) and(second Cost) Cost {
	second.Attempts += max(c.Attempts-1, 0)
	second.Start += c.Start
	second.Queued += c.Queued
	second.Wait += c.Wait
	second.Handover += c.Handover
	second.Copied += c.Copied
	return second
}

// givePixels returns to the budget what was taken for j's pixels. An abandoned task has its memory still, and so keeps
// its part of the budget, that of its file included, until it ends; but no longer than the time that it was given,
// since nothing waits without a clock.
func (r *runner) givePixels(j *job, pixels int64) {
	if !j.Cost.Abandoned || j.Cost.Ended == nil {
		r.budget.givePixels(pixels)
		return
	}
	bytes, ended := j.bytes, j.Cost.Ended
	j.bytes = 0
	go func() {
		patience := time.NewTimer(max(r.ItemTimeout, time.Second))
		defer patience.Stop()
		select {
		case <-ended:
		case <-patience.C:
		}
		r.budget.givePixels(pixels)
		r.budget.giveBytes(bytes)
	}()
}
