package pipeline_test

import (
	"context"
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
		return pipeline.NewTrial(pipeline.Goroutines(3), pipeline.Goroutines(3), nil)
	})
}

// A timed executor takes so long for each task, wants more than any grant, and knows when it is closed.
type timed struct {
	took   time.Duration
	closed atomic.Bool
	calls  atomic.Int64
}

func (e *timed) Do(_ context.Context, task transform.Task) (transform.Result, pipeline.Cost, error) {
	if task.Grant > 0 {
		return transform.Result{}, pipeline.Cost{}, &transform.NeedError{Need: 2 * task.Grant, Grant: task.Grant}
	}
	if e.closed.Load() {
		return transform.Result{}, pipeline.Cost{}, pipeline.ErrClosed
	}
	e.calls.Add(1)
	time.Sleep(e.took)
	if e.closed.Load() {
		return transform.Result{}, pipeline.Cost{}, pipeline.ErrClosed
	}
	return transform.Result{Source: transform.Header{Width: 1000, Height: 2000}}, pipeline.Cost{}, nil
}

func (e *timed) Width() int { return 4 }

func (e *timed) Close() error {
	e.closed.Store(true)
	return nil
}

func TestTrialStaysWithTheFasterAndClosesTheOther(t *testing.T) {
	for name, c := range map[string]struct {
		first, second time.Duration
		wantSecond    bool
	}{
		"first faster":          {10, 20, false},
		"second faster":         {20, 10, true},
		"second a little so":    {100, 99, false},
		"second an eighth so":   {80, 70, true},
		"equal":                 {10, 10, false},
		"second ten times more": {1, 10, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			of := [2]*timed{{took: c.first * time.Millisecond}, {took: c.second * time.Millisecond}}
			var choices []pipeline.Choice
			trial := pipeline.NewTrial(of[0], of[1], func(c pipeline.Choice) { choices = append(choices, c) })
			var callers sync.WaitGroup
			for range trial.Width() {
				callers.Go(func() {
					for range 100 {
						if _, _, err := trial.Do(t.Context(), transform.Task{}); err != nil {
							t.Errorf("%s: %v", name, err)
						}
					}
				})
			}
			callers.Wait()
			if len(choices) != 1 || choices[0].Second != c.wantSecond {
				t.Fatalf("%s: chose %+v", name, choices)
			}
			if got := choices[0].PerMegapixel[0]; got != c.first*time.Millisecond/2 {
				t.Errorf("%s: %v for a megapixel, want half of %v ms", name, got, int(c.first))
			}
			winner, loser := of[0], of[1]
			if c.wantSecond {
				winner, loser = loser, winner
			}
			synctest.Wait()
			if winner.closed.Load() || !loser.closed.Load() {
				t.Errorf("%s: closed: winner %v, loser %v", name, winner.closed.Load(), loser.closed.Load())
			}
			if loser.calls.Load() >= 100 || winner.calls.Load()+loser.calls.Load() != 400 {
				t.Errorf("%s: the winner got %d tasks, the loser %d", name, winner.calls.Load(), loser.calls.Load())
			}
			if err := trial.Close(); err != nil || !winner.closed.Load() {
				t.Errorf("%s: after Close: %v, winner closed %v", name, err, winner.closed.Load())
			}
		})
	}
}

// TestTrialIsOfTasksThatWereDone has every task come twice, first with a grant that is too small.
func TestTrialIsOfTasksThatWereDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := [2]*timed{{took: 20 * time.Millisecond}, {took: 10 * time.Millisecond}}
		var choices []pipeline.Choice
		trial := pipeline.NewTrial(of[0], of[1], func(c pipeline.Choice) { choices = append(choices, c) })
		var callers sync.WaitGroup
		for range trial.Width() {
			callers.Go(func() {
				for range 100 {
					if _, _, err := trial.Do(t.Context(), transform.Task{Grant: 1}); err == nil {
						t.Error("a task that needs more than its grant was done")
					}
					if _, _, err := trial.Do(t.Context(), transform.Task{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		callers.Wait()
		if len(choices) != 1 || !choices[0].Second ||
			choices[0].PerMegapixel != [2]time.Duration{10 * time.Millisecond, 5 * time.Millisecond} {
			t.Errorf("chose %+v, want the second, by what both took for tasks that they did", choices)
		}
		if first := of[0].calls.Load(); first < 28 || first > 36 {
			t.Errorf("the first did %d tasks, want about 8 for each lane", first)
		}
		trial.Close()
	})
}
