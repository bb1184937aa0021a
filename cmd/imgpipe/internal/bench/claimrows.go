package bench

import (
	"fmt"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
)

// sameWidth returns a test for contestants of two modes that are equally wide, in a job that transforms.
func sameWidth(a, b string) func(*Comparison, Config, Config) bool {
	return func(in *Comparison, x, y Config) bool {
		return in.Job.Stage != StageFetch && x.Mode == a && y.Mode == b && x.Workers == y.Workers &&
			x.Downloads == y.Downloads
	}
}

func (c *Comparison) claimShared() claimed {
	d, ok := c.duel(sameWidth(modes.Goroutines, modes.Pipes))
	if !ok {
		return unmeasured("modes goroutines and pipes are")
	}
	e := d.cpu()
	said := []string{fmt.Sprintf("CPU for an image: pipes %s times goroutines", rangeOf(e, 2))}
	if p, ok := c.duel(sameWidth(modes.Processes, modes.Pipes)); ok {
		said = append(said, fmt.Sprintf("%s times processes with shared memory", rangeOf(p.cpu(), 2)))
	}
	if n := d.in.Results[d.b].CopiedPerImage; n > 0 && d.in.Job.Images > 0 {
		said = append(said, fmt.Sprintf("pipes copied %s for each image, goroutines none of its %s", figure.Bytes(n),
			figure.Bytes(float64(d.in.Job.BytesIn)/float64(d.in.Job.Images))))
	}
	if p, ok := c.duel(sameWidth(modes.Goroutines, modes.Processes)); ok {
		if r := p.in.Results[p.b]; r.PeakPSS.Center > 0 && r.PeakRSS.Center > r.PeakPSS.Center {
			said = append(said, fmt.Sprintf("of %s in processes %s was counted twice, being shared",
				figure.Bytes(r.PeakRSS.Center), figure.Bytes(r.PeakRSS.Center-r.PeakPSS.Center)))
		}
	}
	found := claimed{holds: beyond(e, costsSomething), measured: strings.Join(said, "; "), figure: &e}
	if why := d.enough(); why != "" {
		found.measured += "; " + why
	}
	return found
}

func (c *Comparison) claimLightStart() claimed {
	routine, thread, process := c.start(StartGoroutine), c.start(StartThread), c.start(StartProcess)
	if routine == nil || thread == nil || process == nil {
		return unmeasured("starts of all three, in one loop, are")
	}
	found := claimed{figure: &thread.Time, holds: notShown, measured: fmt.Sprintf(
		"a goroutine %s, a thread %s, a process %s, of %s each in turn", secondsRange(routine.Time),
		secondsRange(thread.Time), secondsRange(process.Time), figure.Count(thread.Tries, "start"))}
	switch t, p := thread.Time, process.Time; {
	case !t.Finite() || !p.Finite() || !routine.Time.Finite():
	case t.High < p.Low && routine.Time.High < p.Low:
		found.holds = holds
	case t.Low >= p.High:
		found.holds = fails
	}
	return found
}

// start returns what was measured of one kind of start, or nil.
func (c *Comparison) start(what string) *Start {
	if c.Lesson == nil {
		return nil
	}
	for i := range c.Lesson.Starts {
		if s := &c.Lesson.Starts[i]; s.What == what {
			return s
		}
	}
	return nil
}

func (c *Comparison) claimLightMemory() claimed {
	routine, process, more, ok := c.memoryOfBoth()
	if !ok {
		return unmeasured("goroutines and processes with few and with many workers, and memory by PSS, are")
	}
	return claimed{figure: &more, holds: beyond(more, 0), measured: fmt.Sprintf(
		"one more worker costs %s in goroutines, %s in processes", moreBytes(routine.OneMoreWorker),
		moreBytes(process.OneMoreWorker))}
}

func (c *Comparison) claimLockWaits() claimed {
	d, ok := c.duel(func(in *Comparison, a, b Config) bool {
		return in.Job.Stage == StageAll && in.waits() && a.Mode == modes.Serial && b.Mode == modes.GIL &&
			in.atOnce(b) > in.Machine.CPUs
	})
	if !ok {
		return unmeasured("a whole job that waits, with modes serial and gil and more downloads than CPUs, is")
	}
	what := fmt.Sprintf("gil with %s, its lock taken by each transform: %%s as serial",
		figure.Count(d.second().Downloads, "download"))
	return d.byClock(what, true, func(e Estimate) string { return beyond(e, hardlyFaster) })
}

// waits reports whether the items of a job wait for a server: it was told to be slow, or fetching took most of the time
// of one at a time.
func (c *Comparison) waits() bool {
	if c.Job.Latency > 0 {
		return true
	}
	for i, this := range c.Configs {
		r := c.Results[i]
		if this.Downloads == 1 && r.Runs > 0 && r.Stages[pipeline.StageFetch] > r.Wall.Center/2 {
			return true
		}
	}
	return false
}

// atOnce returns how many downloads a contestant made at once: its width, or the fewer that were seen.
func (c *Comparison) atOnce(this Config) int {
	n := this.Downloads
	for i := range c.Configs {
		if c.Configs[i].Same(this) && c.Results[i].AtOnce > 0 {
			n = min(n, c.Results[i].AtOnce)
		}
	}
	return n
}

func (c *Comparison) claimLockComputes() claimed {
	if c.Machine.CPUs < 2 {
		return oneCPU()
	}
	d, ok := c.duel(func(in *Comparison, a, b Config) bool {
		alone := a.Mode == modes.Serial || a.Mode == modes.GIL && a.Workers == 1
		return in.computes() && alone && b.Mode == modes.GIL && b.Workers > 1 && b.Workers <= in.Machine.CPUs
	})
	if !ok {
		return unmeasured("work that computes, in mode gil with one worker and with as many as CPUs, is")
	}
	what := fmt.Sprintf("gil with %s on %s: %%s as %s", figure.Count(d.second().Workers, "worker"),
		figure.Count(d.in.Machine.CPUs, "CPU"), d.in.Name(d.a))
	found := d.byClock(what, false, func(e Estimate) string { return within(e, hardlyFaster) })
	if found.holds != holds {
		return found
	}
	// Work that does not gain from several workers without the lock shows nothing about the lock.
	free, ok := d.in.freeOf(d.b)
	if !ok {
		found.holds = notShown
		found.measured += "; without the lock it was not tried"
		return found
	}
	without := free.byClock("without the lock %s", false, func(e Estimate) string { return beyond(e, hardlyFaster) })
	found.measured += "; " + without.measured
	if without.holds != holds {
		found.holds = notShown
	}
	return found
}

// freeOf returns the duel of a contestant in mode gil with goroutines of the same width.
func (c *Comparison) freeOf(gil int) (duel, bool) {
	for i, this := range c.Configs {
		if sameWidth(modes.GIL, modes.Goroutines)(c, c.Configs[gil], this) && c.plain(i) {
			return duel{c, gil, i}, true
		}
	}
	return duel{}, false
}

// computes reports whether c is a job that computes and hardly waits.
func (c *Comparison) computes() bool {
	return c.Job.Stage == StageTransform || c.Job.Stage == StageAll && !c.waits()
}

func (c *Comparison) claimProcessesScale() claimed {
	if c.Machine.CPUs < 2 {
		return oneCPU()
	}
	same := sameWidth(modes.GIL, modes.Processes)
	d, ok := c.duel(func(in *Comparison, a, b Config) bool {
		return in.computes() && b.Workers > 1 && b.Workers <= in.Machine.CPUs && same(in, a, b)
	})
	if !ok {
		return unmeasured("work that computes, in modes gil and processes with as many workers as CPUs, is")
	}
	what := fmt.Sprintf("%d processes: %%s as %d threads under the lock, on %s", d.second().Workers, d.first().Workers,
		figure.Count(d.in.Machine.CPUs, "CPU"))
	return d.byClock(what, false, func(e Estimate) string { return beyond(e, hardlyFaster) })
}

func (c *Comparison) claimIsolated() claimed {
	crash := c.crash(modes.Processes)
	if crash == nil {
		return unmeasured("an image that kills what runs it is")
	}
	found := claimed{holds: fails, measured: "one image that kills what runs it: " + crash.inWords()}
	if crash.Lost == 0 && crash.Failed == 1 && crash.Done == crash.Images-1 {
		found.holds = holds
	}
	if other := c.crash(modes.Goroutines); other != nil {
		found.measured += "; " + other.inWords()
	}
	return found
}

// crash returns the crash that was measured in a mode, or nil.
func (c *Comparison) crash(mode string) *Crash {
	if c.Lesson == nil {
		return nil
	}
	for i := range c.Lesson.Crashes {
		if k := &c.Lesson.Crashes[i]; k.Mode == mode {
			return k
		}
	}
	return nil
}

// claimHeavy has three figures. One that is wholly beyond a tie bears the claim out. To deny it takes all three.
func (c *Comparison) claimHeavy() claimed {
	var said []string
	heavy, tied := 0, 0
	weigh := func(outcome string) {
		switch outcome {
		case holds:
			heavy++
		case fails:
			tied++
		}
	}
	if thread, process := c.start(StartThread), c.start(StartProcess); thread != nil && process != nil {
		t, p := thread.Time, process.Time
		said = append(said, fmt.Sprintf("a process starts in %s, a thread in %s", secondsRange(p), secondsRange(t)))
		switch {
		case t.Finite() && p.Finite() && p.Low > t.High*costsSomething:
			weigh(holds)
		case t.Finite() && p.Finite() && p.High <= t.Low*costsSomething:
			weigh(fails)
		}
	}
	if routine, process, more, ok := c.memoryOfBoth(); ok {
		said = append(said, fmt.Sprintf("one more costs %s, in goroutines %s", moreBytes(process.OneMoreWorker),
			moreBytes(routine.OneMoreWorker)))
		weigh(beyond(more, (costsSomething-1)*c.leastMemory()))
	}
	var rests *Estimate
	if d, ok := c.duel(sameWidth(modes.Goroutines, modes.Spawn)); ok {
		e := d.cpu()
		rests = &e
		said = append(said, fmt.Sprintf("a process for each image takes %s times the CPU time of goroutines",
			rangeOf(e, 2)))
		weigh(beyond(e, costsSomething))
	}
	found := claimed{holds: notShown, measured: strings.Join(said, "; "), figure: rests}
	switch {
	case len(said) == 0:
		return unmeasured("starts, memory of few and of many workers, or mode spawn are")
	case heavy > 0:
		found.holds = holds
	case tied == 3:
		found.holds = fails
	}
	return found
}

// leastMemory returns what goroutines took with the fewest workers.
func (c *Comparison) leastMemory() float64 {
	d, ok := c.widths(modes.Goroutines)
	if !ok {
		return 0
	}
	return d.in.Results[d.a].PeakPSS.Center
}

func (c *Comparison) claimManyDownloads() claimed {
	d, ok := c.duel(func(in *Comparison, a, b Config) bool {
		return in.Job.Stage != StageTransform && in.waits() && a.Downloads == 1 && b.Mode == modes.Goroutines &&
			(a.Mode == modes.Serial || a.Mode == modes.Goroutines && a.Workers == b.Workers) &&
			in.atOnce(b) >= 4*in.Machine.CPUs
	})
	if !ok {
		return unmeasured("work that waits, with one download and with four times as many as CPUs, is")
	}
	cpus := d.in.Machine.CPUs
	downloads := figure.Count(d.second().Downloads, "download")
	if n := d.in.atOnce(d.second()); n < d.second().Downloads {
		downloads += fmt.Sprintf(", %d at once,", n)
	}
	what := fmt.Sprintf("%s on %s: %%s as one", downloads, figure.Count(cpus, "CPU"))
	return d.byClock(what, true, func(e Estimate) string { return beyond(e, muchFaster*float64(cpus)) })
}

func (c *Comparison) claimCores() claimed {
	d, ok := c.duel(func(in *Comparison, a, b Config) bool {
		return in.computes() && a.Mode == modes.Goroutines && b.Mode == modes.Goroutines &&
			a.Workers == in.Machine.CPUs && b.Workers >= 4*in.Machine.CPUs && a.Downloads == b.Downloads &&
			in.Job.Images >= b.Workers
	})
	if !ok {
		return unmeasured("work that computes, with as many workers as CPUs and with four times as many, is")
	}
	what := fmt.Sprintf("%s: %%s as %d, on %s", figure.Count(d.second().Workers, "worker"), d.first().Workers,
		figure.Count(d.in.Machine.CPUs, "CPU"))
	return d.byClock(what, false, func(e Estimate) string { return within(e, nothingGained) })
}
