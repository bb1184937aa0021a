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

func (s scale) figure(run *Sample) float64 {
	if s == byClock {
		return run.Wall()
	}
	return perImage(cpuTime(&run.Summary), &run.Summary)
}

// evidence is what the sentences rest on: the runs by contestant and round, and which rounds were disturbed.
type evidence struct {
	c *Comparison
	// runs has a run by contestant and round; nil is one that was not made. ran are the contestants that ran until the
	// end.
	runs [][]*Sample
	ran  []int
	// whole are the rounds in which all of ran have a run, quiet those of them in which none was disturbed.
	whole, quiet []int
	// withheld says why there is no order by the clock; "" if there is one.
	withheld string

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
	return p.cost.Finite() && p.cost.Low >= 1-tieWithin && p.cost.High <= 1+tieWithin
}

// less, more report whether the second one is shown to take less, or more, than the first.
func (p pairing) less() bool { return p.p < level && p.cost.High < 1 && !p.tie() }
func (p pairing) more() bool { return p.p < level && p.cost.Low > 1 && !p.tie() }

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
	for _, s := range c.Samples {
		rounds = max(rounds, s.Round+1)
	}
	for i := range e.runs {
		e.runs[i] = make([]*Sample, rounds)
	}
	for i := range c.Samples {
		s := &c.Samples[i]
		if e.runs[s.Config][s.Round] == nil {
			e.runs[s.Config][s.Round] = s
		}
	}
	e.ran = ranThrough(e.runs)
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
	e.withheld = c.Withheld
	if e.withheld == "" && e.enough() && len(e.quiet) < enoughRuns && len(e.quiet) < len(e.whole) {
		e.withheld = e.disturbances()
	}
	return e
}

// ranThrough returns the contestants that have as many runs as any, but for the last round, in which an interruption
// leaves some out. One that dropped out on the way would take the rounds of all others with it.
func ranThrough(runs [][]*Sample) (ran []int) {
	made, most := make([]int, len(runs)), 0
	for i, of := range runs {
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

// of returns the rounds that count on a scale. CPU time of other programs is in no CPU time of ours, so all count
// there.
func (e *evidence) of(s scale) []int {
	if s == byClock && len(e.quiet) >= enoughRuns {
		return e.quiet
	}
	return e.whole
}

// ratios returns the quotients of a figure of two contestants, one for each round that both have.
func (e *evidence) ratios(rounds []int, of func(a, b *Sample) float64, a, b int) []float64 {
	var all []float64
	for _, round := range rounds {
		if r := of(e.runs[a][round], e.runs[b][round]); finite(r) && r > 0 {
			all = append(all, r)
		}
	}
	return all
}

// pair compares two contestants on a scale.
func (e *evidence) pair(s scale, a, b int) pairing {
	key := pairKey{s, a, b}
	if p, ok := e.known[key]; ok {
		return p
	}
	ratios := e.ratios(e.of(s), func(x, y *Sample) float64 { return s.figure(y) / s.figure(x) }, a, b)
	var p pairing
	p.cost, p.p = paired(ratios)
	p.seen = wouldBeSeen(ratios)
	e.known[key] = p
	return p
}

// certainly is how many times as fast b is as a at least, whatever disturbed them: a is counted without all that its
// disturbance can have cost, and b with it.
func (e *evidence) certainly(a, b int) Estimate {
	least, _ := paired(e.ratios(e.whole, func(x, y *Sample) float64 {
		return x.Wall() * (1 - min(x.DisturbedShare, 1)) / y.Wall()
	}, a, b))
	return least
}

// beyondDoubt is what the least speed must exceed before it is said in spite of disturbance: neighbors slow a program
// also by what no clock of waiting shows, such as caches.
const beyondDoubt = 1.10

// beyond reports whether b is faster than a by more than disturbance can explain.
func (e *evidence) beyond(a, b int) bool {
	least := e.certainly(a, b)
	return least.Finite() && least.Low > beyondDoubt
}

// unevenBy is by how much the disturbed shares of two contestants may differ before their walls are not compared.
const unevenBy = 0.02

// uneven reports whether other programs took clearly more from one of two contestants than from the other.
func (e *evidence) uneven(a, b int) bool {
	var more []float64
	for _, round := range e.of(byClock) {
		more = append(more, e.runs[b][round].DisturbedShare-e.runs[a][round].DisturbedShare)
	}
	return len(more) > 0 && math.Abs(median(more)) >= unevenBy && wilcoxon(more) < level
}

// slower reports whether b is shown to take more than a. By the clock that needs a machine that was as quiet for both,
// or a difference that no disturbance explains.
func (e *evidence) slower(s scale, a, b int) bool {
	if s == byClock && (e.withheld != "" || e.uneven(a, b)) {
		return e.beyond(b, a)
	}
	return e.pair(s, a, b).more()
}

// enough reports whether there are rounds enough for an interval.
func (e *evidence) enough() bool { return len(e.whole) >= enoughRuns }
