package bench

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// TestPartsOfTheSpeedAddUp: what could come, less what was lost, and with what was won, is what came, as it is shown.
func TestPartsOfTheSpeedAddUp(t *testing.T) {
	sum := regexp.MustCompile(`Of the ([0-9.]+) that .* could give, ([0-9.]+) came`)
	part := regexp.MustCompile(`([0-9.]+) (lost to|won by)`)
	number := func(s string) float64 {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	checked := 0
	for _, this := range truths() {
		for seed := range uint64(3) {
			c := simulate(this, quietMachine, seed)
			conclude(c)
			for _, f := range c.Verdict {
				at := sum.FindStringSubmatch(f.Text)
				if at == nil {
					continue
				}
				left := number(at[1]) - number(at[2])
				for _, p := range part.FindAllStringSubmatch(f.Text, -1) {
					if p[2] == "lost to" {
						left -= number(p[1])
					} else {
						left += number(p[1])
					}
				}
				if checked++; math.Abs(left) > 1e-6 {
					t.Errorf("%s: %.3f is missing in %s", this.name, left, f.Text)
				}
			}
		}
	}
	if checked < 15 {
		t.Errorf("only %d sums were checked", checked)
	}
}

// widths returns a comparison of so many workers each, in which one has wall[0] s, and so on.
func widths(cpus int, workers []int, wall, cpu []float64, accounts ...map[pipeline.Entry]float64) *Comparison {
	c := &Comparison{Job: Job{Stage: StageAll}, Configs: Grid([]string{modes.Goroutines}, workers, []int{8})}
	w := simWorld{cpus: cpus, images: 100, cpu: 0.01}
	for round := range 8 {
		for i := range workers {
			s := Sample{Config: i, Round: round, Elapsed: wall[i] * (1 + 0.0001*float64(round%3))}
			s.Summary = simulate(truth{simWorld: w, sides: []side{{Config: c.Configs[i]}}}, quietMachine,
				1).Samples[0].Summary
			s.Summary.User, s.Summary.System = cpu[i], 0
			s.Summary.Account = nil
			if accounts != nil {
				s.Summary.Account = newAccount(workers[i], wall[i], accounts[i])
			}
			c.Samples = append(c.Samples, s)
		}
	}
	conclude(c)
	return c
}

func TestSpeedIsASumOfWhatWasLost(t *testing.T) {
	c := widths(2, []int{1, 2}, []float64{2, 2 / 1.62}, []float64{2, 2.24})
	says(t, c, `^scaling: Of the 2\.0 that two CPUs could give, 1\.62 came: 0\.21 lost to 12 % more CPU work for `+
		`each image, `+
		`0\.17 lost to idle CPUs\.$`)
	if r := c.Results[1]; math.Abs(r.Efficiency-0.81) > 0.001 || r.Serial != 0 || r.Ceiling != 0 {
		t.Errorf("efficiency %v, serial share %v, ceiling %v, want 0.81 and no other", r.Efficiency, r.Serial,
			r.Ceiling)
	}
	c = widths(2, []int{1, 2}, []float64{2, 2 / 2.1}, []float64{2, 2})
	says(t, c, `^scaling: Of the 2\.0 that two CPUs could give, 2\.10 came: 0\.10 won by what no entry explains`)
	c = widths(8, []int{1, 2, 3}, []float64{2, 1, 2.0 / 3}, []float64{2, 1.8, 1.8})
	says(t, c, `^scaling: Of the 3\.0 that three workers could give, 3\.00 came: 0\.33 won by 10 % less CPU work `+
		`for each `+
		`image, 0\.33 lost to idle CPUs`)
	c = widths(3, []int{2, 3}, []float64{2, 2 / 1.5}, []float64{2, 2})
	says(t, c, `^scaling: Of the 1\.5 that three CPUs could give, 1\.50 came\.$`)
	c = widths(7, []int{3, 7}, []float64{2, 1}, []float64{2, 2})
	says(t, c, `^scaling: Of the 2\.33 that seven CPUs could give, 2\.00 came: 0\.33 lost to idle CPUs\.$`)
	c = widths(2, []int{2, 4}, []float64{2, 2}, []float64{2, 2})
	saysNothingOf(t, c, "^scaling") // both have all CPUs
	if r := c.Results[1]; r.Efficiency != 0 {
		t.Errorf("more workers than CPUs beside as many: efficiency %v, want none", r.Efficiency)
	}
	c = widths(4, []int{1, 2}, []float64{2, 1}, []float64{2, 2})
	if narrow, wide := c.Results[0].Efficiency, c.Results[1].Efficiency; narrow != 0 || math.Abs(wide-1) > 0.001 {
		t.Errorf("efficiency %v of the narrowest, %v of the other, want 0: nothing to count from, and 1", narrow, wide)
	}
}

// TestSpeedIsNoSumWithoutAnOrderByTheClock: there are too few rounds, or the neighbors of one were busier.
func TestSpeedIsNoSumWithoutAnOrderByTheClock(t *testing.T) {
	of := func(change func(*Comparison)) *Comparison {
		c := widths(2, []int{1, 2}, []float64{2, 2 / 1.6}, []float64{2, 2})
		change(c)
		conclude(c)
		return c
	}
	says(t, of(func(*Comparison) {}), "^scaling")
	saysNothingOf(t, of(func(c *Comparison) { c.Samples = c.Samples[:6] }), "^scaling")
	saysNothingOf(t, of(func(c *Comparison) {
		for i := range c.Samples {
			c.Samples[i].DisturbedShare = 0.04 * float64(c.Samples[i].Config)
		}
	}), "^scaling")
}

// TestCPUWorkIsALossOnlyIfItIsShownAndMatters.
func TestCPUWorkIsALossOnlyIfItIsShownAndMatters(t *testing.T) {
	says(t, widths(2, []int{1, 2}, []float64{2, 2 / 1.6}, []float64{2, 2.03}),
		`^scaling: .*1\.60 came: 0\.40 lost to idle CPUs\.$`)
	c := widths(2, []int{1, 2}, []float64{2, 2 / 1.6}, []float64{2, 2.2})
	says(t, c, `^scaling: .*1\.60 came: 0\.18 lost to 10 % more CPU work for each image, 0\.22 lost to idle CPUs\.$`)
	for i := range c.Samples {
		if s := &c.Samples[i]; s.Config == 1 && s.Round%3 == 0 {
			s.Summary.User = 1.7
		}
	}
	conclude(c)
	says(t, c, `^scaling: .*1\.60 came: 0\.40 lost to idle CPUs\.$`)
}

// TestWhatRoundingLeavesGoesToTheLargestLoss, of which it changes least.
func TestWhatRoundingLeavesGoesToTheLargestLoss(t *testing.T) {
	s := scaled{could: 2, came: Estimate{Center: 1.588}, losses: []loss{{"a", 0.104}, {"b", 0.204}, {"c", 0.104}}}
	_, _, losses := s.hundredths()
	for i, want := range []float64{0.10, 0.21, 0.10} {
		if math.Abs(losses[i].lost-want) > 1e-9 {
			t.Errorf("%v, want 0.10, 0.21 and 0.10", losses)
		}
	}
}

// newAccount returns an account of shares of which the rest is computing.
func newAccount(lanes int, wall float64, shares map[pipeline.Entry]float64) *summary.Account {
	a := &summary.Account{Lanes: lanes, Wall: wall, Spent: map[pipeline.Entry]float64{}}
	rest := 1.0
	for _, row := range pipeline.Entries() {
		a.Spent[row.Entry] = shares[row.Entry] * wall * float64(lanes)
		if row.Of == "" {
			rest -= shares[row.Entry]
		}
	}
	a.Spent[pipeline.EntryCPU] = rest * wall * float64(lanes)
	return a
}

func TestIdleCPUsAreSplitByTheAccount(t *testing.T) {
	c := widths(2, []int{1, 2}, []float64{2, 2 / 1.6}, []float64{2, 2}, nil,
		map[pipeline.Entry]float64{pipeline.EntryTail: 0.05, pipeline.EntryLock: 0.15})
	says(t, c, `^scaling: .*1\.60 came: 0\.30 lost to waiting for the lock, 0\.10 lost to idle CPUs at the end `+
		`\(tail\)\.$`)
	// What four workers on two CPUs wait for one another is no loss.
	c = widths(2, []int{1, 4}, []float64{2, 2 / 1.8}, []float64{2, 2}, nil,
		map[pipeline.Entry]float64{pipeline.EntryCPUWait: 0.5, pipeline.EntryHandover: 0.05})
	says(t, c, `^scaling: .*1\.80 came: 0\.20 lost to hand-over\.$`)
	c = widths(2, []int{1, 4}, []float64{2, 2 / 1.8}, []float64{2, 2}, nil,
		map[pipeline.Entry]float64{pipeline.EntryCPUWait: 0.55})
	says(t, c, `^scaling: .*1\.80 came: 0\.20 lost to waiting for a CPU\.$`)
}

// TestSerialShareNeedsThreeWidthsAndNoOtherCause.
func TestSerialShareNeedsThreeWidthsAndNoOtherCause(t *testing.T) {
	amdahl := func(serial float64, n ...int) (walls []float64) {
		for _, w := range n {
			walls = append(walls, serial+(1-serial)/float64(w))
		}
		return walls
	}
	same := []float64{1, 1, 1, 1}
	none := []map[pipeline.Entry]float64{nil, nil, nil, nil}
	of := func(cpus int, walls, cpu []float64, accounts []map[pipeline.Entry]float64, n ...int) *Comparison {
		return widths(cpus, n, walls, cpu, accounts...)
	}
	c := of(8, amdahl(0.2, 1, 2, 4, 8), same, none, 1, 2, 4, 8)
	says(t, c, `^serial: A serial share of 0\.20 \(0\.20 to 0\.20\) of the work explains that`,
		`^    from 1, 2, 4 and 8 workers, none beyond the 8 CPUs`)
	if r := c.Results[3]; math.Abs(r.Serial-0.2) > 0.001 || math.Abs(r.Ceiling-5) > 0.03 || c.Results[2].Serial != 0 {
		t.Errorf("serial share %v, ceiling %v of the widest, %v of the others", r.Serial, r.Ceiling,
			c.Results[2].Serial)
	}
	before := []map[pipeline.Entry]float64{nil, nil, nil, {pipeline.EntryBefore: 0.1, pipeline.EntryStore: 0.1,
		pipeline.EntryFileWait: 0.1, pipeline.EntryListing: 0.1}}
	says(t, of(8, amdahl(0.2, 1, 2, 4, 8), same, before, 1, 2, 4, 8), "^serial: ")
	grows := amdahl(0.2, 1, 2, 4, 8)
	grows[3] *= 1.3
	locked := []map[pipeline.Entry]float64{nil, nil, nil, {pipeline.EntryLock: 0.05}}
	without := func(config int) *Comparison {
		c := of(8, amdahl(0.2, 1, 2, 4, 8), same, none, 1, 2, 4, 8)
		for i := range c.Samples {
			if c.Samples[i].Config == config {
				c.Samples[i].Summary.Account = nil
			}
		}
		conclude(c)
		return c
	}
	for name, c := range map[string]*Comparison{
		"two widths":                    of(8, amdahl(0.2, 1, 2), same[:2], none[:2], 1, 2),
		"no width of one":               of(8, amdahl(0.2, 2, 4, 8), same[:3], none[:3], 2, 4, 8),
		"two widths within the CPUs":    of(2, amdahl(0.2, 1, 2, 4), same[:3], none[:3], 1, 2, 4),
		"more CPU work for each image":  of(8, amdahl(0.2, 1, 2, 4, 8), []float64{1, 1, 1, 1.1}, none, 1, 2, 4, 8),
		"less CPU work for each image":  of(8, amdahl(0.2, 1, 2, 4, 8), []float64{1, 1, 1, 0.9}, none, 1, 2, 4, 8),
		"a lock":                        of(8, amdahl(0.2, 1, 2, 4, 8), same, locked, 1, 2, 4, 8),
		"a share that grows":            of(8, grows, same, none, 1, 2, 4, 8),
		"none":                          of(8, amdahl(0, 1, 2, 4, 8), same, none, 1, 2, 4, 8),
		"one worker kept no account":    without(0),
		"the widest kept no account":    without(3),
		"runs that kept no account":     of(8, amdahl(0.2, 1, 2, 4, 8), same, nil, 1, 2, 4, 8),
		"more speed than workers added": of(8, amdahl(-0.05, 1, 2, 4, 8), same, none, 1, 2, 4, 8),
	} {
		if all := sentences(c); strings.Contains(all, "serial share") {
			t.Errorf("%s: %s", name, all)
		}
	}
}

// TestFetchingHasNoScalingOfWorkers: they have nothing to do in that stage.
func TestFetchingHasNoScalingOfWorkers(t *testing.T) {
	fetch := judged(t, "CPU work, more workers than CPUs", quietMachine, func(c *Comparison) {
		c.Job.Stage = StageFetch
	})
	saysNothingOf(t, fetch, "^scaling", "^serial")
}

// TestWhatIsLostIsSplitByEntriesAtTheTopThatGrew: not by parts of them, nor by computing, nor by hairs.
func TestWhatIsLostIsSplitByEntriesAtTheTopThatGrew(t *testing.T) {
	lost := func(narrow, wide *summary.Account) []loss {
		c := &Comparison{Configs: configsOf(1, 2)}
		c.Machine.CPUs = 2
		for i, a := range []*summary.Account{narrow, wide} {
			c.Samples = append(c.Samples, Sample{Config: i, Elapsed: 1, Summary: summary.Summary{Account: a}})
		}
		return c.evidence().idle(0, 1, 0.4)
	}
	narrow := newAccount(1, 1, map[pipeline.Entry]float64{pipeline.EntryFileWait: 0.6, pipeline.EntryHandover: 0.05})
	wide := newAccount(2, 1, map[pipeline.Entry]float64{pipeline.EntryHandover: 0.15, pipeline.EntryLock: 0.1,
		pipeline.EntryCPUWait: 0.2, pipeline.EntryRunQueue: 0.2, pipeline.EntryTail: 0.004})
	want := []loss{{words(pipeline.EntryCPUWait), 0.2}, {words(pipeline.EntryLock), 0.1},
		{words(pipeline.EntryHandover), 0.1}}
	got := lost(narrow, wide)
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i].lost < want[i].lost-0.001 || got[i].lost > want[i].lost+0.001 {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	for _, got := range [][]loss{lost(nil, wide), lost(narrow, nil), lost(narrow, narrow)} {
		if len(got) != 1 || got[0].what != "idle CPUs" {
			t.Errorf("nothing is known of what grew: %v, want idle CPUs", got)
		}
	}
}

func configsOf(n ...int) (configs []Config) {
	for _, s := range workers(modes.Goroutines, n...) {
		configs = append(configs, s.Config)
	}
	return configs
}

// TestScalingIsCountedUpToTheCPUs: for the most workers, but of those beyond the CPUs the fewest.
func TestScalingIsCountedUpToTheCPUs(t *testing.T) {
	for _, test := range []struct {
		widths   []int
		of, want int // indexes
	}{
		{[]int{1, 2, 4}, 0, 2}, {[]int{1, 2, 4}, 2, 2}, {[]int{1, 2, 4, 8}, 3, 2}, {[]int{1, 6, 8}, 2, 1},
		{[]int{1, 6, 8}, 0, 1}, {[]int{1, 2, 8}, 2, 2}, {[]int{1, 4, 8}, 1, 1}, {[]int{2, 3}, 1, 1},
	} {
		c := &Comparison{Configs: configsOf(test.widths...)}
		c.Machine.CPUs = 4
		for i := range c.Configs {
			c.Samples = append(c.Samples, Sample{Config: i, Elapsed: 1})
		}
		if got := c.evidence().widest(test.of); got != test.want {
			t.Errorf("%v workers on 4 CPUs, beside %d: %d, want %d", test.widths, test.widths[test.of], got, test.want)
		}
	}
}
