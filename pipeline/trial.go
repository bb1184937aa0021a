package pipeline

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"imgpipe/transform"
)

// trialTasks is how many tasks each Executor of a Trial gets for each of its lanes. On most jobs the median of so many
// pictures distinguishes a tenth from chance, and on an unusual one a wrong choice costs less than a tenth.
const trialTasks = 8

// advantage is how much faster the second Executor must be to be chosen.
const advantage = 1.05

// A Trial is an Executor that tries two others on the first tasks, in turn, and has the better one do all that follow.
// It may be used by many goroutines. Make one with NewTrial.
type Trial struct {
	of     [2]Executor
	chosen func(Choice)

	mu     sync.Mutex
	given  [2]int // tasks of the trial that each got
	back   int    // of all those, how many have come back
	busy   [2]int // tasks that each has now
	pace   [2][]float64
	start  time.Duration
	choice int // 0 or 1 once made
	made   bool

	closing sync.WaitGroup // of the one that was not chosen
	shut    bool           // it is being closed, or has been
	lost    error          // of closing it
}

// A Choice is what a Trial found.
type Choice struct {
	// Second reports whether the second Executor was chosen.
	Second bool
	// PerMegapixel is the median time of each for a megapixel of input, starts of workers left out; 0 for one that
	// did no task well.
	PerMegapixel [2]time.Duration
	// Start is the longest time that a task waited for a worker to start.
	Start time.Duration
}

// NewTrial returns a Trial of two Executors of the same width, which it closes. The second is chosen only if it is
// faster by a twentieth. chosen, if it is not nil, is called once with the outcome, by a goroutine that called Do.
func NewTrial(first, second Executor, chosen func(Choice)) *Trial {
	return &Trial{of: [2]Executor{first, second}, chosen: chosen}
}

// Width is that of the first Executor.
func (t *Trial) Width() int { return t.of[0].Width() }

// Do has one of the two do the task.
func (t *Trial) Do(ctx context.Context, task transform.Task) (transform.Result, Cost, error) {
	which, trying := t.begin()
	began := time.Now()
	result, cost, err := t.of[which].Do(ctx, task)
	took := time.Since(began) - cost.Queued - cost.Start
	if _, more := errors.AsType[*transform.NeedError](err); more && t.again(which, trying) {
		return result, cost, err
	}
	pace := 0.0
	if pixels := float64(result.Source.Width) * float64(result.Source.Height); err == nil && pixels > 0 {
		pace = float64(took) / (pixels / 1e6)
	}
	if c, now := t.end(which, trying, pace, cost.Start); now && t.chosen != nil {
		t.chosen(c)
	}
	return result, cost, err
}

// begin says which Executor gets the next task, and whether that is part of the trial.
func (t *Trial) begin() (which int, trying bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	which = t.choice
	if !t.made && t.given[0]+t.given[1] < t.tasks() {
		trying = true
		if t.given[1] < t.given[0] {
			which = 1
		}
		t.given[which]++
	}
	t.busy[which]++
	return which, trying
}

// again takes a task out of the trial that will come again, with a larger grant: it was not done. It reports
// whether the task was part of the trial.
func (t *Trial) again(which int, trying bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if trying && !t.made {
		t.given[which]--
		t.busy[which]--
		return true
	}
	return false
}

func (t *Trial) tasks() int { return 2 * trialTasks * t.Width() }

// end takes back a task; pace is 0 if it failed. It returns the choice when this was the last task of the trial.
func (t *Trial) end(which int, trying bool, pace float64, start time.Duration) (c Choice, now bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy[which]--
	t.start = max(t.start, start)
	if trying {
		t.back++
		if pace > 0 {
			t.pace[which] = append(t.pace[which], pace)
		}
		if !t.made && t.back == t.tasks() {
			c, now = t.choose(), true
		}
	}
	// Tasks that were handed out before the choice may still be with the loser.
	if loser := 1 - t.choice; t.made && !t.shut && t.busy[loser] == 0 {
		t.shut = true
		t.closing.Go(func() { t.lost = t.of[loser].Close() })
	}
	return c, now
}

func (t *Trial) choose() Choice {
	first, second := median(t.pace[0]), median(t.pace[1])
	t.made = true
	if second > 0 && first > advantage*second {
		t.choice = 1
	}
	return Choice{t.choice == 1, [2]time.Duration{time.Duration(first), time.Duration(second)}, t.start}
}

func median(f []float64) float64 {
	if len(f) == 0 {
		return 0
	}
	f = slices.Sorted(slices.Values(f))
	return (f[(len(f)-1)/2] + f[len(f)/2]) / 2
}

// Close closes both.
func (t *Trial) Close() error {
	t.closing.Wait() // Do, which begins it, is no longer called
	if t.shut {
		return errors.Join(t.lost, t.of[t.choice].Close())
	}
	return errors.Join(t.of[0].Close(), t.of[1].Close())
}
