package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// disturbedFrom is the share of its wall time beyond which a run is disturbed.
const disturbedFrom = 0.05

// tick is the grain, in seconds, in which the kernel counts what the CPUs of the machine do.
const tick = 0.01

// A disturbance is what a run lost to others, as shares of its wall time, or of its lanes' time where that was
// measured.
type disturbance struct {
	wait      float64 // for a CPU, beyond what its own work explains
	throttled float64 // by a quota that others used up
	steal     float64 // by the host of this virtual machine
	io        float64 // for a disk that others used
	// others is how many CPUs other programs held, of cpus; below 0 if it is not known.
	others, cpus float64
}

func (d disturbance) share() float64 { return min(d.wait+d.throttled+d.steal+d.io, 1) }

// phrase says what disturbed most, with its figure.
func (d disturbance) phrase() string {
	causes := []struct {
		share float64
		text  string
	}{
		{d.wait, d.held()},
		{d.throttled, fmt.Sprintf("others used up the quota of CPUs for %.0f %% of the time", 100*d.throttled)},
		{d.steal, fmt.Sprintf("the host of this virtual machine took %.0f %% of the CPUs' time", 100*d.steal)},
		{d.io, fmt.Sprintf("waiting for a disk that others used took %.0f %% of the time", 100*d.io)},
	}
	largest := causes[0]
	for _, c := range causes {
		if c.share > largest.share {
			largest = c
		}
	}
	return largest.text
}

// held says who held the CPUs that were waited for.
func (d disturbance) held() string {
	if d.others < 0.05 {
		return fmt.Sprintf("workers waited for a CPU for %.0f %% of the time, more than their own work explains",
			100*d.wait)
	}
	return fmt.Sprintf("other programs held %.1f of %s", d.others, figure.Count(int(d.cpus), "CPU"))
}

// lost returns what a run lost to others. quota is how many CPUs its control group may use; 0 if it has no quota, or it
// is not known.
//
// Lanes that are more than the CPUs wait for one another, and so do lanes for the program's other threads: the
// collector and the downloads. What all of these asked for beyond the CPUs is explained by the run itself. What other
// programs do on a CPU that nobody waits for takes nothing from the run. A quota that the run used up by itself is part
// of the machine, as is the number of its CPUs: every run has it, and it disturbs none.
func lost(run *Sample, quota float64) disturbance {
	s, wall := &run.Summary, run.Wall()
	d := disturbance{others: -1, cpus: float64(max(s.Machine.CPUs, 1))}
	if wall <= 0 {
		return d
	}
	c, ours := s.Conditions, (run.cpu()+run.ServerCPU)/wall
	if c.OtherCPUs != nil {
		d.others = max(*c.OtherCPUs-run.ServerCPU/wall, 0) // to the run, this process is another program
	}
	capacity := d.cpus
	if quota > 0 {
		capacity = min(capacity, quota)
	}
	known := s.Account != nil && s.Account.Lanes > 0 && s.Account.Wall > 0 &&
		!slices.Contains(s.Account.Unknown, pipeline.EntryCPUWait)
	switch {
	case known:
		// Threads of one run wait for one another in bursts, which no mean over the run explains. For others it waited
		// no longer than they ran.
		d.wait = waitsForOthers(s, ours, capacity)
		if d.others >= 0 {
			d.wait = min(d.wait, max(d.others-d.cpus*tick/wall, 0))
		}
	case c.OtherCPUs != nil && ours+d.others > (1-disturbedFrom)*d.cpus:
		// Without an account, others took at most what they held of CPUs that were never idle, and nothing if nobody
		// had to wait.
		d.wait = d.others / d.cpus
		if c.CPUPressure != nil {
			d.wait = min(d.wait, *c.CPUPressure/wall)
		}
	}
	if c.Throttled != nil && ours < (1-2*disturbedFrom)*quota {
		d.throttled = *c.Throttled / (wall * d.cpus)
	}
	if c.Steal != nil {
		d.steal = *c.Steal / (wall * d.cpus)
	}
	if c.IOPressure != nil && (c.BlocksIn == nil || *c.BlocksIn == 0) {
		// Beside a run that read the disk itself, the pressure is its own.
		d.io = *c.IOPressure / wall
		if known {
			d.io = min(d.io, waitsForDisk(s.Account))
		}
	}
	return d
}

// waitsForOthers returns the share of the wall time that a run lost to waits for a CPU which it does not explain
// itself. ours is how many CPUs it used, capacity how many it could have had. If there are more lanes than that, all of
// them wait for each second that somebody else takes, but no more is lost than that second of a CPU. Before the first
// image and after the last one nothing says how long a lane waited: that time is taken to be like the rest.
func waitsForOthers(s *summary.Summary, ours, capacity float64) float64 {
	a := s.Account
	lanes := float64(a.Lanes)
	between := a.Wall - (a.Spent[pipeline.EntryBefore]+a.Spent[pipeline.EntryAfter])/lanes
	if between <= 0 {
		return 0
	}
	wait, cpu := a.Spent[pipeline.EntryCPUWait]/between, a.Spent[pipeline.EntryCPU]/between
	besides := max(ours-a.Spent[pipeline.EntryCPU]/a.Wall, 0) // on threads that are no lanes
	explained := max(wait+cpu+besides-capacity, a.Spent[pipeline.EntryThrottled]/between, 0)
	return min(max(wait-explained, 0)/min(lanes, capacity), 1)
}

// waitsForDisk returns the share of the lanes' time that can have gone into waits for a disk.
func waitsForDisk(a *summary.Account) float64 {
	sum := 0.0
	for _, e := range []pipeline.Entry{
		pipeline.EntryStall, pipeline.EntryDisk, pipeline.EntryStore, pipeline.EntryListing, pipeline.EntryBefore,
	} {
		sum += a.Spent[e]
	}
	return sum / (float64(a.Lanes) * a.Wall)
}

// judge sets Disturbed and DisturbedShare.
func (s *Sample) judge(quota float64) {
	d := lost(s, quota)
	s.DisturbedShare, s.Disturbed = d.share(), ""
	if s.DisturbedShare > disturbedFrom {
		s.Disturbed = d.phrase()
	}
}

// A round is what two Configs did in the same round.
type round struct{ a, b *Sample }

// pairs returns the rounds that two Configs have both finished.
func (c *Comparison) pairs(a, b int) (all []round) {
	second := c.byRound(b)
	for i, s := range c.byRound(a) {
		if s != nil && i < len(second) && second[i] != nil {
			all = append(all, round{s, second[i]})
		}
	}
	return all
}

// byRound returns the run of a Config by its round, up to the last one that it has; nil where it has none.
func (c *Comparison) byRound(config int) (runs []*Sample) {
	for i := range c.Samples {
		s := &c.Samples[i]
		if s.Config != config {
			continue
		}
		for len(runs) <= s.Round {
			runs = append(runs, nil)
		}
		if runs[s.Round] == nil {
			runs[s.Round] = s
		}
	}
	return runs
}

// quietPairs returns the rounds in which neither of two Configs was disturbed.
func (c *Comparison) quietPairs(a, b int) []round {
	return slices.DeleteFunc(c.pairs(a, b), func(r round) bool { return r.a.Disturbed != "" || r.b.Disturbed != "" })
}

// fairPairs returns the rounds that wall times of two Configs are compared in: the quiet ones, if there are enough for
// an interval. Otherwise it returns all: then Withheld says that they show no order, unless all were quiet.
func (c *Comparison) fairPairs(a, b int) []round {
	if quiet := c.quietPairs(a, b); len(quiet) >= enoughRuns {
		return quiet
	}
	return c.pairs(a, b)
}

// ratiosOf returns a figure of the one over that of the other, for each round.
func ratiosOf(rounds []round, over func(round) float64) (ratios []float64) {
	for _, r := range rounds {
		if f := over(r); f > 0 && finite(f) {
			ratios = append(ratios, f)
		}
	}
	return ratios
}

// withheld returns why there is no order by wall time; "" if there is one. It depends on the Samples alone.
func (c *Comparison) withheld() string {
	for i := range c.Configs {
		all := c.pairs(c.Baseline, i)
		if quiet := len(c.quietPairs(c.Baseline, i)); quiet < len(all) && quiet < enoughRuns {
			return c.disturbance()
		}
	}
	return ""
}

// disturbance says what disturbed the rounds, and how many of them; "" if nothing did.
func (c *Comparison) disturbance() string {
	all, disturbed := map[int]bool{}, map[int]bool{}
	var by []*Sample
	for i := range c.Samples {
		s := &c.Samples[i]
		all[s.Round] = true
		if s.Disturbed != "" {
			disturbed[s.Round] = true
			by = append(by, s)
		}
	}
	if len(disturbed) == 0 {
		return ""
	}
	return c.disturber(by) + " " + inRounds(len(disturbed), len(all))
}

// inRounds returns in how many of all rounds something was.
func inRounds(n, all int) string {
	switch {
	case all == 1:
		return "in the one round"
	case n == all:
		return fmt.Sprintf("in all %d rounds", all)
	}
	return fmt.Sprintf("in %d of %d rounds", n, all)
}

// disturber says what disturbed most of some runs, with the median of its figure.
func (c *Comparison) disturber(runs []*Sample) string {
	var all []disturbance
	counts := map[string]int{}
	for _, s := range runs {
		all = append(all, lost(s, c.Card.Quota))
		counts[s.Disturbed]++
	}
	middle := func(of func(disturbance) float64) float64 {
		var values []float64
		for _, d := range all {
			values = append(values, of(d))
		}
		return median(values)
	}
	typical := disturbance{
		wait:      middle(func(d disturbance) float64 { return d.wait }),
		throttled: middle(func(d disturbance) float64 { return d.throttled }),
		steal:     middle(func(d disturbance) float64 { return d.steal }),
		io:        middle(func(d disturbance) float64 { return d.io }),
		others:    middle(func(d disturbance) float64 { return d.others }),
		cpus:      middle(func(d disturbance) float64 { return d.cpus }),
	}
	if typical.share() > disturbedFrom {
		return typical.phrase()
	}
	// What the runs hold does not say it again: their own words do.
	most := slices.MaxFunc(runs, func(a, b *Sample) int {
		return cmp.Or(cmp.Compare(counts[a.Disturbed], counts[b.Disturbed]), cmp.Compare(b.Disturbed, a.Disturbed))
	})
	return most.Disturbed
}

// beyondMargin is what else a busy machine costs than waiting for a CPU: shared caches, and memory that others read.
const beyondMargin = 1.25

// certainly returns how many times as fast the Config b is as a at least, whatever disturbed them: a counts without all
// that its runs lost, and b with it. It depends on the Samples alone.
func (c *Comparison) certainly(a, b int) Estimate {
	least, _ := paired(ratiosOf(c.pairs(a, b), func(r round) float64 { return r.a.atLeast() / r.b.Wall() }))
	return least
}

// beyond reports whether the Config b is faster than a by more than the worst that disturbance could explain.
func (c *Comparison) beyond(a, b int) bool { return c.certainly(a, b).Low > beyondMargin }

// atLeast returns how long the run would have taken at least if nothing had disturbed it. Where it is not known who
// waited for a CPU, that can be all that other programs had of the CPUs.
func (s *Sample) atLeast() float64 {
	lost := s.DisturbedShare
	if s.Summary.Account == nil && s.Summary.Machine.CPUs > 0 {
		lost = max(lost, s.OtherCPU/float64(s.Summary.Machine.CPUs))
	}
	return s.Wall() * (1 - min(max(lost, 0), 0.99))
}

// unevenBy is by how much the disturbed shares of two Configs may differ in the median round.
const unevenBy = 0.03

// uneven reports whether one of two Configs was disturbed more than the other, by so much that their wall times say
// more of their neighbors than of themselves, and not by chance. With few rounds chance is not ruled out, so the median
// alone decides. It depends on the Samples alone.
func (c *Comparison) uneven(a, b int) bool {
	var differences []float64
	for _, r := range c.fairPairs(a, b) {
		differences = append(differences, r.b.DisturbedShare-r.a.DisturbedShare)
	}
	if len(differences) == 0 || math.Abs(median(differences)) < unevenBy {
		return false
	}
	return len(differences) < enoughRuns || wilcoxon(differences) < Level
}

// clear reports whether the wall times of two Configs can be compared: enough rounds were quiet for both, or all were,
// and neither was disturbed more than the other. It depends on Withheld and the Samples.
func (c *Comparison) clear(a, b int) bool {
	if c.Withheld != "" || c.uneven(a, b) {
		return false
	}
	quiet := len(c.quietPairs(a, b))
	return quiet >= enoughRuns || quiet == len(c.pairs(a, b))
}
