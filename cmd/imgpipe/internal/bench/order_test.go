package bench

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSmallestDifferenceFallsWithTheRoundsAndGrowsWithTheSpread(t *testing.T) {
	ratios := func(n int, spread float64) (all []float64) {
		for i := range n {
			all = append(all, math.Exp(spread*(float64(i)/float64(n-1)-0.5)))
		}
		return all
	}
	last := math.Inf(1)
	for n := enoughRuns; n <= 60; n++ {
		seen := detectable(ratios(n, 0.2))
		if seen > last || seen <= 0 {
			t.Errorf("%d rounds: %v, after %v", n, seen, last)
		}
		last = seen
		if wider := detectable(ratios(n, 0.4)); wider <= seen {
			t.Errorf("%d rounds: twice the spread has %v, not more than %v", n, wider, seen)
		}
	}
	if seen := detectable(ratios(5, 0.2)); seen != 0 {
		t.Errorf("5 rounds: %v, want 0: not known", seen)
	}
	// Quartiles of 7 values are the second and the sixth, less half a step: ln 1.349/2 apart here.
	eight := []float64{1, 1, 1, 1, math.Exp(1.349), math.Exp(1.349), math.Exp(1.349), math.Exp(1.349)}
	if got, want := detectable(eight), math.Exp(1.25)-1; math.Abs(got-want) > 1e-9 {
		t.Errorf("8 rounds, a spread of 1: %v, want exp(1.25) − 1 = %v", got, want)
	}
	eleven := append(eight, math.Exp(1.349), math.Exp(1.349), math.Exp(1.349))
	if got, want := detectable(eleven), math.Exp((1.08+0.97)/2)-1; math.Abs(got-want) > 1e-9 {
		t.Errorf("11 rounds lie between 10 and 12: %v, want %v", got, want)
	}
}

// TestChiSquareTailIsThatOfTheTables has the 5 % points of any table.
func TestChiSquareTailIsThatOfTheTables(t *testing.T) {
	for degrees, x := range map[int]float64{1: 3.841, 2: 5.991, 3: 7.815, 4: 9.488, 7: 14.067, 10: 18.307} {
		if got := chiSquareTail(x, degrees); math.Abs(got-0.05) > 1e-4 {
			t.Errorf("%d degrees, %v: %v, want 0.05", degrees, x, got)
		}
	}
	if chiSquareTail(0, 3) != 1 {
		t.Error("nothing is as likely as can be")
	}
}

// TestAlignedRanksFindOneOfNineThatDiffers: Friedman's test would need every round to rank all others alike.
func TestAlignedRanksFindOneOfNineThatDiffers(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	found, equal := 0, 0
	for range 200 {
		values, same := make([][]float64, 9), make([][]float64, 9)
		for i := range values {
			for range enoughRuns {
				v := 0.05 * rng.NormFloat64()
				same[i] = append(same[i], v)
				if i == 4 {
					v += 0.5
				}
				values[i] = append(values[i], v)
			}
		}
		if alignedRanks(values) < Level {
			found++
		}
		if alignedRanks(same) < Level {
			equal++
		}
	}
	if found < 190 || equal > 18 {
		t.Errorf("one that differs is found in %d of 200, equal ones differ in %d, want 190 and at most 18", found,
			equal)
	}
	if p := alignedRanks([][]float64{{1, 1}, {1, 1}, {1, 1}}); p != 1 {
		t.Errorf("no difference at all: p = %v", p)
	}
}

// TestOfManyEqualOnesNoneIsSlowerUnlessAllAtOnceDiffer: of five, some two differ by chance more often than is promised.
func TestOfManyEqualOnesNoneIsSlowerUnlessAllAtOnceDiffer(t *testing.T) {
	equal := truth{name: "five", simWorld: aMachineWith(func(w *simWorld) { w.noise = 0.08 }), sides: five()}
	byChance := 0
	for seed := range uint64(60) {
		e := simulate(equal, quietMachine, seed).evidence()
		sorted, logs := e.sorted(byClock, e.ran)
		if alignedRanks(logs) < Level {
			continue
		}
		if e.slower(byClock, sorted[0], sorted[4]) {
			byChance++
		}
		if o := e.order(byClock, e.ran); len(o.worse) > 0 {
			t.Errorf("seed %d: %v are slower", seed, o.worse)
		}
	}
	if byChance == 0 {
		t.Error("in no comparison does a pair differ by chance, so this shows nothing")
	}
}
