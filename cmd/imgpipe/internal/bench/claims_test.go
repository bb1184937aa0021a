package bench

import (
	"math"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// A cost is what one run of a contestant takes in a made-up comparison.
type cost struct {
	wall, cpu float64 // seconds
	pss       float64 // MB
}

// A world makes up a comparison: its jobs are the Parts of a lesson. The zero world has two CPUs, is quiet and has no
// Lesson. What cost returns is spread by two percent from round to round.
type world struct {
	cpus   int
	rounds int
	cost   func(title string, this Config) cost
	change func(*Sample)
	lesson *Lesson
}

// made returns the Comparison of a world, analysed.
func (w world) made() *Comparison {
	if w.cpus == 0 {
		w.cpus = 2
	}
	if w.rounds == 0 {
		w.rounds = 6
	}
	all := map[string]*Comparison{}
	for _, title := range []string{TitleWaits, TitleComputes, TitleBoth} {
		c := &Comparison{Job: Job{Title: title, Stage: StageAll}, Configs: allConfigs(title, w.cpus), Warmup: 1}
		if title != TitleComputes {
			c.Job.Latency = 50e6
		}
		for round := range w.rounds {
			for config, this := range c.Configs {
				k := w.cost(title, this)
				spread := 1 + 0.02*math.Sin(float64(7*round+3*config))
				still := 1 + (spread-1)/20
				s := Sample{Config: config, Round: round, Elapsed: k.wall * spread, Summary: summary.Summary{
					Items: 64, Done: 64, Mode: this.Mode, Wall: k.wall * spread, User: k.cpu * spread,
					PeakPSS: int64(1e6 * k.pss * still), BytesIn: 64e5, Copied: 64e5,
					Machine: summary.Machine{CPUs: w.cpus}, Stages: map[pipeline.Stage]float64{},
				}}
				if w.change != nil {
					w.change(&s)
				}
				c.Samples = append(c.Samples, s)
			}
		}
		all[title] = c
	}
	c := *all[TitleBoth]
	c.Parts = []Comparison{*all[TitleWaits], *all[TitleComputes], *all[TitleBoth]}
	c.Lesson = w.lesson
	c.Analyse()
	return &c
}

// allConfigs are those of a whole lesson, also of modes that this build may not have.
func allConfigs(title string, cpus int) []Config {
	configs := LessonConfigs(title, cpus, true)
	have := map[string]bool{}
	for _, c := range configs {
		have[c.Mode] = true
	}
	for _, mode := range []string{modes.Threads, modes.Pipes, modes.Spawn} {
		if !have[mode] {
			configs = append(configs, Config{Mode: mode, Workers: cpus, Downloads: ManyDownloads(cpus)})
		}
	}
	return configs
}

// textbook is what the textbook says: a lock lets waits overlap and stops work, processes use the cores and are heavy.
func textbook(title string, this Config) cost {
	k := cost{wall: 4, cpu: 4, pss: 30 + 4*float64(this.Workers)}
	lanes := float64(min(this.Workers, 2))
	if this.Mode == modes.Serial || this.Mode == modes.GIL {
		lanes = 1
	}
	switch this.Mode {
	case modes.Processes:
		k.cpu, k.pss = 4.2, 30+18*float64(this.Workers)
	case modes.Pipes:
		k.cpu = 4.6
	case modes.Spawn:
		k.cpu = 7
	}
	switch title {
	case TitleWaits:
		k.wall = 0.2 + 3.2/float64(this.Downloads)
	case TitleComputes:
		k.wall = k.cpu / lanes
	default:
		k.wall = k.cpu/lanes + 3.2/float64(this.Downloads)
	}
	return k
}

// leveled is a world in which nothing matters: every contestant takes as long, and as much.
func leveled(string, Config) cost { return cost{wall: 2, cpu: 2, pss: 50} }

func startsOf(routine, thread, process float64) []Start {
	of := func(what string, t float64) Start {
		return Start{What: what, Time: Estimate{t, 0.9 * t, 1.1 * t}, Tries: 31}
	}
	return []Start{of(StartGoroutine, routine), of(StartThread, thread), of(StartProcess, process)}
}

func taughtLesson(start, lost int, starts []Start) *Lesson {
	return &Lesson{Starts: starts, Crashes: []Crash{
		{Mode: modes.Goroutines, Images: 12, Done: 7, Lost: 5, Died: "the run"},
		{Mode: modes.Processes, Images: 12, Done: start, Failed: 12 - start - lost, Lost: lost, Class: "out-of-memory",
			Died: "2 workers"},
	}}
}

var asTaught = taughtLesson(11, 0, startsOf(1e-6, 50e-6, 6e-3))

// noisy spreads the figures of a contestant so far that nothing can be seen.
func noisy(s *Sample) {
	f := math.Exp(3 * math.Sin(float64(5*s.Round*(s.Config+1)+s.Config)))
	s.Elapsed, s.Summary.Wall, s.Summary.User = f*s.Elapsed, f*s.Summary.Wall, f*s.Summary.User
	s.Summary.PeakPSS = int64(f * float64(s.Summary.PeakPSS))
}

// heldByOthers has other programs hold most of the CPUs in each run.
func heldByOthers(s *Sample) {
	s.Disturbed, s.DisturbedShare = "other programs held 1.6 of 2 CPUs", 0.9
	s.OtherCPU = 1.6
}

func claimAbout(t *testing.T, c *Comparison, part string) Claim {
	t.Helper()
	for _, claim := range c.Claims {
		if strings.HasPrefix(claim.Text, part) {
			return claim
		}
	}
	t.Fatalf("no claim begins with %q", part)
	return Claim{}
}

// TestEachClaimCanBeBorneOutDeniedAndLeftOpen has three worlds for each claim.
func TestEachClaimCanBeBorneOutDeniedAndLeftOpen(t *testing.T) {
	// but returns the textbook with one contestant otherwise.
	but := func(change func(title string, this Config, k *cost)) func(string, Config) cost {
		return func(title string, this Config) cost {
			k := textbook(title, this)
			change(title, this, &k)
			return k
		}
	}
	open := world{cost: textbook, change: noisy, lesson: &Lesson{}}
	for _, test := range []struct {
		claim         string
		no, open      world
		wantsMeasured string
	}{
		{"Threads share memory", world{cost: leveled}, open, "pipes 1.13 ("},
		{"Threads are light to start",
			world{cost: textbook, lesson: &Lesson{Starts: startsOf(1e-6, 8e-3, 6e-3)}},
			world{cost: textbook, lesson: &Lesson{Starts: startsOf(1e-6, 5.5e-3, 6e-3)}}, "a thread 50.0 µs"},
		{"Threads are light in memory",
			world{cost: but(func(_ string, this Config, k *cost) {
				k.pss = 30 + map[string]float64{
					modes.Processes: 4, modes.Goroutines: 18}[this.Mode]*float64(this.Workers)
			})}, open,
			"in processes"},
		{"A global interpreter lock lets waiting", world{cost: leveled}, open, "16 downloads"},
		{"A global interpreter lock stops CPU work",
			world{cost: but(func(_ string, this Config, k *cost) {
				if this.Mode == modes.GIL {
					k.wall = k.cpu / float64(this.Workers)
				}
			})}, open, "gil with 2 workers on 2 CPUs: 1.0"},
		{"Processes use the cores", world{cost: leveled}, open, "2 processes: 1.9"},
		{"Processes are isolated", world{cost: textbook, lesson: taughtLesson(3, 9, nil)},
			world{cost: textbook, lesson: &Lesson{}}, "11 of 12 done, 1 failed (out-of-memory)"},
		{"Processes are heavy",
			world{cost: leveled, lesson: &Lesson{Starts: startsOf(1e-6, 8e-3, 6e-3)}},
			world{cost: textbook, change: noisy, lesson: &Lesson{Starts: startsOf(1e-6, 5.5e-3, 6e-3)}},
			"a process starts in 6.00 ms"},
		{"Work that waits for I/O", world{cost: leveled}, open, "16 downloads on 2 CPUs: 8."},
		{"Work that computes wants cores",
			world{cost: but(func(_ string, this Config, k *cost) {
				if this.Mode == modes.Goroutines {
					k.wall = k.cpu / float64(this.Workers)
				}
			})}, open, "8 workers: 1.0"},
	} {
		t.Run(test.claim, func(t *testing.T) {
			yes := claimAbout(t, world{cost: textbook, lesson: asTaught}.made(), test.claim)
			if yes.Holds != holds || !strings.Contains(yes.Measured, test.wantsMeasured) || yes.Command != "" {
				t.Errorf("in the world of the textbook: %+v, want yes and %q", yes, test.wantsMeasured)
			}
			if no := claimAbout(t, test.no.made(), test.claim); no.Holds != fails || no.Command != "" {
				t.Errorf("where it is false: %+v, want no", no)
			}
			if open := claimAbout(t, test.open.made(), test.claim); open.Holds != notShown ||
				open.Command != lessonCommand {
				t.Errorf("where nothing can be seen: %+v, want not shown and the command that would show it", open)
			}
		})
	}
}

// TestClaimsByTheClockAreNotShownWhereOthersHeldTheCPUs: figures that would bear a claim out, or deny it, say nothing.
func TestClaimsByTheClockAreNotShownWhereOthersHeldTheCPUs(t *testing.T) {
	byClock := []string{"A global interpreter lock stops", "Processes use the cores", "Work that computes wants"}
	for name, costs := range map[string]func(string, Config) cost{"textbook": textbook, "leveled": leveled} {
		c := world{cost: costs, change: heldByOthers, lesson: asTaught}.made()
		for _, part := range byClock {
			claim := claimAbout(t, c, part)
			if claim.Holds != notShown || !strings.Contains(claim.Measured, "other programs held 1.6 of 2 CPUs") {
				t.Errorf("%s: %+v, want not shown, and why", name, claim)
			}
		}
		c = world{cost: costs, lesson: asTaught}.made()
		for i := range c.Parts {
			c.Parts[i].Withheld = "other programs held 1.6 of 2 CPUs in 5 of 6 rounds: no order by the clock"
		}
		c.Claims = c.claims()
		for _, part := range byClock {
			if claim := claimAbout(t, c, part); claim.Holds != notShown {
				t.Errorf("%s, with the order withheld: %+v, want not shown", name, claim)
			}
		}
	}
	held := world{cost: textbook, change: heldByOthers}.made()
	if claim := claimAbout(t, held, "Threads share"); claim.Holds != holds {
		t.Errorf("CPU time is not that of others: %+v, want yes", claim)
	}
}

// TestAFewDisturbedRoundsLeaveAClaim: six quiet rounds are enough.
func TestAFewDisturbedRoundsLeaveAClaim(t *testing.T) {
	w := world{cost: textbook, rounds: 9, change: func(s *Sample) {
		if s.Round%3 == 0 {
			heldByOthers(s)
		}
	}}
	if claim := claimAbout(t, w.made(), "Processes use the cores"); claim.Holds != holds {
		t.Errorf("six of nine rounds are quiet: %+v, want yes", claim)
	}
}

// TestWaitsThatNoDisturbanceExplainsAreStillShown: sixteen downloads beside one are faster by more than other programs
// could have taken.
func TestWaitsThatNoDisturbanceExplainsAreStillShown(t *testing.T) {
	mild := func(s *Sample) { s.Disturbed, s.DisturbedShare = "other programs held 0.4 of 2 CPUs", 0.2 }
	for _, part := range []string{"A global interpreter lock lets", "Work that waits"} {
		claim := claimAbout(t, world{cost: textbook, change: mild}.made(), part)
		if claim.Holds != holds || !strings.Contains(claim.Measured, "without whatever disturbed it") {
			t.Errorf("a fifth was lost: %+v, want yes", claim)
		}
		if claim := claimAbout(t, world{cost: textbook, change: heldByOthers}.made(), part); claim.Holds != notShown {
			t.Errorf("nine tenths were lost: %+v, want not shown", claim)
		}
	}
}

func TestFewerThanSixRoundsShowNoClaimThatIsMeasuredByRuns(t *testing.T) {
	for _, claim := range (world{cost: textbook, rounds: 5}).made().Claims {
		if claim.Holds != notShown {
			t.Errorf("five rounds: %+v, want not shown", claim)
		}
	}
}

func TestWhatNeedsTwoCPUsIsNotShownOnOne(t *testing.T) {
	c := world{cpus: 1, cost: textbook, lesson: asTaught}.made()
	for _, part := range []string{"A global interpreter lock stops", "Processes use the cores"} {
		claim := claimAbout(t, c, part)
		if claim.Holds != notShown || !strings.Contains(claim.Measured, "two are needed") || claim.Command != "" {
			t.Errorf("one CPU: %+v, want not shown, and no command that could show it here", claim)
		}
	}
}

// TestAClaimIsNotDeniedByWhatWasNotTried has what made comparisons deny claims falsely: no latency, few downloads, and
// a stage in which no lock is taken.
func TestAClaimIsNotDeniedByWhatWasNotTried(t *testing.T) {
	for name, change := range map[string]func(*Comparison){
		"no latency":    func(c *Comparison) { c.Job.Latency = 0 },
		"two downloads": func(c *Comparison) { narrow(c, 2) },
		"held back by the host": func(c *Comparison) {
			for i := range c.Samples {
				c.Samples[i].Summary.DownloadsAtOnce = 2
			}
			for i := range c.Results {
				c.Results[i].AtOnce = 2
			}
		},
	} {
		c := world{cost: leveled}.made()
		for _, in := range c.parts() {
			change(in)
		}
		for _, part := range []string{"A global interpreter lock lets", "Work that waits"} {
			if claim := claimAbout(t, &Comparison{Machine: c.Machine, Parts: c.Parts, Samples: c.Samples,
				Claims: c.claims()}, part); claim.Holds != notShown {
				t.Errorf("%s: %+v, want not shown", name, claim)
			}
		}
	}
	c := world{cost: textbook}.made()
	for _, in := range c.parts() {
		in.Job.Stage = StageFetch
	}
	c.Claims = c.claims()
	for _, part := range []string{"A global", "Threads share", "Processes use", "Work that computes"} {
		if claim := claimAbout(t, c, part); claim.Holds != notShown {
			t.Errorf("where nothing is transformed: %+v, want not shown", claim)
		}
	}
}
