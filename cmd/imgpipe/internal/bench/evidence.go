package bench

import "math"

// tieWithin is the share by which two contestants may differ and still be called a tie: nobody would choose for less.
const tieWithin = 0.05

// A scale is what contestants are compared by. Less is better.
type scale int

const (
	byClock scale = iota // the wall time of a run
	byCPU                // the CPU time of an image, in which that of other programs is not
)

// evidence is what the sentences rest on: the runs by contestant and round.
type evidence struct {
	c *Comparison
	// runs has a run by contestant and round; nil is one that was not made. ran are the contestants of which something
	// is said.
	runs [][]*Sample
	ran  []int
	// whole are the rounds in which all of ran have a run, quiet those of them in which none was disturbed.
	whole, quiet []int

	known map[pairKey]pairing
}

type pairKey struct {
	scale scale
	a, b  int
}

// A pairing is two contestants on one scale.
type pairing struct {
	// cost is how many times as much the second one takes, with its interval, and p the probability that two equal ones
	// would differ as much.
	cost Estimate
	p    float64
	// seen is the smallest difference that would have been found in four of five comparisons, as a share; 0 is not
	// known.
	seen float64
}

// tie reports whether the whole interval lies so close to 1 that the difference does not matter.
func (p pairing) tie() bool {
	return p.cost.Low >= 1-tieWithin && p.cost.High <= 1+tieWithin
}

// less, more report whether the second one is shown to take less, or more, than the first: by so much that it matters.
// The interval leaves out 1 if, and only if, p is below the level.
func (p pairing) less() bool { return p.cost.High < 1 && !p.tie() }
func (p pairing) more() bool { return p.cost.Low > 1 && !p.tie() }

// speed is how many times as fast the second one is.
func (p pairing) speed() Estimate { return inverse(p.cost) }

func inverse(e Estimate) Estimate {
	inverted := Estimate{1 / e.Center, math.Inf(-1), math.Inf(1)}
	if e.Finite() {
		inverted.Low, inverted.High = 1/e.High, 1/e.Low
	}
	return inverted
}

// evidence gathers the runs of c.
func (c *Comparison) evidence() *evidence {
	e := &evidence{c: c, runs: make([][]*Sample, len(c.Configs)), known: map[pairKey]pairing{}}
	rounds := 0
	for i := range e.runs {
		e.runs[i] = c.byRound(i)
		rounds = max(rounds, len(e.runs[i]))
	}
	for i := range e.runs {
		e.runs[i] = append(e.runs[i], make([]*Sample, rounds-len(e.runs[i]))...)
	}
	e.ran = c.ranThrough(e.runs)
	for round := range rounds {
		made, calm := true, true
		for _, i := range e.ran {
			s := e.runs[i][round]
			made = made && s != nil
			calm = calm && s != nil && s.Disturbed == ""
		}
		if made {
			e.whole = append(e.whole, round)
		}
		if calm {
			e.quiet = append(e.quiet, round)
		}
	}
	return e
}

// ranThrough returns the contestants that have as many runs as any, but for the last round, in which an interruption
// leaves some out. One that dropped out on the way would take the rounds of all others with it. Another program is no
// way to run this one, and a contestant that is the same as another one has only copies of its runs: neither is here.
func (c *Comparison) ranThrough(runs [][]*Sample) (ran []int) {
	made, most := make([]int, len(runs)), 0
	for i, of := range runs {
		if c.Configs[i].Peer != "" || c.Configs[i].SameAs != "" {
			continue
		}
		for _, s := range of {
			if s != nil {
				made[i]++
			}
		}
		most = max(most, made[i])
	}
	for i, n := range made {
		if n > 0 && n >= most-1 {
			ran = append(ran, i)
		}
	}
	return ran
}

// together returns the rounds in which all contestants are compared at once: those in which none was disturbed, if they
// are enough and the scale is the clock, or else all that are whole.
func (e *evidence) together(s scale) []int {
	if s == byClock && len(e.quiet) >= enoughRuns {
		return e.quiet
	}
	return e.whole
}

// figure returns that of a run on a scale.
func (e *evidence) figure(s scale) func(*Sample) float64 {
	if s == byClock {
		return (*Sample).Wall
	}
	return func(run *Sample) float64 { return e.c.each(run.cpu(), run) }
}

// pair compares two contestants on a scale.
func (e *evidence) pair(s scale, a, b int) pairing {
	key := pairKey{s, a, b}
	if p, ok := e.known[key]; ok {
		return p
	}
	ratios := e.c.wallRatios(b, a)
	if s == byCPU {
		ratios = e.c.cpuRatios(a, b)
	}
	var p pairing
	p.cost, p.p = paired(ratios)
	p.seen = detectable(ratios)
	e.known[key] = p
	return p
}

// slower reports whether b is shown to take more than a. By the clock that needs a machine that was as quiet for both,
// or a difference that no disturbance explains.
func (e *evidence) slower(s scale, a, b int) bool {
	if s == byClock && !e.c.clear(a, b) {
		return e.c.beyond(b, a)
	}
	return e.pair(s, a, b).more()
}

// enough reports whether there are rounds enough for an interval.
func (e *evidence) enough() bool { return len(e.whole) >= enoughRuns }
