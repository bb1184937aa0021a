package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/summary"
)

// CompareWith sets Against: how the contestants of an earlier comparison differ from those of the same name, or of the
// same flags, in this one. Both must have been analysed.
func (c *Comparison) CompareWith(earlier *Comparison) {
	a := &Against{Began: earlier.Began, Program: earlier.Program, Machine: earlier.Machine, Card: earlier.Card}
	found := make([]bool, len(earlier.Configs))
	for i := range c.Configs {
		j := earlier.find(c.Name(i), c.Configs[i], found)
		if j < 0 {
			a.Missing = append(a.Missing, c.Name(i))
			continue
		}
		found[j] = true
		if len(c.of(i, (*Sample).Wall)) == 0 || len(earlier.of(j, (*Sample).Wall)) == 0 {
			a.Missing = append(a.Missing, c.Name(i))
			continue
		}
		row := AgainstRow{Name: c.Name(i)}
		row.Wall, row.WallP = unpaired(c.walls(i), earlier.walls(j))
		row.CPU, row.CPUP = unpaired(c.cpus(i), earlier.cpus(j))
		a.Rows = append(a.Rows, row)
	}
	for j := range earlier.Configs {
		if !found[j] {
			a.Missing = append(a.Missing, earlier.Name(j))
		}
	}
	a.Notes = c.notes(earlier)
	a.Withheld = cmp.Or(c.Withheld, earlier.Withheld)
	c.Against = a
	c.judge()
}

// sayAlone says what one contestant takes now, beside the same one in an earlier comparison.
func (e *evidence) sayAlone(say sayer, a *Against) {
	name := e.c.Name(e.ran[0])
	at := slices.IndexFunc(a.Rows, func(r AgainstRow) bool { return r.Name == name })
	if at < 0 {
		say("choice", fmt.Sprintf("Only %s was run, and the earlier comparison has nothing like it.", name),
			e.measured(e.ran))
		return
	}
	row := a.Rows[at]
	wall := withInterval(row.Wall) + " times the wall time"
	switch {
	case a.Withheld != "":
		wall = "of the wall time nothing is shown: " + a.Withheld
	case row.WallP >= Level:
		wall += ", no difference shown"
	}
	cpu := withInterval(row.CPU) + " times the CPU time for each image"
	if row.CPUP >= Level {
		cpu += ", no difference shown"
	}
	say("choice", fmt.Sprintf("%s, beside the earlier comparison: %s; %s.", name, wall, cpu),
		fmt.Sprintf("%s by the clock, %s by CPU time; %s", probability(row.WallP), probability(row.CPUP),
			e.measured(e.ran)))
}

// Knows reports whether CompareWith would find a Config of p in c.
func (c *Comparison) Knows(p Plan) bool {
	return slices.ContainsFunc(p.Named().Configs, func(config Config) bool {
		return c.find(config.Name, config, make([]bool, len(c.Configs))) >= 0
	})
}

// find returns the Config of a name, or else one that does the same, of those not found yet; −1 if there is none.
func (c *Comparison) find(name string, config Config, found []bool) int {
	same := -1
	for j := range c.Configs {
		switch {
		case found[j]:
		case c.Name(j) == name:
			return j
		case same < 0 && c.Configs[j].Same(config):
			same = j
		}
	}
	return same
}

// walls returns the wall times that the wall time of a Config rests on, cpus all CPU times of an image.
func (c *Comparison) walls(config int) (all []float64) {
	runs, _ := c.quietOf(config)
	for _, s := range runs {
		all = append(all, s.Wall())
	}
	return all
}

func (c *Comparison) cpus(config int) []float64 {
	return c.of(config, func(s *Sample) float64 { return c.each(s.cpu(), s) })
}

// notes says what differs besides the times: then they may differ for that reason.
func (c *Comparison) notes(earlier *Comparison) (notes []string) {
	differ := func(what string, now, then any) {
		if now != then {
			notes = append(notes, fmt.Sprintf("%s: %v now, %v then", what, now, then))
		}
	}
	differ("images", c.Job.Images, earlier.Job.Images)
	differ("bytes read", summary.Bytes(c.Job.BytesIn), summary.Bytes(earlier.Job.BytesIn))
	differ("what is made of them", cmp.Or(c.Job.Spec, "nothing"), cmp.Or(earlier.Job.Spec, "nothing"))
	differ("stage", c.Job.Stage, earlier.Job.Stage)
	differ("latency of the server", c.Job.Latency, earlier.Job.Latency)
	differ("version", c.Program, earlier.Program)
	differ("Go", c.Go, earlier.Go)
	differ("machine", machineWords(c), machineWords(earlier))
	for _, one := range []struct {
		when string
		c    *Comparison
	}{{"now", c}, {"then", earlier}} {
		if one.c.Withheld != "" {
			notes = append(notes, fmt.Sprintf("the wall times of %s: %s", one.when, one.c.Withheld))
		}
	}
	return notes
}

// machineWords returns what is known of the machine of both old and new files.
func machineWords(c *Comparison) string {
	words := []string{fmt.Sprintf("%s/%s with %s", c.Machine.OS, c.Machine.Arch, figure.Count(c.Machine.CPUs, "CPU"))}
	for _, w := range []string{c.Card.CPU, c.Card.Kernel} {
		if w != "" {
			words = append(words, w)
		}
	}
	if c.Card.Quota > 0 {
		words = append(words, fmt.Sprintf("a quota of %s CPUs", figure.Number(c.Card.Quota)))
	}
	return strings.Join(words, ", ")
}

// unpaired returns how many times the values before those now are, with its interval, and the probability that two
// equal ones would differ as much. The two come from different days, so nothing pairs their runs.
//
// The estimate is the median of all differences of logarithms (Hodges and Lehmann, Annals of Mathematical Statistics
// 34, 1963), the test that of Mann and Whitney (ibid. 18, 1947). A difference of 0 counts for neither side, so the
// interval leaves out 1 if, and only if, the test finds a difference.
func unpaired(now, before []float64) (times Estimate, p float64) {
	x, y := logarithms(now), logarithms(before)
	if len(x) == 0 || len(y) == 0 {
		return estimate(nil), 1
	}
	var differences []float64
	below, above := 0, 0
	for _, a := range x {
		for _, b := range y {
			d := a - b
			differences = append(differences, d)
			if d <= 0 {
				below++
			}
			if d >= 0 {
				above++
			}
		}
	}
	slices.Sort(differences)
	times = estimate(nil)
	times.Center = math.Exp(quantile(differences, 0.5))
	tail, cut := 0.0, 0
	for u, q := range rankSums(len(x), len(y)) {
		if u <= min(below, above) {
			p += 2 * q
		}
		if tail += q; tail <= Level/2 {
			cut = u + 1
		}
	}
	if cut > 0 {
		times.Low, times.High = math.Exp(differences[cut-1]), math.Exp(differences[len(differences)-cut])
	}
	return times, min(p, 1)
}

// rankSums returns the distribution of Mann and Whitney's U of n and m values, when each order of them is as likely:
// element u is the probability that in u pairs the first is smaller.
func rankSums(n, m int) []float64 {
	if n*m > manyRanks {
		return normalRankSums(n, m)
	}
	// ways[j] is the distribution for i values and j others. The largest value of all is one of the i, which is above
	// all j others, or it is one of the j.
	ways := make([][]float64, m+1)
	for j := range ways {
		ways[j] = []float64{1}
	}
	for i := 1; i <= n; i++ {
		for j := 1; j <= m; j++ {
			next := make([]float64, i*j+1)
			share := float64(i) / float64(i+j)
			for u, q := range ways[j] {
				next[u+j] += share * q
			}
			for u, q := range ways[j-1] {
				next[u] += (1 - share) * q
			}
			ways[j] = next
		}
	}
	return ways[m]
}

// manyRanks is how many pairs of values are too many to count the orders of.
const manyRanks = 10_000

// normalRankSums is rankSums by the normal distribution.
func normalRankSums(n, m int) []float64 {
	mean, sd := float64(n*m)/2, math.Sqrt(float64(n*m*(n+m+1))/12)
	below := func(u float64) float64 { return math.Erfc((mean-u)/(sd*math.Sqrt2)) / 2 }
	all := make([]float64, n*m+1)
	for u := range all {
		all[u] = below(float64(u)+0.5) - below(float64(u)-0.5)
	}
	return all
}
