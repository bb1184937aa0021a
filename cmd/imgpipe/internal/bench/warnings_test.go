package bench

import (
	"slices"
	"testing"

	"imgpipe/cmd/imgpipe/internal/summary"
)

func warned(c *Comparison) (kinds []string) {
	for _, w := range c.Warnings {
		kinds = append(kinds, w.Kind)
	}
	return kinds
}

// steady is a comparison whose runs take one second each, on a machine that nobody else uses.
func steady(t *testing.T, change func(*Sample)) *Comparison {
	return judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		c.Samples = slices.DeleteFunc(c.Samples, func(s Sample) bool { return s.Round >= 10 })
		for i := range c.Samples {
			s := &c.Samples[i]
			zero, same := 0.0, 0.0
			s.Elapsed, s.Disturbed, s.DisturbedShare, s.OtherCPU, s.Load = 1, "", 0, 0, 0
			s.Summary.Conditions = summary.Conditions{OtherCPUs: &zero, Steal: &same}
			change(s)
		}
	})
}

func TestQuietComparisonHasNoWarnings(t *testing.T) {
	if c := steady(t, func(*Sample) {}); len(c.Warnings) > 0 {
		t.Errorf("%v", c.Warnings)
	}
}

// TestFirstRoundIsCalledSlowOnlyIfNothingDisturbedIt: load is not what a warm-up mends.
func TestFirstRoundIsCalledSlowOnlyIfNothingDisturbedIt(t *testing.T) {
	slow := func(by float64, disturbed string) *Comparison {
		return steady(t, func(s *Sample) {
			if s.Round == 0 {
				s.Elapsed, s.Disturbed = by, disturbed
			}
		})
	}
	says(t, slow(1.35, ""), `^warning slow-first: The first round took 35 % longer than the others, and nothing `+
		`disturbed it: `+
		`--warmup 1`)
	saysNothingOf(t, slow(1.35, "others held 1 of 2 CPUs"), "slow-first")
	saysNothingOf(t, slow(1.10, ""), "slow-first")
}

func TestDriftSaysWhatFollowsFromIt(t *testing.T) {
	drift := func(by float64) *Comparison {
		return steady(t, func(s *Sample) { s.Elapsed = 1 + by*float64(s.Round)/9 })
	}
	says(t, drift(0.3), `^warning drift: The machine became slower by \d+ % from the first round to the last \(p < `+
		`0\.001\)\. `+
		`Ratios compare runs of one round`)
	says(t, drift(-0.3), "^warning drift: The machine became faster")
	saysNothingOf(t, drift(0.03), "drift")
	for _, rise := range []float64{0, 0.02} { // what goes up and down far is no trend, though it may end higher
		saysNothingOf(t, steady(t, func(s *Sample) {
			s.Elapsed = 1 + 0.2*float64(s.Round%3) + rise*float64(s.Round)
		}), "drift")
	}
}

// TestWhatAHostTakesIsNotCalledOthers.
func TestWhatAHostTakesIsNotCalledOthers(t *testing.T) {
	c := steady(t, func(s *Sample) { *s.Summary.Conditions.Steal = 0.5 })
	says(t, c, `^warning steal: The host of this virtual machine took 0\.5 of 2 CPUs`)
	saysNothingOf(t, c, "[Oo]ther programs", "for others")
	c = steady(t, func(s *Sample) { *s.Summary.Conditions.OtherCPUs = 0.5 })
	says(t, c, `^warning loaded: Other programs kept 0\.5 of 2 CPUs busy`)
	saysNothingOf(t, c, "steal", "host of this", "load average")
	says(t, steady(t, func(s *Sample) { s.Load = 3 }), `^warning loaded: The machine was busy at the beginning \(load `+
		`average 3\.0 on 2 CPUs\)`)
	saysNothingOf(t, steady(t, func(s *Sample) { s.Load, *s.Summary.Conditions.OtherCPUs = 2, 0.2 }), "loaded")
	says(t, steady(t, func(s *Sample) { s.Summary.Conditions.OtherCPUs, s.OtherCPU = nil, 0.7 }),
		"Other programs kept 0.7")
}

func TestShortRunsSayWhatComesBeforeTheFirstImage(t *testing.T) {
	short := func(wall, before float64, account bool) *Comparison {
		return steady(t, func(s *Sample) {
			s.Elapsed, s.Summary.Before = wall, before
			if s.Config == 1 {
				s.Elapsed = 2 * wall
			}
			if !account {
				s.Summary.Account = nil
			}
		})
	}
	says(t, short(0.2, 0.05, false), `^warning short-runs: A run takes as little as 200 ms \(goroutines with 2 `+
		`workers\), of `+
		`which 50.0 ms before the first image`)
	says(t, short(0.2, 0, true), `^warning short-runs: .* of which [0-9.]+ ms before`)
	says(t, short(0.2, 0, false), `^warning short-runs: A run takes as little as 200 ms .*\. More images`)
	saysNothingOf(t, short(0.31, 0.05, false), "short-runs")
}

func TestFailuresAreCounted(t *testing.T) {
	failing := func(failed, damaged int, failures ...summary.Failure) *Comparison {
		return steady(t, func(s *Sample) {
			s.Summary.Failed, s.Summary.Done, s.Summary.Damaged = failed, s.Summary.Items-failed, damaged
			s.Summary.Failures = failures
		})
	}
	says(t, failing(60, 0), "^warning failures: All 60 failed: the figures are of a job that was not done")
	says(t, failing(3, 0, summary.Failure{Class: "decode", Count: 2}),
		"^warning failures: 3 of 60 images failed in every run, most of "+
			"them decode: the figures are of a job that is partly not done")
	says(t, failing(0, 2), "^warning damaged: 2 of 60 images are damaged")
	if got := warned(failing(3, 2)); !slices.Equal(got, []string{"failures", "damaged"}) {
		t.Errorf("%v", got)
	}
}

// TestRoundsAreThoseOfTheContestantThatFinishedFewest, of those that finished any.
func TestRoundsAreThoseOfTheContestantThatFinishedFewest(t *testing.T) {
	for want, runs := range map[int][]int{6: {8, 6, 7}, 7: {0, 8, 7, 0}, 5: {5}, 0: {0, 0}} {
		c := new(Comparison)
		for _, n := range runs {
			c.Results = append(c.Results, Result{Runs: n})
		}
		if got := c.rounds(); got != want {
			t.Errorf("%v runs: %d rounds, want %d", runs, got, want)
		}
	}
}

func TestFewRoundsFewImagesAndNoiseAreSaid(t *testing.T) {
	says(t, judged(t, "three rounds", quietMachine, nil), `^warning few-runs: 3 rounds: with fewer than 6 there is `+
		`no interval, .*\(--runs 6\)`)
	says(t, judged(t, "few images", quietMachine, nil), `^warning few-images: There are fewer images \(4\) than `+
		`workers \(8\)`)
	saysNothingOf(t, judged(t, "few images", quietMachine, func(c *Comparison) {
		for i := range c.Samples {
			c.Samples[i].Summary.Items = 8
		}
	}), "few-images")
	noisy := simulate(planted(t, aPlainOne), quietMachine, 1)
	for i := range noisy.Samples {
		s := &noisy.Samples[i]
		s.Elapsed = 1 + 0.9*float64(s.Round%2)
		s.Summary.Wall = s.Elapsed
	}
	noisy.Analyse()
	few := &Comparison{Samples: noisy.Samples[:6], Configs: noisy.Configs}
	few.Analyse()
	saysNothingOf(t, few, "warning noise") // there is no interval that could be wide
	says(t, noisy, `^warning noise: The times of equal runs lie far apart, those of .* most: 1\.00 s to 1\.90 s around`)
	says(t, judged(t, "latency, enough downloads", quietMachine, func(c *Comparison) { c.Job.Latency = 1 }),
		"^warning server: ")
	saysNothingOf(t, judged(t, "latency, enough downloads", quietMachine, func(c *Comparison) {
		c.Job.Latency, c.Job.Stage = 1, StageTransform
	}), "server: ")
}
