package bench

import (
	"fmt"
	"math"

	"imgpipe/cmd/imgpipe/internal/summary"
)

// A figure beyond these bounds is doubted.
const (
	enoughRuns = 6    // fewer rounds give no interval and no significance at 5 %
	slowFirst  = 1.15 // the first round against the median of the others
	wideNoise  = 0.10 // half the width of an interval against its center
	driftBy    = 0.05 // from the first round to the last
	tooShort   = 0.3  // seconds
	busyOthers = 0.15 // CPUs that other programs took, of each CPU
)

// warnings returns the reasons to doubt c, the gravest first.
func (c *Comparison) warnings() []Warning {
	var all []Warning
	add := func(kind, format string, args ...any) {
		all = append(all, Warning{kind, fmt.Sprintf(format, args...)})
	}
	if len(c.Samples) == 0 {
		return all
	}
	if failed := c.Samples[0].Summary.Failed; failed > 0 {
		class := ""
		if f := c.Samples[0].Summary.Failures; len(f) > 0 {
			class = ", most of them " + f[0].Class
		}
		add("failures", "%d of %d images failed in every run%s: the figures are of a job that is partly not done.",
			failed, c.Job.Images, class)
	}
	if damaged := c.Samples[0].Summary.Damaged; damaged > 0 {
		add("damaged", "%d of %d images are damaged: what is missing of them takes less time than pictures would.",
			damaged, c.Job.Images)
	}
	if rounds := c.rounds(); rounds < enoughRuns {
		add("few-runs", "%s: there is no interval at 95 %% and no difference can be significant at 5 %% with fewer "+
			"than %d (--runs %d).",
			count(rounds, "round"), enoughRuns, enoughRuns)
	}
	c.warnOfLength(add)
	c.warnOfMachine(add)
	c.warnOfOrder(add)
	c.warnOfWidths(add)
	worst, of := wideNoise, -1
	for i, r := range c.Results {
		if half := (r.Wall.High - r.Wall.Low) / 2 / r.Wall.Center; r.Wall.Finite() && half > worst {
			worst, of = half, i
		}
	}
	if of >= 0 {
		add("noise", "The times of equal runs lie far apart (up to ±%.0f %%, %s): only large differences can be "+
			"seen. A quiet machine, more images or more runs help.", 100*worst, c.Name(of))
	}
	return all
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

func (c *Comparison) warnOfLength(add func(kind, format string, args ...any)) {
	shortest, of := tooShort, -1
	for i, r := range c.Results {
		if r.Runs > 0 && r.Wall.Center < shortest {
			shortest, of = r.Wall.Center, i
		}
	}
	if of >= 0 {
		add("short-runs", "A run takes as little as %s (%s): starting and stopping weigh in it as they would not "+
			"in a longer one. More images help.", seconds(shortest), c.Name(of))
	}
}

func (c *Comparison) warnOfMachine(add func(kind, format string, args ...any)) {
	all := max(c.Machine.CPUs, 1)
	cpus := float64(all)
	var others []float64
	for _, s := range c.Samples {
		others = append(others, s.OtherCPU)
	}
	switch load, other := c.Samples[0].Load, median(others); {
	case other > busyOthers*cpus:
		add("loaded", "Other programs kept %.1f of %s busy during the runs: all speeds are too low, those of the "+
			"wider modes most.", other, count(all, "CPU"))
	case load > cpus:
		add("loaded", "The machine was busy at the beginning (load average %.1f on %s).", load, count(all, "CPU"))
	}
	if c.Job.Latency > 0 && c.Job.Stage != StageTransform {
		add("server", "The sample server runs on the same CPUs as what is measured.")
	}
}

// warnOfOrder looks for what the rounds say about the machine: each run beside the median of its Config, averaged over
// the Configs.
func (c *Comparison) warnOfOrder(add func(kind, format string, args ...any)) {
	rounds := map[int][]float64{}
	last := 0
	for _, s := range c.Samples {
		if r := c.Results[s.Config]; r.Wall.Center > 0 && s.Summary.Wall > 0 {
			rounds[s.Round] = append(rounds[s.Round], math.Log(s.Summary.Wall/r.Wall.Center))
			last = max(last, s.Round)
		}
	}
	var means []float64
	for round := range last + 1 {
		sum := 0.0
		for _, v := range rounds[round] {
			sum += v
		}
		if n := len(rounds[round]); n > 0 {
			means = append(means, sum/float64(n))
		}
	}
	if len(means) < 3 {
		return
	}
	if first := math.Exp(means[0] - median(means[1:])); first > slowFirst {
		add("slow-first", "The first round took %.0f %% longer than the others: something was not warm yet "+
			"(--warmup %d).", 100*(first-1), c.Warmup+1)
	}
	slope, p := trend(means)
	if drift := math.Exp(slope*float64(len(means)-1)) - 1; p < level && math.Abs(drift) > driftBy {
		word := "slower"
		if drift < 0 {
			word = "faster"
		}
		add("drift", "The machine became %s by %.0f %% from the first round to the last (p = %.3f). Ratios are "+
			"taken within rounds and hold; times hold less.", word, 100*math.Abs(drift), p)
	}
}

func (c *Comparison) warnOfWidths(add func(kind, format string, args ...any)) {
	widest := 0
	for i := range c.Configs {
		widest = max(widest, c.width(i))
	}
	if c.Job.Images < widest {
		add("few-images", "There are fewer images (%d) than %ss (%d): some had nothing to do.", c.Job.Images, c.unit(),
			widest)
	}
	if cpus := c.Machine.CPUs; cpus > 0 && widest > cpus && c.Job.Stage != StageFetch {
		add("many-workers", "There were up to %d workers on %s: the ones too many cannot add speed to CPU work.",
			widest, count(cpus, "CPU"))
	}
}

// bytes returns an amount for a sentence.
func bytes(n float64) string { return summary.Bytes(int64(math.Round(n))) }
