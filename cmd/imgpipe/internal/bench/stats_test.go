package bench

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/perf/benchmath"
)

// TestWilcoxonGivesThePublishedProbabilities compares with tables and with R's wilcox.test(x, exact=TRUE).
func TestWilcoxonGivesThePublishedProbabilities(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []float64
		want   float64
	}{
		{"nothing", nil, 1},
		{"all zero", []float64{0, 0, 0}, 1},
		{"five on one side", []float64{1, 2, 3, 4, 5}, 2.0 / 32},
		{"six on one side", []float64{-1, -2, -3, -4, -5, -6}, 2.0 / 64},
		{"zeros do not count", []float64{0, 1, 2, 3, 4, 5, 0, 6}, 2.0 / 64},
		{"the smallest on the other side", []float64{-1, 2, 3, 4, 5, 6}, 4.0 / 64},
		{"balanced", []float64{1, -2, -3, 4}, 1},
		// Darwin's maize (Fisher, The Design of Experiments, 1935), differences in eighths of an inch: ranks are
		// shared.
		{"Darwin's maize", []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}, 0.041259765625},
	} {
		if got := wilcoxon(test.values); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("%s: p = %v, want %v", test.name, got, test.want)
		}
	}
}

func TestRatioHasAnIntervalFromSixRoundsOn(t *testing.T) {
	for n := range 12 {
		ratios := make([]float64, n)
		for i := range ratios {
			ratios[i] = 2 + float64(i)/100
		}
		ratio, p := paired(ratios)
		if got, want := ratio.Finite(), n >= enoughRuns; got != want {
			t.Errorf("%d rounds: an interval: %v, want %v", n, got, want)
		}
		if got, want := p < Level, n >= enoughRuns; got != want {
			t.Errorf("%d rounds: p = %v, significant: %v, want %v", n, p, got, want)
		}
	}
}

func TestIntervalLeavesOutOneExactlyWhenTheTestSaysSo(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		ratios := make([]float64, 4+rng.IntN(16))
		shift := 0.1 * rng.NormFloat64()
		for i := range ratios {
			ratios[i] = math.Exp(shift + 0.1*rng.NormFloat64())
		}
		ratio, p := paired(ratios)
		if outside := ratio.Low > 1 || ratio.High < 1; outside != (p < Level) {
			t.Fatalf("p = %v, interval %v to %v of %v", p, ratio.Low, ratio.High, ratios)
		}
		if ratio.Finite() && (ratio.Center < ratio.Low || ratio.Center > ratio.High) {
			t.Fatalf("%v is outside %v to %v", ratio.Center, ratio.Low, ratio.High)
		}
	}
}

// twoSides returns the wall times of two contestants in interleaved rounds on a machine like the one this was made on:
// runs scatter like a lognormal variable, one in thirty is held up, and the machine becomes slower or faster from run
// to run as a random walk and as a trend.
func twoSides(rng *rand.Rand, rounds int, slower float64) (a, b []float64) {
	trend, walk := 0.006*rng.NormFloat64(), 0.0
	run := func(at int, factor float64) float64 {
		walk += 0.01 * rng.NormFloat64()
		wall := factor * math.Exp(walk+trend*float64(at)+0.04*rng.NormFloat64())
		if rng.IntN(30) == 0 {
			wall *= 1 + 0.3*rng.Float64()
		}
		return wall
	}
	p := Plan{Configs: make([]Config, 2)}
	for round := range rounds {
		var walls [2]float64
		for place, config := range p.order(round) {
			walls[config] = run(2*round+place, []float64{1, slower}[config])
		}
		a, b = append(a, walls[0]), append(b, walls[1])
	}
	return a, b
}

// shares returns how often the paired test, and how often the U-test of the two samples, calls contestants different.
func shares(slower float64) (ours, utest float64) {
	rng := rand.New(rand.NewPCG(3, 4))
	const trials = 2000
	for range trials {
		a, b := twoSides(rng, 10, slower)
		ratios := make([]float64, len(a))
		for i := range a {
			ratios[i] = a[i] / b[i]
		}
		if _, p := paired(ratios); p < Level {
			ours += 1.0 / trials
		}
		thresholds := &benchmath.DefaultThresholds
		if benchmath.AssumeNothing.Compare(benchmath.NewSample(a, thresholds),
			benchmath.NewSample(b, thresholds)).P < Level {
			utest += 1.0 / trials
		}
	}
	return ours, utest
}

func TestEqualContestantsAreCalledDifferentAsSeldomAsPromised(t *testing.T) {
	ours, utest := shares(1)
	t.Logf("called different: %.3f; by the U-test %.3f", ours, utest)
	if ours > Level+0.01 { // 2000 trials: a standard deviation is 0.005
		t.Errorf("equal contestants are called different in %.1f %% of trials, want at most %v %%", 100*ours,
			100*Level)
	}
}

func TestATenthSlowerIsSeenInNineOfTenTrials(t *testing.T) {
	ours, utest := shares(1.10)
	t.Logf("seen: %.3f; by the U-test %.3f", ours, utest)
	if ours < 0.9 {
		t.Errorf("a contestant that is 10 %% slower is seen in %.1f %% of trials, want at least 90 %%", 100*ours)
	}
	if utest > ours {
		t.Errorf("the U-test sees it in %.1f %% of trials, more often than the paired test with %.1f %%", 100*utest,
			100*ours)
	}
}

func TestTrendIsFound(t *testing.T) {
	if slope, p := trend([]float64{1, 2, 3, 4, 5, 6, 7, 8}); slope != 1 || p > 0.001 {
		t.Errorf("rising values: slope %v, p = %v", slope, p)
	}
	if _, p := trend([]float64{3, 1, 4, 1, 5, 2, 3, 4}); p < 0.2 {
		t.Errorf("values without a trend: p = %v", p)
	}
}

func TestEstimateSurvivesJSON(t *testing.T) {
	for _, e := range []Estimate{{1, 0.5, 2}, {1, math.Inf(-1), math.Inf(1)}, {math.NaN(), math.Inf(-1), math.Inf(1)}} {
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var got Estimate
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		same := got.Center == e.Center || math.IsNaN(got.Center) && math.IsNaN(e.Center)
		if !same || got.Low != e.Low || got.High != e.High {
			t.Errorf("%v became %v through %s", e, got, b)
		}
	}
	if json.Unmarshal([]byte(`{"center": "x"}`), new(Estimate)) == nil {
		t.Error("a center that is no number was read")
	}
}
