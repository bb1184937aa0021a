package bench

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
)

var update = flag.Bool("update", false, "write the golden files")

// TestVerdictsOfRecordedComparisons has what was measured go in and sentences come out. The recordings were made on a
// busy machine with two CPUs; what could not be recorded is made of one that was.
func TestVerdictsOfRecordedComparisons(t *testing.T) {
	for _, test := range []struct {
		name, recording string
		change          func(*Comparison)
	}{
		{"samples", "samples", nil},
		{"web images from a folder", "web", nil},
		{"one CPU", "one-cpu", nil},
		{"one image", "one-image", nil},
		{"one mode", "one-mode", nil},
		{"all failed", "all-failed", nil},
		{"waiting for a distant server", "io", nil},
		{"fetching alone", "fetch", nil},
		{"modes that differ in output", "web", func(c *Comparison) { c.Samples[5].Digest = "0" }},
		{"interrupted in the second round", "web", func(c *Comparison) {
			c.Samples, c.Partial = c.Samples[:9], "interrupted after 16 of 49 runs"
		}},
		{"a mode that dropped out", "web", func(c *Comparison) {
			var rest []Sample
			for _, s := range c.Samples {
				if c.Configs[s.Config].Mode != modes.Processes {
					rest = append(rest, s)
				}
			}
			c.Samples, c.Partial = rest, "processes with 2 workers dropped out: no worker could be started"
		}},
		{"nothing measured", "web",
			func(c *Comparison) { c.Samples, c.Partial = nil, "interrupted after 0 of 49 runs" }},
		{"a steady trend", "one-mode", func(c *Comparison) {
			for i := range c.Samples {
				c.Samples[i].Summary.Wall = 1 + 0.05*float64(i)
			}
		}},
		{"memory is short", "one-mode", func(c *Comparison) {
			for i := range c.Samples {
				s := &c.Samples[i].Summary
				s.Stages["memory"] = 0.9 * s.Wall
			}
		}},
		{"workers start slowly", "web", func(c *Comparison) {
			for i := range c.Samples {
				if s := &c.Samples[i].Summary; s.Mode == modes.Processes {
					s.Wall, s.Stages["start"], s.WorkerStart = 0.3, 0.25, 0.125
				}
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := recorded(t, test.recording)
			if test.change != nil {
				test.change(c)
			}
			c.Analyse()
			golden(t, filepath.Join("testdata", "verdict", strings.ReplaceAll(test.name, " ", "-")+".txt"),
				sentences(c))
		})
	}
}

func recorded(t *testing.T, name string) *Comparison {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "recorded", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	c := new(Comparison)
	if err := json.Unmarshal(b, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// sentences is all that c says in words.
func sentences(c *Comparison) string {
	var b strings.Builder
	for _, f := range c.Verdict {
		fmt.Fprintf(&b, "%s: %s\n    %s\n", f.Kind, f.Text, f.Figures)
	}
	for _, claim := range c.Claims {
		fmt.Fprintf(&b, "claim, %s: %s\n    %s\n", claim.Holds, claim.Text, claim.Measured)
	}
	for _, w := range c.Warnings {
		fmt.Fprintf(&b, "warning %s: %s\n", w.Kind, w.Text)
	}
	return b.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestModeGILIsNeverAdvisedBesideGoroutines(t *testing.T) {
	c := recorded(t, "samples")
	for i := range c.Samples {
		if s := &c.Samples[i].Summary; s.Mode == modes.GIL {
			s.Wall /= 100
		}
	}
	c.Analyse()
	if choice, _ := c.choice(); c.Configs[choice].Mode == modes.GIL {
		t.Errorf("%s is advised", c.Name(choice))
	}
}

// TestDownloadsThatAHostNeverLetRunAreSaid: 64 downloads from one host that is asked for 8 at once are 8, however they
// were called.
func TestDownloadsThatAHostNeverLetRunAreSaid(t *testing.T) {
	compared := func(hosts, perHost int) string {
		c := &Comparison{Job: Job{Stage: StageFetch, Images: 100},
			Configs: Grid([]string{modes.Goroutines}, []int{2}, []int{8, 64})}
		for round := range 6 {
			for config := range c.Configs {
				s := summary.Summary{Done: 100, Items: 100, Wall: 1 + 0.01*float64(round), Hosts: hosts,
					PerHost: perHost}
				c.Samples = append(c.Samples, Sample{Config: config, Round: round, Summary: s})
			}
		}
		c.Analyse()
		return sentences(c)
	}
	if got := compared(1, 8); !strings.Contains(got, "Of 64 downloads no more than 8 ran at once") ||
		!strings.Contains(got, "with --per-host 64 all would run") {
		t.Errorf("one host, 8 at once: %s", got)
	}
	for _, c := range [][2]int{{1, 64}, {8, 8}, {0, 8}} {
		if got := compared(c[0], c[1]); strings.Contains(got, "per-host") {
			t.Errorf("%d hosts, %d at once: %s", c[0], c[1], got)
		}
	}
}
