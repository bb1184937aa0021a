package bench

import (
	"fmt"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
)

// mostCosts is how many contestants have a sentence about what they cost.
const mostCosts = 6

// alike reports whether two Configs have the same widths.
func (c Config) alike(other Config) bool {
	return c.Workers == other.Workers && c.Downloads == other.Downloads && c.PerHost == other.PerHost
}

// reference returns the contestant beside which others are set: the plainest at the widest widths that it has in common
// with any other; goroutines before all.
func (e *evidence) reference(choice int) (reference int, others []int) {
	found := false
	for _, i := range e.ran {
		this := e.c.Configs[i]
		if this.Mode == modes.Serial {
			continue
		}
		var near []int
		for _, j := range e.ran {
			if e.c.Configs[j].alike(this) && !e.c.Configs[j].Same(this) {
				near = append(near, j)
			}
		}
		if len(near) > 0 && (!found || e.sooner(i, reference, choice)) {
			reference, others, found = i, near, true
		}
	}
	return reference, others
}

// sooner reports whether i is a better reference than j: it has the widths of the choice, it is plainer, it is wider.
func (e *evidence) sooner(i, j, choice int) bool {
	a, b, of := e.c.Configs[i], e.c.Configs[j], e.c.Configs[choice]
	if a.alike(of) != b.alike(of) {
		return a.alike(of)
	}
	if rank(a.Mode) != rank(b.Mode) || len(a.Extra)+len(a.Env) != len(b.Extra)+len(b.Env) {
		return a.plainer(b)
	}
	return a.Workers > b.Workers || a.Workers == b.Workers && a.Downloads > b.Downloads
}

// sayCosts says what each contestant of the same width costs beside a plain one: CPU time, wall time, memory, and the
// entry of the account that grew most. It has no reason without a figure.
func (e *evidence) sayCosts(say sayer, choice int) {
	if !e.enough() {
		return
	}
	with, others := e.reference(choice)
	if len(others) > mostCosts {
		others = others[:mostCosts]
	}
	for _, i := range others {
		if e.c.Configs[i].Mode == modes.GIL {
			continue // it has a sentence of its own
		}
		kind := e.c.Configs[i].Mode
		if kind == e.c.Configs[with].Mode {
			kind = "cost"
		}
		cpu := e.pair(byCPU, with, i)
		text := fmt.Sprintf("CPU for each image: %s %s times that of %s%s. By the clock: %s.", e.c.Name(i),
			withInterval(cpu.cost), e.c.Name(with), outcome(cpu), e.clock(with, i))
		mine, theirs := e.middle(i, peakMemory), e.middle(with, peakMemory)
		if mine > 0 && theirs > 0 {
			text += fmt.Sprintf(" Memory: %s against %s.", figure.Bytes(mine), figure.Bytes(theirs))
		}
		text += e.grew(with, i)
		say(kind, text, fmt.Sprintf("CPU %s; %s; %s", probability(cpu.p), e.measured([]int{with, i}),
			e.shares([]int{with, i})))
	}
}

// saySame names the contestants that are others by another name: they were not run, and are no evidence.
func (c *Comparison) saySame(say sayer) {
	for i, this := range c.Configs {
		if this.SameAs != "" {
			say(this.Mode, fmt.Sprintf("%s is %s by another name: it was not run again.", c.Name(i), this.SameAs),
				fmt.Sprintf("its %s are those of %s", figure.Count(c.Results[i].Runs, "run"), this.SameAs))
		}
	}
}

// outcome returns what an interval says.
func outcome(p pairing) string {
	switch {
	case p.tie():
		return ", a tie"
	case !p.less() && !p.more():
		return ", no difference shown"
	}
	return ""
}

// clock returns how two contestants compare by the clock, if that can be said.
func (e *evidence) clock(a, b int) string {
	p := e.pair(byClock, a, b)
	switch {
	case e.c.clear(a, b):
		return withInterval(p.speed()) + " times as fast" + outcome(p)
	case e.c.beyond(a, b):
		return fmt.Sprintf("at least %.2f times as fast, whatever was disturbed", e.c.certainly(a, b).Low)
	case e.c.beyond(b, a):
		return fmt.Sprintf("at most %.2f times as fast, whatever was disturbed", 1/e.c.certainly(b, a).Low)
	}
	return "disturbed, no order"
}

// peakMemory returns the peak of all processes of a run: with shared pages counted once, if the system knows that.
func peakMemory(s *Sample) float64 {
	if s.Summary.PeakPSS > 0 {
		return float64(s.Summary.PeakPSS)
	}
	return float64(s.Summary.PeakMemory)
}

// grew returns the entry of the account, other than computing, that grew most from one contestant to another.
func (e *evidence) grew(from, to int) string {
	a, b := e.account(from), e.account(to)
	if a == nil {
		return ""
	}
	most, by := pipeline.Entry(""), 0.02
	for _, row := range pipeline.Entries() {
		computing := row.Entry == pipeline.EntryCPU || row.Entry == pipeline.EntryCPUWait || row.Of != ""
		if d := b[row.Entry] - a[row.Entry]; !computing && d > by {
			most, by = row.Entry, d
		}
	}
	if most == "" {
		return ""
	}
	return fmt.Sprintf(" %s took %s of its workers' time, against %s.",
		strings.TrimSuffix(sentence(words(most)), "."), figure.Percent(b[most]), figure.Percent(a[most]))
}

// sayLock says what the lock costs beside goroutines, and whether waits overlap in spite of it.
func (e *evidence) sayLock(say sayer) {
	for _, l := range e.ran {
		if e.c.Configs[l].Mode != modes.GIL || !e.enough() {
			continue
		}
		waited := figure.Percent(e.account(l)[pipeline.EntryLock])
		for _, g := range e.ran {
			config := e.c.Configs[g]
			if config.Mode != modes.Goroutines || !config.alike(e.c.Configs[l]) || config.Workers < 2 {
				continue
			}
			say("lock", fmt.Sprintf("With a lock that is held while it computes, %s beside %s: %s.", e.c.Name(l),
				e.c.Name(g),
				e.clock(g, l)), fmt.Sprintf("workers waited for the lock %s of their time; CPU for each image "+
				"%s times as much", waited, withInterval(e.pair(byCPU, g, l).cost)))
			break
		}
		at := slices.IndexFunc(e.ran, func(i int) bool { return e.c.Configs[i].Mode == modes.Serial })
		if at >= 0 && e.slower(byClock, l, e.ran[at]) {
			say("lock", fmt.Sprintf("Waits overlap in spite of the lock: %s beside serial: %s.", e.c.Name(l),
				e.clock(e.ran[at], l)), fmt.Sprintf("workers waited for the lock %s of their time", waited))
		}
		return
	}
}
