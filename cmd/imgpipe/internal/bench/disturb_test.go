package bench

import (
	"math"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

func known(f float64) *float64 { return &f }

// lanes returns a run of a second in which some lanes spent their time on a CPU and waiting for one.
func lanes(n int, cpu, wait float64) *Sample {
	s := &Sample{Elapsed: 1}
	s.Summary.Machine.CPUs, s.Summary.User = 2, cpu
	s.Summary.Account = &summary.Account{Lanes: n, Wall: 1,
		Spent: map[pipeline.Entry]float64{pipeline.EntryCPU: cpu, pipeline.EntryCPUWait: wait}}
	return s
}

func TestARunIsDisturbedByWhatItsOwnWorkDoesNotExplain(t *testing.T) {
	with := func(s *Sample, change func(*Sample)) *Sample {
		change(s)
		return s
	}
	for _, test := range []struct {
		name  string
		run   *Sample
		quota float64
		want  string // a part of the phrase; "" for a quiet run
	}{
		{"as many lanes as CPUs, all on a CPU", lanes(2, 1.96, 0.04), 0, ""},
		{"others hold half of each CPU", with(lanes(2, 1, 1), func(s *Sample) {
			s.Summary.Conditions.OtherCPUs = known(1.0)
		}), 0, "other programs held 1.0 of 2 CPUs"},
		{"others hold a CPU that nobody waits for", with(lanes(1, 1, 0), func(s *Sample) {
			s.Summary.Conditions.OtherCPUs = known(1.0)
		}), 0, ""},
		{"eight lanes on two CPUs wait for one another", lanes(8, 2, 6), 0, ""},
		{"eight lanes wait for others, which hold one of two CPUs", lanes(8, 1, 7), 0, "for 50 % of the time"},
		{"lanes wait for the program's other threads", with(lanes(2, 1.6, 0.4), func(s *Sample) {
			s.Summary.User = 2
		}), 0, ""},
		{"lanes wait for the server of samples", with(lanes(2, 1.6, 0.4), func(s *Sample) {
			s.ServerCPU = 0.4
		}), 0, ""},
		{"most of it is before the first image, and others hold the CPUs all along", with(lanes(2, 0.2, 0.2),
			func(s *Sample) { s.Summary.Account.Spent[pipeline.EntryBefore] = 1.6 }), 0, "for 50 % of the time"},
		{"a constant quota is the machine's", with(lanes(2, 1.4, 0.6), func(s *Sample) {
			s.Summary.Conditions.Throttled = known(0.6)
		}), 1.4, ""},
		{"a quota that others use up", with(lanes(2, 0.7, 0.1), func(s *Sample) {
			s.Summary.Conditions.Throttled = known(0.6)
		}), 1.4, "quota"},
		{"steal", with(lanes(2, 1.9, 0.1), func(s *Sample) { s.Summary.Conditions.Steal = known(0.4) }), 0,
			"host of this virtual machine took 20 %"},
		{"a disk that others use", with(lanes(2, 1, 0), func(s *Sample) {
			s.Summary.Conditions.IOPressure, s.Summary.Account.Spent[pipeline.EntryStall] = known(0.5), 0.6
		}), 0, "disk"},
		{"a disk that others use, and no lane waits", with(lanes(2, 2, 0), func(s *Sample) {
			s.Summary.Conditions.IOPressure = known(0.5)
		}), 0, ""},
		{"a disk that the run itself reads", with(lanes(2, 1, 0), func(s *Sample) {
			blocks := int64(4000)
			s.Summary.Conditions.IOPressure, s.Summary.Conditions.BlocksIn = known(0.5), &blocks
			s.Summary.Account.Spent[pipeline.EntryStall] = 0.6
		}), 0, ""},
		{"a disk that others use, and the run read nothing from it", with(lanes(2, 1, 0), func(s *Sample) {
			blocks := int64(0)
			s.Summary.Conditions.IOPressure, s.Summary.Conditions.BlocksIn = known(0.5), &blocks
			s.Summary.Account.Spent[pipeline.EntryStall] = 0.6
		}), 0, "disk"},
		{"nothing is known", &Sample{Elapsed: 1}, 0, ""},
		{"an account without lanes", with(lanes(0, 1, 1), func(*Sample) {}), 0, ""},
		{"an account without time", with(lanes(2, 1, 1), func(s *Sample) { s.Summary.Account.Wall = 0 }), 0, ""},
		{"an account without time, and a disk that others use", with(lanes(2, 1, 1), func(s *Sample) {
			s.Summary.Account.Wall, s.Summary.Conditions.IOPressure = 0, known(0.5)
		}), 0, "disk"},
		{"an account that does not know who waited", with(lanes(2, 1, 1), func(s *Sample) {
			s.Summary.Account.Unknown = []pipeline.Entry{pipeline.EntryCPUWait}
		}), 0, ""},
		{"no account, others not known, and more CPU time than the clock has", with(lanes(2, 3, 0), func(s *Sample) {
			s.Summary.Account = nil
		}), 0, ""},
		{"a quota, and nobody says who was throttled", lanes(2, 0.7, 0.01), 1.4, ""},
		{"no account, and others on full CPUs", with(lanes(2, 1, 1), func(s *Sample) {
			s.Summary.Account, s.Summary.Conditions.OtherCPUs = nil, known(1.0)
		}), 0, "other programs held 1.0 of 2 CPUs"},
		{"no account, and others on a CPU of their own", with(lanes(2, 0.8, 0), func(s *Sample) {
			s.Summary.Account, s.Summary.Conditions.OtherCPUs = nil, known(1.0)
		}), 0, ""},
	} {
		test.run.judge(test.quota)
		got := test.run.Disturbed
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q (%.2f), want %q", test.name, got, test.run.DisturbedShare, test.want)
		}
		if s := test.run.DisturbedShare; (s > disturbedFrom) != (got != "") || !(s >= 0 && s <= 1) {
			t.Errorf("%s: share %v beside %q", test.name, s, got)
		}
	}
}

// contest returns a comparison of two Configs with walls a and b in each round. change makes more of the runs.
func contest(rounds int, a, b float64, change func(round int, a, b *Sample)) *Comparison {
	c := &Comparison{Job: Job{Stage: StageAll}, Runs: rounds,
		Configs: Grid([]string{modes.Goroutines, modes.Processes}, []int{2}, []int{4})}
	for round := range rounds {
		noise := 1 + 0.01*float64(round%5)
		one, two := Sample{Round: round, Elapsed: a * noise}, Sample{Config: 1, Round: round, Elapsed: b / noise}
		for _, s := range []*Sample{&one, &two} {
			s.Summary = summary.Summary{Items: 10, Done: 10, User: 1, Machine: summary.Machine{CPUs: 2},
				Account: &summary.Account{Lanes: 2, Wall: 1}}
		}
		if change != nil {
			change(round, &one, &two)
		}
		c.Samples = append(c.Samples, one, two)
	}
	return c
}

func TestRoundsAreCountedInWords(t *testing.T) {
	for want, n := range map[string][2]int{"in the one round": {1, 1}, "in all 6 rounds": {6, 6},
		"in 5 of 6 rounds": {5, 6}, "in 1 of 2 rounds": {1, 2}} {
		if got := inRounds(n[0], n[1]); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
}

func disturb(share float64, runs ...*Sample) {
	for _, s := range runs {
		s.Disturbed, s.DisturbedShare, s.OtherCPU = "other programs held 1.4 of 2 CPUs", share, 1.4
		s.Summary.Conditions.OtherCPUs = known(1.4)
	}
}

func TestWallTimesRestOnQuietRoundsIfThereAreEnough(t *testing.T) {
	c := contest(12, 1, 1, func(round int, a, b *Sample) {
		if round%2 == 1 {
			disturb(0.5, a, b)
			a.Elapsed *= 3
		}
	})
	c.Analyse()
	if r := c.Results[1]; c.Withheld != "" || r.QuietRounds != 6 || r.Speedup.Center > 1.1 || r.Wall.Center > 1.1 {
		t.Errorf("withheld %q, %d quiet, speedup %v, wall %v", c.Withheld, r.QuietRounds, r.Speedup, r.Wall)
	}
}

func TestTheOrderByWallTimeIsWithheldIfTooFewRoundsWereQuiet(t *testing.T) {
	c := contest(12, 3, 1, func(round int, a, b *Sample) {
		if round > 0 {
			disturb(0.6, a, b)
		}
	})
	c.Analyse()
	want := "other programs held 1.4 of 2 CPUs in 11 of 12 rounds"
	if c.Withheld != want || c.Results[1].Differs {
		t.Errorf("withheld %q, differs %v; want %q", c.Withheld, c.Results[1].Differs, want)
	}
	if r := c.Results[1]; r.CPURatio.Center != 1 || !r.CPURatio.Finite() {
		t.Errorf("CPU ratio %v, want 1 from all rounds", r.CPURatio)
	}
	if c = contest(5, 1, 1, nil); c.withheld() != "" {
		t.Errorf("five quiet rounds: %q", c.withheld())
	}
}

// TestARoundCountsIfBothHaveARunAndBothWereQuiet, and if it has a ratio at all.
func TestARoundCountsIfBothHaveARunAndBothWereQuiet(t *testing.T) {
	c := contest(12, 1, 1, func(round int, a, b *Sample) {
		switch round {
		case 1:
			disturb(0.5, a)
		case 2:
			disturb(0.5, b)
		case 3:
			a.Summary.User = 0
		case 4:
			b.Summary.User = 0
		}
	})
	c.Samples = slices.DeleteFunc(c.Samples, func(s Sample) bool { return s.Round == 5+s.Config })
	if all, quiet, cpu := len(c.pairs(0, 1)), len(c.quietPairs(0, 1)), len(c.cpuRatios(0, 1)); all != 10 ||
		quiet != 8 || cpu != 8 {
		t.Errorf("%d rounds, %d of them quiet, %d ratios of CPU time; want 10, 8, 8", all, quiet, cpu)
	}
	c.Configs = append(c.Configs, Config{Mode: modes.Spawn}) // it dropped out before its first run
	if why := c.withheld(); why != "" {
		t.Errorf("one contestant has no runs, the others enough: withheld: %q", why)
	}
}

func TestOnlyWhatNoDisturbanceExplainsIsBeyondIt(t *testing.T) {
	for _, test := range []struct {
		name         string
		a, b, shareA float64
		want         bool
	}{
		{"five times, a fifth of it disturbance", 5, 1, 0.2, true},
		{"five times, four fifths of it disturbance", 5, 1, 0.8, false},
		{"a tenth, quiet", 1.1, 1, 0, false},
		{"twice, quiet", 2, 1, 0, true},
		{"twice, half of it disturbance", 2, 1, 0.5, false},
	} {
		c := contest(8, test.a, test.b, func(_ int, a, b *Sample) { a.DisturbedShare = test.shareA })
		if got := c.beyond(0, 1); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
		if c.beyond(1, 0) {
			t.Errorf("%s: the slower one is faster", test.name)
		}
	}
	if contest(3, 5, 1, nil).beyond(0, 1) {
		t.Error("three rounds show an order")
	}
}

// TestWhatOthersHadIsTheMostThatARunLost, if nobody says who waited for a CPU.
func TestWhatOthersHadIsTheMostThatARunLost(t *testing.T) {
	s := &Sample{Elapsed: 2, OtherCPU: 1, DisturbedShare: 0.1}
	if got := s.atLeast(); got != 1.8 {
		t.Errorf("the CPUs are not known: %v, want 1.8", got)
	}
	s.Summary.Machine.CPUs = 2
	if got := s.atLeast(); got != 1 {
		t.Errorf("others had one of two CPUs: %v, want 1", got)
	}
	s.Summary.Account = &summary.Account{}
	if got := s.atLeast(); got != 1.8 {
		t.Errorf("the account says who waited: %v, want 1.8", got)
	}
}

// TestWallTimesAreClearIfEnoughRoundsWereQuiet, or all of few.
func TestWallTimesAreClearIfEnoughRoundsWereQuiet(t *testing.T) {
	quiet := func(rounds, disturbed int) *Comparison {
		return contest(rounds, 1, 1, func(round int, a, b *Sample) {
			if round < disturbed {
				disturb(0.5, a, b)
			}
		})
	}
	if !quiet(4, 0).clear(0, 1) || !quiet(9, 3).clear(0, 1) {
		t.Error("four quiet rounds of four, or six of nine, are not clear")
	}
	withheld := quiet(9, 0)
	withheld.Withheld = "others"
	if quiet(4, 1).clear(0, 1) || quiet(9, 4).clear(0, 1) || withheld.clear(0, 1) {
		t.Error("three quiet rounds of four, five of nine, or a clock that is withheld, are clear")
	}
}

func TestNeighborsAreUnevenIfOneContestantWasDisturbedMore(t *testing.T) {
	rounds := 8
	shares := func(a, b float64) *Comparison {
		return contest(rounds, 1, 1, func(round int, x, y *Sample) {
			x.DisturbedShare, y.DisturbedShare = a+0.001*float64(round), b
		})
	}
	for _, rounds = range []int{0, 4} {
		if got := shares(0.5, 0.1).uneven(0, 1); got != (rounds > 0) {
			t.Errorf("0.5 beside 0.1 in %d rounds: uneven: %v", rounds, got)
		}
	}
	rounds = 8
	if !shares(0.5, 0.1).uneven(0, 1) || !shares(0.1, 0.5).uneven(0, 1) || !shares(0.03, 0).uneven(0, 1) {
		t.Error("0.5 beside 0.1, or 0.03 beside 0, is not uneven")
	}
	if shares(0.5, 0.5).uneven(0, 1) || shares(0.01, 0).uneven(0, 1) {
		t.Error("0.5 beside 0.5, or 0.01 beside 0, is uneven")
	}
}

func TestOutliersAreNamedWithWhatDisturbedThem(t *testing.T) {
	c := contest(10, 1.2, 1.2, func(round int, a, b *Sample) {
		if round == 3 {
			a.Elapsed, a.OtherCPU = 2.1, 1.1
		}
	})
	c.Analyse()
	want := "goroutines with 2 workers, round 4: 2.10 s against 1.22 s, other programs held 1.1 CPUs"
	if len(c.Outliers) != 1 || c.Outliers[0] != want {
		t.Errorf("outliers %q, want %q", c.Outliers, want)
	}
}

func TestDetectableDifferenceGrowsWithTheNoiseAndFallsWithTheRounds(t *testing.T) {
	ratios := func(n int, noise float64) (all []float64) {
		for i := range n {
			all = append(all, math.Exp(noise*float64(i%4)))
		}
		return all
	}
	if d := detectable(ratios(5, 0.1)); d != 0 {
		t.Errorf("five rounds could have shown %v", d)
	}
	few, many, loud := detectable(ratios(8, 0.1)), detectable(ratios(40, 0.1)), detectable(ratios(8, 0.2))
	if !(0 < many && many < few && few < loud) {
		t.Errorf("8 rounds %v, 40 rounds %v, twice the noise %v", few, many, loud)
	}
}
