package bench

import (
	"slices"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// Analyse draws the conclusions from Configs, Baseline and Samples: it sets Results, Warnings, Verdict and Claims anew,
// after the Results and Warnings of its Parts. It depends on nothing but what c holds.
func (c *Comparison) Analyse() {
	for i := range c.Parts {
		part := &c.Parts[i]
		part.Analyse()
		part.Verdict, part.Claims = nil, nil
	}
	c.describe()
	c.Results = make([]Result, len(c.Configs))
	for i := range c.Configs {
		c.Results[i] = c.result(i)
	}
	for i := range c.Configs {
		c.scaling(i)
	}
	c.Warnings = c.warnings()
	ours := c.withoutPeers()
	c.Verdict = append(ours.verdict(), c.peerFindings()...)
	c.Claims = ours.claims()
}

// describe takes from the first run what is the same in all runs.
func (c *Comparison) describe() {
	first := slices.IndexFunc(c.Samples, func(s Sample) bool { return c.Configs[s.Config].Peer == "" })
	if first < 0 {
		return
	}
	s := c.Samples[first].Summary
	c.Program, c.Go, c.Machine = s.Program, s.Go, s.Machine
	c.Job.Images, c.Job.BytesIn = s.Items, s.BytesIn
	if c.Job.Spec == "" {
		c.Job.Spec = s.Spec
	}
	for _, other := range c.Samples {
		if other.Digest != "" && other.Digest != c.Samples[first].Digest && c.Different == "" {
			c.Different = c.Name(c.Samples[first].Config) + " and " + c.Name(other.Config)
		}
	}
}

// of returns one figure of every run of a Config.
func (c *Comparison) of(config int, figure func(*summary.Summary) float64) []float64 {
	var values []float64
	for i := range c.Samples {
		if s := &c.Samples[i]; s.Config == config {
			values = append(values, figure(&s.Summary))
		}
	}
	return values
}

func wall(s *summary.Summary) float64    { return s.Wall }
func cpuTime(s *summary.Summary) float64 { return s.User + s.System }

// perImage returns a total for each image, or 0 if there were no images.
func perImage(total float64, s *summary.Summary) float64 {
	if s.Items == 0 {
		return 0
	}
	return total / float64(s.Items)
}

func (c *Comparison) result(config int) Result {
	measure := func(figure func(*summary.Summary) float64) Estimate { return estimate(c.of(config, figure)) }
	middle := func(figure func(*summary.Summary) float64) float64 { return median(c.of(config, figure)) }
	r := Result{Runs: len(c.of(config, wall)), P: 1, Stages: map[pipeline.Stage]float64{}}
	if r.Runs == 0 {
		return r
	}
	r.Wall = measure(wall)
	r.ImagesPerSec = measure(func(s *summary.Summary) float64 { return s.ImagesPerSec })
	r.CPU = measure(cpuTime)
	r.ImagesPerCPUSec = measure(func(s *summary.Summary) float64 {
		if t := cpuTime(s); t > 0 {
			return float64(s.Done) / t
		}
		return 0
	})
	r.PeakRSS = measure(func(s *summary.Summary) float64 { return float64(s.PeakMemory) })
	r.PeakPSS = measure(func(s *summary.Summary) float64 { return float64(s.PeakPSS) })
	r.MemoryPerWorker = r.Memory() / float64(max(c.Configs[config].Workers, 1))
	r.CopiedPerImage = middle(func(s *summary.Summary) float64 { return perImage(float64(s.Copied), s) })
	r.Voluntary = middle(func(s *summary.Summary) float64 { return perImage(float64(s.VoluntarySwitches), s) })
	r.Involuntary = middle(func(s *summary.Summary) float64 { return perImage(float64(s.InvoluntarySwitches), s) })
	r.GC = middle(func(s *summary.Summary) float64 { return s.GC })
	r.WorkerStart = middle(func(s *summary.Summary) float64 { return s.WorkerStart })
	for _, stage := range c.stages(config) {
		r.Stages[stage] = middle(func(s *summary.Summary) float64 { return s.Stages[stage] })
	}
	r.Speedup = Estimate{1, 1, 1}
	if config != c.Baseline {
		r.Speedup, r.P = c.Ratio(c.Baseline, config)
		r.Differs = r.P < level
	}
	return r
}

// Memory returns the median peak of all processes: PeakPSS, or PeakRSS if the system does not know that.
func (r *Result) Memory() float64 {
	if r.PeakPSS.Center > 0 {
		return r.PeakPSS.Center
	}
	return r.PeakRSS.Center
}

func (c *Comparison) stages(config int) (stages []pipeline.Stage) {
	seen := map[pipeline.Stage]bool{}
	for _, s := range c.Samples {
		if s.Config != config {
			continue
		}
		for stage := range s.Summary.Stages {
			if !seen[stage] {
				seen[stage] = true
				stages = append(stages, stage)
			}
		}
	}
	return stages
}

// Ratio returns how many times faster the Config b is than a, from runs of the same rounds. p is the probability that
// two equal Configs would differ as much.
func (c *Comparison) Ratio(a, b int) (times Estimate, p float64) {
	walls := map[int]float64{} // of a, by round
	for _, s := range c.Samples {
		if s.Config == a {
			walls[s.Round] = s.Summary.Wall
		}
	}
	var ratios []float64
	for _, s := range c.Samples {
		if w, ok := walls[s.Round]; ok && s.Config == b && s.Summary.Wall > 0 {
			ratios = append(ratios, w/s.Summary.Wall)
		}
	}
	return paired(ratios)
}

// scaling sets how a Config compares with the one of the same mode that has the fewest workers, or the fewest downloads
// if fetches are measured.
func (c *Comparison) scaling(config int) {
	base := config
	for i, other := range c.Configs {
		this := c.Configs[config]
		rest := other.Downloads == this.Downloads
		if c.Job.Stage == StageFetch {
			rest = other.Workers == this.Workers
		}
		if other.Mode == this.Mode && rest && c.Results[i].Runs > 0 && c.width(i) < c.width(base) {
			base = i
		}
	}
	r := &c.Results[config]
	if base == config || r.Runs == 0 {
		return
	}
	times := float64(c.width(config)) / float64(c.width(base))
	speedup, _ := c.Ratio(base, config)
	if !finite(speedup.Center) {
		return
	}
	r.Efficiency = speedup.Center / times
	r.Serial, r.Ceiling = karpFlatt(speedup.Center, times)
}
