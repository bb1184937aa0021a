package main

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// madeUpDemo returns a comparison like a demo's, in which a run takes as long as wall says.
func madeUpDemo(rounds int, wall func(config, round int) float64, change func(*bench.Sample)) *bench.Comparison {
	c := &bench.Comparison{Job: bench.Job{Stage: bench.StageAll, Latency: demoLatency}, Configs: bench.Grid(
		[]string{modes.Serial, modes.GIL, modes.Goroutines, modes.Processes}, []int{2}, []int{manyDownloads})}
	for round := range rounds {
		for config, this := range c.Configs {
			w := wall(config, round)
			s := bench.Sample{Config: config, Round: round, Elapsed: w, Summary: summary.Summary{
				Mode: this.Mode, Workers: this.Workers, Downloads: this.Downloads, Items: demoRound, Done: demoRound,
				Wall: w, ImagesPerSec: demoRound / w, User: 0.4, PeakPSS: 50e6, Machine: summary.Machine{CPUs: 2},
			}}
			if change != nil {
				change(&s)
			}
			c.Samples = append(c.Samples, s)
		}
	}
	c.Analyse()
	return c
}

// quiet has each mode take its time, but for a percent.
func quiet(walls ...float64) func(config, round int) float64 {
	return func(config, round int) float64 { return walls[config] * (1 + 0.01*math.Sin(float64(3*round+5*config))) }
}

func TestDemoSaysTheOrdersThatItShowsAndNoOthers(t *testing.T) {
	byOthers := func(s *bench.Sample) { s.Disturbed, s.OtherCPU = "other programs held 1.6 of 2 CPUs", 1.6 }
	broken := madeUpDemo(1, quiet(1.2, 0.5, 0.28, 0.28), nil)
	broken.Samples = broken.Samples[1:]
	broken.Analyse()
	for _, test := range []struct {
		name string
		c    *bench.Comparison
		want []string
	}{
		{"a quiet machine", madeUpDemo(6, quiet(1.2, 0.5, 0.28, 0.28), nil), []string{
			"gil: 2.4", " times as fast as serial.", "goroutines: 1.7", " times as fast as gil.",
			"goroutines and processes: no difference shown.", "All modes wrote the same"}},
		{"processes are slower", madeUpDemo(6, quiet(1.2, 0.5, 0.28, 0.35), nil), []string{
			"processes: 0.8", " times as fast as goroutines."}},
		{"other programs", madeUpDemo(6, quiet(1.2, 0.5, 0.28, 0.35), byOthers), []string{
			"Other programs held 1.6 of 2 CPUs in all 6 rounds: these figures show no order."}},
		{"a busy machine", madeUpDemo(4, quiet(1.2, 0.5, 0.28, 0.35), nil), []string{
			"4 of 6 rounds were made: these figures show no order.", "All modes wrote the same"}},
		{"no round of all modes", broken, []string{"0 of 6 rounds were made: these figures show no order.\n\n"}},
	} {
		text := demoText(test.c)
		for _, want := range test.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not said:\n%s", test.name, want, text)
			}
		}
		if strings.Contains(text, "NaN") {
			t.Errorf("%s: a figure of nothing:\n%s", test.name, text)
		}
		if orders := strings.Contains(text, " as serial."); orders != strings.Contains(test.want[0], "gil") &&
			strings.Contains(text, "no order") {
			t.Errorf("%s: an order and none:\n%s", test.name, text)
		}
	}
}

// TestDemoTableHasARangeBesideEachRatioAndWhatWasWaitedForACPU reads the table of a comparison with an account.
func TestDemoTableHasARangeBesideEachRatioAndWhatWasWaitedForACPU(t *testing.T) {
	c := madeUpDemo(6, quiet(1.2, 0.5, 0.28, 0.28), nil)
	c.Results[1].Account = map[pipeline.Entry]float64{pipeline.EntryCPUWait: 0.123}
	c.Results[2].Account = map[pipeline.Entry]float64{pipeline.EntryCPU: 0.3}
	c.Results[3] = bench.Result{}
	lines := strings.Split(demoText(c), "\n")
	for i, want := range []string{
		`mode workers downloads wall s images/s times as fast (95 %) CPU s waited for a CPU s peak memory`,
		`serial 1 1 1.20 10.0 1 0.40 not known 50MB`, `gil 2 16 0.50 24.0 2.4`, `goroutines 2 16 0.28 42.9 4.29 (`,
		`processes 2 16 – – – – – –`,
	} {
		if got := strings.Join(strings.Fields(lines[i]), " "); !strings.HasPrefix(got, want) {
			t.Errorf("line %d is %q, want %q", i, got, want)
		}
	}
	if !strings.Contains(lines[2], " to ") || strings.Join(strings.Fields(lines[2])[9:], " ") != "0.40 0.12 50MB" ||
		!strings.Contains(lines[3], "0.00") {
		t.Errorf("ranges and waits:\n%s\n%s", lines[2], lines[3])
	}
}

// TestDemoPrintsAnOrderOnlyIfItsIntervalExcludesOneAndNothingDisturbedIt is a law, over made-up samples of all kinds.
func TestDemoPrintsAnOrderOnlyIfItsIntervalExcludesOneAndNothingDisturbedIt(t *testing.T) {
	printed := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		base := []float64{1, 1, 1, 1}
		for i := range base {
			base[i] = math.Exp(0.5 * r.NormFloat64() * float64(r.IntN(2)))
		}
		noise, often := 0.3*r.Float64(), r.Float64()*float64(r.IntN(2))
		c := madeUpDemo(1+r.IntN(10), func(config, _ int) float64 {
			return base[config] * math.Exp(noise*r.NormFloat64())
		}, func(s *bench.Sample) {
			if r.Float64() < often {
				s.Disturbed = "other programs held 1.2 of 2 CPUs"
			}
		})
		for _, said := range demoOrders(c) {
			second, rest, ordered := strings.Cut(said, ": ")
			_, first, isOrder := strings.Cut(strings.TrimSuffix(rest, "."), " times as fast as ")
			if !ordered || !isOrder {
				if strings.Contains(said, "fast") {
					t.Errorf("seed %d: %q", seed, said)
				}
				continue
			}
			printed++
			a, b := configOf(c, first), configOf(c, second)
			e, _ := c.Ratio(a, b)
			if !e.Finite() || e.Low <= 1 && e.High >= 1 {
				t.Errorf("seed %d: %q, though the interval is %v", seed, said, e)
			}
			if n := quietRounds(c, a, b); n < 6 {
				t.Errorf("seed %d: %q from %d quiet rounds", seed, said, n)
			}
		}
	}
	if printed < 50 {
		t.Errorf("only %d orders were printed: the law was hardly tried", printed)
	}
}

func configOf(c *bench.Comparison, mode string) int {
	for i, this := range c.Configs {
		if this.Mode == mode {
			return i
		}
	}
	return -1
}

// quietRounds counts the rounds in which neither of two contestants was disturbed.
func quietRounds(c *bench.Comparison, a, b int) (n int) {
	quiet := map[int]int{}
	for _, s := range c.Samples {
		if (s.Config == a || s.Config == b) && s.Disturbed == "" {
			if quiet[s.Round]++; quiet[s.Round] == 2 {
				n++
			}
		}
	}
	return n
}
