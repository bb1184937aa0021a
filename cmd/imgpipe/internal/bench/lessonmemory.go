package bench

import (
	"math"
	"slices"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// slopes returns what one more worker costs in memory, for each mode that ran in two widths with the same downloads, in
// the first comparison that has two.
func (c *Comparison) slopes() (all []Slope) {
	for _, mode := range lessonModes() {
		d, ok := c.widths(mode)
		if !ok {
			continue
		}
		var each []float64
		for _, r := range d.rounds() {
			each = append(each, d.slope(r))
		}
		if e := estimate(each); finite(e.Center) {
			all = append(all, Slope{mode, d.first().Workers, d.second().Workers, e})
		}
	}
	return all
}

// widths returns the fewest and the most workers of a mode, in runs whose memory is known.
func (c *Comparison) widths(mode string) (duel, bool) {
	return c.duel(func(in *Comparison, a, b Config) bool {
		return in.Job.Stage != StageFetch && a.Mode == mode && b.Mode == mode && a.Workers < b.Workers &&
			b.Workers <= max(in.Machine.CPUs, 2) && a.Downloads == b.Downloads && in.pssKnown()
	})
}

func (c *Comparison) pssKnown() bool {
	return !slices.ContainsFunc(c.Samples, func(s Sample) bool { return s.Summary.PeakPSS <= 0 })
}

// slope returns what one more worker cost in one round.
func (d duel) slope(r round) float64 {
	return float64(r.b.Summary.PeakPSS-r.a.Summary.PeakPSS) / float64(d.second().Workers-d.first().Workers)
}

// memoryOfBoth returns the slopes of goroutines and of processes, and how much more one worker costs in processes, from
// the same rounds.
func (c *Comparison) memoryOfBoth() (routine, process Slope, more Estimate, ok bool) {
	g, ok1 := c.widths(modes.Goroutines)
	p, ok2 := c.widths(modes.Processes)
	if !ok1 || !ok2 || g.in != p.in {
		return routine, process, more, false
	}
	for _, s := range c.slopes() {
		switch s.Mode {
		case modes.Goroutines:
			routine = s
		case modes.Processes:
			process = s
		}
	}
	byRound := map[int]float64{}
	for _, r := range g.rounds() {
		byRound[r.a.Round] = g.slope(r)
	}
	var each []float64
	for _, r := range p.rounds() {
		if slope, ok := byRound[r.a.Round]; ok {
			each = append(each, p.slope(r)-slope)
		}
	}
	more = estimate(each)
	return routine, process, more, !math.IsNaN(more.Center)
}
