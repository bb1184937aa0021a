package bench

import "time"

// mostRounds bounds a comparison whose end is not a number of rounds.
const mostRounds = 200

// Why a comparison has ended, in Comparison.Ended. A comparison that was interrupted has none of them.
const (
	EndedRounds    = "rounds"
	EndedPrecision = "precision"
	EndedBudget    = "budget"
)

// ended returns why no round follows those that were made, of which counted count; "" if one follows.
//
// Looking at the width of an interval after each round, and going on until it is narrow, does not make equal
// contestants look different: how far the ratios scatter says nothing of the side that they lie on. The tests simulate
// it.
func (f *field) ended(counted int) string {
	p := f.plan
	if p.Runs > 0 {
		return f.endedRepeating(counted)
	}
	switch {
	case counted == 0:
		return ""
	case counted >= mostRounds:
		return EndedRounds
	case !f.fits(1):
		return EndedBudget
	case counted >= enoughRuns && p.Precision > 0 && f.precise(counted):
		return EndedPrecision
	}
	return ""
}

// endedRepeating is ended for a fixed number of rounds. Those that were disturbed are made again within the budget,
// each once.
func (f *field) endedRepeating(counted int) string {
	p := f.plan
	switch {
	case counted < p.Runs:
		return ""
	case p.Budget == 0, counted >= 2*p.Runs, f.c.quietRounds() >= p.Runs:
		return EndedRounds
	case !f.fits(1):
		return EndedBudget
	}
	return ""
}

// fits reports whether so many more rounds probably end within the budget.
func (f *field) fits(rounds int) bool {
	return f.used()+time.Duration(rounds)*f.round() <= f.plan.Budget
}

// tooLong reports whether runs like the first one, which took so long, leave no time in the budget for a round that
// does not count beside one that does. Then the first round counts.
func (f *field) tooLong(first time.Duration) bool {
	rounds := time.Duration(f.plan.Warmup + 1)
	return f.plan.Runs == 0 && rounds*time.Duration(len(f.plan.running()))*first > f.plan.Budget
}

// used returns how much of the budget is gone.
func (f *field) used() time.Duration { return time.Since(f.c.Began) }

// round returns how long a round takes on average.
func (f *field) round() time.Duration {
	var sum time.Duration
	for _, d := range f.took {
		sum += d
	}
	return sum / time.Duration(max(len(f.took), 1))
}

// precise reports whether all ratios to the baseline are as narrow as they are to be: by the wall time, or by the CPU
// time if the order by wall time is withheld and further rounds would hardly change that.
func (f *field) precise(counted int) bool {
	c := f.c
	if c.withheld() == "" {
		return c.narrow(f.plan.Precision, c.wallRatios)
	}
	// As many rounds are quiet in the time that is left as were until now.
	left := 0
	if each := f.round(); each > 0 {
		left = int(max(f.plan.Budget-f.used(), 0) / each)
	}
	quiet := float64(c.quietRounds()) * float64(counted+left) / float64(counted)
	hopeless := counted >= 2*enoughRuns && quiet < enoughRuns
	return hopeless && c.narrow(f.plan.Precision, c.cpuRatios)
}

// narrow reports whether the intervals of the ratios to the baseline reach no further than a share to each side. A
// Config alone has no ratio: then it is the interval of its own time.
func (c *Comparison) narrow(share float64, ratios func(a, b int) []float64) bool {
	enough := func(e Estimate) bool { return e.Finite() && (e.High-e.Low)/2 <= share*e.Center }
	compared := false
	for i := range c.Configs {
		if i == c.Baseline || len(c.pairs(c.Baseline, i)) == 0 {
			continue
		}
		compared = true
		if ratio, _ := paired(ratios(c.Baseline, i)); !enough(ratio) {
			return false
		}
	}
	return compared || enough(estimate(c.of(c.Baseline, (*Sample).Wall)))
}

// quietRounds returns in how many rounds no run was disturbed.
func (c *Comparison) quietRounds() int {
	quiet := map[int]bool{}
	for i := range c.Samples {
		s := &c.Samples[i]
		was, seen := quiet[s.Round]
		quiet[s.Round] = (was || !seen) && s.Disturbed == ""
	}
	n := 0
	for _, q := range quiet {
		if q {
			n++
		}
	}
	return n
}

// expected returns how many rounds there will be in all after those made, with those that do not count: at least as
// many as are needed, and no more than fit.
func (f *field) expected(made int) int {
	p := f.plan
	if p.Runs > 0 {
		return max(p.rounds(), made)
	}
	each := f.round()
	if each == 0 {
		return p.rounds()
	}
	fit := made + int(max(p.Budget-f.used(), 0)/each)
	if made >= p.rounds() {
		return min(fit, p.Warmup+mostRounds)
	}
	return max(min(fit, p.rounds()), p.Warmup+1, made)
}
