package bench

import (
	"fmt"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// Whether a claim holds here.
const (
	holds    = "yes"
	fails    = "no"
	notShown = "not shown"
)

// The bounds of the claims, against the noise of a few runs.
const (
	muchFaster = 1.3 // this is faster for a reason, on two CPUs or more
	nearOne    = 1.2 // this is hardly faster
	likewise   = 0.8 // this share of another's speedup counts as the same
	someMicros = 100e-6
	someMillis = 0.5e-3
)

// StartOfGoroutine measures the time from a go statement until the goroutine runs and its maker goes on, in seconds:
// the median of many tries.
func StartOfGoroutine() float64 {
	const tries, each = 51, 200
	var means []float64
	for range tries {
		began := time.Now()
		for range each {
			ran := make(chan struct{})
			go close(ran)
			<-ran
		}
		means = append(means, time.Since(began).Seconds()/each)
	}
	return median(means)
}

// ClaimPlans returns short comparisons of the stages alone, for claims that the whole job cannot show: fetching with
// one and with many downloads, transforming with one worker, with as many as there are CPUs, and with more. They take
// the arguments of p.
func ClaimPlans(p Plan, cpus, downloads int) []Plan {
	grid := func(of ...string) []Config { return Grid(of, []int{cpus}, []int{downloads}) }
	fetches := Plan{Stage: StageFetch, Configs: grid(modes.Serial, modes.GIL, modes.Goroutines)}
	transforms := Plan{Stage: StageTransform, Configs: grid(modes.Classic()...)}
	transforms.Configs = append(transforms.Configs, Config{Mode: modes.Goroutines, Workers: 4 * cpus, Downloads: downloads})
	plans := []Plan{fetches, transforms}
	for i := range plans {
		plans[i].Runs, plans[i].Warmup, plans[i].Args = 3, 0, p.Args
	}
	return plans
}

// stage returns what was measured of one stage alone, c itself or one of its Parts; nil if nothing was.
func (c *Comparison) stage(name string) *Comparison {
	if c.Job.Stage == name && len(c.Samples) > 0 {
		return c
	}
	for i := range c.Parts {
		if p := &c.Parts[i]; p.Job.Stage == name && len(p.Samples) > 0 && p.Different == "" {
			return p
		}
	}
	return nil
}

// best returns, of the Configs of a mode for which is returns true, the one with the greatest speedup over the
// Baseline.
func (c *Comparison) best(mode string, is func(Config) bool) (r Result, config int, ok bool) {
	if c == nil {
		return r, 0, false
	}
	for i, this := range c.Configs {
		result := c.Results[i]
		if this.Mode == mode && is(this) && result.Runs > 0 && (!ok || result.Speedup.Center > r.Speedup.Center) {
			r, config, ok = result, i, true
		}
	}
	return r, config, ok
}

func anyWidth(Config) bool { return true }

// serially reports whether speedups are counted from mode serial.
func (c *Comparison) serially() bool {
	return c != nil && c.Configs[c.Baseline].Mode == modes.Serial && c.Results[c.Baseline].Runs > 0
}

// claims returns what is often said about threads, locks and processes, each with what was measured of it here.
func (c *Comparison) claims() []Claim {
	if c.Different != "" || len(c.Samples) == 0 || c.Samples[0].Summary.Done == 0 {
		return nil
	}
	fetches, transforms := c.stage(StageFetch), c.stage(StageTransform)
	return []Claim{
		c.claimShared(),
		c.claimStart(),
		claimLockFetch(fetches),
		claimLockTransform(transforms, c.Machine.CPUs),
		c.claimIsolated(),
		claimProcessesScale(transforms, c.Machine.CPUs),
		claimManyDownloads(fetches),
		claimCores(transforms, c.Machine.CPUs),
	}
}

func yesNo(yes bool) string {
	if yes {
		return holds
	}
	return fails
}

// needsCPUs judges a claim about the use of several CPUs. If the claim did not hold, but other programs took a part of
// the CPUs, that shows nothing.
func (c *Comparison) needsCPUs(claim *Claim, yes bool) {
	var others []float64
	for _, s := range c.Samples {
		others = append(others, s.OtherCPU)
	}
	claim.Holds = yesNo(yes)
	if !yes && median(others) > busyOthers*float64(c.Machine.CPUs) {
		claim.Holds = notShown
		claim.Measured += fmt.Sprintf(", while other programs kept %.1f of %s busy", median(others),
			count(c.Machine.CPUs, "CPU"))
	}
}

// parts returns c and its Parts.
func (c *Comparison) parts() []*Comparison {
	all := []*Comparison{c}
	for i := range c.Parts {
		all = append(all, &c.Parts[i])
	}
	return all
}

// found returns a result of a mode: of c, or else of a Part.
func (c *Comparison) found(mode string) (r Result, ok bool) {
	for _, part := range c.parts() {
		if part.Job.Stage == StageFetch {
			continue // nothing is handed over there
		}
		if r, _, ok = part.best(mode, anyWidth); ok {
			return r, true
		}
	}
	return r, false
}

func (c *Comparison) claimShared() Claim {
	claim := Claim{
		Text:     "Threads share memory: no image is copied from one to another.",
		Measured: "a run in mode goroutines that transforms shows it", Holds: notShown,
	}
	if r, ok := c.found(modes.Goroutines); ok {
		claim.Measured = fmt.Sprintf("goroutines: %s copied for each image", bytes(r.CopiedPerImage))
		claim.Holds = yesNo(r.CopiedPerImage == 0)
	}
	return claim
}

func (c *Comparison) claimStart() Claim {
	claim := Claim{Text: "Threads start in microseconds, processes in milliseconds.", Holds: notShown}
	var said []string
	if c.GoroutineStart > 0 {
		said = append(said, "goroutine: "+seconds(c.GoroutineStart))
	}
	r, ok := c.found(modes.Processes)
	ok = ok && r.WorkerStart > 0
	if ok {
		said = append(said, "worker process: "+seconds(r.WorkerStart))
		claim.Holds = yesNo(c.GoroutineStart > 0 && c.GoroutineStart < someMicros && r.WorkerStart > someMillis)
	} else {
		said = append(said, "a run in mode processes shows the other")
	}
	claim.Measured = strings.Join(said, ", ")
	return claim
}

func claimLockFetch(c *Comparison) Claim {
	claim := Claim{
		Text:     "A global interpreter lock lets waiting for I/O overlap.",
		Measured: "--stage fetch with serial, gil and goroutines shows it", Holds: notShown,
	}
	l, _, ok := c.best(modes.GIL, anyWidth)
	g, _, ok2 := c.best(modes.Goroutines, anyWidth)
	if ok && ok2 && c.serially() {
		claim.Measured = fmt.Sprintf("fetching alone: gil %s as serial, goroutines %.2f", speedup(l), g.Speedup.Center)
		claim.Holds = yesNo(l.Speedup.Center > muchFaster && l.Speedup.Center > likewise*g.Speedup.Center)
	}
	return claim
}

func claimLockTransform(c *Comparison, cpus int) Claim {
	claim := Claim{
		Text:     "A global interpreter lock keeps CPU work from overlapping.",
		Measured: "--stage transform with serial, gil and goroutines, on two CPUs or more, shows it", Holds: notShown,
	}
	several := func(config Config) bool { return config.Workers > 1 }
	l, _, ok := c.best(modes.GIL, several)
	g, _, ok2 := c.best(modes.Goroutines, several)
	if ok && ok2 && c.serially() && cpus > 1 {
		claim.Measured = fmt.Sprintf("transforming alone: gil %s as serial, goroutines %.2f", speedup(l),
			g.Speedup.Center)
		c.needsCPUs(&claim, l.Speedup.Center < nearOne && g.Speedup.Center > muchFaster)
	}
	return claim
}

func (c *Comparison) claimIsolated() Claim {
	claim := Claim{
		Text: "Processes have memory of their own: what passes between them is copied, or shared on purpose, " +
			"and each has a heap.",
		Measured: "a run in mode processes that transforms shows it", Holds: notShown,
	}
	if r, ok := c.found(modes.Processes); ok {
		claim.Measured = fmt.Sprintf("processes: %s copied for each image, %s of memory for each worker",
			bytes(r.CopiedPerImage), bytes(r.MemoryPerWorker))
		claim.Holds = yesNo(r.CopiedPerImage > 0)
	}
	return claim
}

func claimProcessesScale(c *Comparison, cpus int) Claim {
	claim := Claim{
		Text:     "Processes scale with the cores.",
		Measured: "--stage transform with serial and processes, on two CPUs or more, shows it", Holds: notShown,
	}
	r, config, ok := c.best(modes.Processes, func(config Config) bool { return config.Workers > 1 })
	if ok && c.serially() && cpus > 1 {
		n := c.Configs[config].Workers
		claim.Measured = fmt.Sprintf("transforming alone: %d processes %s as serial", n, speedup(r))
		c.needsCPUs(&claim, r.Speedup.Center > likewise*float64(min(n, cpus)))
	}
	return claim
}

func claimManyDownloads(c *Comparison) Claim {
	claim := Claim{
		Text:     "Work that waits for I/O wants many threads, many more than there are CPUs.",
		Measured: "--stage fetch with serial and goroutines shows it", Holds: notShown,
	}
	r, config, ok := c.best(modes.Goroutines, anyWidth)
	if ok && c.serially() {
		n := c.Configs[config].Downloads
		claim.Measured = fmt.Sprintf("fetching alone: %s %s as one on %s", count(n, "download"), speedup(r),
			count(c.Machine.CPUs, "CPU"))
		claim.Holds = yesNo(r.Speedup.Center > muchFaster*float64(c.Machine.CPUs))
	}
	return claim
}

func claimCores(c *Comparison, cpus int) Claim {
	claim := Claim{
		Text:     "Work that computes wants cores: more threads than CPUs bring nothing.",
		Measured: "--stage transform with as many workers as CPUs, and with more, shows it", Holds: notShown,
	}
	_, few, ok := c.best(modes.Goroutines, func(config Config) bool { return config.Workers == cpus })
	_, many, ok2 := c.best(modes.Goroutines, func(config Config) bool { return config.Workers > cpus })
	if ok && ok2 {
		ratio, _ := c.Ratio(few, many)
		claim.Measured = fmt.Sprintf("transforming alone: %d workers %s as %d, on %s", c.Configs[many].Workers,
			times(ratio), cpus, count(cpus, "CPU"))
		c.needsCPUs(&claim, ratio.Center < nearOne)
	}
	return claim
}

func speedup(r Result) string { return times(r.Speedup) }
