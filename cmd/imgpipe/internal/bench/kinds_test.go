package bench

import (
	"regexp"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// TestEachKindOfSentenceComesOutYesNoAndNotShown: over all simulated comparisons, none can only be said one way.
func TestEachKindOfSentenceComesOutYesNoAndNotShown(t *testing.T) {
	want := map[string]*regexp.Regexp{}
	for _, e := range []string{
		`^choice: .*: the fastest, `, `^choice: .*as fast as anything`, `^choice: No order shown`,
		`^choice: .*no order by the clock`,
		`^choice: .*no order by the clock.*least;`, `^choice: .*no order by the clock.*a tie of`,
		`^choice: .*no order by the clock.*no difference shown between`, `^choice: .*But more than that explains`,
		`^choice: \d rounds show no order`, `^choice: Only`,
		`^bound: The CPUs bound`, `^bound: .*for others`, `^bound: Nothing is saturated`,
		`^bound: The number of workers`,
		`^bound: A quota`, `^bound: Waiting for files`, `^bound: Waiting for the lock`, `^bound: Waiting for memory`,
		`^bound: Waiting for the store`, `^bound: What comes before`, `^bound: A wait that no CPU`, `^bound: One image`,
		`^bound: There are no more images`,
		`^workers: .*4 workers: [^;]*, no gain[.;]`, `^workers: .*no gain shown`, `^workers: .*by the clock disturbed`,
		`^workers: .*whatever was disturbed`, `^workers: Not tried`,
		`^downloads: .*no gain[.;]`, `^downloads: .*at most`, `^downloads: .*0\.\d+ \(.*times as fast`,
		`^downloads: Not tried`,
		`^per-host: .*bounds`, `^per-host: .*took no more`, `^per-host: Beside`,
		`^processes: .*a tie\. By the clock: [^;]*a tie`, `^processes: .*By the clock: .*no difference shown`,
		`^processes: .*By the clock: disturbed`, `^processes: .*goroutines with 2 workers\. By the clock: 0\.\d+ `,
		`^processes: .*goroutines with 2 workers, no difference shown`,
		`^lock: .*0\.5\d .*times as fast\.`, `^lock: .*disturbed, no order`, `^lock: .*a tie`, `^lock: Waits overlap`,
		`^scaling: .* came\.`, `^scaling: .*lost to`, `^serial: `,
	} {
		want[e] = regexp.MustCompile(e)
	}
	for _, this := range append(truths(), noisyOnes()...) {
		for _, m := range simulatedMachines {
			for seed := range uint64(4) {
				c := simulate(this, m, seed)
				conclude(c)
				for _, line := range lines(c) {
					for e, r := range want {
						if r.MatchString(line) {
							delete(want, e)
						}
					}
				}
			}
		}
	}
	for e := range want {
		t.Errorf("never said: %s", e)
	}
}

// noisyOnes are truths on which little can be shown.
func noisyOnes() []truth {
	return []truth{
		{name: "noise of the clock", simWorld: aMachine, rounds: 6, sides: sidesOf(workers(modes.Goroutines, 2, 4),
			workers(modes.Processes, 2)), edit: func(c *Comparison) {
			for i := range c.Samples {
				c.Samples[i].Elapsed *= 1 + 0.1*float64((5*i+3*c.Samples[i].Config)%7)
			}
		}},
		{name: "noise of the CPUs", simWorld: aMachineWith(func(w *simWorld) { w.others = 3 }), rounds: 6,
			sides: sidesOf(workers(modes.Goroutines, 2), workers(modes.Processes, 2)), edit: func(c *Comparison) {
				for i := range c.Samples {
					s := &c.Samples[i]
					s.Summary.User *= 1 + 0.3*float64((5*i+3*s.Config)%7)
				}
			}},
		{name: "a lock that costs nothing", simWorld: remote(0.3, func(w *simWorld) { w.cpu = 0.002 }),
			sides: sidesOf(with(workers(modes.GIL, 2), func(s *side) { s.locked = true }), workers(modes.Goroutines,
				2))},
	}
}
