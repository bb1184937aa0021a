package bench

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/perf/benchmath"

	"imgpipe/cmd/imgpipe/internal/modes"
)

func TestFilesOfEarlierVersionsAreRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "recorded", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Read(f)
		f.Close()
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		c.Analyse()
		if len(c.Results) != len(c.Configs) || c.Withheld != "" {
			t.Errorf("%s: %d results of %d contestants, withheld %q", path, len(c.Results), len(c.Configs), c.Withheld)
		}
	}
}

func TestWhatIsNoComparisonIsRefused(t *testing.T) {
	with := func(change func(*Comparison)) string {
		c := contest(2, 1, 1, nil)
		change(c)
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for text, want := range map[string]string{
		"":                    "no JSON",
		"wall_s 1.2":          "no JSON",
		"[1, 2]":              "other JSON",
		`{"samples": "many"}`: "other JSON",
		`{"wall_s": 1}`:       "without contestants",
		with(func(c *Comparison) { c.Baseline = 2 }):                        "the baseline is contestant 2 of 2",
		with(func(c *Comparison) { c.Samples[1].Config = -1 }):              "contestant -1 of 2",
		with(func(c *Comparison) { c.Samples[0].Elapsed = 0 }):              "no time",
		with(func(c *Comparison) { c.Samples[2].Round = 1 << 40 }):          "there are 4 runs",
		with(func(c *Comparison) { c.Samples[2].Round = 0 }):                "twice in round 0",
		with(func(c *Comparison) { c.Timelines = []Timeline{{Config: 5}} }): "a timeline",
		with(func(c *Comparison) {
			c.Parts = []Comparison{*contest(1, 1, 1, nil)}
			c.Parts[0].Samples[0].Config = 9
		}): "alone",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), "expected a file of imgpipe compare --format json") {
			t.Errorf("%.60q: error %v, want one with %q", text, err, want)
		}
	}
	if _, err := Read(strings.NewReader(with(func(*Comparison) {}))); err != nil {
		t.Errorf("a comparison: %v", err)
	}
}

func TestMannAndWhitneysProbabilitiesAreThoseOfTheLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	sample := func(n int) (values []float64) {
		for range n {
			values = append(values, math.Exp(0.2*rng.NormFloat64()))
		}
		return values
	}
	for range 300 {
		x, y := sample(3+rng.IntN(10)), sample(3+rng.IntN(10))
		_, p := unpaired(x, y)
		th := &benchmath.DefaultThresholds
		want := benchmath.AssumeNothing.Compare(benchmath.NewSample(slices.Clone(x), th),
			benchmath.NewSample(slices.Clone(y), th)).P
		if math.Abs(p-want) > 1e-9 {
			t.Fatalf("%v and %v: p = %v, want %v", x, y, p, want)
		}
	}
	const n = 60
	mean, normal := 0.0, normalRankSums(n, n)
	for u, q := range rankSums(n, n) {
		mean += q * float64(u)
		if d := math.Abs(q - normal[u]); d > 1e-4 {
			t.Fatalf("U = %d: the normal distribution is off by %v", u, d)
		}
	}
	if math.Abs(mean-n*n/2) > 1e-6 {
		t.Errorf("the mean of U is %v, want %v", mean, n*n/2)
	}
}

func TestUnpairedIntervalLeavesOutOneExactlyWhenTheTestSaysSo(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for range 2000 {
		var x, y []float64
		shift := 0.15 * rng.NormFloat64()
		for range 3 + rng.IntN(10) {
			x = append(x, math.Exp(shift)*(1+0.01*float64(rng.IntN(20)))) // ties among them
		}
		for range 3 + rng.IntN(10) {
			y = append(y, 1+0.01*float64(rng.IntN(20)))
		}
		e, p := unpaired(x, y)
		if outside := e.Low > 1 || e.High < 1; outside != (p < Level) && math.Abs(p-Level) > 1e-9 {
			t.Fatalf("p = %v, interval %v to %v of %v, %v", p, e.Low, e.High, x, y)
		}
		if e.Finite() && (e.Center < e.Low || e.Center > e.High) {
			t.Fatalf("%v is outside %v to %v", e.Center, e.Low, e.High)
		}
	}
}

// TestOneContestantIsSetBesideItselfOfAnEarlierComparison, which is something to compare it with.
func TestOneContestantIsSetBesideItselfOfAnEarlierComparison(t *testing.T) {
	alone := func(wall float64) *Comparison {
		c := contest(8, wall, 1, nil)
		c.Configs, c.Samples = c.Configs[:1], slices.DeleteFunc(c.Samples, func(s Sample) bool { return s.Config == 1 })
		c.Analyse()
		return c
	}
	beside := func(now, then *Comparison) *Comparison {
		now.CompareWith(then)
		return now
	}
	says(t, beside(alone(2), alone(1)), `^choice: goroutines with 2 workers, beside the earlier comparison: 2\.00 `+
		`\(1\.9.* to 2\.0.*\) times the wall time; 1\.00 \(.*\) times the CPU time for each image, no difference `+
		`shown\.`)
	says(t, beside(alone(1), alone(1)), `^choice: .*: 1\.00 \(.*\) times the wall time, no difference shown; `)
	others := alone(1)
	others.Withheld = "other programs held 1.4 of 2 CPUs in all 8 rounds"
	says(t, beside(alone(2), others), `^choice: .*: of the wall time nothing is shown: other programs held 1\.4 of 2 `+
		`CPUs in all 8 rounds; 1\.00 .* times the CPU time`)
	others.Configs[0].Mode = modes.Serial
	says(t, beside(alone(2), others), `^choice: Only .* was run, and the earlier comparison has nothing like it\.$`)
	says(t, alone(2), `^choice: Only .* was run, so there is nothing to compare it with\.$`)
	withPeer := alone(2)
	withPeer.Peer = &PeerFacts{}
	says(t, beside(withPeer, alone(1)), `^choice: Of the modes of imgpipe only .* was run`)
	both := contest(8, 2, 1, nil)
	both.Analyse()
	says(t, beside(both, alone(1)), `^choice: .*: the fastest, `)
}

func TestAnEarlierComparisonIsComparedByNameOrByFlags(t *testing.T) {
	now, then := contest(8, 2, 1, nil), contest(7, 1, 1, nil)
	then.Configs = append(then.Configs, Config{Mode: modes.Serial, Workers: 1, Downloads: 1})
	then.Configs[0].Name, then.Configs[1].Name = "mine", "processes with 2 workers"
	now.Job.Spec, then.Job.Spec = "size=10x10", "size=20x20"
	now.Analyse()
	then.Analyse()
	now.CompareWith(then)
	a := now.Against
	if len(a.Rows) != 2 || !slices.Equal(a.Missing, []string{"serial"}) {
		t.Fatalf("rows %+v, missing %q", a.Rows, a.Missing)
	}
	if r := a.Rows[0]; r.Name != "goroutines with 2 workers" || math.Abs(r.Wall.Center-2) > 0.05 || r.WallP > Level ||
		r.CPU.Center != 1 {
		t.Errorf("twice as long as then: %+v", r)
	}
	if r := a.Rows[1]; math.Abs(r.Wall.Center-1) > 0.02 || r.WallP < Level {
		t.Errorf("as long as then: %+v", r)
	}
	if !slices.ContainsFunc(a.Notes, func(n string) bool { return strings.Contains(n, "size=20x20 then") }) {
		t.Errorf("notes %q do not say that the job differs", a.Notes)
	}
	same := contest(8, 2, 1, nil)
	same.Analyse()
	same.CompareWith(same)
	if len(same.Against.Notes) > 0 {
		t.Errorf("a comparison differs from itself: %q", same.Against.Notes)
	}
}
