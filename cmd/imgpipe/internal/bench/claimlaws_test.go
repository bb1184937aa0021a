package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// parts returns c and its Parts.
func (c *Comparison) parts() []*Comparison {
	all := []*Comparison{c}
	for i := range c.Parts {
		all = append(all, &c.Parts[i])
	}
	return all
}

// narrow has no contestant make more than n downloads.
func narrow(c *Comparison, n int) {
	for i := range c.Configs {
		c.Configs[i].Downloads = min(c.Configs[i].Downloads, n)
	}
}

// TestMachinesOfAllKindsHardlyEverMakeAClaimFalse has a textbook world and a leveled one on a quiet machine, a noisy
// one, one that drifts, and one whose neighbors are busy beside processes alone. A claim that is true there may be left
// open, and so may one that is false.
func TestMachinesOfAllKindsHardlyEverMakeAClaimFalse(t *testing.T) {
	machines := map[string]func(r *rand.Rand, s *Sample) float64{
		"quiet": func(r *rand.Rand, _ *Sample) float64 { return math.Exp(0.02 * r.NormFloat64()) },
		"noisy": func(r *rand.Rand, _ *Sample) float64 { return math.Exp(0.15 * r.NormFloat64()) },
		"drifting": func(r *rand.Rand, s *Sample) float64 {
			return (1 + 0.05*float64(s.Round)) * math.Exp(0.03*r.NormFloat64())
		},
		"uneven": func(r *rand.Rand, s *Sample) float64 {
			if s.Summary.Mode != modes.Processes {
				return math.Exp(0.03 * r.NormFloat64())
			}
			s.Disturbed, s.DisturbedShare, s.OtherCPU = "other programs held 1.2 of 2 CPUs", 0.6, 1.2
			return 2.5 * math.Exp(0.1*r.NormFloat64())
		},
	}
	const seeds = max(20/slowed, 5)
	wrong, right := map[string]int{}, map[string]int{}
	for name, machine := range machines {
		for seed := range uint64(seeds) {
			r := rand.New(rand.NewPCG(seed, uint64(len(name))))
			w := world{rounds: 8, change: func(s *Sample) {
				f := machine(r, s)
				s.Elapsed, s.Summary.Wall = f*s.Elapsed, f*s.Summary.Wall
				s.Summary.User *= math.Exp(0.01 * r.NormFloat64())
			}}
			for truth, costs := range map[string]func(string, Config) cost{holds: textbook, fails: leveled} {
				w.cost = costs
				for _, claim := range w.made().Claims {
					switch {
					case strings.HasPrefix(claim.Text, "Work that computes") && truth == fails:
						// That is true also where nothing matters.
					case claim.Holds == truth:
						right[claim.Text]++
					case claim.Holds != notShown:
						wrong[claim.Text]++
						t.Logf("%s, seed %d: %+v", name, seed, claim)
					}
				}
			}
		}
	}
	for text, n := range wrong {
		if n > len(machines)*2*seeds/50 {
			t.Errorf("%q came out false in %d of %d worlds", text, n, len(machines)*2*seeds)
		}
	}
	if len(right) < 6 {
		t.Errorf("only these claims came out: %v", right)
	}
}

// TestNoClaimIsDecidedByAnIntervalThatHasItsBoundInIt is a law: a claim that is borne out or denied has an interval
// that lies on one side.
func TestNoClaimIsDecidedByAnIntervalThatHasItsBoundInIt(t *testing.T) {
	for i := range 2000 {
		low := 0.5 + float64(i%50)/25
		e := Estimate{low + 0.2, low, low + 0.4*float64(1+i/50)/10}
		for _, bound := range []float64{costsSomething, nothingGained, hardlyFaster, 2 * muchFaster} {
			above, below := beyond(e, bound), within(e, bound)
			if (above == notShown) != (e.Low <= bound && e.High > bound) || above != notShown && above == below {
				t.Fatalf("%v and a bound of %v: above %q, not above %q", e, bound, above, below)
			}
		}
	}
	for _, e := range []Estimate{estimate(nil), estimate([]float64{2, 2, 2})} {
		if beyond(e, 1) != notShown || within(e, 3) != notShown {
			t.Errorf("%v is judged without an interval", e)
		}
	}
}

// TestEachClaimNamesItsFigureOrWhatItNeeds is a law over made-up worlds.
func TestEachClaimNamesItsFigureOrWhatItNeeds(t *testing.T) {
	for _, lesson := range []*Lesson{nil, {}, asTaught} {
		for _, costs := range []func(string, Config) cost{textbook, leveled} {
			for _, change := range []func(*Sample){nil, noisy, heldByOthers} {
				for _, claim := range (world{cost: costs, lesson: lesson, change: change}).made().Claims {
					if claim.Measured == "" || strings.Contains(claim.Measured, "NaN") {
						t.Errorf("%+v has no figure", claim)
					}
					if claim.Holds != notShown && !strings.ContainsAny(claim.Measured, "0123456789") {
						t.Errorf("%+v was decided without a number", claim)
					}
				}
			}
		}
	}
	if got, want := fmt.Sprint((&Comparison{}).claims()), "[]"; got != want {
		t.Errorf("nothing was measured: claims %v", got)
	}
}
