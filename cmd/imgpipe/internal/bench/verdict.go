package bench

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// How much slower a simpler Config may be and still be preferred: asFast by the estimate, if the difference is not
// significant, and shownEqual by the whole interval if the Config has fewer workers: noise that hides a gain does not
// show that there is none.
const (
	asFast     = 1.03
	shownEqual = 1.10
)

// verdict returns what follows from the figures: what to use, what bounds the job, what more workers or downloads would
// bring, what each mode costs. The most useful sentence comes first. If the runs cannot be compared, that is all it
// says.
func (c *Comparison) verdict() []Finding {
	var all []Finding
	add := func(kind, text, figures string) { all = append(all, Finding{kind, text, figures}) }
	switch {
	case c.Different != "":
		add("different", "The runs did not do the same work, so their times cannot be compared: this is a fault of "+
			"imgpipe or of its input.", c.Different)
		return all
	case len(c.Samples) == 0:
		add("nothing", "No run was finished, so nothing can be said.", cmp.Or(c.Partial, "0 runs"))
		return all
	case c.Samples[0].Summary.Done == 0:
		add("nothing", "No image could be done, in any mode: the figures are those of failing.", c.failures())
		return all
	}
	best, simplest := c.choice()
	c.sayChoice(add, best, simplest)
	if c.Partial != "" {
		add("partial", "This is partial.", c.Partial)
	}
	c.sayBound(add, best)
	c.sayWorkers(add, best)
	if !c.sayHosts(add) {
		c.sayDownloads(add, best)
	}
	c.sayProcesses(add)
	c.sayLock(add)
	return all
}

// sayHosts says that --per-host never let all downloads run, and reports whether it did: then the comparison was not
// the one that was asked for.
func (c *Comparison) sayHosts(add func(kind, text, figures string)) bool {
	s := c.Samples[0].Summary
	atOnce, most := s.Hosts*s.PerHost, 0
	for _, config := range c.Configs {
		most = max(most, config.Downloads)
	}
	if c.Job.Stage == StageTransform || atOnce == 0 || most <= atOnce {
		return false
	}
	add("per-host", fmt.Sprintf("Of %d downloads no more than %d ran at once, as --per-host bounds them: "+
		"this says nothing of more than %d.", most, atOnce, atOnce),
		fmt.Sprintf("%s, %d at once from each; with --per-host %d all would run",
			count(s.Hosts, "host"), s.PerHost, (most+s.Hosts-1)/s.Hosts))
	return true
}

func (c *Comparison) failures() string {
	s := c.Samples[0].Summary
	text := fmt.Sprintf("%d of %d failed", s.Failed, s.Items)
	if len(s.Failures) > 0 {
		text += fmt.Sprintf("; %d %s, such as: %s", s.Failures[0].Count, s.Failures[0].Class, s.Failures[0].Example)
	}
	return text
}

// choice returns the Config to use, and the fastest one. They differ if a simpler one is as fast: fewer workers, fewer
// downloads, no processes. Mode gil is a lesson, not a tool: if goroutines were run, it is never chosen.
func (c *Comparison) choice() (choice, fastest int) {
	fastest = -1
	_, _, haveGoroutines := c.best(modes.Goroutines, anyWidth)
	for i, r := range c.Results {
		lesson := haveGoroutines && c.Configs[i].Mode == modes.GIL
		if r.Runs > 0 && !lesson && (fastest < 0 || r.Wall.Center < c.Results[fastest].Wall.Center) {
			fastest = i
		}
	}
	choice = fastest
	for i, r := range c.Results {
		if r.Runs == 0 || i == fastest || c.Configs[i].Mode == modes.GIL {
			continue
		}
		slower, p := c.Ratio(i, fastest)
		equal := slower.Center <= asFast && p >= level &&
			(c.Configs[i].Workers >= c.Configs[fastest].Workers || slower.High <= shownEqual)
		if equal && c.Configs[i].simplerThan(c.Configs[choice]) {
			choice = i
		}
	}
	return choice, fastest
}

// ofModes ranks the modes, simplest first.
var ofModes = map[string]int{modes.Serial: 0, modes.Goroutines: 1, modes.Processes: 2, modes.GIL: 3}

func (a Config) simplerThan(b Config) bool {
	switch {
	case ofModes[a.Mode] != ofModes[b.Mode]:
		return ofModes[a.Mode] < ofModes[b.Mode]
	case a.Workers != b.Workers:
		return a.Workers < b.Workers
	}
	return a.Downloads < b.Downloads
}

func (c *Comparison) sayChoice(add func(kind, text, figures string), best, fastest int) {
	r := c.Results[best]
	speed := fmt.Sprintf("%s images/s, %s for %s", c.rate(best), seconds(r.Wall.Center), count(c.Job.Images, "image"))
	flags := strings.Join(c.Configs[best].Flags(), " ")
	if c.ran() == 1 {
		add("choice", fmt.Sprintf("Only %s was run, so there is nothing to compare it with.", c.Name(best)), speed)
		return
	}
	if best != c.Baseline {
		speed += fmt.Sprintf("; %s as %s (%s)", times(r.Speedup), c.Name(c.Baseline), significance(r.Speedup, r.P))
	}
	text := fmt.Sprintf("Use %s here: %s.", flags, "it was the fastest")
	if best != fastest {
		ratio, p := c.Ratio(best, fastest)
		text = fmt.Sprintf("Use %s here: %s was not faster beyond the noise.", flags, c.Name(fastest))
		speed += fmt.Sprintf("; %s was %s (%s)", c.Name(fastest), times(ratio), significance(ratio, p))
	} else if c.rounds() < enoughRuns {
		text = fmt.Sprintf("Use %s here, as far as so few runs can tell: its median was the lowest.", flags)
	} else if others := c.rivals(best); others != "" {
		text = fmt.Sprintf("Use %s here: nothing was faster, though the difference to %s lies within the noise.",
			flags, others)
	}
	add("choice", text, speed)
}

// ran returns how many Configs finished a run.
func (c *Comparison) ran() (n int) {
	for _, r := range c.Results {
		if r.Runs > 0 {
			n++
		}
	}
	return n
}

// rivals returns the names of the Configs that do not differ from the best.
func (c *Comparison) rivals(best int) string {
	var names []string
	for i, r := range c.Results {
		if i == best || r.Runs == 0 {
			continue
		}
		if _, p := c.Ratio(i, best); p >= level {
			names = append(names, c.Name(i))
		}
	}
	return list(names)
}

func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func (c *Comparison) sayBound(add func(kind, text, figures string), best int) {
	d := c.demand(best)
	use := fmt.Sprintf("CPUs %.0f %% busy, workers %.0f %%, downloads %.0f %%", 100*d.cpuUse(), 100*d.workUse(),
		100*d.fetchUse())
	cpu := fmt.Sprintf("%s of CPU for each image", seconds(d.cpu))
	switch d.bound() {
	case boundOrder:
		add("bound", "One image after the other, so waiting and computing take turns and all but one CPU rest.",
			fmt.Sprintf("%s; fetching %s and working %s for each image", use, seconds(d.fetch), seconds(d.work)))
	case boundImages:
		add("bound", "There are no more images than can be worked on at once, "+
			"so the slowest of them bounds the job: more workers or downloads would bring nothing.",
			fmt.Sprintf("%s for %s", count(c.Job.Images, "image"), count(c.width(best), c.unit())))
	case boundMemory:
		add("bound", "Memory bounds this job: workers wait for the budget. A larger --memory helps if the machine "+
			"has it; fewer workers waste less.",
			fmt.Sprintf("%.0f %% of the workers' time is spent waiting for memory", 100*d.memory))
	case boundLock:
		add("bound", "The lock bounds this job: workers wait for one another.",
			fmt.Sprintf("%.0f %% of the workers' time is spent waiting for the lock", 100*d.lock))
	case boundStart:
		add("bound", "Starting workers bounds this job: it is over too soon for processes to pay.",
			fmt.Sprintf("%.0f %% of the workers' time is spent on starting, %s each", 100*d.start,
				seconds(c.Results[best].WorkerStart)))
	case boundCPU:
		add("bound", "The CPUs bound this job.", use+"; "+cpu)
	case boundIO:
		add("bound", "Waiting for the files (I/O) bounds this job.",
			fmt.Sprintf("%s; %s of waiting against %s of CPU for each image", use, seconds(d.fetch), seconds(d.cpu)))
	case boundOthers:
		add("bound", "The CPUs bound this job, and other programs used them at the same time.", use+"; "+cpu)
	case boundWorkers:
		add("bound", "The number of workers bounds this job: they are busy, and there are CPUs left.", use)
	case boundNone:
		add("bound", "Nothing is used to its end: the job is short, or other programs took the CPUs.", use)
	}
}

func (c *Comparison) sayWorkers(add func(kind, text, figures string), best int) {
	d, r := c.demand(best), c.Results[best]
	if c.Job.Stage == StageFetch || d.bound() == boundImages {
		return
	}
	cpus := int(d.cpus)
	figures := fmt.Sprintf("the CPUs could do %s images/s, and do %s", number(d.cpuRate()), number(d.rate))
	if r.Efficiency > 0 {
		figures = fmt.Sprintf("efficiency %.0f %%, serial fraction %.3f (Karp–Flatt)", 100*r.Efficiency, r.Serial)
		if r.Ceiling > 0 {
			figures += fmt.Sprintf(", at most %.3g times as fast with any number of CPUs (Amdahl)", r.Ceiling)
		}
	}
	switch b := d.bound(); {
	case b == boundWorkers && d.config.Workers < cpus:
		add("workers", fmt.Sprintf("More workers would help, up to the %s.", count(cpus, "CPU")), figures)
	case b == boundCPU && d.config.Workers >= cpus || b == boundOthers:
		add("workers", "More workers would bring nothing on this machine; more CPUs would.", figures)
	case b == boundIO:
		add("workers", "More workers would bring nothing: those there are wait for files.",
			fmt.Sprintf("workers %.0f %% busy", 100*d.workUse()))
	case d.config.Workers >= cpus:
		add("workers", fmt.Sprintf("More workers than the %s would bring little.", count(cpus, "CPU")), figures)
	case d.config.Mode != modes.Serial:
		add("workers", fmt.Sprintf("More workers could use the CPUs that rest, up to %d.", cpus), figures)
	}
}

func (c *Comparison) sayDownloads(add func(kind, text, figures string), best int) {
	d := c.demand(best)
	if c.Job.Stage == StageTransform || d.bound() == boundImages || d.fetch <= 0 || d.config.Mode == modes.Serial {
		return
	}
	n := d.config.Downloads
	if c.Job.Stage == StageFetch || d.cpuRate() > 2*d.fetchRate(n) && d.bound() == boundIO {
		add("downloads", "More downloads would bring more, until the network or the server is used up.",
			fmt.Sprintf("%s of waiting for each image; %s can bring %s images/s, %d could bring %s", seconds(d.fetch),
				count(n, "download"), number(d.fetchRate(n)), 2*n, number(d.fetchRate(2*n))))
		return
	}
	enough := min(d.downloadsFor(d.cpuRate()), max(c.Job.Images, 1))
	figures := fmt.Sprintf("%s can bring %s images/s, the CPUs can do %s", count(n, "download"),
		number(d.fetchRate(n)), number(d.cpuRate()))
	switch {
	case enough > n:
		add("downloads", fmt.Sprintf("More downloads would help: about %d keep the CPUs busy.", enough), figures)
	case enough <= n/2:
		add("downloads", fmt.Sprintf("More downloads would bring nothing; about %d would do.", enough), figures)
	default:
		add("downloads", "More downloads would bring nothing.", figures)
	}
}

// pair returns the Configs of two modes at the same width, the largest that both have.
func (c *Comparison) pair(a, b string) (x, y int, ok bool) {
	widest := Config{}
	for i, first := range c.Configs {
		for j, second := range c.Configs {
			if first.Mode != a || second.Mode != b || first.Workers != second.Workers ||
				first.Downloads != second.Downloads {
				continue
			}
			wider := first.Workers > widest.Workers ||
				first.Workers == widest.Workers && first.Downloads > widest.Downloads
			if c.Results[i].Runs > 0 && c.Results[j].Runs > 0 && (!ok || wider) {
				x, y, ok, widest = i, j, true, first
			}
		}
	}
	return x, y, ok
}

// negligible is a share of the speed for which nobody would choose a mode.
const negligible = 0.05

func (c *Comparison) sayProcesses(add func(kind, text, figures string)) {
	g, p, ok := c.pair(modes.Goroutines, modes.Processes)
	if !ok {
		return
	}
	ratio, prob := c.Ratio(g, p)
	rg, rp := c.Results[g], c.Results[p]
	cost := "Processes cost no measurable time here"
	switch {
	case !ratio.Finite():
		cost = "So few runs cannot tell what processes cost in time"
	case prob < level && ratio.Center < 1:
		cost = fmt.Sprintf("Processes cost %.0f %% of the speed here", 100*(1-ratio.Center))
	case prob < level:
		cost = fmt.Sprintf("Processes are %.0f %% faster than goroutines here, each with a garbage collector of "+
			"its own", 100*(ratio.Center-1))
	case ratio.Low < 1-negligible:
		cost = fmt.Sprintf("Whether processes cost time here, up to %.0f %% of the speed, these runs do not tell",
			100*(1-ratio.Low))
	}
	memory := "no more memory"
	if extra := rp.Memory() - rg.Memory(); extra > 0 {
		memory = bytes(extra) + " more memory"
	}
	add("processes", fmt.Sprintf("%s; they take %s. They buy isolation: an image that crashes or hangs costs one "+
		"worker, which can be killed in time and is replaced.", cost, memory),
		fmt.Sprintf("%s as goroutines with %s (%s); "+
			"%s copied for each image, %s to start a worker, %s of memory against %s",
			times(ratio), count(c.Configs[p].Workers, "worker"), significance(ratio, prob),
			bytes(rp.CopiedPerImage), seconds(rp.WorkerStart), bytes(rp.Memory()), bytes(rg.Memory())))
}

func (c *Comparison) sayLock(add func(kind, text, figures string)) {
	l, g, ok := c.pair(modes.GIL, modes.Goroutines)
	if !ok || c.Configs[g].Workers < 2 && c.Job.Stage != StageFetch {
		return
	}
	ratio, p := c.Ratio(l, g)
	text := "A global lock would have cost nothing measurable here."
	switch {
	case !ratio.Finite():
		text = "So few runs cannot tell what a global lock would have cost."
	case p < level && ratio.Center > 1:
		text = fmt.Sprintf("A global lock would have made this job take %.2f times as long.", ratio.Center)
	case p < level:
		text = "A global lock would have cost nothing here: with it the job was even faster, as its workers do not " +
			"fight for the CPUs."
	case ratio.High > 1+negligible:
		text = fmt.Sprintf("Whether a global lock would have made this job take longer, up to %.2f times as long, "+
			"these runs do not tell.", ratio.High)
	}
	add("lock", text, fmt.Sprintf("without the lock %s (%s); workers waited for it %.0f %% of their time",
		times(ratio), significance(ratio, p), 100*c.demand(l).lock))
}

// rate returns images/s with their interval.
func (c *Comparison) rate(config int) string {
	e := c.Results[config].ImagesPerSec
	if !e.Finite() {
		return number(e.Center)
	}
	return fmt.Sprintf("%s (%s to %s)", number(e.Center), number(e.Low), number(e.High))
}

// number returns f with at least three digits.
func number(f float64) string {
	if f >= 1000 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.3g", f)
}

// times returns a ratio of speeds with its interval, in words.
func times(e Estimate) string {
	if !e.Finite() {
		return fmt.Sprintf("%.2f times as fast", e.Center)
	}
	return fmt.Sprintf("%.2f times (%.2f to %.2f) as fast", e.Center, e.Low, e.High)
}

// significance returns in words what the probability of a ratio means.
func significance(e Estimate, p float64) string {
	switch {
	case !e.Finite():
		return "too few runs for an interval"
	case p >= level:
		return fmt.Sprintf("no significant difference, p = %.2f", p)
	case p < 0.001:
		return "p < 0.001"
	}
	return fmt.Sprintf("p = %.3f", p)
}

// seconds returns a time with three digits.
func seconds(s float64) string {
	switch {
	case s <= 0:
		return "0 s"
	case s < 1e-6:
		return fmt.Sprintf("%.3g ns", 1e9*s)
	case s < 1e-3:
		return fmt.Sprintf("%.3g µs", 1e6*s)
	case s < 1:
		return fmt.Sprintf("%.3g ms", 1e3*s)
	case s < 100:
		return fmt.Sprintf("%.3g s", s)
	}
	return (time.Duration(s) * time.Second).String()
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
