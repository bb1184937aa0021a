package report

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/pipeline"
)

func TestTicksAreRoundAndWithinTheScale(t *testing.T) {
	for _, c := range []struct {
		scale scale
		n     int
		want  []float64
	}{
		{scale{hi: 5.3}, 6, []float64{0, 1, 2, 3, 4, 5}},
		{scale{hi: 1}, 5, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{scale{hi: 100e6}, 4, []float64{0, 50e6, 100e6}},
		{scale{lo: 1, hi: 8, log: true}, 6, []float64{1, 2, 4, 8}},
		{scale{lo: 1, hi: 64, log: true}, 4, []float64{1, 4, 16, 64}},
		{scale{}, 5, nil},
		{scale{hi: math.Inf(1)}, 5, nil},
	} {
		got := c.scale.ticks(c.n)
		same := slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) })
		if !same {
			t.Errorf("%+v: %v, want %v", c.scale, got, c.want)
		}
	}
}

func TestLabelsTellContestantsApart(t *testing.T) {
	for want, configs := range map[string][]bench.Config{
		"mine; other":    {{Name: "mine", Mode: "gil", Workers: 1}, {Name: "other", Mode: "gil", Workers: 1}},
		"same; same (2)": {{Name: "same", Mode: "gil", Workers: 1}, {Name: "same", Mode: "serial", Workers: 1}},
		"contestant; x":  {{Name: " "}, {Name: "x"}},
		`a\nb; a b`:      {{Name: "a\nb"}, {Name: "a b"}},
	} {
		if got := strings.Join(newView(&bench.Comparison{Configs: configs}).labels, "; "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	labels := newView(comparison(t)).labels
	slices.Sort(labels)
	if len(slices.Compact(labels)) != 7 {
		t.Errorf("the labels %q do not tell seven contestants apart", labels)
	}
}

// TestThinnedTimelinesShowWhatTheWholeShows holds that time which is drawn in slices is drawn where it was, in its
// stage.
func TestThinnedTimelinesShowWhatTheWholeShows(t *testing.T) {
	line := simulate(bench.Config{Mode: "processes", Workers: 2, Downloads: 16}, 3000, 1)
	spans, end := within(line.Spans, groups[1].stages), last(line)
	exact, thin := blocks(spans, 2, 2, true, end), blocks(spans, 2, 2, false, end)
	if len(thin) > groupSlices || len(exact) != len(spans) {
		t.Fatalf("%d and %d blocks of %d spans", len(thin), len(exact), len(spans))
	}
	busy := func(bs []block) (sum time.Duration) {
		for _, b := range bs {
			sum += b.end - b.start
		}
		return sum
	}
	if a, b := busy(exact), busy(thin); math.Abs(1-b.Seconds()/a.Seconds()) > 0.02 {
		t.Errorf("the workers are busy for %v in the whole and %v in slices", a, b)
	}
	for i, b := range thin {
		if i > 0 && thin[i-1].row == b.row && thin[i-1].end > b.start {
			t.Errorf("blocks %v and %v overlap", thin[i-1], b)
		}
		if b.stage != pipeline.StageDecode {
			t.Errorf("a slice of many images shows %s, though decoding takes most of each", b.stage)
		}
	}
}

func TestSlicesOfIdleTimeAreEmpty(t *testing.T) {
	spans := []bench.Span{{Stage: pipeline.StageFetch, End: 400 * time.Millisecond},
		{Stage: pipeline.StageFetch, Start: 900 * time.Millisecond, End: time.Second}}
	got := blocks(spans, 1, 1, false, time.Second)
	if len(got) != 2 || got[0].end > 402*time.Millisecond || got[1].start < 898*time.Millisecond {
		t.Errorf("drawn as %v", got)
	}
}

func TestQueueIsHowManyWait(t *testing.T) {
	ms := time.Millisecond
	wait := func(from, to time.Duration) bench.Span {
		return bench.Span{Stage: pipeline.StageQueue, Start: from, End: to}
	}
	got := queue([]bench.Span{wait(0, 10*ms), wait(5*ms, 20*ms), wait(10*ms, 20*ms),
		{Stage: pipeline.StageDecode, End: 90 * ms}})
	want := []depth{{0, 1}, {5 * ms, 2}, {10 * ms, 2}, {20 * ms, 0}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if d := area(got, 20*ms, 2); d != "M0 1000H0V500H250V0H1000V1000z" {
		t.Errorf("drawn as %s", d)
	}
}

func TestQueueIsNeverNegativeAndEndsEmpty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var spans []bench.Span
		for range rnd.IntN(40) {
			at := time.Duration(rnd.IntN(50))
			spans = append(spans,
				bench.Span{Stage: pipeline.StageQueue, Start: at, End: at + time.Duration(rnd.IntN(50))})
		}
		steps := queue(spans)
		for _, d := range steps {
			if d.depth < 0 {
				t.Fatalf("%v of %v", steps, spans)
			}
		}
		if n := len(steps); n > 0 && steps[n-1].depth != 0 {
			t.Fatalf("%v of %v", steps, spans)
		}
	}
}

func TestPrimaryTimelinesAreTheWidestOfEachMode(t *testing.T) {
	c := comparison(t)
	first, second := newView(c).primary()
	var got []bench.Config
	for _, line := range first {
		got = append(got, c.Configs[line.Config])
	}
	want := []bench.Config{{Mode: "serial", Workers: 1}, {Mode: "gil", Workers: 2, Downloads: 16},
		{Mode: "goroutines", Workers: 2, Downloads: 16},
		{Mode: "processes", Workers: 2, Downloads: 16}}
	if !slices.EqualFunc(got, want, bench.Config.Same) || len(second) != 3 {
		t.Errorf("%v and %d more, want %v and 3", got, len(second), want)
	}
}

func TestSpeedupsAreDrawnOverWhatDiffers(t *testing.T) {
	serial := bench.Config{Mode: "serial", Workers: 1, Downloads: 1}
	many := bench.Config{Mode: "gil", Workers: 2, Downloads: 16}
	for _, c := range []struct {
		stage   string
		configs []bench.Config
		want    string
	}{
		{"all", []bench.Config{serial, many}, "workers"},
		{"fetch", []bench.Config{serial, many}, "downloads"},
		{"all", []bench.Config{many, {Mode: "gil", Workers: 2, Downloads: 64}}, "downloads"},
		{"all", []bench.Config{many, {Mode: "gil", Workers: 4, Downloads: 64}}, "workers"},
	} {
		v := newView(&bench.Comparison{Job: bench.Job{Stage: c.stage}, Configs: c.configs})
		if got := v.width(); got != c.want {
			t.Errorf("stage %s of %v is drawn over %s, want %s", c.stage, c.configs, got, c.want)
		}
	}
}
