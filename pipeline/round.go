package pipeline

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"imgpipe/transform"
)

// A round is some tasks that both sides of a Trial do. It is guarded by Trial.mu, but for first and second.
type round struct {
	first  int           // which side does them first
	second chan struct{} // closed when the second half begins

	half   int           // 0 or 1
	left   int           // tasks that have not ended in this half
	both   int           // tasks that have ended well in the first half, and are for the second
	void   bool          // not all were done by both
	waited time.Duration // until no other task was under way
	began  time.Time     // this half
	spent  time.Duration // CPU time before it
	known  bool          // spent and cpu are

	wall, cpu [2]time.Duration // of each side
}

// side returns who does the tasks in this half.
func (r *round) side() int { return r.first ^ r.half }

// start begins a round of callers that wait, those first that came first.
func (t *Trial) start() {
	t.gathering.Stop()
	t.gathering = nil
	n := min(t.seats(), len(t.waiting))
	callers := slices.Clone(t.waiting[:n])
	t.waiting = slices.Delete(t.waiting, 0, n)
	r := &round{
		first: t.rounds % 2, second: make(chan struct{}), left: len(callers), known: true,
		waited: time.Since(t.gathered),
	}
	t.round = r
	t.begin(r)
	for _, c := range callers {
		c.in = r
		close(c.told)
	}
}

// begin begins a half.
func (t *Trial) begin(r *round) {
	t.tune(r.side())
	r.began = time.Now()
	r.spent, r.known = t.burnt(r.known)
}

// burnt returns the CPU time so far, if that has been known.
func (t *Trial) burnt(known bool) (time.Duration, bool) {
	if t.cpu == nil || !known {
		return 0, false
	}
	return t.cpu()
}

// twice has both sides do a task of a round.
func (t *Trial) twice(
	ctx context.Context, r *round, task transform.Task, came time.Time,
) (result transform.Result, cost Cost, err error) {
	began := time.Now()
	result, cost, err = t.of[r.first].Do(ctx, task)
	took := time.Since(began)
	defer func() { cost.Queued += time.Since(came) - took }()
	if err != nil { // the other side is not to meet an image that may have ended a worker
		_, more := errors.AsType[*transform.NeedError](err) // it took next to no time, and will come again
		t.ended(r, false, !more)
		return result, cost, err
	}
	t.ended(r, true, false)
	select {
	case <-r.second:
	case <-ctx.Done():
		t.quit(r)
		return result, cost, nil
	case <-t.closing:
		t.quit(r)
		return result, cost, nil
	}
	_, again, lost := t.of[1-r.first].Do(ctx, task)
	if again.Abandoned { // the Data may yet be read
		cost.Abandoned, cost.Ended = true, again.Ended
	}
	t.ended(r, false, lost != nil)
	return result, cost, nil
}

// ended notes that a task has ended in the half that goes on. stays reports that it is for the second half, too.
func (t *Trial) ended(r *round, stays, void bool) {
	t.mu.Lock()
	r.void = r.void || void
	if stays {
		r.both++
	}
	r.left--
	found := t.advance(r)
	t.mu.Unlock()
	if found != nil && t.chosen != nil {
		t.chosen(*found)
	}
}

// quit takes a task out of a round that has ended the first half and will not do the second.
func (t *Trial) quit(r *round) {
	t.mu.Lock()
	half := r.half
	if half == 0 {
		r.both--
		r.void = true
	}
	t.mu.Unlock()
	if half == 1 {
		t.ended(r, false, true)
	}
}

// advance ends the halves of r whose tasks have all ended. It returns the choice if that makes one.
func (t *Trial) advance(r *round) *Choice {
	for r.left == 0 {
		side := r.side()
		r.wall[side] = time.Since(r.began)
		if spent, known := t.burnt(r.known); known {
			r.cpu[side] = spent - r.spent
		} else {
			r.known = false
		}
		if r.half == 1 {
			return t.conclude(r)
		}
		r.half, r.left = 1, r.both
		t.begin(r)
		close(r.second)
	}
	return nil
}

// conclude ends r, and returns the choice if there is one now.
func (t *Trial) conclude(r *round) *Choice {
	t.round = nil
	t.rounds++
	t.last = r.waited + max(r.wall[0], r.wall[1])
	t.spent += t.last
	if t.rounds > 1 && !r.void && r.both >= t.Width() {
		t.walls = append(t.walls, math.Log(float64(r.wall[1])/float64(r.wall[0])))
		t.found.Rounds, t.found.Images = t.found.Rounds+1, t.found.Images+r.both
		if r.known && r.cpu[0] > 0 && r.cpu[1] > 0 {
			t.cpus = append(t.cpus, math.Log(float64(r.cpu[1])/float64(r.cpu[0])))
		}
	}
	defer t.open()
	decided, second := weigh(t.walls, t.cpus)
	if !decided && t.rounds < mostRounds {
		t.tune(0)
		return nil
	}
	t.made = true
	t.found.Second, t.found.Wall, t.found.CPU = second, shift(t.walls), shift(t.cpus)
	winner := 0
	if second {
		winner = 1
	}
	t.tune(winner)
	loser := t.of[1-winner]
	select {
	case <-t.closing: // which closes both
	default:
		t.shutting.Go(func() { loser.Close() }) // Close asks it again for its error
	}
	found := t.found
	return &found
}
