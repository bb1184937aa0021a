package bench

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"imgpipe/cmd/imgpipe/internal/figure"
)

// A sayer takes a sentence of the verdict with the figures that it rests on.
type sayer func(kind, text, figures string)

// middle returns the median of a figure of all runs of a contestant.
func (e *evidence) middle(config int, of func(*Sample) float64) float64 {
	var values []float64
	for _, s := range e.runs[config] {
		if s != nil {
			values = append(values, of(s))
		}
	}
	return median(values)
}

// mean returns the mean of a figure of all runs of a contestant that know it; ok is false if none does.
func (e *evidence) mean(config int, of func(*Sample) (float64, bool)) (mean float64, ok bool) {
	sum, n := 0.0, 0
	for _, s := range e.runs[config] {
		if s == nil {
			continue
		}
		if f, known := of(s); known {
			sum += f
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}

// otherCPUs returns how many CPUs other programs kept busy during a run, if that is known.
func otherCPUs(s *Sample) (cpus float64, ok bool) {
	if s.Summary.Conditions.OtherCPUs != nil {
		return *s.Summary.Conditions.OtherCPUs, true
	}
	return s.OtherCPU, s.OtherCPU > 0
}

// stolenCPUs returns how many CPUs the host of a virtual machine took during a run, if that is known.
func stolenCPUs(s *Sample) (cpus float64, ok bool) {
	if s.Summary.Conditions.Steal == nil || s.Wall() <= 0 {
		return 0, false
	}
	return *s.Summary.Conditions.Steal / s.Wall(), true
}

// measured returns the wall time and the CPU time of contestants.
func (e *evidence) measured(of []int) string {
	var said []string
	for _, i := range of {
		said = append(said, fmt.Sprintf("%s %s, %s of CPU for each image", e.c.Name(i),
			figure.Duration(e.middle(i, (*Sample).Wall)), figure.Duration(e.middle(i, e.figure(byCPU)))))
	}
	return strings.Join(said, "; ")
}

// shares returns what part of the wall time of contestants went into disturbance.
func (e *evidence) shares(of []int) string {
	var said []string
	for _, i := range of {
		said = append(said, fmt.Sprintf("%s %s", e.c.Name(i),
			figure.Percent(e.middle(i, func(s *Sample) float64 { return s.DisturbedShare }))))
	}
	return "disturbed share of the wall time: " + strings.Join(said, ", ")
}

// names returns the names of contestants as a list.
func (e *evidence) names(of []int) string {
	var names []string
	for _, i := range of {
		names = append(names, e.c.Name(i))
	}
	return list(names)
}

func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

func without(all []int, one int) []int {
	return slices.DeleteFunc(slices.Clone(all), func(i int) bool { return i == one })
}

// sentence returns s with a capital at its beginning and a full stop at its end.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return strings.TrimSuffix(string(unicode.ToUpper(r))+s[n:], ".") + "."
}

// plural returns a number with the words that go with it.
func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}

// spelled returns a small number as a word.
func spelled(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}
	if n < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}

// withInterval returns a ratio with its interval.
func withInterval(e Estimate) string {
	if !e.Finite() {
		return fmt.Sprintf("%.2f (too few rounds for an interval)", e.Center)
	}
	return rangeOf(e, 2)
}

// probability returns that of equal contestants that differ as much.
func probability(p float64) string {
	if p < 0.001 {
		return "p < 0.001"
	}
	return fmt.Sprintf("p = %.3f", p)
}
