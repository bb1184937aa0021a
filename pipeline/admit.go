package pipeline

import (
	"context"
	"errors"
	"time"

	"imgpipe/transform"
)

// What an image needs is not known before its header is read, and a header is a stranger's as much as pixels are: the executor reads it, which may
// be in another process and is within Options.ItemTimeout. So an image is first given a small grant of the budget, which is enough for most. One that
// needs more says how much before anything of it is decoded (transform.NeedError), and is then done with that, or refused where the budget has not so much.

// firstGrant bounds the grant that an image gets before its header was read: enough to make a photo of a camera smaller. To read a header twice costs
// some microseconds, and a trip to a worker process some 35, for images that take longer than most.
const firstGrant = 64 << 20

// grantFor is what each of so many images gets at first: all of them together fit.
func (b *budget) grantFor(images int) int64 {
	return max(min(b.maxPixels/int64(max(images, 1)), firstGrant), 1)
}

// work has the executor work on j, within the budget. The time for a header and that for all the rest are bounded apart: what the first took, by the clock,
// may be a time in which the run was suspended. taken is when j came to its lane. An item that is to be done apart gets all there is.
func (r *runner) work(ctx context.Context, j *job, apart bool, taken time.Duration) (result transform.Result, err error) {
	grant := r.budget.maxPixels
	if !apart {
		grant = r.budget.grantFor(r.wide)
	}
	var spent time.Duration // by the executor, without waits for a worker
	for {
		pixels, err := r.budget.takePixels(ctx, grant)
		if err != nil {
			return transform.Result{}, err
		}
		start := r.now()
		before := j.Cost
		result, err = r.do(ctx, j, grant)
		end := r.now()
		queued := min(j.Cost.Queued, end-start)
		spent += end - start - queued
		j.Spans = append(j.Spans, Span{StageMemory, j.Cost.Worker, taken, start})
		if queued > 0 {
			j.Spans = append(j.Spans, Span{StageQueue, 0, start, start + queued})
		}
		j.laneSpans(start+queued, end, result)
		j.Cost = before.and(j.Cost)
		j.Source = result.Source
		r.givePixels(j, pixels)

		more, ok := errors.AsType[*transform.NeedError](err)
		if !ok {
			r.pace.workedOn(spent)
			return result, err
		}
		if more.Need > r.budget.maxPixels || grant == r.budget.maxPixels {
			r.pace.workedOn(spent)
			return result, &transform.Error{Kind: transform.ClassTooLarge, Doing: "make room",
				Err: &transform.NeedError{Source: more.Source, Need: more.Need, Grant: r.budget.maxPixels}}
		}
		grant, taken = more.Need, end
	}
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

// givePixels gives back what was taken for j's pixels. An abandoned task has its memory still, and so keeps its part of the budget, that of its file
// included, until it ends; but no longer than the time that it was given, since nothing waits without a clock.
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
