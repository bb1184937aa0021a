package bench

import (
	"math"
	"slices"
	"testing"
)

// TestADifferenceIsShownIfItsWholeIntervalLiesOnOneSideAndMatters, and a tie is one that does not matter.
func TestADifferenceIsShownIfItsWholeIntervalLiesOnOneSideAndMatters(t *testing.T) {
	inf := math.Inf(1)
	for _, test := range []struct {
		low, high       float64
		tie, less, more bool
	}{
		{0.95, 1.05, true, false, false}, {0.96, 0.99, true, false, false}, {1.01, 1.04, true, false, false},
		{0.94, 0.99, false, true, false}, {0.5, 0.8, false, true, false},
		{1.01, 1.06, false, false, true}, {1.2, 1.5, false, false, true},
		{0.94, 1.01, false, false, false}, {0.99, 1.06, false, false, false}, {0.94, 1, false, false, false},
		{1, 1.06, false, false, false}, {-inf, inf, false, false, false}, {math.NaN(), math.NaN(), false, false, false},
	} {
		p := pairing{cost: Estimate{1, test.low, test.high}}
		if p.tie() != test.tie || p.less() != test.less || p.more() != test.more {
			t.Errorf("%v to %v: tie %v, less %v, more %v", test.low, test.high, p.tie(), p.less(), p.more())
		}
	}
}

// TestAllAreComparedAtOnceInRoundsThatAreWholeAndQuiet, and by CPU time in all that are whole.
func TestAllAreComparedAtOnceInRoundsThatAreWholeAndQuiet(t *testing.T) {
	made := func(rounds int) *evidence {
		c := contest(rounds, 1, 1, func(round int, a, b *Sample) {
			switch round {
			case 1:
				disturb(0.5, a)
			case 2:
				disturb(0.5, b)
			}
		})
		c.Samples = slices.DeleteFunc(c.Samples, func(s Sample) bool { return s.Config == 0 && s.Round == 3 })
		return c.evidence()
	}
	e := made(9)
	whole, quiet := []int{0, 1, 2, 4, 5, 6, 7, 8}, []int{0, 4, 5, 6, 7, 8}
	if got := e.together(byClock); !slices.Equal(got, quiet) {
		t.Errorf("by the clock: %v, want %v", got, quiet)
	}
	if got := e.together(byCPU); !slices.Equal(got, whole) {
		t.Errorf("by CPU time: %v, want %v", got, whole)
	}
	if got := made(8).together(byClock); !slices.Equal(got, whole[:7]) {
		t.Errorf("five quiet rounds: %v, want %v", got, whole[:7])
	}
}
