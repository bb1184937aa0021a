package pipeline

import (
	"math"
	"slices"
)

// When a Trial decides. With fewer rounds than six no interval can leave out 1, however much faster one side is.
const (
	firstLook = 3  // rounds after which the second can be given up
	shownFrom = 6  // rounds after which it can be chosen
	mostLooks = 10 // rounds after which the first is chosen, if nothing was decided before
	// mostRounds is the same for all rounds, also those in which a task failed. They do not count.
	mostRounds = 30
	// worth is the least gain for which the trial goes on. Less is not worth the change.
	worth = 0.02
)

// An Interval is a ratio of the second Executor to the first, for the same work, and the interval that holds the true
// ratio in 95 of 100 trials. Low is 0 and High infinite if there were too few rounds for one. The zero Interval means
// that the ratio is not known.
type Interval struct{ Ratio, Low, High float64 }

// shift returns the estimate of Hodges and Lehmann for a ratio, from its logarithms, with the interval that belongs to
// Wilcoxon's signed-rank test (Hollander and Wolfe, Nonparametric Statistical Methods, 3.2 and 3.3).
func shift(logs []float64) Interval {
	if len(logs) == 0 {
		return Interval{}
	}
	var means []float64
	for i, a := range logs {
		for _, b := range logs[:i+1] {
			means = append(means, (a+b)/2)
		}
	}
	slices.Sort(means)
	n := len(means)
	i := Interval{math.Exp((means[n/2] + means[(n-1)/2]) / 2), 0, math.Inf(1)}
	if outside := outsideRanks(len(logs)); outside > 0 {
		i.Low, i.High = math.Exp(means[outside-1]), math.Exp(means[n-outside])
	}
	return i
}

// outsideRanks returns how many means of pairs an interval of 95 % leaves out on each side: the number of rank sums
// that are improbable, if each of n signs is tossed like a coin.
func outsideRanks(n int) (outside int) {
	dist := []float64{1} // element w is the probability of the sum w
	for rank := 1; rank <= n; rank++ {
		next := make([]float64, len(dist)+rank)
		for w, q := range dist {
			next[w] += q / 2
			next[w+rank] += q / 2
		}
		dist = next
	}
	below := 0.0
	for w, q := range dist {
		if below += q; below > 0.025 {
			return w
		}
	}
	return 0
}

// weigh looks at the rounds of a trial: the logarithms of the ratios of wall time and CPU time, the second to the
// first. Where the system does not tell CPU time, cpus is empty. The second is chosen only if the whole interval of its
// wall time is below 1, and it did not take more CPU time for that: a side that is faster because it took the CPUs from
// other programs is not better.
func weigh(walls, cpus []float64) (decided, second bool) {
	n := len(walls)
	if n < firstLook {
		return false, false
	}
	wall, cpu := shift(walls), shift(cpus)
	switch {
	case wall.Ratio > 1-worth, cpu.Ratio > 1:
		return true, false
	case n >= shownFrom && n%2 == 0 && wall.High < 1:
		return true, true
	}
	return n >= mostLooks, false
}
