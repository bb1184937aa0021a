package bench

import (
	"fmt"
	"math"
	"slices"

	"imgpipe/cmd/imgpipe/internal/figure"
)

// Whether a claim holds here.
const (
	holds    = "yes"
	fails    = "no"
	notShown = "not shown"
)

// The bounds of the claims. A claim holds if its whole interval lies beyond its bound, and does not hold if the whole
// interval lies on the other side.
const (
	hardlyFaster   = 1.2  // times as fast: less than that is no gain from several workers
	muchFaster     = 1.3  // times as fast for each CPU: more than CPUs alone could bring
	nothingGained  = 1.1  // times as fast: less than that is nothing
	costsSomething = 1.05 // times the CPU time: less than that is a tie
	muchOthers     = 0.15 // of each CPU, taken by other programs: that disturbs
)

// lessonCommand is the command that measures all claims.
const lessonCommand = "imgpipe compare --lesson"

// claims returns what is often said about threads, locks and processes, each with what was measured of it here.
func (c *Comparison) claims() []Claim {
	if c.Different != "" || len(c.Samples) == 0 || c.Samples[0].Summary.Done == 0 {
		return nil
	}
	var all []Claim
	for _, row := range []struct {
		text  string
		judge func(*Comparison) claimed
	}{
		{"Threads share memory: nothing is copied. Between processes it costs something.", (*Comparison).claimShared},
		{"Threads are light to start: processes take longer.", (*Comparison).claimLightStart},
		{"Threads are light in memory: one more process costs more.", (*Comparison).claimLightMemory},
		{"A global interpreter lock lets waiting overlap.", (*Comparison).claimLockWaits},
		{"A global interpreter lock stops CPU work from overlapping.", (*Comparison).claimLockComputes},
		{"Processes use the cores where threads under such a lock do not.", (*Comparison).claimProcessesScale},
		{"Processes are isolated: an image that crashes one of them leaves the others alone.",
			(*Comparison).claimIsolated},
		{"Processes are heavy: to start, in memory, for each image.", (*Comparison).claimHeavy},
		{"Work that waits for I/O wants many threads, many more than there are CPUs.",
			(*Comparison).claimManyDownloads},
		{"Work that computes wants cores: more threads than CPUs bring nothing.", (*Comparison).claimCores},
	} {
		j := row.judge(c)
		claim := Claim{Text: row.text, Measured: j.measured, Holds: j.holds, Figure: j.figure}
		if claim.Holds == "" {
			claim.Holds = notShown
		}
		if claim.Holds == notShown && c.Machine.CPUs > 1 {
			claim.Command = lessonCommand
		}
		all = append(all, claim)
	}
	return all
}

// A claimed is what was found of a claim.
type claimed struct {
	holds    string // "" is notShown
	measured string
	figure   *Estimate
}

// unmeasured is a claim of which nothing was measured: what it needs.
func unmeasured(needs string) claimed {
	return claimed{measured: fmt.Sprintf("not measured: %s needed, as in '%s'", needs, lessonCommand)}
}

// oneCPU is a claim about several CPUs where there is but one.
func oneCPU() claimed { return claimed{measured: "one CPU cannot show it: two are needed"} }

// beyond judges the claim that a figure is above its bound.
func beyond(e Estimate, bound float64) string {
	switch {
	case math.IsInf(e.Low, 0) || math.IsNaN(e.Center): // there is no interval; High may be infinite in one
		return notShown
	case e.Low > bound:
		return holds
	case e.High <= bound:
		return fails
	}
	return notShown
}

// within judges the claim that a figure is not above its bound.
func within(e Estimate, bound float64) string {
	switch beyond(e, bound) {
	case holds:
		return fails
	case fails:
		return holds
	}
	return notShown
}

// A duel is two contestants of one comparison: b is measured against a.
type duel struct {
	in   *Comparison
	a, b int
}

func (d duel) first() Config  { return d.in.Configs[d.a] }
func (d duel) second() Config { return d.in.Configs[d.b] }

// measuredParts returns the comparisons that can show something: the Parts, which have a job made for it, and then c.
func (c *Comparison) measuredParts() (all []*Comparison) {
	for i := range c.Parts {
		all = append(all, &c.Parts[i])
	}
	all = append(all, c)
	return slices.DeleteFunc(all, func(p *Comparison) bool {
		return p.Different != "" || len(p.Samples) == 0 || len(p.Results) != len(p.Configs)
	})
}

// duel returns the first comparison in which two contestants fit, with the widest second one that does, against the
// narrowest first one. Contestants with flags or an environment of their own are passed over.
func (c *Comparison) duel(fits func(in *Comparison, a, b Config) bool) (best duel, ok bool) {
	for _, in := range c.measuredParts() {
		for a := range in.Configs {
			for b := range in.Configs {
				this := duel{in, a, b}
				if a != b && in.plain(a) && in.plain(b) && fits(in, in.Configs[a], in.Configs[b]) &&
					(!ok || this.wider(best)) {
					best, ok = this, true
				}
			}
		}
		if ok {
			return best, true
		}
	}
	return best, false
}

// wider reports whether d says more about widths than other does.
func (d duel) wider(other duel) bool {
	width := func(c Config) int { return c.Workers + c.Downloads }
	if n, m := width(d.second()), width(other.second()); n != m {
		return n > m
	}
	return width(d.first()) < width(other.first())
}

// plain reports whether a contestant ran, and is a mode in some width and nothing else.
func (c *Comparison) plain(config int) bool {
	this := c.Configs[config]
	return c.Results[config].Runs > 0 && len(this.Extra) == 0 && len(this.Env) == 0 && this.Program == "" &&
		this.Peer == ""
}

// rounds returns the rounds that both of d's contestants finished.
func (d duel) rounds() []round { return d.in.pairs(d.a, d.b) }

// faster returns how many times faster the second contestant is by the clock.
func (d duel) faster() Estimate {
	e, _ := d.in.Ratio(d.a, d.b)
	return e
}

// cpu returns how many times the CPU time of the first contestant the second one takes for an image.
func (d duel) cpu() Estimate {
	e, _ := d.in.CPUTimes(d.a, d.b)
	return e
}

// freed returns the same as faster, as far as no disturbance explains it: Low is what would be left if the disturbance
// of the first contestant alone were taken away, and High if that of the second were.
func (d duel) freed() Estimate {
	e := d.faster()
	low, _ := paired(ratiosOf(d.rounds(), func(r round) float64 { return r.a.atLeast() / r.b.Wall() }))
	high, _ := paired(ratiosOf(d.rounds(), func(r round) float64 { return r.a.Wall() / r.b.atLeast() }))
	return Estimate{e.Center, min(e.Low, low.Low), max(e.High, high.High)}
}

// noOrder is the end of a sentence about what disturbed a clock.
const noOrder = ": no order by the clock"

// disturbed returns what disturbed the clock of d's contestants so often that it shows no order; "" if nothing did.
func (d duel) disturbed() string {
	if d.in.Withheld != "" {
		return d.in.Withheld + noOrder
	}
	rounds := d.rounds()
	quiet, others := 0, []float64(nil)
	for _, r := range rounds {
		if !r.a.wasDisturbed() && !r.b.wasDisturbed() {
			quiet++
		}
		others = append(others, r.a.OtherCPU, r.b.OtherCPU)
	}
	if quiet == len(rounds) || quiet >= enoughRuns {
		return ""
	}
	if held := median(others); held > muchOthers {
		return fmt.Sprintf("other programs held %.1f of %s in %d of %s", held, figure.Count(d.in.Machine.CPUs, "CPU"),
			len(rounds)-quiet, figure.Count(len(rounds), "round")) + noOrder
	}
	return fmt.Sprintf("%d of %s were disturbed", len(rounds)-quiet, figure.Count(len(rounds), "round")) + noOrder
}

// wasDisturbed reports whether something disturbed the run. Where the system does not say who waited for a CPU, much
// work of other programs is taken for that.
func (s *Sample) wasDisturbed() bool {
	if s.Disturbed != "" {
		return true
	}
	return s.Summary.Conditions.CPUPressure == nil && s.OtherCPU > muchOthers*float64(s.Summary.Machine.CPUs)
}

// enough returns what is missing for an interval; "" if nothing is.
func (d duel) enough() string {
	if n := len(d.rounds()); n < enoughRuns {
		return fmt.Sprintf("%s: %d are needed", figure.Count(n, "round"), enoughRuns)
	}
	return ""
}

// byClock judges a claim about d's contestants by the clock: judge has the interval. what says what was measured, with
// %s for the figure. The time of work that waits is longer than any disturbance, and counts as far as none explains it.
func (d duel) byClock(what string, waits bool, judge func(Estimate) string) claimed {
	e := d.faster()
	found := claimed{figure: &e, measured: fmt.Sprintf(what, ratioWords(e))}
	disturbed := d.disturbed()
	if disturbed != "" && waits && d.enough() == "" {
		free := d.freed()
		found.holds = judge(free)
		if found.holds != notShown {
			found.measured += fmt.Sprintf("; without whatever disturbed it, %.2f to %.2f", free.Low, free.High)
			return found
		}
	}
	if why := firstOf(d.enough(), disturbed); why != "" {
		found.holds = notShown
		found.measured += "; " + why
		return found
	}
	found.holds = judge(e)
	return found
}

func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// ratioWords returns a ratio of speeds in words.
func ratioWords(e Estimate) string { return rangeOf(e, 2) + " times as fast" }

// rangeOf returns an estimate with its interval, if it has one.
func rangeOf(e Estimate, digits int) string {
	if !finite(e.Center) {
		return "not known"
	}
	if !e.Finite() {
		return fmt.Sprintf("%.*f", digits, e.Center)
	}
	return fmt.Sprintf("%.*f (%.*f to %.*f)", digits, e.Center, digits, e.Low, digits, e.High)
}

// moreBytes and secondsRange are rangeOf for differences of amounts, which may be negative, and for times.
func moreBytes(e Estimate) string { return unitRange(e, signedBytes) }

func signedBytes(n float64) string {
	if n < 0 {
		return "−" + figure.Bytes(-n)
	}
	return figure.Bytes(n)
}

func secondsRange(e Estimate) string { return unitRange(e, figure.Duration) }

func unitRange(e Estimate, word func(float64) string) string {
	if !e.Finite() {
		return word(e.Center)
	}
	return fmt.Sprintf("%s (%s to %s)", word(e.Center), word(e.Low), word(e.High))
}
