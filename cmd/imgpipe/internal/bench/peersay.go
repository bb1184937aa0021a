package bench

import (
	"fmt"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/peer"
)

// withoutPeers returns c with the contestants that are imgpipe alone. Advice on modes, and what is claimed of them,
// rests on those.
func (c *Comparison) withoutPeers() *Comparison {
	if !slices.ContainsFunc(c.Configs, func(c Config) bool { return c.Peer != "" }) {
		return c
	}
	ours := *c
	ours.Configs, ours.Results, ours.Samples, ours.Timelines = nil, nil, nil, nil
	place := make([]int, len(c.Configs))
	for i, config := range c.Configs {
		place[i] = -1
		if config.Peer == "" {
			place[i] = len(ours.Configs)
			ours.Configs, ours.Results = append(ours.Configs, config), append(ours.Results, c.Results[i])
		}
	}
	ours.Baseline = max(place[c.Baseline], 0)
	for _, s := range c.Samples {
		if s.Config = place[s.Config]; s.Config >= 0 {
			ours.Samples = append(ours.Samples, s)
		}
	}
	for _, t := range c.Timelines {
		if t.Config = place[t.Config]; t.Config >= 0 {
			ours.Timelines = append(ours.Timelines, t)
		}
	}
	return &ours
}

// peerFindings returns what was measured of the other program: the best of imgpipe beside the best of it, its threads
// beside its processes, the likeness of the outputs, and the table.
func (c *Comparison) peerFindings() []Finding {
	if c.Peer == nil {
		return nil
	}
	var all []Finding
	add := func(text, figures string) { all = append(all, Finding{Kind: "peer", Text: text, Figures: figures}) }
	say := func(a, b int) {
		if a < 0 || b < 0 {
			return // one of them was not run
		}
		if c.Results[b].Wall.Center < c.Results[a].Wall.Center {
			a, b = b, a
		}
		add(c.beside(a, b), c.besideCPU(a, b))
	}
	is := func(kinds ...string) func(Config) bool {
		return func(c Config) bool {
			return slices.Contains(kinds, strings.TrimPrefix(c.Peer, peerPrefix)) && c.Peer != ""
		}
	}
	ours := c.quickest(func(c Config) bool { return c.Peer == "" })
	say(ours, c.quickest(func(c Config) bool { return c.Peer != "" }))
	threads := c.quickest(is(peer.Threads))
	say(threads, c.quickest(is(peer.Fork, peer.Spawn)))
	say(c.quickest(is(peer.FreeThreads)), threads)
	if p := c.Peer; p.Outputs > 0 {
		text := fmt.Sprintf("%s made the same pictures as imgpipe: a PSNR of %.1f dB at the median, %.1f dB at least.",
			p.Program, p.Median, p.Least)
		figures := fmt.Sprintf("%s compared; the least is that of %s", figure.Count(p.Outputs, "output"), p.Example)
		if p.Failed > 0 {
			figures += fmt.Sprintf("; %s failed there alone, such as %s", figure.Count(p.Failed, "image"),
				p.FailedExample)
		}
		add(text, figures)
	}
	for _, job := range CellJobs() {
		if said := sayCells(c.Peer.Table, job); said != "" {
			add(fmt.Sprintf("%s, times as fast as one at a time: %s.", job, said), cellNotes[job])
		}
	}
	return all
}

// quickest returns the contestant with the shortest median wall time of those that are is; -1 if there is none.
func (c *Comparison) quickest(is func(Config) bool) int {
	best := -1
	for i, config := range c.Configs {
		if is(config) && c.Results[i].Runs > 0 &&
			(best < 0 || c.Results[i].Wall.Center < c.Results[best].Wall.Center) {
			best = i
		}
	}
	return best
}

// beside says how many times as fast as the contestant b the contestant a was.
func (c *Comparison) beside(a, b int) string {
	times, p := c.Ratio(b, a)
	switch {
	case c.Withheld != "":
		return fmt.Sprintf("%s and %s: no order by the clock, as other programs disturbed the runs.",
			c.Name(a), c.Name(b))
	case !times.Finite():
		return fmt.Sprintf("%s: %.2f times as fast as %s at the median, in too few rounds for an interval.",
			c.Name(a), times.Center, c.Name(b))
	case p >= Level:
		return fmt.Sprintf("%s and %s: no difference shown by the clock, %s times as fast.", c.Name(a), c.Name(b),
			interval(times))
	}
	return fmt.Sprintf("%s: %s times as fast as %s.", c.Name(a), interval(times), c.Name(b))
}

// besideCPU says what CPU time for each image and what memory the same two took, and how many CPUs they used at once.
func (c *Comparison) besideCPU(a, b int) string {
	images := float64(max(c.Job.Images, 1))
	ra, rb := c.Results[a], c.Results[b]
	said := fmt.Sprintf("CPU for each image %.1f and %.1f ms, %s times as much; %.1f and %.1f CPUs used",
		1000*ra.CPU.Center/images, 1000*rb.CPU.Center/images, interval(c.cpuTimes(a, b)),
		ra.CPU.Center/ra.Wall.Center, rb.CPU.Center/rb.Wall.Center)
	if ra.Memory() > 0 && rb.Memory() > 0 {
		said += fmt.Sprintf("; peak memory %.0f and %.0f MB", ra.Memory()/1e6, rb.Memory()/1e6)
	}
	return said
}

// cpuTimes returns how many times the CPU time of the contestant b the contestant a took, from runs of the same rounds.
func (c *Comparison) cpuTimes(a, b int) Estimate {
	took := map[int]float64{} // by b, by round
	for i := range c.Samples {
		if s := &c.Samples[i]; s.Config == b {
			took[s.Round] = cpuTime(&s.Summary)
		}
	}
	var ratios []float64
	for i := range c.Samples {
		s := &c.Samples[i]
		if t := took[s.Round]; s.Config == a && t > 0 {
			ratios = append(ratios, cpuTime(&s.Summary)/t)
		}
	}
	times, _ := paired(ratios)
	return times
}

// interval returns an Estimate with two decimals, and its interval if there is one.
func interval(e Estimate) string {
	if !e.Finite() {
		return fmt.Sprintf("%.2f", e.Center)
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", e.Center, e.Low, e.High)
}

// cellNotes says what the jobs of a table are.
var cellNotes = map[string]string{
	IOBound:       "small pictures from a server that answers late, 16 at once",
	BoundInC:      "pictures made smaller: the codecs of Pillow are in C, those of imgpipe in Go",
	LanguageBound: "a box filter over bytes in loops of the language, the same in both",
}

// sayCells returns the cells of a job in words; "" if there are none.
func sayCells(table []Cell, job string) string {
	var parts []string
	for _, cell := range table {
		if cell.Job == job {
			parts = append(parts, fmt.Sprintf("%s's %s %s", cell.Program, cell.Model, interval(cell.Speedup)))
		}
	}
	return strings.Join(parts, ", ")
}
