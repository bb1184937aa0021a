package pipeline_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executortest"
	"imgpipe/transform"
)

func TestTrialConforms(t *testing.T) {
	executortest.Run(t, func(*testing.T) pipeline.Executor {
		return pipeline.NewTrial(pipeline.Side{Executor: pipeline.Goroutines(3)},
			pipeline.Side{Executor: pipeline.Goroutines(3)}, nil, nil)
	})
}

// A machine is what a side of a trial costs: wall and CPU time for each megapixel, and noise, which is the standard
// deviation of the logarithm, new for each half of a round. All of it is of the fake clock.
type machine struct {
	wall, cpu, noise float64
}

// A simulated executor does tasks of which Limits.MaxPixels is the size, in thousands of pixels.
type simulated struct {
	machine
	of     *contest
	closed atomic.Bool
	tuned  atomic.Bool
	calls  atomic.Int64

	mu     sync.Mutex
	factor float64 // of this half
	random *rand.Rand
}

// A contest is the two sides, and the CPU time that they have spent.
type contest struct {
	of      [2]*simulated
	spent   atomic.Int64
	choices []pipeline.Choice
	trial   *pipeline.Trial
}

func (e *simulated) Do(_ context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	if e.closed.Load() {
		return transform.Result{}, pipeline.Cost{}, pipeline.ErrClosed
	}
	e.calls.Add(1)
	if task.Grant > 0 {
		return transform.Result{}, pipeline.Cost{}, &transform.NeedError{Need: 2 * task.Grant, Grant: task.Grant}
	}
	e.mu.Lock()
	factor := e.factor
	e.mu.Unlock()
	milliseconds := float64(task.Limits.MaxPixels) / 1000 * float64(time.Millisecond)
	time.Sleep(time.Duration(e.wall * factor * milliseconds))
	e.of.spent.Add(int64(e.cpu * milliseconds))
	return transform.Result{Source: transform.Header{Width: 1000, Height: 2000}}, pipeline.Cost{}, nil
}

func (e *simulated) Width() int { return 4 }

func (e *simulated) Close() error {
	e.closed.Store(true)
	return nil
}

// tune is called when a half begins: then the machine is as fast as it happens to be.
func (e *simulated) tune() func() {
	e.tuned.Store(true)
	e.mu.Lock()
	e.factor = max(0.1, 1+e.noise*e.random.NormFloat64())
	e.mu.Unlock()
	return func() { e.tuned.Store(false) }
}

func newContest(first, second machine, seed uint64) *contest {
	w := &contest{}
	for i, m := range []machine{first, second} {
		w.of[i] = &simulated{machine: m, of: w, factor: 1, random: rand.New(rand.NewPCG(seed, uint64(i)))}
	}
	cpu := func() (time.Duration, bool) { return time.Duration(w.spent.Load()), true }
	w.trial = pipeline.NewTrial(
		pipeline.Side{Executor: w.of[0], Tune: w.of[0].tune}, pipeline.Side{Executor: w.of[1], Tune: w.of[1].tune},
		cpu, func(c pipeline.Choice) { w.choices = append(w.choices, c) })
	return w
}

// work has the trial do so many images of many sizes, as many at once as there are lanes.
func (w *contest) work(t *testing.T, images int, seed uint64) { feed(t, w.trial, images, seed) }

func feed(t *testing.T, e pipeline.Executor, images int, seed uint64) {
	var next atomic.Int64
	var callers sync.WaitGroup
	for lane := range e.Width() {
		sizes := rand.New(rand.NewPCG(seed, uint64(lane)))
		callers.Go(func() {
			for next.Add(1) <= int64(images) {
				task := transform.Task{Limits: transform.Limits{MaxPixels: int64(1000 * (1 + sizes.ExpFloat64()))}}
				if _, _, err := e.Do(t.Context(), task); err != nil {
					t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	synctest.Wait()
}

// TestTrialStaysWithTheBetterOne is the law of the trial, over images whose sizes differ by far more than the sides do.
func TestTrialStaysWithTheBetterOne(t *testing.T) {
	const seeds = 200
	for name, tt := range map[string]struct {
		first, second machine
		least, most   int // how often the second is chosen
	}{
		"equal and quiet":                    {machine{10, 10, 0.03}, machine{10, 10, 0.03}, 0, seeds / 20},
		"equal and busy":                     {machine{10, 10, 0.3}, machine{10, 10, 0.3}, 0, seeds / 20},
		"second a fifth faster":              {machine{10, 10, 0.03}, machine{8, 8, 0.03}, seeds * 9 / 10, seeds},
		"second slower":                      {machine{10, 10, 0.03}, machine{11, 11, 0.03}, 0, 0},
		"second faster, for 4 % more CPU":    {machine{10, 10, 0.1}, machine{7, 10.4, 0.1}, 0, 0},
		"second faster by less than it pays": {machine{10, 10, 0}, machine{9.9, 9.9, 0}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			chosen := 0
			for seed := range uint64(seeds) {
				synctest.Test(t, func(t *testing.T) {
					w := newContest(tt.first, tt.second, seed)
					w.work(t, 4000, seed)
					if len(w.choices) == 1 && w.choices[0].Second {
						chosen++
					}
					w.trial.Close()
				})
			}
			if chosen < tt.least || chosen > tt.most {
				t.Errorf("the second was chosen %d times of %d, want %d to %d", chosen, seeds, tt.least, tt.most)
			}
		})
	}
}

// TestTrialClosesTheOtherAndStaysTuned: once it has chosen, one side has all tasks, and the process is set up for it
// until the trial is closed.
func TestTrialClosesTheOtherAndStaysTuned(t *testing.T) {
	for _, better := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			sides := [2]machine{{10, 10, 0}, {10, 10, 0}}
			sides[better] = machine{5, 5, 0}
			w := newContest(sides[0], sides[1], 1)
			w.work(t, 4000, 1)
			winner, loser := w.of[better], w.of[1-better]
			if len(w.choices) != 1 || w.choices[0].Second != (better == 1) || w.choices[0].Rounds < 3 {
				t.Fatalf("side %d is better: chose %+v", better, w.choices)
			}
			if winner.closed.Load() || !loser.closed.Load() || !winner.tuned.Load() || loser.tuned.Load() {
				t.Errorf("side %d is better: closed: %v and the other %v; tuned: %v and the other %v", better,
					winner.closed.Load(), loser.closed.Load(), winner.tuned.Load(), loser.tuned.Load())
			}
			done := winner.calls.Load()
			w.work(t, 100, 2)
			if got := winner.calls.Load() - done; got != 100 {
				t.Errorf("side %d is better: it did %d of the 100 tasks after the choice", better, got)
			}
			if err := w.trial.Close(); err != nil || !winner.closed.Load() || winner.tuned.Load() {
				t.Errorf("after Close: %v, closed %v, tuned %v", err, winner.closed.Load(), winner.tuned.Load())
			}
		})
	}
}

// TestAShortRunHasNoTrial: what a choice could gain is less than it costs.
func TestAShortRunHasNoTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newContest(machine{10, 10, 0}, machine{5, 5, 0}, 1)
		w.work(t, 150, 1)
		if n := w.of[1].calls.Load(); n != 0 || len(w.choices) != 0 {
			t.Errorf("the second had %d tasks, and %+v was chosen", n, w.choices)
		}
		w.trial.Close()
	})
}

// TestATrialCostsAboutAThirtySecondOfTheTimeAtMost compares runs of all lengths with those of the first executor alone.
func TestATrialCostsAboutAThirtySecondOfTheTimeAtMost(t *testing.T) {
	for _, images := range []int{100, 300, 1000, 3000} {
		var took [2]time.Duration // without a trial, and with one
		for i := range took {
			synctest.Test(t, func(t *testing.T) {
				w := newContest(machine{10, 10, 0}, machine{10, 10, 0}, 1)
				var e pipeline.Executor = w.of[0]
				if i == 1 {
					e = w.trial
				}
				began := time.Now()
				feed(t, e, images, 1)
				took[i] = time.Since(began)
				w.trial.Close()
			})
		}
		if float64(took[1]) > 1.04*float64(took[0]) { // a round may take longer than the one before it
			t.Errorf("%d images took %v, and %v with a trial", images, took[0], took[1])
		}
	}
}

// TestATaskThatWantsMoreMemoryIsNotWeighed has every task come twice, first with a grant that is too small.
func TestATaskThatWantsMoreMemoryIsNotWeighed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newContest(machine{20, 20, 0}, machine{10, 10, 0}, 1)
		var callers sync.WaitGroup
		for range w.trial.Width() {
			callers.Go(func() {
				for range 1000 {
					task := transform.Task{Limits: transform.Limits{MaxPixels: 1000}, Grant: 1}
					if _, _, err := w.trial.Do(t.Context(), task); err == nil {
						t.Error("a task that needs more than its grant was done")
					}
					task.Grant = 0
					if _, _, err := w.trial.Do(t.Context(), task); err != nil {
						t.Error(err)
					}
				}
			})
		}
		callers.Wait()
		if len(w.choices) > 0 && !w.choices[0].Second {
			t.Errorf("chose %+v, want the second, which takes half the time, or nothing", w.choices)
		}
		w.trial.Close()
	})
}

// TestTasksThatComeSlowlyAreNotHeldUp: where the lanes are not filled, a round would only make tasks wait.
func TestTasksThatComeSlowlyAreNotHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newContest(machine{10, 10, 0}, machine{5, 5, 0}, 1)
		var waited time.Duration
		const images = 400
		for range images {
			time.Sleep(100 * time.Millisecond) // a slow server
			_, cost, err := w.trial.Do(t.Context(), transform.Task{Limits: transform.Limits{MaxPixels: 1000}})
			if err != nil {
				t.Error(err)
			}
			waited += cost.Queued
		}
		if waited > images*100*time.Millisecond/32 || len(w.choices) > 0 {
			t.Errorf("tasks waited %v in all, and %+v was chosen", waited, w.choices)
		}
		w.trial.Close()
	})
}

// TestARoundSurvivesTasksThatLeaveIt cancels some of the tasks at every moment of the first rounds.
func TestARoundSurvivesTasksThatLeaveIt(t *testing.T) {
	for at := 3000 * time.Millisecond; at < 3800*time.Millisecond; at += 7 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			w := newContest(machine{10, 10, 0}, machine{10, 10, 0}, 1)
			var callers sync.WaitGroup
			began := time.Now()
			for lane := range w.trial.Width() {
				callers.Go(func() {
					for i := range 400 {
						ctx, cancel := context.WithCancel(t.Context())
						if lane == 1 {
							cancel()
							ctx, cancel = context.WithDeadline(t.Context(), began.Add(at))
							if time.Since(began) >= at {
								ctx, cancel = context.WithCancel(t.Context())
							}
						}
						size := int64(1000 + 100*((lane+i)%5))
						_, _, err := w.trial.Do(ctx, transform.Task{Limits: transform.Limits{MaxPixels: size}})
						timedOut := lane == 1 && pipeline.ClassOf(err) == transform.ClassTimeout
						if err != nil && !timedOut {
							t.Errorf("canceled after %v: %v", at, err)
						}
						cancel()
					}
				})
			}
			callers.Wait()
			if w.of[1].calls.Load() == 0 {
				t.Error("there was no round")
			}
			if err := w.trial.Close(); err != nil {
				t.Error(err)
			}
			if _, _, err := w.trial.Do(t.Context(), transform.Task{}); !errors.Is(err, pipeline.ErrClosed) {
				t.Errorf("after Close: %v", err)
			}
		})
	}
}
