package bench

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// seeds is how many comparisons each truth has on each machine. The race detector looks for something else than what
// many seeds show, and -short asks for little.
func seeds() int {
	if n := os.Getenv("IMGPIPE_SEEDS"); n != "" {
		var seeds int
		fmt.Sscan(n, &seeds)
		return seeds
	}
	if testing.Short() {
		return 200 / max(slowed, 10)
	}
	return 200 / slowed
}

// wantShare is the share of the seeds in which a cause must be named.
const wantShare = 0.95

// conclude is Analyse without the parts and the claims. An order that is withheld already stays so.
func conclude(c *Comparison) {
	c.describe()
	c.Withheld = cmp.Or(c.Withheld, c.withheld())
	c.Results = make([]Result, len(c.Configs))
	for _, s := range c.Samples {
		c.Results[s.Config].Runs++
	}
	c.scaling()
	c.Warnings = c.warnings()
	c.Verdict = c.verdict()
}

// forbidden is what no verdict says, whatever was measured; in lower case.
var forbidden = []string{"garbage", "collector", "any number of cpus", "would help: about", "could bring",
	"buy isolation", "not warm", "forked", "used to its end", "amdahl", "nan ", "nan)", "inf ", "inf)", "%!"}

func forbiddenIn(text string) string {
	text = strings.ToLower(text) + " "
	for _, what := range forbidden {
		if strings.Contains(text, what) {
			return what
		}
	}
	return ""
}

// orders is what only a clock that is not withheld can say.
var orders = regexp.MustCompile(`the fastest|as fast as anything|[^A-Za-z]Slower:`)

// unless it says that it is sure in spite of that.
var byTheClock = regexp.MustCompile(`[^;,.]*\d\) times as fast`)

// lines returns the findings as the truths see them.
func lines(c *Comparison) (all []string) {
	for _, f := range c.Verdict {
		all = append(all, f.Kind+": "+f.Text)
	}
	return all
}

// broken returns the laws that a verdict breaks, whatever it is about.
func broken(c *Comparison) (laws []string) {
	e := c.evidence()
	withheld := c.Withheld != "" && e.enough()
	for _, f := range c.Verdict {
		if strings.TrimSpace(f.Figures) == "" {
			laws = append(laws, "no figures: "+f.Text)
		}
		if what := forbiddenIn(f.Text + " " + f.Figures); what != "" {
			laws = append(laws, what+" is said: "+f.Text)
		}
		if withheld && (orders.MatchString(f.Text) || byTheClock.MatchString(f.Text) && f.Kind != "cost") {
			laws = append(laws, "an order by a clock that is withheld: "+f.Text)
		}
	}
	for _, w := range c.Warnings {
		if what := forbiddenIn(w.Text); what != "" {
			laws = append(laws, what+" is said: "+w.Text)
		}
	}
	return laws
}

// matcher has the regular expressions of a truth, compiled once.
type matcher map[string]*regexp.Regexp

func (m matcher) any(expression string, lines []string) bool {
	for _, line := range lines {
		if m[expression].MatchString(line) {
			return true
		}
	}
	return false
}

func (t truth) matcher() matcher {
	m := matcher{}
	for _, all := range [][]string{t.must, t.calm, t.blurred, t.never, t.calmNever} {
		for _, e := range all {
			m[e] = regexp.MustCompile(e)
		}
	}
	return m
}

// A tally is how often what a truth asks for was missing on one machine, and what was said that it forbids.
type tally struct {
	seeds, missed int
	missing       map[string]int
	said          map[string]string
}

func (t truth) on(m simulatedMachine, seeds int) tally {
	if t.blurred == nil && len(t.sides) > 1 {
		t.blurred = []string{saysNoOrder, cpuRatio}
	}
	all, match := tally{seeds: seeds, missing: map[string]int{}, said: map[string]string{}}, t.matcher()
	for seed := range seeds {
		c := simulate(t, m, uint64(seed))
		conclude(c)
		said, withheld := lines(c), c.Withheld != ""
		undisturbed := m == quietMachine || m == driftingMachine
		want, never := t.must, t.never
		switch {
		case withheld:
			want = append(want[:len(want):len(want)], t.blurred...)
		case undisturbed:
			want = append(want[:len(want):len(want)], t.calm...)
		}
		if undisturbed {
			never = append(never[:len(never):len(never)], t.calmNever...)
		}
		missed := false
		for _, e := range want {
			if !match.any(e, said) {
				all.missing[e]++
				missed = true
				if all.said[e] == "" {
					all.said["missing "+e] = strings.Join(said, "\n    ")
				}
			}
		}
		for _, e := range never {
			if match.any(e, said) {
				all.said["forbidden "+e] = fmt.Sprintf("seed %d: %s", seed, strings.Join(said, "\n    "))
			}
		}
		for _, law := range broken(c) {
			all.said["law "+law] = fmt.Sprintf("seed %d: %s", seed, strings.Join(said, "\n    "))
		}
		if t.check != nil && !withheld && undisturbed {
			if wrong := t.check(c); wrong != "" {
				missed = true
				all.missing[wrong]++
			}
		}
		if missed {
			all.missed++
		}
	}
	return all
}

// wrong returns what is wrong with a tally; "" for nothing.
func (a tally) wrong() string {
	var b strings.Builder
	if float64(a.seeds-a.missed) < wantShare*float64(a.seeds) {
		fmt.Fprintf(&b, "what must be said is missing in %d of %d:\n", a.missed, a.seeds)
		for e, n := range a.missing {
			fmt.Fprintf(&b, "  %d times %s\n    %s\n", n, e, a.said["missing "+e])
		}
	}
	for what, said := range a.said {
		if !strings.HasPrefix(what, "missing ") {
			fmt.Fprintf(&b, "  %s\n    %s\n", what, said)
		}
	}
	return b.String()
}

// TestPlantedCausesAreNamed: each truth, on each machine, has its cause named in 95 of 100 comparisons, and in none is
// anything said that is false.
func TestPlantedCausesAreNamed(t *testing.T) {
	var wait sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	n := seeds()
	for _, truth := range truths() {
		for _, machine := range simulatedMachines {
			slots <- struct{}{}
			wait.Go(func() {
				defer func() { <-slots }()
				if wrong := truth.on(machine, n).wrong(); wrong != "" {
					t.Errorf("%s, on a machine that is %s: %s", truth.name, machine, wrong)
				}
			})
		}
	}
	wait.Wait()
}

// TestAccountsOfTheSimulatorAddUp: what the truths rest on is whole itself.
func TestAccountsOfTheSimulatorAddUp(t *testing.T) {
	for _, truth := range truths() {
		for _, machine := range simulatedMachines {
			for _, s := range simulate(truth, machine, 1).Samples {
				checkAccount(t, truth.name, s.Summary.Account)
			}
		}
	}
}

func checkAccount(t *testing.T, name string, a *summary.Account) {
	sum, parts := 0.0, map[pipeline.Entry]float64{}
	for _, row := range pipeline.Entries() {
		spent := a.Spent[row.Entry]
		if spent < 0 {
			t.Errorf("%s: %s is %v", name, row.Entry, spent)
		}
		if row.Of == "" {
			sum += spent
		} else {
			parts[row.Of] += spent
		}
	}
	if whole := float64(a.Lanes) * a.Wall; math.Abs(sum/whole-1) > 0.01 {
		t.Errorf("%s: the entries add up to %.4f of lanes × wall: %v", name, sum/whole, a.Spent)
	}
	for whole, sum := range parts {
		if sum > a.Spent[whole]*1.0001+1e-9 {
			t.Errorf("%s: the parts of %s are %v, it is %v", name, whole, sum, a.Spent[whole])
		}
	}
}
