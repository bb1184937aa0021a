package bench

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestDetectableDifferencesAreFoundInFourOfFiveComparisons(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, row := range powerFactors {
		const trials = 4000
		found := 0
		for range trials / max(row.rounds/10, 1) {
			logs := make([]float64, row.rounds)
			for i := range logs {
				logs[i] = row.k + rng.NormFloat64()
			}
			if wilcoxon(logs) < Level {
				found++
			}
		}
		share := float64(found) / float64(trials/max(row.rounds/10, 1))
		t.Logf("%d rounds: k = %.2f is found in %.3f", row.rounds, row.k, share)
		if math.Abs(share-0.8) > 0.04 {
			t.Errorf("%d rounds: k = %.2f is found in %.3f, want 0.8", row.rounds, row.k, share)
		}
	}
}

// TestGoingOnUntilTheIntervalIsNarrowMakesNoDifferences has equal contestants compared until their ratio is known to
// 3 %.
func TestGoingOnUntilTheIntervalIsNarrowMakesNoDifferences(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const trials = 1500
	different := 0
	for range trials {
		var ratios []float64
		for len(ratios) < 40 {
			ratios = append(ratios, math.Exp(0.04*rng.NormFloat64()))
			if len(ratios) < enoughRuns {
				continue
			}
			ratio, p := paired(ratios)
			if narrow := (ratio.High-ratio.Low)/2 <= 0.03*ratio.Center; narrow || len(ratios) == 40 {
				if p < Level {
					different++
				}
				break
			}
		}
	}
	share := float64(different) / trials
	t.Logf("called different: %.3f", share)
	if share > Level+0.012 { // two standard deviations of 1500 trials
		t.Errorf("equal contestants are called different in %.1f %% of trials, want at most %v %%", 100*share,
			100*Level)
	}
}

// A paced comparison asks whether rounds are enough, as if each took a time.
func paced(p Plan, c *Comparison, rounds int, each time.Duration) *field {
	f := &field{Runner: new(Runner), plan: p, c: c}
	c.Began = time.Now().Add(-time.Duration(rounds) * each)
	for range rounds {
		f.took = append(f.took, each)
	}
	return f
}

func TestWhatEndsAComparison(t *testing.T) {
	quiet := func(rounds int) *Comparison { return contest(rounds, 1, 1.001, nil) }
	busy := func(rounds int) *Comparison {
		return contest(rounds, 1, 3, func(round int, a, b *Sample) { disturb(0.5, a, b) })
	}
	for _, test := range []struct {
		name   string
		plan   Plan
		c      *Comparison
		rounds int
		each   time.Duration
		want   string
	}{
		{"a number of rounds", Plan{Runs: 3}, quiet(3), 3, time.Second, EndedRounds},
		{"not yet a number of rounds", Plan{Runs: 3}, quiet(2), 2, time.Second, ""},
		{"a number of rounds, all disturbed", Plan{Runs: 3}, busy(3), 3, time.Second, EndedRounds},
		{"disturbed rounds are made again", Plan{Runs: 3, Budget: time.Minute}, busy(3), 3, time.Second, ""},
		{"each once", Plan{Runs: 3, Budget: time.Minute}, busy(6), 6, time.Second, EndedRounds},
		{"within the budget", Plan{Runs: 3, Budget: 3 * time.Second}, busy(3), 3, time.Second, EndedBudget},
		{"one round is made whatever it takes", Plan{Budget: time.Second}, quiet(0), 0, 0, ""},
		{"a round that would not end within the budget", Plan{Budget: 10 * time.Second}, quiet(2), 2,
			4 * time.Second, EndedBudget},
		{"precise, but too few rounds", Plan{Budget: time.Hour, Precision: 0.5}, quiet(5), 5, time.Second, ""},
		{"precise", Plan{Budget: time.Hour, Precision: 0.5}, quiet(6), 6, time.Second, EndedPrecision},
		{"not precise", Plan{Budget: time.Hour, Precision: 0.0001}, quiet(6), 6, time.Second, ""},
		{"disturbed, and quiet rounds may come", Plan{Budget: time.Hour, Precision: 0.5}, busy(6), 6, time.Second, ""},
		{"disturbed to the end, and the CPU time is precise", Plan{Budget: time.Hour, Precision: 0.5}, busy(12), 12,
			time.Second, EndedPrecision},
		{"as many rounds as there are at most", Plan{Budget: time.Hour}, quiet(200), 200, time.Second, EndedRounds},
	} {
		if got := paced(test.plan, test.c, test.rounds, test.each).ended(test.rounds); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestTheFirstRoundCountsIfThereIsNoTimeForTwo(t *testing.T) {
	p := twoModes(0)
	p.Warmup, p.Budget = 1, 1
	c, err := compareWith(t, t.Context(), "", new(Runner), p)
	if err != nil || c.Runs != 1 || c.Warmup != 0 || len(c.Samples) != 2 || c.Ended != EndedBudget {
		t.Errorf("%v; %d rounds after %d that do not count, %d runs, ended by %q", err, c.Runs, c.Warmup,
			len(c.Samples), c.Ended)
	}
}

func TestRoundsGoOnUntilTheRatiosAreKnown(t *testing.T) {
	p := twoModes(0)
	p.Warmup, p.Budget, p.Precision = 1, time.Hour, 1e9
	c, err := compareWith(t, t.Context(), "", new(Runner), p)
	// On a busy machine there are more of them.
	if err != nil || c.Runs < enoughRuns || c.Warmup != 1 || len(c.Samples) != 2*c.Runs || c.Ended != EndedPrecision {
		t.Errorf("%v; %d rounds, %d runs, ended by %q", err, c.Runs, len(c.Samples), c.Ended)
	}
}

func TestRunsAreThoseThatWereMade(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := twoModes(30)
	made := 0
	r := &Runner{Env: func(int) []string {
		if made++; made == 6 {
			cancel()
		}
		return environment("")
	}}
	c, err := compareWith(t, ctx, "", r, p)
	if !errors.Is(err, context.Canceled) || c.Runs != 2 || len(c.Samples) != 5 {
		t.Errorf("%v; %d rounds of %d runs, want 2 of 5", err, c.Runs, len(c.Samples))
	}
}
