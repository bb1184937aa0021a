package bench

import (
	"cmp"
	"math"
	"slices"
)

// An order is what a scale says of some contestants.
type order struct {
	best int
	// ties are the contestants, with best, of which none is shown to be worse than the best, and whose whole intervals
	// lie close to it. open are those of which nothing is shown, worse the others, the best of them first.
	ties, open, worse []int
	// seen is the smallest difference that would have been found among ties and open.
	seen float64
}

// order puts contestants in order, as far as that is shown.
//
// Of many equal contestants, some two differ by chance more often than 5 times in 100. So the slowest of three or more
// may be called slower only if a test of all of them at once finds a difference; then the slowest is left out, and the
// others are tested in the same way.
func (e *evidence) order(s scale, among []int) order {
	sorted, logs := e.sorted(s, among)
	o := order{best: sorted[0], ties: sorted[:1:1]}
	differ := len(sorted)
	for alignedRanks(logs[:differ]) < Level { // one alone never differs
		differ--
	}
	if differ == 2 {
		differ = 1 // the test of the pair decides
	}
	for at, i := range sorted[1:] {
		p := e.pair(s, o.best, i)
		trusted := s == byCPU || e.c.clear(o.best, i)
		switch {
		case at+1 >= differ && e.slower(s, o.best, i):
			o.worse = append(o.worse, i)
			continue
		case trusted && p.tie():
			o.ties = append(o.ties, i)
		default:
			o.open = append(o.open, i)
		}
		if trusted {
			o.seen = max(o.seen, p.seen)
		}
	}
	slices.Sort(o.ties)
	return o
}

// alike returns the contestants of which none is shown to be worse than the best.
func (o order) alike() []int { return slices.Sorted(slices.Values(slices.Concat(o.ties, o.open))) }

// sorted returns contestants, the best first, and for each the logarithms of its figures, less the mean of the round.
func (e *evidence) sorted(s scale, among []int) (sorted []int, logs [][]float64) {
	rounds, figure := e.together(s), e.figure(s)
	byConfig := map[int][]float64{}
	for _, round := range rounds {
		mean := 0.0
		for _, i := range among {
			mean += math.Log(figure(e.runs[i][round])) / float64(len(among))
		}
		for _, i := range among {
			byConfig[i] = append(byConfig[i], math.Log(figure(e.runs[i][round]))-mean)
		}
	}
	middle := map[int]float64{}
	for i, values := range byConfig {
		middle[i] = median(values)
	}
	sorted = slices.Clone(among)
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(middle[a], middle[b]) })
	for _, i := range sorted {
		logs = append(logs, byConfig[i])
	}
	return sorted, logs
}

// alignedRanks returns the probability that equal contestants differ as much as these, of which each has a value for
// each round, less the mean of the round: the test of Hodges and Lehmann (Annals of Mathematical Statistics 33, 1962).
// Unlike Friedman's it compares the values across rounds, and so finds one contestant among many that differs.
func alignedRanks(values [][]float64) float64 {
	type place struct {
		config, round int
		value         float64
	}
	var all []place
	for i, of := range values {
		for round, v := range of {
			all = append(all, place{i, round, v})
		}
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Compare(a.value, b.value) })
	k, n := len(values), len(values[0])
	sums, means := make([]float64, k), make([]float64, n)
	ranks := make([]float64, len(all))
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j].value == all[i].value {
			j++
		}
		for at := i; at < j; at++ {
			ranks[at] = float64(i+1+j) / 2
			sums[all[at].config] += ranks[at]
			means[all[at].round] += ranks[at] / float64(k)
		}
		i = j
	}
	within, between := 0.0, 0.0
	for at, p := range all {
		within += (ranks[at] - means[p.round]) * (ranks[at] - means[p.round])
	}
	for _, sum := range sums {
		d := sum - float64(n)*float64(len(all)+1)/2
		between += d * d
	}
	if within == 0 {
		return 1
	}
	return chiSquareTail(float64(k-1)*between/within, k-1)
}

// chiSquareTail returns the probability of a value of x or more with so many degrees of freedom.
func chiSquareTail(x float64, degrees int) float64 {
	if x <= 0 {
		return 1
	}
	tail, term, from := math.Erfc(math.Sqrt(x/2)), math.Sqrt(2*x/math.Pi)*math.Exp(-x/2), 1
	if degrees%2 == 0 {
		tail, term, from = math.Exp(-x/2), x/2*math.Exp(-x/2), 2
	}
	for d := from; d < degrees; d += 2 {
		tail += term
		term *= x / float64(d+2)
	}
	return min(tail, 1)
}
