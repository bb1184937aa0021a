package pipeline

import (
	"math"
	"testing"
)

// TestAnIntervalOfRatiosIsThatOfTheSignedRankTest has the numbers of means that tables of the test leave out (Hollander
// and Wolfe, table A.4, with two-sided 5 %).
func TestAnIntervalOfRatiosIsThatOfTheSignedRankTest(t *testing.T) {
	for n, want := range map[int]int{1: 0, 5: 0, 6: 1, 7: 3, 8: 4, 9: 6, 10: 9} {
		if got := outsideRanks(n); got != want {
			t.Errorf("of %d ratios %d means are outside on each side, want %d", n, got, want)
		}
	}
	if i := shift(nil); i != (Interval{}) {
		t.Errorf("of no ratios: %+v, want unknown", i)
	}
	if i := shift([]float64{0.1, 0.2, 0.3}); i.Low != 0 || !math.IsInf(i.High, 1) {
		t.Errorf("three ratios have an interval: %+v", i)
	}
	logs := []float64{math.Log(0.9), math.Log(0.8), math.Log(0.7), math.Log(0.85), math.Log(0.75), math.Log(0.95)}
	i := shift(logs)
	if math.Abs(i.Low-0.7) > 1e-9 || math.Abs(i.High-0.95) > 1e-9 || i.Ratio < 0.8 || i.Ratio > 0.85 {
		t.Errorf("of six ratios: %+v, want all six inside, and the middle", i)
	}
}

func TestWhatARoundDecides(t *testing.T) {
	same := func(ratio float64, n int) (logs []float64) {
		for range n {
			logs = append(logs, math.Log(ratio))
		}
		return logs
	}
	for name, tt := range map[string]struct {
		walls, cpus     []float64
		decided, second bool
	}{
		"too few":                     {same(0.5, 2), same(0.5, 2), false, false},
		"slower":                      {same(1.1, 3), same(1.1, 3), true, false},
		"faster, not yet shown":       {same(0.8, 5), same(0.8, 5), false, false},
		"faster":                      {same(0.8, 6), same(0.8, 6), true, true},
		"faster, CPU not known":       {same(0.8, 6), nil, true, true},
		"faster for more CPU":         {same(0.8, 3), same(1.04, 3), true, false},
		"hardly faster":               {same(0.99, 3), same(0.99, 3), true, false},
		"faster in five rounds of 10": {append(same(0.8, 5), same(1.05, 5)...), nil, true, false},
	} {
		if decided, second := weigh(tt.walls, tt.cpus); decided != tt.decided || second != tt.second {
			t.Errorf("%s: decided %v for the second %v, want %v and %v", name, decided, second, tt.decided, tt.second)
		}
	}
}
