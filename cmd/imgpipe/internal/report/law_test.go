package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/perf/benchfmt"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

var allFormats = map[string]format{"text": Text, "markdown": Markdown, "json": JSON, "csv": CSV, "bench": Bench,
	"html": HTML, "svg": SVG}

// awkward returns comparisons that a run can give when it goes badly, and some that it cannot.
func awkward(t testing.TB) map[string]*bench.Comparison {
	unbounded := bench.Estimate{Center: 1.5, Low: math.Inf(-1), High: math.Inf(1)}
	nan := bench.Estimate{Center: math.NaN(), Low: math.NaN(), High: math.NaN()}
	out := map[string]*bench.Comparison{"empty": {}}
	add := func(name string, change func(c *bench.Comparison)) {
		c := comparison(t)
		change(c)
		out[name] = c
	}
	add("whole", func(*bench.Comparison) {})
	out["rich"], out["older"], out["withheld"] = rich(t), older(t), withheld(t)
	add("no timelines", func(c *bench.Comparison) { c.Timelines = nil })
	add("no spans", func(c *bench.Comparison) {
		for i := range c.Timelines {
			c.Timelines[i].Spans, c.Timelines[i].Memory = nil, nil
		}
	})
	add("one contestant", func(c *bench.Comparison) {
		c.Configs, c.Results = c.Configs[:1], c.Results[:1]
		c.Timelines = c.Timelines[:1]
	})
	add("against itself", func(c *bench.Comparison) {
		c.Configs = []bench.Config{c.Configs[4], c.Configs[4]}
		c.Results = []bench.Result{c.Results[4], c.Results[4]}
		c.Results[1].Differs, c.Results[1].P = false, 0.41
	})
	add("partial", func(c *bench.Comparison) {
		c.Partial, c.Results = "interrupted in round 1 of 5", c.Results[:3]
		c.Results[2] = bench.Result{}
		c.Samples, c.Timelines = c.Samples[:2], c.Timelines[:1]
	})
	add("different work", func(c *bench.Comparison) { c.Different = "a.jpg is not the same: serial and gil" })
	add("intervals not known", func(c *bench.Comparison) {
		for i := range c.Results {
			r := &c.Results[i]
			r.Wall, r.Speedup, r.CPU, r.ImagesPerSec = unbounded, unbounded, unbounded, unbounded
		}
	})
	add("nothing finite", func(c *bench.Comparison) {
		for i := range c.Results {
			c.Results[i] = bench.Result{Runs: 5, Wall: nan, Speedup: nan, CPU: nan, P: math.NaN(),
				Ceiling: math.Inf(1), Serial: math.Inf(-1), Efficiency: math.NaN(),
				Stages: map[pipeline.Stage]float64{pipeline.StageDecode: math.NaN(), pipeline.StageLock: math.Inf(1)}}
			c.Samples[i].Summary.Wall, c.Samples[i].Summary.ImagesPerSec = math.NaN(), math.Inf(1)
		}
		c.GoroutineStart = math.NaN()
	})
	add("infinite amounts", func(c *bench.Comparison) {
		for i := range c.Results {
			r := &c.Results[i]
			r.Speedup.Center, r.CPURatio.Low = math.Inf(1), math.Inf(-1)
			r.CopiedPerImage, r.CPUP, r.WallDetectable = math.NaN(), math.NaN(), math.Inf(1)
			r.Account[pipeline.EntryCPU], r.Before = math.NaN(), nan
			r.PeakPSS, r.PeakRSS, r.Efficiency, r.Ceiling = nan, unbounded, math.Inf(1), math.Inf(1)
		}
	})
	add("no images", func(c *bench.Comparison) {
		c.Job.Images = 0
		for i := range c.Samples {
			c.Samples[i].Summary.Done, c.Samples[i].Summary.Wall = 0, 0
		}
		for i := range c.Results {
			c.Results[i] = bench.Result{Runs: 5}
		}
	})
	add("downloads differ", func(c *bench.Comparison) {
		c.Configs = []bench.Config{{Mode: "goroutines", Workers: 2, Downloads: 1},
			{Mode: "goroutines", Workers: 2, Downloads: 8}, {Mode: "goroutines", Workers: 2, Downloads: 64}}
		c.Results, c.Job.Stage = c.Results[:3], "fetch"
	})
	add("swift", func(c *bench.Comparison) {
		for i := range c.Results {
			c.Results[i].Wall = bench.Estimate{Center: 0.0523, Low: 0.0511, High: 0.0587}
			for s, x := range c.Results[i].Stages {
				c.Results[i].Stages[s] = x / 90
			}
			for j := range c.Timelines[i].Spans {
				c.Timelines[i].Spans[j].Start /= 90
				c.Timelines[i].Spans[j].End /= 90
			}
			for j := range c.Timelines[i].Memory {
				c.Timelines[i].Memory[j].At /= 90
			}
		}
		for i := range c.Samples {
			c.Samples[i].Summary.Wall /= 90
		}
	})
	add("parts", func(c *bench.Comparison) {
		fetch := comparison(t)
		fetch.Job.Stage, fetch.Timelines, fetch.Verdict, fetch.Claims, fetch.Pictures = "fetch", nil, nil, nil, nil
		c.Parts = []bench.Comparison{*fetch, *out["downloads differ"]}
	})
	add("no such contestant", func(c *bench.Comparison) {
		c.Baseline, c.Samples[0].Config, c.Timelines[0].Config = 99, -1, 99
		spans := c.Timelines[1].Spans
		spans[0].Lane, spans[1].Start, spans[2].End = -1, -time.Second, -time.Second
	})
	return out
}

func TestEveryFormatDrawsWhateverItIsGiven(t *testing.T) {
	for name, c := range awkward(t) {
		for kind, f := range allFormats {
			got := draw(t, f, c)
			for _, bad := range []string{"NaN", "Inf", "%!", "ZgotmplZ", "<nil>", "e+1"} {
				if i := strings.Index(got, bad); i >= 0 {
					t.Errorf("%s as %s says %q: …%s…", name, kind, bad, got[max(i-60, 0):min(i+60, len(got))])
				}
			}
			if !utf8.ValidString(got) {
				t.Errorf("%s as %s is not UTF-8", name, kind)
			}
			if name == "whole" && draw(t, f, comparison(t)) != got {
				t.Errorf("%s as %s is not the same twice", name, kind)
			}
		}
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	for name, c := range awkward(t) {
		c.Command = nil // which is not wrapped, so that it can be copied
		for line := range strings.Lines(draw(t, Text, c)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
				t.Errorf("%s: a line of %d characters: %s", name, n, line)
			}
		}
	}
}

func TestChanceIsShownAsChance(t *testing.T) {
	for kind, want := range map[string]string{
		"text":     "0.410\n  ~ no significant difference from the baseline.",
		"markdown": "| 0.410 |\n\n~ no significant difference from the baseline.",
		"html":     "no difference shown; 4 % would have been seen",
	} {
		if got := draw(t, allFormats[kind], awkward(t)["against itself"]); !strings.Contains(got, want) {
			t.Errorf("%s does not say %q:\n%s", kind, want, got)
		}
	}
}

func TestJSONGivesTheComparisonBack(t *testing.T) {
	c := comparison(t)
	var got bench.Comparison
	if err := json.Unmarshal([]byte(draw(t, JSON, c)), &got); err != nil {
		t.Fatal(err)
	}
	c.Pictures = nil // which are not in it
	for i := range c.Samples {
		// An empty list and none at all are one in JSON.
		c.Samples[i].Summary.Command, c.Samples[i].Summary.Failures = []string{}, []summary.Failure{}
		c.Samples[i].Summary.Paths = map[string]int{}
	}
	want, have := mustJSON(t, c), mustJSON(t, &got)
	if want != have {
		t.Errorf("decoded and encoded again it is\n%.2000s\nnot\n%.2000s", have, want)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestJSONWithoutFiniteFiguresDecodes(t *testing.T) {
	for name, c := range awkward(t) {
		var got bench.Comparison
		if err := json.Unmarshal([]byte(draw(t, JSON, c)), &got); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got.Samples) != len(c.Samples) || len(got.Configs) != len(c.Configs) {
			t.Errorf("%s: %d runs of %d contestants, want %d of %d", name, len(got.Samples), len(got.Configs),
				len(c.Samples), len(c.Configs))
		}
	}
}

func TestCSVHasALineForEachRun(t *testing.T) {
	c := rich(t)
	c.Parts = nil
	rows, err := csv.NewReader(strings.NewReader(draw(t, CSV, c))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(c.Samples)+1 {
		t.Fatalf("%d lines of %d runs", len(rows), len(c.Samples))
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	for i, s := range c.Samples {
		row := rows[i+1]
		if got, want := row[column("wall_s")], fmt.Sprint(s.Summary.Wall); got != want {
			t.Errorf("run %d took %s, want %s", i, got, want)
		}
		for name, want := range map[string]string{
			"mode": c.Configs[s.Config].Mode, "name": newView(c).labels[s.Config], "elapsed_s": fmt.Sprint(s.Elapsed),
			"other_cpus": fmt.Sprint(*s.Summary.Conditions.OtherCPUs), "disturbed": s.Disturbed,
			"downloads_at_once": fmt.Sprint(s.Summary.DownloadsAtOnce),
			"cpu_per_image_s":   real((s.Summary.User + s.Summary.System) / float64(s.Summary.Items)),
		} {
			if got := row[column(name)]; got != want {
				t.Errorf("%s of run %d is %q, want %q", name, i, got, want)
			}
		}
	}
}

func TestBenchmarkFormatIsReadByItsOwnReader(t *testing.T) {
	c := awkward(t)["parts"]
	runs := len(c.Samples)
	for _, p := range c.Parts {
		runs += len(newView(&p).samples())
	}
	r := benchfmt.NewReader(strings.NewReader(draw(t, Bench, c)), "runs")
	got, stages := 0, map[string]int{}
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			s := c.Samples[min(got, len(c.Samples)-1)]
			if got < len(c.Samples) {
				f := c.Configs[s.Config]
				want := fmt.Sprintf("Compare/mode=%s/workers=%d/downloads=%d/name=%s", f.Mode, f.Workers, f.Downloads,
					strings.ReplaceAll(c.Name(s.Config), " ", "_"))
				if string(rec.Name) != want {
					t.Errorf("run %d is called %s, want %s", got, rec.Name, want)
				}
				if sec, ok := rec.Value("sec/op"); !ok || math.Abs(sec-s.Wall()) > 1e-8 {
					t.Errorf("run %d took %v s, want %v", got, sec, s.Wall())
				}
				if pss, ok := rec.Value("pss-B"); !ok || pss != float64(s.Summary.PeakPSS) {
					t.Errorf("run %d has %v bytes of memory, want %v", got, pss, s.Summary.PeakPSS)
				}
				if speed, ok := rec.Value("images/s"); !ok || math.Abs(speed-s.Summary.ImagesPerSec) > 1e-5 {
					t.Errorf("run %d did %v images/s, want %v", got, speed, s.Summary.ImagesPerSec)
				}
			}
			stages[rec.GetConfig("stage")]++
			got++
		case *benchfmt.SyntaxError:
			t.Error(rec)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	if got != runs || stages["all"] != len(c.Samples) || stages["fetch"] != runs-len(c.Samples) {
		t.Errorf("%d runs in stages %v, want %d", got, stages, runs)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAnErrorOfTheWriterIsTold(t *testing.T) {
	for name, f := range allFormats {
		if err := f(broken{}, comparison(t)); err == nil || !strings.Contains(err.Error(), "write the report") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzWordsFromOutside holds that no word from outside becomes markup: the page has the same elements whatever is said
// in it, and reads back what was said.
func FuzzWordsFromOutside(f *testing.F) {
	for _, s := range []string{"", "plain", "</title></svg></style><script>alert(1)</script>", `" onload="x`,
		"a|b\n# c\n```", "\x00\x1b[2J\u202e", "{{.}}", "é&amp;<!--", "'; rm -rf /", "javascript:x", "\xad"} {
		f.Add(s)
	}
	plain := elements(f, "plain")
	f.Fuzz(func(t *testing.T, s string) {
		if got := elements(t, s); !reflect.DeepEqual(got, plain) {
			t.Errorf("with %q the page has %v, without %v", s, got, plain)
		}
		c := spoken(s)
		if _, err := wellFormed(draw(t, SVG, c)); err != nil {
			t.Errorf("with %q: %v", s, err)
		}
		for line := range strings.Lines(draw(t, Text, c)) {
			for _, r := range strings.TrimSuffix(line, "\n") {
				if r < ' ' || r == 0x7f || r == '\u202e' {
					t.Errorf("with %q a line for the terminal holds %q", s, r)
				}
			}
		}
		for r := benchfmt.NewReader(strings.NewReader(draw(t, Bench, c)), "runs"); r.Scan(); {
			if err, ok := r.Result().(*benchfmt.SyntaxError); ok {
				t.Errorf("with %q: %v", s, err)
			}
		}
		if rows, err := csv.NewReader(strings.NewReader(draw(t, CSV, c))).ReadAll(); err != nil || len(rows) != 3 {
			t.Errorf("with %q: %d lines, %v", s, len(rows), err)
		}
	})
}

// spoken returns a small comparison in which s is said wherever something can be said from outside.
func spoken(s string) *bench.Comparison {
	one := bench.Estimate{Center: 1, Low: 1, High: 1}
	s += "x" // an empty text leaves out what would say it
	card := bench.Card{CPU: s, Kernel: s, Virtual: s, Governor: s}
	line := bench.Timeline{Spans: []bench.Span{{Stage: pipeline.StageDecode, End: time.Second}}}
	result := bench.Result{Runs: 1, Wall: one, Speedup: one, CPURatio: one,
		Stages:  map[pipeline.Stage]float64{"decode": 1},
		Account: map[pipeline.Entry]float64{pipeline.EntryCPU: 1}}
	part := bench.Comparison{Job: bench.Job{Title: s, Inputs: s, Stage: s}, Configs: []bench.Config{{Name: s},
		{Name: s + "2"}},
		Results: []bench.Result{result, result}, Withheld: s, Verdict: []bench.Finding{{Text: s, Figures: s}}}
	others := 1.0
	run := bench.Sample{Elapsed: 1, Disturbed: s, Digest: s, Summary: summary.Summary{Wall: 1, Done: 1,
		Conditions: summary.Conditions{OtherCPUs: &others}}}
	again := run
	again.Config, again.Place = 1, 1
	return &bench.Comparison{
		Program: s, Go: s, Machine: summary.Machine{OS: s, Arch: s, CPUs: 1}, Command: []string{s},
		Partial: s, Different: s, Withheld: s, Ended: s,
		Job: bench.Job{Inputs: s, Images: 1, Spec: s, Stage: s},
		Configs: []bench.Config{{Name: s, Mode: s, Workers: 1, Downloads: 1, Extra: []string{s}, Env: []string{s},
			Program: s, SameAs: s},
			{Name: s + "2", Mode: s, Workers: 2, Peer: s}},
		Results: []bench.Result{result, result},
		Verdict: []bench.Finding{{Kind: s, Text: s, Figures: s}, {Kind: s, Text: s, Figures: s}},
		Claims:  []bench.Claim{{Text: s, Measured: s, Holds: s, Command: s}}, Warnings: []bench.Warning{{Kind: s,
			Text: s}},
		Outliers: []string{s}, LeftOut: []bench.LeftOut{{Source: s, Class: s, Runs: 1, Of: 2}}, Card: card,
		Against: &bench.Against{Program: s, Card: card, Rows: []bench.AgainstRow{{Name: s, Wall: one, CPU: one}},
			Missing: []string{s}, Notes: []string{s}},
		Lesson: &bench.Lesson{Starts: []bench.Start{{What: s, Time: one}}, Memory: []bench.Slope{{Mode: s,
			OneMoreWorker: one}},
			Crashes: []bench.Crash{{Mode: s, Died: s, Images: 1, Done: 1, Timeline: &line}},
			Table:   []bench.Cell{{Job: s, Program: s, Model: s, Speedup: one}}},
		Parts:   []bench.Comparison{part},
		Samples: []bench.Sample{run, again}, Timelines: []bench.Timeline{line},
		Pictures: []bench.Picture{{Name: s, JPEG: []byte(s)}},
	}
}

func elements(t testing.TB, s string) map[string]int {
	out := map[string]int{}
	for _, n := range parse(t, draw(t, HTML, spoken(s))) {
		out[n.Data]++
		for _, a := range n.Attr {
			out[n.Data+" "+a.Key]++
		}
	}
	return out
}

func BenchmarkHTML(b *testing.B) {
	c := comparison(b)
	b.ReportAllocs()
	b.SetBytes(int64(len(draw(b, HTML, c))))
	for b.Loop() {
		if err := HTML(io.Discard, c); err != nil {
			b.Fatal(err)
		}
	}
}
