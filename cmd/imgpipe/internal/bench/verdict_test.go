package bench

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// planted returns the truth of a name.
func planted(t *testing.T, name string) truth {
	t.Helper()
	all := truths()
	i := slices.IndexFunc(all, func(t truth) bool { return t.name == name })
	if i < 0 {
		t.Fatalf("no truth is called %q", name)
	}
	return all[i]
}

// judged returns a comparison of a truth on a machine, with its verdict.
func judged(t *testing.T, name string, m simulatedMachine, change func(*Comparison)) *Comparison {
	t.Helper()
	c := simulate(planted(t, name), m, 7)
	if change != nil {
		change(c)
	}
	conclude(c)
	return c
}

// sentences is all that c says in words.
func sentences(c *Comparison) string {
	var b strings.Builder
	for _, f := range c.Verdict {
		fmt.Fprintf(&b, "%s: %s\n    %s\n", f.Kind, f.Text, f.Figures)
	}
	for _, w := range c.Warnings {
		fmt.Fprintf(&b, "warning %s: %s\n", w.Kind, w.Text)
	}
	return b.String()
}

func says(t *testing.T, c *Comparison, want ...string) {
	t.Helper()
	for _, w := range want {
		if all := sentences(c); !regexp.MustCompile("(?m)" + w).MatchString(all) {
			t.Errorf("nothing of %q in\n%s", w, all)
		}
	}
}

func saysNothingOf(t *testing.T, c *Comparison, words ...string) {
	t.Helper()
	for _, w := range words {
		if all := sentences(c); regexp.MustCompile("(?m)" + w).MatchString(all) {
			t.Errorf("%q is said in\n%s", w, all)
		}
	}
}

func kinds(c *Comparison) (all []string) {
	for _, f := range c.Verdict {
		all = append(all, f.Kind)
	}
	return all
}

const aPlainOne = "CPU work, as many workers as CPUs"

func TestRunsThatCannotBeComparedHaveOneSentence(t *testing.T) {
	c := judged(t, aPlainOne, quietMachine, func(c *Comparison) { c.Samples[3].Digest = "0" })
	if !slices.Equal(kinds(c), []string{"different"}) || !strings.Contains(c.Verdict[0].Figures, "and") {
		t.Errorf("other outputs: %s", sentences(c))
	}
	saysNothingOf(t, c, "fault")
	c = judged(t, aPlainOne, quietMachine, func(c *Comparison) { c.Samples, c.Partial = nil, "interrupted" })
	if !slices.Equal(kinds(c), []string{"nothing"}) || c.Verdict[0].Figures != "interrupted" {
		t.Errorf("nothing measured: %s", sentences(c))
	}
	c = judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		for i := range c.Samples {
			s := &c.Samples[i].Summary
			s.Done, s.Failed, s.Failures = 0, s.Items, []summary.Failure{{Class: "http-404", Count: 60,
				Example: "gone"}}
		}
	})
	if !slices.Equal(kinds(c), []string{"nothing"}) {
		t.Errorf("nothing done: %s", sentences(c))
	}
	says(t, c, "60 of 60 failed; 60 http-404, such as: gone", `warning failures: All 60 failed \(http-404\): `)
}

func TestWhatIsPartialIsSaid(t *testing.T) {
	c := judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		c.Partial = "processes with 2 workers dropped out"
		c.Samples = slices.DeleteFunc(c.Samples, func(s Sample) bool { return s.Config == 1 && s.Round > 2 })
	})
	says(t, c, "^choice: Only goroutines with 2 workers was run", "^partial: This is partial",
		"^    processes with 2 workers dropped out")
	c = judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		c.Partial = "interrupted"
		c.Samples = c.Samples[:len(c.Samples)-1]
	})
	says(t, c, "^choice: .*(tie|plainest)", "^partial: ")
	if !slices.Contains(kinds(judged(t, aPlainOne, quietMachine, nil)), "partial") {
		return
	}
	t.Error("a whole comparison is called partial")
}

// TestOldFilesAreJudgedByWhatTheyHold: those from before the account have none, and no whole clock.
func TestOldFilesAreJudgedByWhatTheyHold(t *testing.T) {
	c := judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		for i := range c.Samples {
			s := &c.Samples[i]
			s.Elapsed, s.Summary.Account, s.Summary.Conditions = 0, nil, summary.Conditions{}
			s.Summary.PeakPSS, s.Summary.PeakMemory = 0, 5e6
		}
	})
	says(t, c, "^choice: ", "^bound: What bounds goroutines with 2 workers is not known",
		"^processes: .*5MB against 5MB")
	saysNothingOf(t, c, "time of the workers", "took .* of its workers' time", "NaN")
	if laws := broken(c); len(laws) > 0 {
		t.Error(laws)
	}
	for _, empty := range []summary.Account{{Wall: 1}, {Lanes: 2}} { // of these no share can be told
		c = judged(t, aPlainOne, quietMachine, func(c *Comparison) {
			for i := range c.Samples {
				c.Samples[i].Summary.Account = &empty
			}
		})
		says(t, c, "^bound: What bounds goroutines with 2 workers is not known")
	}
}

// TestModeWithALockIsNeverAdvised: it is a lesson.
func TestModeWithALockIsNeverAdvised(t *testing.T) {
	c := judged(t, "a lock around all", quietMachine, func(c *Comparison) {
		for i := range c.Samples {
			if c.Configs[c.Samples[i].Config].Mode == modes.GIL {
				c.Samples[i].Elapsed /= 100
			}
		}
	})
	if text := c.Verdict[0].Text; !strings.HasPrefix(text, "goroutines with 2 workers: the fastest") {
		t.Errorf("%s", text)
	}
	saysNothingOf(t, c, "^choice: gil")
	c = judged(t, "a lock that is dropped while it waits", quietMachine, nil)
	says(t, c, "^choice: Of what was run only serial can be advised: modes with a lock are lessons")
}

// TestPlainestOfTiesIsAdvised has all of them named.
func TestPlainestOfTiesIsAdvised(t *testing.T) {
	order := []Config{
		{Mode: modes.Serial, Workers: 1, Downloads: 1},
		{Mode: modes.Goroutines, Workers: 1, Downloads: 1},
		{Mode: modes.Goroutines, Workers: 1, Downloads: 8},
		{Mode: modes.Goroutines, Workers: 1, Downloads: 8, PerHost: 4},
		{Mode: modes.Goroutines, Workers: 2, Downloads: 1},
		{Mode: modes.Goroutines, Workers: 1, Downloads: 1, Env: []string{"GOGC=off"}},
		{Mode: modes.Threads, Workers: 1, Downloads: 1},
		{Mode: modes.Processes, Workers: 1, Downloads: 1},
		{Mode: modes.Pipes, Workers: 1}, {Mode: modes.Spawn, Workers: 1}, {Mode: modes.GIL, Workers: 1}, {Mode: "other",
			Workers: 1},
		{Mode: modes.Serial, Workers: 1, Program: "another"},
	}
	for i, a := range order {
		for j, b := range order {
			if a.plainer(b) != (i < j) {
				t.Errorf("%+v is plainer than %+v: %v", a, b, a.plainer(b))
			}
		}
	}
	c := judged(t, "serial beside many, all equal", quietMachine, func(c *Comparison) {
		for i := range c.Samples { // the others are a little faster, by less than matters
			if s := &c.Samples[i]; s.Config > 0 {
				s.Elapsed = c.Samples[0].Elapsed * (0.98 + 0.001*float64(s.Round%3))
			} else {
				s.Elapsed = c.Samples[0].Elapsed
			}
		}
	})
	says(t, c, `^choice: serial: as fast as anything measured\. The plainest is serial\. `+
		`All 3 tie: .*goroutines.*processes`)
}

// TestEquallyPlainContestantsAreNotRanked: builds and repetitions of one row tie by the clock. None is plainer for the
// length of its path or its place in the list, and the one that takes less CPU time is the one to take.
func TestEquallyPlainContestantsAreNotRanked(t *testing.T) {
	tied := func(cpu ...float64) *Comparison {
		return judged(t, "five that are equal", quietMachine, func(c *Comparison) {
			c.Configs, c.Results = c.Configs[:2], nil
			c.Configs[1] = c.Configs[0]
			c.Configs[0].Name, c.Configs[0].Program = "old", "./o"
			c.Configs[1].Name, c.Configs[1].Program = "new", "./longer/path"
			c.Samples = slices.DeleteFunc(c.Samples, func(s Sample) bool { return s.Config > 1 })
			for i := range c.Samples {
				s := &c.Samples[i]
				s.Disturbed, s.DisturbedShare, s.Elapsed = "", 0, 1+0.002*float64((7*s.Round+3*s.Config)%11)
				s.Summary.User, s.Summary.System = cpu[s.Config]*(1+0.001*float64(s.Round%4)), 0
			}
		})
	}
	says(t, tied(1, 1), `^choice: .*as fast as anything measured\. old and new are equally plain\. All 2 tie`)
	says(t, tied(1.1, 1), `^choice: new: as fast as anything measured\. old and new are equally plain; CPU for each `+
		`image: new least, old 1\.10 .* times as much\. All 2 tie`)
	says(t, tied(1, 1.1), `^choice: old: as fast .*; CPU for each image: old least, new 1\.10 `)
}

// TestOrderOfAllButOneIsSaid: some tie, one is slower, and each has its words.
func TestOrderOfAllButOneIsSaid(t *testing.T) {
	slow := func(t *testing.T, spread float64) *Comparison {
		return judged(t, "five that are equal", quietMachine, func(c *Comparison) {
			for i := range c.Samples {
				s := &c.Samples[i]
				s.Disturbed, s.DisturbedShare = "", 0
				s.Elapsed = 1 + spread*float64((7*s.Round+3*s.Config)%11)/10
				if s.Config == 3 {
					s.Elapsed *= 1.6
				}
			}
		})
	}
	says(t, slow(t, 0.02), `^choice: goroutines with 2 workers.*: as fast as anything measured\. The plainest `+
		`are goroutines with 2 workers and goroutines with 2 workers \(#2\)\. It ties with `+
		`(goroutines|threads|processes)[^:]*, [^:]* and [^:]*\.$`)
	saysNothingOf(t, slow(t, 0.02), "^choice: .*pipes")
	says(t, slow(t, 0.5), `^choice: No order shown: these 4 tie: .* A difference of \d+ % would have been seen\. The `+
		`plainest are goroutines with 2 workers and goroutines with 2 workers \(#2\)\. `+
		`Slower: beside .*: pipes with 2 workers 0\.[67]`)
}

// TestUnevenNeighborsAreComparedBeforeWalls: enough rounds are called quiet, but one contestant had others beside it.
func TestUnevenNeighborsAreComparedBeforeWalls(t *testing.T) {
	uneven := func(by, slower float64) *Comparison {
		return judged(t, aPlainOne, quietMachine, func(c *Comparison) {
			for i := range c.Samples {
				s := &c.Samples[i]
				s.Disturbed, s.DisturbedShare, s.Elapsed = "", 0.001*float64(s.Round%3), 1+0.002*float64(s.Round%4)
				if s.Config == 1 {
					s.DisturbedShare += by
					s.Elapsed *= slower
				}
			}
		})
	}
	c := uneven(0.04, 1.12)
	says(t, c, `^uneven: The machine was not as quiet for processes with 2 workers as for goroutines`,
		`^processes: .*By the clock: disturbed, no order`)
	saysNothingOf(t, c, "the fastest")
	says(t, c, "^choice: No order is shown between goroutines with 2 workers and processes with 2 workers")
	says(t, uneven(0.04, 1), "^choice: No order is shown between") // not even a tie
	says(t, uneven(0.04, 1.5), "^choice: goroutines with 2 workers: the fastest")
	saysNothingOf(t, uneven(0.04, 1.5), "^uneven")
	says(t, uneven(0.01, 1.12), "^choice: goroutines with 2 workers: the fastest", "1.12")
	saysNothingOf(t, uneven(0.01, 1.12), "^uneven")
}

// TestQuietRoundsCountByTheClock: six of them are enough, five are not.
func TestQuietRoundsCountByTheClock(t *testing.T) {
	disturbed := func(rounds int, slower float64, withheld string) *Comparison {
		return judged(t, aPlainOne, quietMachine, func(c *Comparison) {
			c.Withheld = withheld
			for i := range c.Samples {
				s := &c.Samples[i]
				s.Disturbed, s.DisturbedShare, s.Elapsed = "", 0, 1+0.001*float64(s.Round%3)
				if s.Config == 1 {
					s.Elapsed *= slower
				}
				if s.Round < rounds {
					s.Elapsed, s.Disturbed, s.DisturbedShare = 9-8*float64(s.Config), "I/O pressure", 0.5
				}
			}
		})
	}
	c := disturbed(4, 1.2, "")
	says(t, c, "^choice: goroutines with 2 workers: the fastest, 1.20",
		`^disturbed: I/O pressure in 4 of 10 rounds: by the clock, two contestants are compared in the rounds in `+
			`which neither was disturbed\.`)
	saysNothingOf(t, disturbed(0, 1.2, ""), "^disturbed")
	c = disturbed(5, 1.2, "")
	says(t, c, "^choice: I/O pressure in 5 of 10 rounds: no order by the clock")
	saysNothingOf(t, c, "the fastest", "^disturbed", "^scaling")
	c = judged(t, "latency, too few downloads, none measured", busyMachine, nil)
	says(t, c, "^disturbed: Other programs held")
	c = disturbed(0, 1.06, "other programs held 1.4 of 2 CPUs in 11 of 12 rounds")
	says(t, c, `^choice: Other programs held 1\.4 of 2 CPUs in 11 of 12 rounds: no order by the clock\. CPU`)
}

// TestWhereNoClockCountsCPUTimeDecidesWhatItCan: it orders what does the work, not how many do it, and it is not asked
// where the clock differs by more than disturbance explains.
func TestWhereNoClockCountsCPUTimeDecidesWhatItCan(t *testing.T) {
	withheld := func(sides []side, cpu, wall []float64) *Comparison {
		c := simulate(truth{simWorld: aMachine, sides: sides}, quietMachine, 1)
		c.Withheld = "other programs held 1.4 of 2 CPUs in 11 of 12 rounds"
		for i := range c.Samples {
			s := &c.Samples[i]
			s.Disturbed, s.DisturbedShare, s.Elapsed = "", 0.4, wall[s.Config]*(1+0.001*float64(s.Round%3))
			s.Summary.User, s.Summary.System = cpu[s.Config]*(1+0.001*float64(s.Round%4)), 0
		}
		conclude(c)
		return c
	}
	three := sidesOf(workers(modes.Goroutines, 2), workers(modes.Threads, 2), workers(modes.Processes, 2))
	same := []float64{1, 1, 1}
	says(t, withheld(three, []float64{1, 1, 1.1}, same), `no order by the clock\. CPU for each image: goroutines `+
		`with 2 `+
		`workers least; processes with 2 workers 1\.10 \(1\.10 to 1\.10\) times as much\. No difference to it is `+
		`shown `+
		`for threads with 2 workers\. The plainest is goroutines with 2 workers: take it until .*\.$`)
	says(t, withheld(three, []float64{1, 1.1, 1.2}, same), `CPU for each image: goroutines with 2 workers least; `+
		`threads `+
		`with 2 workers 1\.10 .* processes with 2 workers 1\.20 \(1\.20 to 1\.20\) times as much\.$`)
	says(t, withheld(three, same, same), `CPU for each image: a tie of goroutines with 2 workers, threads with 2 `+
		`workers `+
		`and processes with 2 workers\. The plainest is goroutines with 2 workers: take it until .*\.$`)
	says(t, withheld(workers(modes.Goroutines, 1, 2, 4), same, same),
		`CPU for each image: a tie of .* It does not say `+
			`which width is faster\.$`, "^workers: Beside 2 workers, ")
	says(t, withheld(workers(modes.Goroutines, 1, 4), same, same), "^workers: Beside 1 worker, ")
	says(t, withheld(downloads(modes.Goroutines, 2, 4, 8), same, same), "^downloads: Beside 8 downloads, ")
	says(t, withheld(three, same, []float64{1, 1, 3}), `no order by the clock\. But more than that explains: `+
		`(goroutines|`+
		`threads) with 2 workers was at least 1\.80 times as fast as processes with 2 workers\. CPU for each `+
		`image: a tie `+
		`of goroutines with 2 workers and threads with 2 workers\. The plainest is goroutines with 2 workers: `+
		`take it until .*\.$`)
	says(t, withheld(three, same, []float64{1, 1, 1.8}), `no order by the clock\. CPU`) // 1.8 × 0.6 is not 1.1
	says(t, withheld(three, []float64{1, 1, 1.1}, []float64{3, 3, 1}), `But more than that explains: processes with 2 `+
		`workers was at least 1\.80 times as fast as goroutines with 2 workers and 1\.80 times as fast as threads `+
		`with 2 `+
		`workers\. CPU for each image: goroutines with 2 workers 0\.91 .*, threads with 2 workers 0\.91 .* times `+
		`as much, `+
		`beside processes with 2 workers\.$`)
}

// TestImagesThatWereLeftOutAreCountedByClass.
func TestImagesThatWereLeftOutAreCountedByClass(t *testing.T) {
	c := judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		c.LeftOut = []LeftOut{{"a", "http-404", 2, 12}, {"b", "timeout", 1, 12}, {"c", "http-404", 12, 12}}
		for i := range c.Samples {
			c.Samples[i].Summary.Failed = 1 + i%2
		}
	})
	says(t, c, `^left-out: 3 of 60 images left out: http-404 in 12 of 12 runs, timeout in 1 of 12 runs\.`,
		"^    such as a; what they cost is still in the wall and CPU times")
	saysNothingOf(t, c, "^failed", "failed in every run")
	c = judged(t, aPlainOne, quietMachine, func(c *Comparison) { // one fails in each run, now this, now that
		n := len(c.Samples)
		c.LeftOut = []LeftOut{{"a", "http-404", n / 2, n}, {"b", "http-404", n - n/2, n}}
		for i := range c.Samples {
			c.Samples[i].Summary.Failed = 1
		}
	})
	saysNothingOf(t, c, "^failed", "failed in every run")
	c = judged(t, aPlainOne, quietMachine, func(c *Comparison) {
		for i := range c.Samples {
			s := &c.Samples[i].Summary
			s.Failed, s.Failures = 2+i%2, []summary.Failure{{Class: "decode", Count: 2, Example: "no image"}}
		}
	})
	says(t, c, `^failed: 2 of 60 images failed in every run\.`, `^    2 of 60 failed; 2 decode, such as: no image`)
}

// TestRunsThatAreNoEvidenceFailNoImage: those of another program, and copies of runs that count already.
func TestRunsThatAreNoEvidenceFailNoImage(t *testing.T) {
	for name, other := range map[string]Config{
		"a copy":          {Mode: modes.GILReleased, SameAs: "goroutines with 2 workers"},
		"another program": {Mode: "python-threads", Peer: "python-threads"},
	} {
		t.Run(name, func(t *testing.T) {
			c := judged(t, aPlainOne, quietMachine, func(c *Comparison) {
				c.Configs = append(c.Configs, other)
				for i := range c.Samples { // three images fail in all runs of one contestant, and in none of the other
					s := c.Samples[i]
					if s.Config != 0 {
						continue
					}
					s.Summary.Failed = 3
					c.Samples[i] = s
					s.Config = 2
					c.Samples = append(c.Samples, s)
				}
				for range 3 {
					c.LeftOut = append(c.LeftOut, LeftOut{"a", "http-404", c.Runs, 2 * c.Runs})
				}
			})
			saysNothingOf(t, c, "^failed: ")
		})
	}
}

// TestDisturbanceIsSaidOnceAndAlways: with the choice, where that withholds an order, or else in a sentence of its own.
func TestDisturbanceIsSaidOnceAndAlways(t *testing.T) {
	of := func(rounds, disturbed int) *Comparison {
		c := contest(rounds, 1, 1, func(round int, a, b *Sample) {
			if round < disturbed {
				disturb(0.5, a, b)
			}
		})
		conclude(c)
		return c
	}
	says(t, of(9, 8), "^choice: Other programs held 1.4 of 2 CPUs in 8 of 9 rounds: no order by the clock")
	saysNothingOf(t, of(9, 8), "^disturbed: ")
	says(t, of(9, 2), "^disturbed: Other programs held 1.4 of 2 CPUs in 2 of 9 rounds: by the clock, two contestants")
	says(t, of(3, 2), "^choice: 3 rounds show no order",
		`^disturbed: Other programs held 1.4 of 2 CPUs in 2 of 3 rounds\.`)
}

// TestEveryIntervalInASentenceFollowsFromTheRuns: a figure with an interval is that of some pair, on some scale.
func TestEveryIntervalInASentenceFollowsFromTheRuns(t *testing.T) {
	found := regexp.MustCompile(`[0-9.]+ \([0-9.]+ to [0-9.]+\)`)
	for _, this := range truths() {
		for _, m := range simulatedMachines {
			c := simulate(this, m, 3)
			conclude(c)
			e := c.evidence()
			known := map[string]bool{}
			for _, i := range e.ran {
				for _, j := range e.ran {
					known[withInterval(e.pair(byClock, i, j).speed())] = true
					known[withInterval(e.pair(byCPU, i, j).cost)] = true
				}
				if share, ok := e.serial(i); ok {
					known[withInterval(share)] = true
				}
			}
			for _, f := range c.Verdict {
				for _, figure := range found.FindAllString(f.Text+f.Figures, -1) {
					if !known[figure] {
						t.Errorf("%s, %s: %s in %q", this.name, m, figure, f.Text)
					}
				}
			}
		}
	}
}

// TestAccountListsWhatTookMuchAndTheRest.
func TestAccountListsWhatTookMuchAndTheRest(t *testing.T) {
	a := account{pipeline.EntryCPU: 0.5, pipeline.EntryFileWait: 0.3, pipeline.EntryLatency: 0.2,
		pipeline.EntryBody: 0.1,
		pipeline.EntryLock: 0.16, pipeline.EntryTail: 0.04}
	want := "time of the workers: on a CPU 50 %; waiting for files 30 %, of which until the server answers 20 % " +
		"and while " +
		"the server sends 10 %; waiting for the lock 16 %; other 4 %"
	if got := a.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
