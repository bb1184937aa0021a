package bench

import (
	"slices"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// Analyse draws the conclusions from Configs, Baseline and Samples: it sets Withheld, Outliers, Results, Warnings,
// Verdict and Claims anew, after those of its Parts, which have no Verdict and no Claims. It depends on nothing but
// what c holds.
func (c *Comparison) Analyse() {
	for i := range c.Parts {
		part := &c.Parts[i]
		part.Analyse()
		part.Verdict, part.Claims = nil, nil
	}
	c.describe()
	c.Withheld, c.Outliers = c.withheld(), c.outliers()
	c.Results = make([]Result, len(c.Configs))
	for i := range c.Configs {
		c.Results[i] = c.result(i)
	}
	c.scaling()
	c.Warnings = c.warnings()
	c.learn()
	c.judge()
	c.Claims = c.withoutPeers().claims()
}

// judge sets the Verdict.
func (c *Comparison) judge() {
	c.Verdict = slices.Concat(c.lesson(), c.withoutPeers().verdict(), c.peerFindings())
}

// describe takes from the first run of imgpipe what is the same in all runs.
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
		if other.Digest != "" && other.Digest != c.Samples[first].Digest && c.Different == "" &&
			c.Configs[other.Config].Peer == "" {
			c.Different = c.Name(c.Samples[first].Config) + " and " + c.Name(other.Config)
		}
	}
}

// of returns one figure of every run of a Config.
func (c *Comparison) of(config int, figure func(*Sample) float64) []float64 {
	var values []float64
	for i := range c.Samples {
		if s := &c.Samples[i]; s.Config == config {
			values = append(values, figure(s))
		}
	}
	return values
}

func cpuTime(s *summary.Summary) float64 { return s.User + s.System }

func (s *Sample) cpu() float64 { return cpuTime(&s.Summary) }

// perImage returns a total for each image, done or not, or 0 if there were no images.
func perImage(total float64, s *summary.Summary) float64 {
	if s.Items == 0 {
		return 0
	}
	return total / float64(s.Items)
}

// done returns how many images of a run count.
func (c *Comparison) done(s *Sample) float64 {
	if c.Common > 0 {
		return float64(c.Common)
	}
	return float64(s.Summary.Done)
}

// each returns a total for each image that counts, or 0 if there are none.
func (c *Comparison) each(total float64, s *Sample) float64 {
	if n := c.done(s); n > 0 {
		return total / n
	}
	return 0
}

// quietOf returns the runs of a Config that its wall time rests on: those that were not disturbed, if there are enough.
func (c *Comparison) quietOf(config int) (runs []*Sample, quiet int) {
	var all []*Sample
	for i := range c.Samples {
		s := &c.Samples[i]
		if s.Config != config {
			continue
		}
		if all = append(all, s); s.Disturbed == "" {
			runs = append(runs, s)
		}
	}
	if quiet = len(runs); quiet < enoughRuns {
		runs = all
	}
	return runs, quiet
}

func (c *Comparison) result(config int) Result {
	measure := func(figure func(*Sample) float64) Estimate { return estimate(c.of(config, figure)) }
	middle := func(figure func(*summary.Summary) float64) float64 {
		return median(c.of(config, func(s *Sample) float64 { return figure(&s.Summary) }))
	}
	r := Result{Runs: len(c.of(config, (*Sample).Wall)), P: 1, CPUP: 1, Stages: map[pipeline.Stage]float64{}}
	if r.Runs == 0 {
		return r
	}
	timed, quiet := c.quietOf(config)
	r.QuietRounds = quiet
	var walls, rates []float64
	for _, s := range timed {
		walls = append(walls, s.Wall())
		rates = append(rates, c.done(s)/s.Wall())
	}
	r.Wall, r.ImagesPerSec = estimate(walls), estimate(rates)
	r.Before = measure(func(s *Sample) float64 { return s.Summary.Before })
	r.CPU = measure((*Sample).cpu)
	r.CPUPerImage = measure(func(s *Sample) float64 { return c.each(s.cpu(), s) })
	r.ImagesPerCPUSec = measure(func(s *Sample) float64 {
		if t := s.cpu(); t > 0 {
			return c.done(s) / t
		}
		return 0
	})
	r.DisturbedShare = median(c.of(config, func(s *Sample) float64 { return s.DisturbedShare }))
	r.PeakRSS = measure(func(s *Sample) float64 { return float64(s.Summary.PeakMemory) })
	r.PeakPSS = measure(func(s *Sample) float64 { return float64(s.Summary.PeakPSS) })
	r.MemoryPerWorker = r.Memory() / float64(max(c.Configs[config].Workers, 1))
	r.CopiedPerImage = middle(func(s *summary.Summary) float64 { return perImage(float64(s.Copied), s) })
	r.Voluntary = middle(func(s *summary.Summary) float64 { return perImage(float64(s.VoluntarySwitches), s) })
	r.Involuntary = middle(func(s *summary.Summary) float64 { return perImage(float64(s.InvoluntarySwitches), s) })
	r.GC = middle(func(s *summary.Summary) float64 { return s.GC })
	r.WorkerStart = middle(func(s *summary.Summary) float64 { return s.WorkerStart })
	for _, stage := range c.stages(config) {
		r.Stages[stage] = middle(func(s *summary.Summary) float64 { return s.Stages[stage] })
	}
	c.account(config, &r)
	r.Speedup, r.CPURatio = Estimate{1, 1, 1}, Estimate{1, 1, 1}
	if config != c.Baseline {
		c.against(config, &r)
	}
	return r
}

// against sets how a Config compares with the Baseline, on both scales.
func (c *Comparison) against(config int, r *Result) {
	r.QuietRounds = len(c.quietPairs(c.Baseline, config))
	r.Speedup, r.P = c.Ratio(c.Baseline, config)
	r.Differs = r.P < Level && c.Withheld == ""
	r.WallDetectable = detectable(c.wallRatios(c.Baseline, config))
	r.CPURatio, r.CPUP = c.CPUTimes(c.Baseline, config)
	r.CPUDetectable = detectable(c.cpuRatios(c.Baseline, config))
}

// account sets what the runs of a Config say of where their workers' time went.
func (c *Comparison) account(config int, r *Result) {
	spent, runs := map[pipeline.Entry][]float64{}, 0
	for i := range c.Samples {
		s := &c.Samples[i]
		if s.Config != config {
			continue
		}
		r.AtOnce = max(r.AtOnce, s.Summary.DownloadsAtOnce)
		a := s.Summary.Account
		if a == nil {
			continue
		}
		runs++
		for _, row := range pipeline.Entries() {
			spent[row.Entry] = append(spent[row.Entry], a.Spent[row.Entry])
		}
		for _, e := range a.Unknown {
			if !slices.Contains(r.Unknown, e) {
				r.Unknown = append(r.Unknown, e)
			}
		}
	}
	if runs < r.Runs {
		return // of some runs it is not known
	}
	r.Account = map[pipeline.Entry]float64{}
	for e, values := range spent {
		if m := median(values); m != 0 {
			r.Account[e] = m
		}
	}
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

// Ratio returns how many times faster the Config b is than a, by the wall time of the same rounds. p is the probability
// that two equal Configs would differ as much. It rests on rounds in which neither was disturbed, if there are enough;
// otherwise on all, and shows no order if Withheld says so.
func (c *Comparison) Ratio(a, b int) (times Estimate, p float64) { return paired(c.wallRatios(a, b)) }

func (c *Comparison) wallRatios(a, b int) []float64 {
	return ratiosOf(c.fairPairs(a, b), func(r round) float64 { return r.a.Wall() / r.b.Wall() })
}

// CPUTimes returns how many times the CPU time of the Config a for each image b takes, from the same rounds. p is the
// probability that two equal Configs would differ as much. All rounds count: the CPU time of other programs is not in
// it.
func (c *Comparison) CPUTimes(a, b int) (times Estimate, p float64) { return paired(c.cpuRatios(a, b)) }

func (c *Comparison) cpuRatios(a, b int) []float64 {
	return ratiosOf(c.pairs(a, b), func(r round) float64 { return c.each(r.b.cpu(), r.b) / c.each(r.a.cpu(), r.a) })
}
