package bench

import (
	"fmt"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/modes"
)

// The titles of the jobs of a lesson: one waits for a server, one computes, and one does both.
const (
	TitleWaits    = "work that waits"
	TitleComputes = "work that computes"
	TitleBoth     = "work that does both"
)

// LessonRounds is how many rounds a claim takes at least: fewer have no interval.
const LessonRounds = enoughRuns

// lessonModes returns the modes whose memory is measured.
func lessonModes() []string { return []string{modes.Goroutines, modes.Threads, modes.Processes} }

// ManyDownloads returns how many downloads a lesson makes at once: enough to see that waiting is not bound by CPUs.
func ManyDownloads(cpus int) int { return max(16, 4*cpus) }

// LessonConfigs returns the contestants of one job of a lesson, on so many CPUs. whole has those in it that only some
// claims need. Modes that this build does not have are left out.
func LessonConfigs(title string, cpus int, whole bool) []Config {
	n, downloads := cpus, ManyDownloads(cpus)
	of := func(mode string, workers int) Config {
		return Config{Mode: mode, Workers: workers, Downloads: downloads}
	}
	all := []Config{{Mode: modes.Serial, Workers: 1, Downloads: 1},
		of(modes.GIL, n), of(modes.Goroutines, n), of(modes.Processes, n)}
	if title == TitleComputes {
		other := 1 // worker, for the memory of one more
		if n == 1 {
			other = 2
		}
		all = append(all, of(modes.Goroutines, other), of(modes.Processes, other), of(modes.Goroutines, 4*n),
			of(modes.Pipes, n), of(modes.Spawn, n))
		if whole && n > 1 {
			all = append(all, of(modes.GIL, 1))
		}
	}
	if whole {
		all = append(all, of(modes.Threads, n))
	}
	known := modes.Names()
	return slices.DeleteFunc(all, func(c Config) bool { return !slices.Contains(known, c.Mode) })
}

// part returns the Part of that title, if something was measured in it.
func (c *Comparison) part(title string) *Comparison {
	for _, p := range c.measuredParts() {
		if p.Job.Title == title {
			return p
		}
	}
	return nil
}

// Teaches reports whether c is a lesson: all three jobs were begun.
func (c *Comparison) Teaches() bool {
	if c.Lesson == nil {
		return false
	}
	for _, title := range []string{TitleWaits, TitleComputes, TitleBoth} {
		if c.part(title) == nil {
			return false
		}
	}
	return true
}

// learn sets what a Lesson has from the Samples, and the sentence of each of its jobs.
func (c *Comparison) learn() {
	if c.Lesson == nil {
		return
	}
	c.Lesson.Memory = c.slopes()
	for _, s := range c.Lesson.Starts {
		if s.What == StartGoroutine {
			c.GoroutineStart = s.Time.Center
		}
	}
	for _, p := range c.measuredParts() {
		if p != c && p.Job.Title != "" {
			p.Verdict = []Finding{p.taught()}
		}
	}
}

// lesson returns the sentences of a lesson: the answer, one for each job, and what was measured besides.
func (c *Comparison) lesson() []Finding {
	if !c.Teaches() || c.Different != "" {
		return nil
	}
	all := []Finding{c.answer()}
	for _, title := range []string{TitleWaits, TitleComputes, TitleBoth} {
		all = append(all, c.part(title).taught())
	}
	if isolated := c.claimIsolated(); isolated.holds != "" && c.crash(modes.Goroutines) != nil {
		all = append(all, Finding{Kind: "lesson-crash", Figures: isolated.measured, Text: fmt.Sprintf(
			"An image that crashes: in goroutines %s, in processes %s.", c.crash(modes.Goroutines).short(),
			c.crash(modes.Processes).short())})
	}
	if start := c.claimLightStart(); start.holds == holds {
		all = append(all, Finding{Kind: "lesson-starts", Figures: start.measured, Text: fmt.Sprintf(
			"A goroutine starts in %s, a thread in %s, a process in %s.",
			figure.Duration(c.start(StartGoroutine).Time.Center), figure.Duration(c.start(StartThread).Time.Center),
			figure.Duration(c.start(StartProcess).Time.Center))})
	}
	if routine, process, more, ok := c.memoryOfBoth(); ok && beyond(more, 0) == holds {
		all = append(all, Finding{Kind: "lesson-memory", Figures: c.claimLightMemory().measured, Text: fmt.Sprintf(
			"One more worker costs %s in goroutines, %s in processes.", signedBytes(routine.OneMoreWorker.Center),
			signedBytes(process.OneMoreWorker.Center))})
	}
	return all
}

// between returns the duel of two modes in the width that LessonConfigs has for both: as many workers as CPUs. Serial
// has its own width.
func (c *Comparison) between(a, b string) (duel, bool) {
	wide := func(this Config) bool { return this.Mode == modes.Serial || this.Workers == c.Machine.CPUs }
	for i, x := range c.Configs {
		for j, y := range c.Configs {
			if x.Mode == a && y.Mode == b && wide(x) && wide(y) && c.plain(i) && c.plain(j) {
				return duel{c, i, j}, true
			}
		}
	}
	return duel{}, false
}

// A shownOrder is what a duel shows of its second contestant.
type shownOrder int

const (
	openOrder shownOrder = iota
	shownFaster
	shownSlower
	shownTie // within 5 %
)

// lessonTie is how far from 1 the whole interval of a ratio may lie for a tie.
const lessonTie = 0.05

// shown returns what the clock shows of the second contestant: nothing, if it was disturbed.
func (d duel) shown() shownOrder {
	e := d.faster()
	switch {
	case d.disturbed() != "" || d.enough() != "" || !e.Finite():
		return openOrder
	case e.Low >= 1-lessonTie && e.High <= 1+lessonTie:
		return shownTie
	case e.Low > 1:
		return shownFaster
	case e.High < 1:
		return shownSlower
	}
	return openOrder
}

// Order returns how many times as fast the Config b was as a, and what the clock shows by that: 1 for faster, -1 for
// slower, and 0 for no difference, or none that six rounds show.
func (c *Comparison) Order(a, b int) (ratio Estimate, sign int) {
	d := duel{c, a, b}
	switch d.shown() {
	case shownFaster:
		sign = 1
	case shownSlower:
		sign = -1
	}
	return d.faster(), sign
}

// Disturbance returns what disturbed the runs so often that the clock shows no order, such as "other programs held 1.6
// of 2 CPUs in 5 of 6 rounds"; "" if nothing did.
func (c *Comparison) Disturbance() string {
	for i := range c.Configs {
		if d := (duel{c, c.Baseline, i}); i != c.Baseline && d.disturbed() != "" {
			return strings.TrimSuffix(d.disturbed(), noOrder)
		}
	}
	return ""
}

// taught returns the sentence of a job of a lesson.
func (c *Comparison) taught() Finding {
	kind := map[string]string{TitleWaits: "lesson-waits", TitleComputes: "lesson-computes", TitleBoth: "lesson-both"}
	title := c.Job.Title
	f := Finding{Kind: kind[title]}
	var said, figures, sure []string
	disturbed := ""
	for _, mode := range []string{modes.GIL, modes.Goroutines, modes.Processes} {
		d, ok := c.between(modes.Serial, mode)
		if !ok {
			continue
		}
		figures = append(figures, fmt.Sprintf("%s: %s as serial", c.Name(d.b), ratioWords(d.faster())))
		disturbed = firstOf(disturbed, d.disturbed(), d.enough())
		said = append(said, fmt.Sprintf("%s %.2f", mode, d.faster().Center))
		// As in byClock, work that waits counts as far as no disturbance explains it.
		if free := d.freed(); title == TitleWaits && d.enough() == "" && beyond(free, hardlyFaster) == holds {
			sure = append(sure, fmt.Sprintf("%s %.2f", mode, free.Low))
		}
	}
	f.Figures = strings.Join(figures, "; ")
	switch {
	case len(said) == 0:
		f.Text = fmt.Sprintf("%s: not measured.", capital(title))
		f.Figures = "no mode finished a run beside serial"
	case disturbed != "":
		f.Text = fmt.Sprintf("%s: %s.", capital(title), disturbed)
		if len(sure) > 0 {
			f.Text += fmt.Sprintf(" But more than that explains, times as fast as one at a time at least: %s.",
				list(sure))
		}
		if cpu := c.cpuOfProcesses(); cpu != "" {
			f.Text = fmt.Sprintf("%s %s.", f.Text, capital(cpu))
		}
	default:
		f.Text = fmt.Sprintf("%s, on %s, times as fast as one at a time: %s.", capital(title),
			figure.Count(c.Machine.CPUs, "CPU"), list(said))
	}
	return f
}

// cpuOfProcesses returns what the CPU time for an image says of processes beside goroutines; "" if it is not known.
func (c *Comparison) cpuOfProcesses() string {
	d, ok := c.between(modes.Goroutines, modes.Processes)
	if e := d.cpuIf(ok); e.Finite() {
		return fmt.Sprintf("CPU for each image: processes %s times goroutines", rangeOf(e, 2))
	}
	return ""
}

// cpuIf returns cpu of a duel that there is, or else an estimate of nothing.
func (d duel) cpuIf(ok bool) Estimate {
	if !ok {
		return estimate(nil)
	}
	return d.cpu()
}

// answer returns the sentence that a lesson comes to: as far as all three jobs have shown it.
func (c *Comparison) answer() Finding {
	f := Finding{Kind: "lesson"}
	var figures, faster, open, nothing, sure []string
	for _, title := range []string{TitleWaits, TitleComputes, TitleBoth} {
		part := c.part(title)
		serial, ok1 := part.between(modes.Serial, modes.Goroutines)
		d, ok2 := part.between(modes.Goroutines, modes.Processes)
		if !ok1 || !ok2 {
			open = append(open, title)
			continue
		}
		figures = append(figures, fmt.Sprintf("%s: goroutines %s as serial, processes %s as goroutines, with %s times "+
			"the CPU time", title, ratioWords(serial.faster()), ratioWords(d.faster()), rangeOf(d.cpu(), 2)))
		needed := title != TitleComputes || c.Machine.CPUs > 1
		switch o, free := serial.shown(), serial.freed(); {
		case title == TitleWaits && o == openOrder && beyond(free, hardlyFaster) == holds:
			// As in byClock, work that waits counts as far as no disturbance explains it.
			sure = append(sure, fmt.Sprintf("%s: goroutines at least %.2f times as fast as one at a time.",
				capital(title), free.Low))
		case o == shownSlower || o == shownTie && needed:
			nothing = append(nothing, title)
		case o == openOrder && needed:
			open = append(open, title)
		}
		if d.shown() == shownFaster {
			faster = append(faster, fmt.Sprintf("%s times at %s", rangeOf(d.faster(), 2), title))
		}
	}
	f.Figures = strings.Join(figures, "; ")
	crash := c.claimIsolated()
	switch {
	case len(faster) > 0:
		f.Text = fmt.Sprintf("Here processes were faster than goroutines: %s.", list(faster))
	case len(nothing) > 0:
		f.Text = fmt.Sprintf("Here goroutines gained nothing over one at a time for %s.", list(nothing))
	case len(open) > 0:
		sure = append(sure, fmt.Sprintf("These runs do not show the answer for %s.", list(open)))
		f.Text = strings.Join(sure, " ")
	case crash.holds == holds:
		f.Text = "In Go the answer is goroutines for both; processes for images that you do not trust."
		f.Figures += "; " + crash.measured
	default:
		f.Text = "In Go the answer is goroutines for both."
	}
	if f.Figures == "" {
		f.Figures = "no job was finished in modes serial, goroutines and processes"
	}
	return f
}

// capital returns s with a capital at its beginning.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
