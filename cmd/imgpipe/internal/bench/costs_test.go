package bench

import (
	"slices"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
)

// TestCostsAreCountedFromAPlainOneOfTheSameWidths: those of the contestant that is advised, if there are others.
func TestCostsAreCountedFromAPlainOneOfTheSameWidths(t *testing.T) {
	at := func(mode string, workers, downloads, perHost int) Config {
		return Config{Mode: mode, Workers: workers, Downloads: downloads, PerHost: perHost}
	}
	peer := at("python-threads", 2, 8, 0)
	peer.Peer = "python-threads"
	flagged := at(modes.Goroutines, 2, 8, 0)
	flagged.Env = []string{"GOGC=off"}
	all := []Config{0: at(modes.Serial, 1, 1, 0), 1: at(modes.GIL, 2, 8, 0), 2: at(modes.Goroutines, 1, 8, 0),
		3: at(modes.Goroutines, 2, 8, 0), 4: at(modes.Processes, 1, 8, 0), 5: at(modes.Processes, 2, 8, 0),
		6: at(modes.Processes, 2, 16, 0), 7: peer, 8: at(modes.Goroutines, 2, 8, 4), 9: at(modes.Processes, 2, 8, 4),
		10: flagged, 11: at(modes.GIL, 2, 16, 0), 12: at(modes.Goroutines, 2, 8, 0), 13: at(modes.Goroutines, 1, 1, 0)}
	for _, test := range []struct {
		of     []int // of all
		choice int
		want   int
		others []int
	}{
		{[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3, []int{1, 5}},
		{[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 5, 3, []int{1, 5}},
		{[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 2, 2, []int{4}},
		{[]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 8, 8, []int{9}},
		{[]int{0, 1, 2, 3, 4, 5}, 0, 3, []int{1, 5}}, // the widest
		{[]int{5, 10, 3, 12}, 5, 3, []int{5, 10}},    // the plainest, and not itself
		{[]int{6, 11}, 6, 6, []int{11}},
		{[]int{0, 1, 7}, 0, 0, nil},
		{[]int{2, 3, 6}, 3, 0, nil},
		{[]int{0, 13}, 0, 13, []int{0}},    // serial is no reference
		{[]int{2, 12, 5}, 2, 12, []int{5}}, // what has nobody beside it is none
	} {
		c := &Comparison{}
		for at, i := range test.of {
			c.Configs = append(c.Configs, all[i])
			c.Samples = append(c.Samples, Sample{Config: at, Elapsed: 1})
		}
		with, others := c.evidence().reference(slices.Index(test.of, test.choice))
		var got []int
		for _, i := range others {
			got = append(got, test.of[i])
		}
		if !slices.Equal(got, test.others) || got != nil && test.of[with] != test.want {
			t.Errorf("%v, of which %d is advised: %v beside %d, want %v beside %d", test.of, test.choice, got,
				test.of[with], test.others, test.want)
		}
	}
}

// costing is a comparison of two contestants of two workers each, of which the second has so many times the wall time,
// the CPU time and the memory of the first.
func costing(t *testing.T, mode string, wall, cpu float64, first, second int64, change func(*Comparison)) *Comparison {
	t.Helper()
	c := simulate(truth{simWorld: aMachine, sides: sidesOf(workers(modes.Goroutines, 2), workers(mode, 2))},
		quietMachine, 1)
	for i := range c.Samples {
		s := &c.Samples[i]
		s.Disturbed, s.DisturbedShare, s.Elapsed = "", 0, 1+0.001*float64(s.Round%3)
		s.Summary.User, s.Summary.System, s.Summary.PeakPSS, s.Summary.PeakMemory = 1, 0, first, 0
		if s.Config == 1 {
			s.Elapsed, s.Summary.User, s.Summary.PeakPSS = wall*s.Elapsed, cpu, second
		}
	}
	if change != nil {
		change(c)
	}
	conclude(c)
	return c
}

func TestCostsHaveBothScalesAndMemory(t *testing.T) {
	says(t, costing(t, modes.Processes, 1, 1.02, 40e6, 92e6, nil), `^processes: CPU for each image: processes with 2 `+
		`workers 1\.02 \(1\.02 to 1\.02\) times that of goroutines with 2 workers, a tie\. By the clock: 1\.00 .* `+
		`times as `+
		`fast, a tie\. Memory: 92MB against 40MB\.$`)
	says(t, costing(t, modes.Processes, 1.2, 1.3, 0, 92e6, nil),
		`^processes: .* 1\.30 .* workers\. By the clock: 0\.83 `+
			`\(0\.83 to 0\.83\) times as fast\.$`)
	says(t, costing(t, modes.Processes, 0.8, 0.8, 40e6, 0, nil),
		`^processes: .* 0\.80 .* workers\. By the clock: 1\.25 `+
			`\(1\.25 to 1\.25\) times as fast\.$`)
	says(t, costing(t, "spawn", 1, 1, 1, 1, nil), "^spawn: ")
	says(t, costing(t, modes.Goroutines, 1, 1, 1, 1, func(c *Comparison) { c.Configs[1].Env = []string{"GOGC=off"} }),
		"^cost: CPU for each image: goroutines with 2 workers")
	saysNothingOf(t, costing(t, modes.GIL, 1, 1, 1, 1, nil), "^gil: ")
	saysNothingOf(t, costing(t, modes.Processes, 1, 1, 1, 1, func(c *Comparison) { c.Samples = c.Samples[:8] }),
		"^processes: ")
	withheld := func(share, wall float64) *Comparison {
		return costing(t, modes.Processes, wall, 1, 1, 1, func(c *Comparison) {
			c.Withheld = "other programs held 1 of 2 CPUs"
			for i := range c.Samples {
				c.Samples[i].DisturbedShare = share
			}
		})
	}
	says(t, withheld(0.5, 1.5), "^processes: .*By the clock: disturbed, no order")
	says(t, withheld(0.5, 4), `^processes: .*By the clock: at most 0\.50 times as fast, whatever was disturbed`)
	says(t, withheld(0.5, 0.25), `^processes: .*By the clock: at least 2\.00 times as fast, whatever was disturbed`)
	many := simulate(truth{simWorld: aMachine, sides: sidesOf(workers(modes.Goroutines, 2), workers("a", 2),
		workers("b", 2),
		workers("c", 2), workers("d", 2), workers("e", 2), workers("f", 2), workers("g", 2))}, quietMachine, 1)
	conclude(many)
	says(t, many, "^f: ")
	saysNothingOf(t, many, "^g: ")
}

// TestLockIsSetBesideGoroutinesAndSerial.
func TestLockIsSetBesideGoroutinesAndSerial(t *testing.T) {
	locked := func(sides ...[]side) *Comparison {
		c := simulate(truth{simWorld: remote(0.05, nil), sides: sidesOf(sides...)}, quietMachine, 1)
		conclude(c)
		return c
	}
	gil := func(n int) []side { return with(workers(modes.GIL, n), func(s *side) { s.locked = true }) }
	says(t, locked(serialSide(), gil(2), workers(modes.Goroutines, 2)),
		"^lock: With a lock that is held while it computes, "+
			"gil with 2 workers beside goroutines with 2 workers: ", "^lock: Waits overlap in spite of the lock: gil")
	saysNothingOf(t, locked(gil(2), workers(modes.Goroutines, 4)), "^lock")
	saysNothingOf(t, locked(gil(1), workers(modes.Goroutines, 1)), "^lock: With")
	saysNothingOf(t, locked(gil(2), workers(modes.Processes, 2)), "^lock: With")
	saysNothingOf(t, locked(workers(modes.Goroutines, 2), workers(modes.Processes, 2), serialSide()), "^lock")
	says(t, locked(gil(2), workers(modes.Goroutines, 3), workers(modes.Goroutines, 2)),
		"^lock: With .* goroutines with 2")
	alone := simulate(truth{simWorld: aMachine, sides: sidesOf(serialSide(), gil(2))}, quietMachine, 1)
	for i := range alone.Samples { // no faster than serial
		alone.Samples[i].Elapsed = 1 + 0.01*float64((alone.Samples[i].Round*3+alone.Samples[i].Config)%4)
	}
	conclude(alone)
	saysNothingOf(t, alone, "^lock: Waits overlap")
	few := simulate(truth{simWorld: aMachine, rounds: 3, sides: sidesOf(gil(2), workers(modes.Goroutines, 2))},
		quietMachine, 1)
	conclude(few)
	saysNothingOf(t, few, "^lock")
}

// TestWidestAndPlainestIsTheBetterReference, where none has the widths of what is advised.
func TestWidestAndPlainestIsTheBetterReference(t *testing.T) {
	at := func(mode string, workers, downloads int, env ...string) Config {
		return Config{Mode: mode, Workers: workers, Downloads: downloads, Env: env}
	}
	c := &Comparison{Configs: []Config{at(modes.Serial, 1, 1), at(modes.Goroutines, 2, 8), at(modes.Goroutines, 4, 8),
		at(modes.Goroutines, 2, 16), at(modes.Threads, 8, 8), at(modes.Goroutines, 8, 8, "GOGC=off"),
		at(modes.Goroutines, 2, 8)}}
	e := c.evidence()
	for _, test := range []struct {
		i, j int
		want bool
	}{
		{2, 1, true}, {1, 2, false}, // more workers
		{3, 1, true}, {1, 3, false}, // more downloads
		{2, 3, true}, {3, 2, false}, // workers before downloads
		{1, 4, true}, {4, 1, false}, // the plainer mode before both
		{1, 5, true}, {5, 1, false}, // no flags before both
		{1, 6, false}, {6, 1, false}, // the same
	} {
		if got := e.sooner(test.i, test.j, 0); got != test.want {
			t.Errorf("%d before %d: %v", test.i, test.j, got)
		}
	}
	if !e.sooner(4, 1, 4) || e.sooner(1, 4, 4) {
		t.Error("the widths of what is advised come first")
	}
}

// TestEntryThatGrewMostIsNamed: of those at the top, but for computing, which the CPU time has.
func TestEntryThatGrewMostIsNamed(t *testing.T) {
	type shares = map[pipeline.Entry]float64
	grown := func(first, second shares) *Comparison {
		return costing(t, modes.Processes, 1, 1, 1, 1, func(c *Comparison) {
			for i := range c.Samples {
				c.Samples[i].Summary.Account = nil
				if of := []shares{first, second}[c.Samples[i].Config]; of != nil {
					c.Samples[i].Summary.Account = newAccount(2, 1, of)
				}
			}
		})
	}
	says(t, grown(shares{pipeline.EntryHandover: 0.05, pipeline.EntryCPUWait: 0.1}, shares{pipeline.EntryHandover: 0.2,
		pipeline.EntryLock: 0.1, pipeline.EntryCPUWait: 0.5, pipeline.EntryRunQueue: 0.5}),
		`^processes: .*\. Hand-over took 20 % of its workers' time, against 5 %\.$`)
	for name, c := range map[string]*Comparison{
		"little":       grown(shares{pipeline.EntryHandover: 0.05}, shares{pipeline.EntryHandover: 0.06}),
		"computing":    grown(shares{pipeline.EntryLock: 0.5}, shares{}),
		"no account":   grown(nil, shares{pipeline.EntryHandover: 0.5}),
		"none of that": grown(shares{}, nil),
	} {
		t.Run(name, func(t *testing.T) { saysNothingOf(t, c, "of its workers' time, against") })
	}
}

func TestAnotherNameOfTheSameRunsIsNoTie(t *testing.T) {
	sides := sidesOf(workers(modes.Goroutines, 2), workers("gil-released", 2))
	c := compared(sides, []float64{1, 1}, nil, func(c *Comparison) { c.Configs[1].SameAs = c.Name(0) })
	says(t, c, "^gil-released: gil-released with 2 workers is goroutines with 2 workers by another name: it "+
		"was not run again\\.$")
	saysNothingOf(t, c, "^gil-released: CPU")
}
