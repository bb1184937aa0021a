package bench

import (
	"fmt"
	"math"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/pipeline"
)

// A figure beyond these bounds is doubted.
const (
	enoughRuns = 6    // fewer rounds have no interval, and show no difference at the Level
	slowFirst  = 1.15 // the first round against the median of the others
	wideNoise  = 0.10 // half the width of an interval against its center
	driftBy    = 0.05 // from the first round to the last
	tooShort   = 0.3  // seconds
)

// A warner takes a reason to doubt the figures.
type warner func(kind, format string, args ...any)

// warnings returns the reasons to doubt c, the gravest first.
func (c *Comparison) warnings() []Warning {
	var all []Warning
	add := func(kind, format string, args ...any) {
		all = append(all, Warning{kind, fmt.Sprintf(format, args...)})
	}
	if len(c.Samples) == 0 {
		return all
	}
	e := c.evidence()
	c.warnOfFailures(add)
	if rounds := c.rounds(); rounds < enoughRuns {
		add("few-runs", "%s: with fewer than %d there is no interval, and no difference can be shown (--runs %d).",
			figure.Count(rounds, "round"), enoughRuns, enoughRuns)
	}
	e.warnOfLength(add)
	e.warnOfMachine(add)
	e.warnOfOrder(add)
	c.warnOfWidths(add)
	worst, of := wideNoise, -1
	for i, r := range c.Results {
		if half := (r.Wall.High - r.Wall.Low) / 2 / r.Wall.Center; r.Wall.Finite() && half > worst {
			worst, of = half, i
		}
	}
	if of >= 0 {
		w := c.Results[of].Wall
		add("noise", "The times of equal runs lie far apart, those of %s most: %s to %s around %s. A quiet "+
			"machine, more images or more runs help.", c.Name(of), figure.Duration(w.Low), figure.Duration(w.High),
			figure.Duration(w.Center))
	}
	return all
}

func (c *Comparison) warnOfFailures(add warner) {
	s := c.Samples[0].Summary
	class := ""
	switch {
	case len(s.Failures) == 0:
	case s.Failures[0].Count >= s.Failed:
		class = fmt.Sprintf(" (%s)", s.Failures[0].Class)
	default:
		class = ", most of them " + s.Failures[0].Class
	}
	switch failed := c.failedAlways(); {
	case s.Done == 0:
		add("failures", "All %d failed%s: the figures are of a job that was not done.", s.Failed, class)
	case failed > 0:
		add("failures", "%d of %d images failed in every run%s: the figures are of a job that is partly not done.",
			failed, c.Job.Images, class)
	}
	if s.Damaged > 0 {
		add("damaged", "%d of %d images are damaged: what is missing of them takes less time than pictures would.",
			s.Damaged, c.Job.Images)
	}
}

// rounds returns how many rounds a Config has finished: the fewest, among those that have finished any.
func (c *Comparison) rounds() int {
	fewest := 0
	for _, r := range c.Results {
		if r.Runs > 0 && (fewest == 0 || r.Runs < fewest) {
			fewest = r.Runs
		}
	}
	return fewest
}

// warnOfLength names the contestant whose runs are shortest, with the part of them that no image had.
func (e *evidence) warnOfLength(add warner) {
	shortest, of := tooShort, -1
	for _, i := range e.ran {
		if wall := e.middle(i, (*Sample).Wall); wall < shortest {
			shortest, of = wall, i
		}
	}
	if of < 0 {
		return
	}
	before := e.middle(of, func(s *Sample) float64 { return s.Summary.Before })
	if a := e.account(of); a[pipeline.EntryBefore] > 0 {
		before = a[pipeline.EntryBefore] * shortest
	}
	if before > 0 {
		add("short-runs", "A run takes as little as %s (%s), of which %s before the first image: that part does not "+
			"grow with the images.", figure.Duration(shortest), e.c.Name(of), figure.Duration(before))
		return
	}
	add("short-runs", "A run takes as little as %s (%s). More images make the figures surer.",
		figure.Duration(shortest), e.c.Name(of))
}

func (e *evidence) warnOfMachine(add warner) {
	c := e.c
	all := max(c.Machine.CPUs, 1)
	cpus := float64(all)
	var others, steal []float64
	for _, i := range e.ran {
		u := e.use(i)
		others, steal = append(others, u.others), append(steal, u.stolen)
	}
	if other := median(others); other > busyOthers*cpus {
		add("loaded", "Other programs kept %.1f of %s busy during the runs: the times in seconds are not those of a "+
			"quiet machine.", other, figure.Count(all, "CPU"))
	} else if load := c.Samples[0].Load; load > cpus {
		add("loaded", "The machine was busy at the beginning (load average %.1f on %s).", load,
			figure.Count(all, "CPU"))
	}
	if stolen := median(steal); stolen > busyOthers*cpus {
		add("steal", "The host of this virtual machine took %.1f of %s during the runs.", stolen,
			figure.Count(all, "CPU"))
	}
	if c.Job.Latency > 0 && c.Job.Stage != StageTransform {
		add("server", "The sample server runs on the same CPUs as what is measured.")
	}
}

// warnOfOrder looks for what the rounds say about the machine: each run beside the median of its Config, averaged over
// the Configs.
func (e *evidence) warnOfOrder(add warner) {
	var means []float64
	for _, round := range e.whole {
		mean := 0.0
		for _, i := range e.ran {
			mean += math.Log(e.runs[i][round].Wall()/e.middle(i, (*Sample).Wall)) / float64(len(e.ran))
		}
		if finite(mean) {
			means = append(means, mean)
		}
	}
	if len(means) < 3 {
		return
	}
	calm := len(e.quiet) == len(e.whole)
	if first := math.Exp(means[0] - median(means[1:])); first > slowFirst && calm {
		add("slow-first", "The first round took %.0f %% longer than the others, and nothing disturbed it: --warmup %d "+
			"leaves it out.", 100*(first-1), e.c.Warmup+1)
	}
	slope, p := trend(means)
	if drift := math.Exp(slope*float64(len(means)-1)) - 1; p < Level && math.Abs(drift) > driftBy {
		word := "slower"
		if drift < 0 {
			word = "faster"
		}
		add("drift", "The machine became %s by %.0f %% from the first round to the last (%s). Ratios compare "+
			"runs of one round, which lie close together; the times in seconds are means over this drift.", word,
			100*math.Abs(drift), probability(p))
	}
}

func (c *Comparison) warnOfWidths(add warner) {
	widest := 0
	for i := range c.Configs {
		widest = max(widest, c.width(i))
	}
	if c.Job.Images < widest {
		add("few-images", "There are fewer images (%d) than %ss (%d): some had nothing to do.", c.Job.Images, c.unit(),
			widest)
	}
}
