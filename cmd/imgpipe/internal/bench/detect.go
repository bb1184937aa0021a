package bench

import (
	"math"
	"slices"
)

// detectable returns the smallest difference that ratios like these would have shown in four of five comparisons, as a
// share: 0.1 is 10 %. It returns 0 if there are too few of them to show any.
//
// The ratios scatter by s, which is the distance of the quartiles of their logarithms over 1.349: that is the standard
// deviation of a normal variable, and one held-up run does not widen it. The difference is exp(k·s) − 1.
func detectable(ratios []float64) float64 {
	logs := logarithms(ratios)
	k := powerFactor(len(logs))
	if k == 0 {
		return 0
	}
	slices.Sort(logs)
	const normal = 1.349 // between the quartiles of a normal variable, in standard deviations
	s := (quantile(logs, 0.75) - quantile(logs, 0.25)) / normal
	return math.Exp(k*s) - 1
}

// powerFactors has by rounds how many standard deviations of the log ratio two contestants must lie apart for the test
// of paired to find that in 80 of 100 comparisons. TestDetectableDifferencesAreFoundInFourOfFiveComparisons simulates
// normal log ratios and holds the table to it. 200 000 such comparisons for each row made it.
var powerFactors = []struct {
	rounds int
	k      float64
}{{6, 1.79}, {7, 1.48}, {8, 1.25}, {9, 1.15}, {10, 1.08}, {12, 0.97}, {15, 0.84}, {20, 0.70}, {30, 0.56}, {50, 0.43}}

// powerFactor returns the factor for any number of rounds; 0 if the test can find nothing. Beyond the table it falls as
// one over the square root of the rounds.
func powerFactor(rounds int) float64 {
	last := powerFactors[len(powerFactors)-1]
	if rounds < powerFactors[0].rounds {
		return 0
	}
	for i, p := range powerFactors {
		if rounds > p.rounds {
			continue
		}
		if rounds == p.rounds {
			return p.k
		}
		before := powerFactors[i-1]
		part := float64(rounds-before.rounds) / float64(p.rounds-before.rounds)
		return before.k + part*(p.k-before.k)
	}
	return last.k * math.Sqrt(float64(last.rounds)/float64(rounds))
}

// quantile returns a quantile of sorted values, between the two that it lies between.
func quantile(sorted []float64, q float64) float64 {
	at, part := math.Modf(q * float64(len(sorted)-1))
	low := sorted[int(at)]
	if part == 0 {
		return low
	}
	return low + part*(sorted[int(at)+1]-low)
}

// logarithms returns those of the values that have one.
func logarithms(values []float64) (logs []float64) {
	for _, v := range values {
		if l := math.Log(v); finite(l) {
			logs = append(logs, l)
		}
	}
	return logs
}
