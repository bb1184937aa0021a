package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/pipeline"
)

// A loss is a part of the speed that more workers could have brought and did not.
type loss struct {
	what string
	lost float64
}

// A scaled is how the speed of one contestant came about, counted from the one with the fewest workers.
type scaled struct {
	narrow, wide int
	// could is what so many workers could bring on these CPUs, came what they brought.
	could float64
	came  Estimate
	// losses add up to could − came.
	losses []loss
}

// scaled returns how a contestant compares with the same one with the fewest workers; ok is false if that was not run,
// or if there is no order by the clock.
func (e *evidence) scaled(wide int) (s scaled, ok bool) {
	near := e.neighbors(workersDimension, wide)
	if e.c.Job.Stage == StageFetch || len(near) == 0 || !e.enough() {
		return s, false
	}
	narrow, cpus := near[0], max(e.c.Machine.CPUs, 1)
	few, many := e.c.Configs[narrow].Workers, e.c.Configs[wide].Workers
	if few >= many || few >= cpus || !e.c.clear(narrow, wide) {
		return s, false
	}
	s = scaled{narrow: narrow, wide: wide, came: e.pair(byClock, narrow, wide).speed()}
	s.could = float64(min(many, cpus)) / float64(few)
	work := 1.0
	if p := e.pair(byCPU, narrow, wide); p.p < Level && math.Abs(p.cost.Center-1) >= leastWork {
		work = p.cost.Center
		s.losses = []loss{{workWords(work), s.could - s.could/work}}
	}
	s.losses = append(s.losses, e.idle(narrow, wide, s.could/work-s.came.Center)...)
	return s, true
}

// leastWork is by what share the CPU work of an image must differ to be named.
const leastWork = 0.02

// workWords returns what became of the CPU work of an image.
func workWords(work float64) string {
	if work < 1 {
		return figure.Percent(1-work) + " less CPU work for each image"
	}
	return figure.Percent(work-1) + " more CPU work for each image"
}

// idle splits what is lost to CPUs that did not work for us, by the entries of the account that grew. A wait for a CPU
// that the workers themselves explain, as there are more of them than CPUs, is no loss. What no entry explains is lost
// to idle CPUs, as is all if there is no account.
func (e *evidence) idle(narrow, wide int, lost float64) []loss {
	a, b := e.account(narrow), e.account(wide)
	own := max(0, 1-float64(e.c.Machine.CPUs)/float64(e.c.Configs[wide].Workers))
	grew, sum := map[pipeline.Entry]float64{}, 0.0
	for _, row := range pipeline.Entries() {
		by := b[row.Entry] - a[row.Entry]
		if row.Entry == pipeline.EntryCPUWait {
			by -= own
		}
		if row.Of == "" && row.Entry != pipeline.EntryCPU && by > 0.005 {
			grew[row.Entry] = by
			sum += by
		}
	}
	switch {
	case lost < 0:
		return []loss{{"what no entry explains", lost}}
	case a == nil || sum == 0:
		return []loss{{"idle CPUs", lost}}
	}
	var losses []loss
	for _, row := range pipeline.Entries() {
		if by, ok := grew[row.Entry]; ok {
			what := words(row.Entry)
			switch row.Entry {
			case pipeline.EntryTail:
				what = "idle CPUs at the end (tail)"
			case pipeline.EntryBefore, pipeline.EntryAfter:
				what = "the time " + what
			case pipeline.EntryRest:
				what = "what has no entry"
			}
			losses = append(losses, loss{what, lost * by / sum})
		}
	}
	slices.SortStableFunc(losses, func(x, y loss) int { return cmp.Compare(y.lost, x.lost) })
	return losses
}

// hundredths rounds the losses so that what is shown adds up to the difference that is shown.
func (s scaled) hundredths() (could, came float64, losses []loss) {
	round := func(f float64) float64 { return math.Round(100*f) / 100 }
	could, came = round(s.could), round(s.came.Center)
	left, largest := round(could-came), 0
	for i, l := range s.losses {
		losses = append(losses, loss{l.what, round(l.lost)})
		left = round(left - losses[i].lost)
		if math.Abs(l.lost) > math.Abs(s.losses[largest].lost) {
			largest = i
		}
	}
	losses[largest].lost = round(losses[largest].lost + left)
	return could, came, together(losses)
}

// together makes one of the losses of a hundredth.
func together(losses []loss) (fewer []loss) {
	small := loss{what: "the rest"}
	for _, l := range losses {
		if math.Abs(l.lost) < 0.015 {
			small.lost += l.lost
		} else {
			fewer = append(fewer, l)
		}
	}
	if math.Abs(small.lost) >= 0.005 {
		fewer = append(fewer, small)
	}
	return fewer
}

// sayScaling says what came of the speed that the CPUs could give, and what the rest was lost to. The parts add up.
func (e *evidence) sayScaling(say sayer, choice int) {
	s, ok := e.scaled(e.widest(choice))
	if !ok {
		return
	}
	could, came, losses := s.hundredths()
	few, cpus := e.c.Configs[s.narrow].Workers, max(e.c.Machine.CPUs, 1)
	what := spelled(cpus) + " CPUs"
	if many := e.c.Configs[s.wide].Workers; many < cpus {
		what = spelled(many) + " workers"
	}
	text := fmt.Sprintf("Of the %.1f that %s could give, %.2f came", could, what, came)
	if math.Abs(could-math.Round(10*could)/10) > 0.001 {
		text = fmt.Sprintf("Of the %.2f that %s could give, %.2f came", could, what, came)
	}
	var parts []string
	for _, l := range losses {
		switch {
		case l.lost > 0:
			parts = append(parts, fmt.Sprintf("%.2f lost to %s", l.lost, l.what))
		default:
			parts = append(parts, fmt.Sprintf("%.2f won by %s", -l.lost, l.what))
		}
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	say("scaling", text+".", fmt.Sprintf("%s beside %s: %s times as fast, CPU for each image %s times as much",
		e.c.Name(s.wide), plural(few, "worker", "workers"), withInterval(s.came),
		withInterval(e.pair(byCPU, s.narrow, s.wide).cost)))
	if share, ok := e.serial(s.wide); ok {
		say("serial", fmt.Sprintf("A serial share of %.2f (%.2f to %.2f) of the work explains that (Karp–Flatt).",
			share.Center, share.Low, share.High), fmt.Sprintf("from %s workers, none beyond the %d CPUs",
			e.widthsOf(s.wide), cpus))
	}
}

// widest returns the contestant like this one that has the most workers; of those beyond the CPUs, that with the
// fewest.
func (e *evidence) widest(of int) int {
	cpus := max(e.c.Machine.CPUs, 1)
	for _, i := range e.neighbors(workersDimension, of) {
		mine, other := e.c.Configs[of].Workers, e.c.Configs[i].Workers
		if mine < cpus && other > mine || other >= cpus && other < mine {
			of = i
		}
	}
	return of
}

// ladder returns the contestants like this one with up to as many workers as there are CPUs, the narrowest first.
func (e *evidence) ladder(of int) []int {
	all := append(e.neighbors(workersDimension, of), of)
	all = slices.DeleteFunc(all, func(i int) bool { return e.c.Configs[i].Workers > max(e.c.Machine.CPUs, 1) })
	slices.SortStableFunc(all, func(i, j int) int { return e.c.Configs[i].Workers - e.c.Configs[j].Workers })
	return all
}

func (e *evidence) widthsOf(of int) string {
	var widths []string
	for _, i := range e.ladder(of) {
		widths = append(widths, fmt.Sprint(e.c.Configs[i].Workers))
	}
	return list(widths)
}

// Bounds of the serial share.
const (
	leastWidths = 3    // two points fit any curve
	moreWork    = 0.03 // so much more CPU work for each image is another cause
	otherCause  = 0.03 // so is an entry of the account that grew by this share
	leastSerial = 0.01 // less is no share worth a sentence
)

// serial returns the serial share of Karp and Flatt (Communications of the ACM 33, 1990) with its interval: that which
// explains the speed of all widths, if Amdahl's law is the only reason. So it needs three widths or more from one
// worker on, none beyond the CPUs, and an account that has no other cause. A share that grows with the width is none.
// Its caller knows from scaled that there is an order by the clock.
func (e *evidence) serial(of int) (share Estimate, ok bool) {
	ladder := e.ladder(of)
	if len(ladder) < leastWidths || e.c.Configs[ladder[0]].Workers != 1 {
		return share, false
	}
	one, wide := ladder[0], ladder[len(ladder)-1]
	a, b := e.account(one), e.account(wide)
	if a == nil || b == nil || math.Abs(e.pair(byCPU, one, wide).cost.Center-1) > moreWork || e.explained(a, b) {
		return share, false
	}
	var all []float64
	low, high := math.Inf(-1), math.Inf(1)
	for _, i := range ladder[1:] {
		if e.c.uneven(one, i) {
			return share, false
		}
		shares := e.serialShares(one, i)
		all = append(all, shares...)
		at := located(shares)
		low, high = max(low, at.Low), min(high, at.High)
	}
	rounds := e.together(byClock)
	means := make([]float64, len(rounds))
	for i, s := range all {
		means[i%len(rounds)] += s / float64(len(ladder)-1)
	}
	share = located(means)
	return share, share.Low > leastSerial && low <= high+leastSerial
}

// serialShares returns the serial share that explains the wall of a contestant beside that of one worker, by round.
func (e *evidence) serialShares(one, many int) (shares []float64) {
	n := float64(e.c.Configs[many].Workers)
	for _, round := range e.together(byClock) {
		speedup := e.runs[one][round].Wall() / e.runs[many][round].Wall()
		shares = append(shares, (1/speedup-1/n)/(1-1/n))
	}
	return shares
}

// explained reports whether the account of many workers has a cause that is no serial share: an entry that grew, and in
// which not all workers but one wait for what only one can do.
func (e *evidence) explained(one, many account) bool {
	serial := []pipeline.Entry{pipeline.EntryCPU, pipeline.EntryBefore, pipeline.EntryAfter, pipeline.EntryStore,
		pipeline.EntryRest}
	for _, row := range pipeline.Entries() {
		if row.Of != "" || slices.Contains(serial, row.Entry) {
			continue
		}
		grew := many[row.Entry] - one[row.Entry]
		if row.Entry == pipeline.EntryFileWait { // the listing is one for all
			grew -= many[pipeline.EntryListing] - one[pipeline.EntryListing]
		}
		if grew > otherCause {
			return true
		}
	}
	return false
}

// located is the center of values, with an interval, as paired has it for the logarithms of ratios.
func located(values []float64) Estimate {
	exps := make([]float64, len(values))
	for i, v := range values {
		exps[i] = math.Exp(v)
	}
	e, _ := paired(exps)
	return Estimate{math.Log(e.Center), math.Log(e.Low), math.Log(e.High)}
}

// scaling sets what the widths of each contestant show: Efficiency where a narrower one was run, Serial and Ceiling
// where a serial share explains it.
func (c *Comparison) scaling() {
	e := c.evidence()
	for _, i := range e.ran {
		s, ok := e.scaled(i)
		if !ok {
			continue
		}
		r := &c.Results[i]
		r.Efficiency = s.came.Center / s.could
		if share, ok := e.serial(i); ok && i == e.widest(i) {
			r.Serial, r.Ceiling = share.Center, 1/share.Center
		}
	}
}
