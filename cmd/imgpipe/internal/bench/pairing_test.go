package bench

import (
	"math"
	"slices"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
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

// TestPeersAreNoEvidence: another program is no way to run this one, and is not among those that are compared.
func TestPeersAreNoEvidence(t *testing.T) {
	c := judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		c.Peer, c.Configs[1] = &PeerFacts{}, Config{Name: "python", Mode: "python-threads", Peer: "python-threads"}
		for i := range c.Samples {
			if s := &c.Samples[i]; s.Config == 1 {
				s.Elapsed, s.Summary.Account = s.Elapsed/2, nil
			}
		}
	})
	says(t, c, `^choice: Of the modes of imgpipe only goroutines with 2 workers was run, so there is no choice`)
	saysNothingOf(t, c, "python")
}

// TestAContestantByAnotherNameIsNoEvidence: its runs are those of the other one, and would tie with them.
func TestAContestantByAnotherNameIsNoEvidence(t *testing.T) {
	c := judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		c.Configs = append(c.Configs, Config{Mode: modes.GILReleased, Workers: 2, Downloads: 8,
			SameAs: "goroutines with 2 workers"})
		for _, s := range c.Samples {
			if s.Config == 0 {
				s.Config = 2
				c.Samples = append(c.Samples, s)
			}
		}
	})
	says(t, c, `^choice: goroutines with 2 workers: .* All 2 tie: `, `^gil-released: gil-released with 2 workers is `+
		`goroutines with 2 workers by another name: it was not run again\.`, `^    its 10 runs are those of goroutines`)
	saysNothingOf(t, c, "^choice: .*gil-released", "^gil-released: CPU")
}
