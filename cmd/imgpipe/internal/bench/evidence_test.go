package bench

import (
	"math"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// saidInOrder reports whether a verdict puts contestants in order, by the clock or by CPU time.
func saidInOrder(c *Comparison) bool {
	for _, f := range c.Verdict {
		for _, order := range []string{"the fastest", "Slower:", " least;", "at least"} {
			if strings.Contains(f.Text, order) {
				return true
			}
		}
	}
	return false
}

func shareOf(t truth, m simulatedMachine, seeds int, is func(*Comparison) bool) float64 {
	n := 0
	for seed := range seeds {
		c := simulate(t, m, uint64(seed))
		conclude(c)
		if is(c) {
			n++
		}
	}
	return float64(n) / float64(seeds)
}

func TestEqualContestantsAreSeldomPutInOrder(t *testing.T) {
	two := sidesOf(workers(modes.Goroutines, 2), workers(modes.Goroutines, 2))
	for _, noise := range []float64{0.03, 0.08} {
		for name, sides := range map[string][]side{"two": two, "five": five()} {
			for _, m := range simulatedMachines {
				this := truth{name: name, simWorld: aMachineWith(func(w *simWorld) { w.noise = noise }), sides: sides}
				n := max(2*seeds(), 60)
				if got := shareOf(this, m, n, saidInOrder); got > Level+2*math.Sqrt(Level*(1-Level)/float64(n)) {
					t.Errorf("%s equal ones, noise %v, on a machine that is %s: in order in %.3f of comparisons, "+
						"want at most %v", name, noise, m, got, Level)
				}
			}
		}
	}
}

func TestATenthSlowerIsFound(t *testing.T) {
	sides := sidesOf(workers(modes.Goroutines, 2), with(workers(modes.Processes, 2), func(s *side) { s.work = 1.10 }))
	this := truth{name: "a tenth", simWorld: aMachineWith(func(w *simWorld) { w.noise = 0.06 }), sides: sides}
	for m, want := range map[simulatedMachine]string{
		quietMachine: "goroutines with 2 workers: the fastest",
		busyMachine:  "CPU for each image: goroutines with 2 workers least; processes with 2 workers 1.",
	} {
		got := shareOf(this, m, max(seeds(), 60),
			func(c *Comparison) bool { return strings.Contains(c.Verdict[0].Text, want) })
		if got < 0.9 {
			t.Errorf("on a machine that is %s it is found in %.2f of comparisons, want 0.90", m, got)
		}
	}
}
