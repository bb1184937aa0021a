package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
)

func TestARowHasItsOwnFlagsEnvironmentAndWidths(t *testing.T) {
	p := Plan{Runs: 1, Args: []string{"--per-host", "3", "--", "photos"}, Env: []string{echoed + "=plan's"},
		Configs: []Config{
			{Mode: modes.Goroutines, Workers: 2, Downloads: 4, PerHost: 5},
			{Mode: modes.Goroutines, Workers: 2, Downloads: 4, Name: "mine", Env: []string{echoed + "=mine"}},
			{Mode: modes.Goroutines, Workers: 2, Downloads: 4, Name: "flags", Extra: []string{"--per-host=7"}},
		}}
	c, err := compareWith(t, t.Context(), "", new(Runner), p)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]struct {
		perHost int
		env     string
	}{"goroutines with 2 workers and 5 from one host": {5, "plan's"}, "mine": {3, "mine"}, "flags": {7, "plan's"}}
	for _, s := range c.Samples {
		name := c.Configs[s.Config].Name
		if w, ok := want[name]; !ok || s.Summary.PerHost != w.perHost || s.Summary.Spec != w.env {
			t.Errorf("%s: %d from one host, environment %q; want %+v", name, s.Summary.PerHost, s.Summary.Spec, w)
		}
		if !slices.Equal(s.Summary.Command, []string{"photos"}) {
			t.Errorf("%s: inputs %q", name, s.Summary.Command)
		}
	}
}

func TestARowCanBeAnotherBuild(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := twoModes(1)
	p.Configs[1].Program = filepath.Join(t.TempDir(), "imgpipe-of-another-day")
	if err := os.Symlink(exe, p.Configs[1].Program); err != nil {
		t.Skipf("links cannot be made here: %v", err)
	}
	c, err := compareWith(t, t.Context(), "", new(Runner), p)
	if err != nil || c.Partial != "" || len(c.Samples) != 2 {
		t.Errorf("%v, %q, %d runs", err, c.Partial, len(c.Samples))
	}
	p.Configs[1].Program += "-that-is-gone"
	c, err = compareWith(t, t.Context(), "", new(Runner), p)
	if err != nil || !strings.Contains(c.Partial, "goroutines with 2 workers dropped out") {
		t.Errorf("another build that is gone: %v, partial %q", err, c.Partial)
	}
}

func TestAModeByAnotherNameIsNotRunTwice(t *testing.T) {
	p := Plan{Runs: 6, Configs: Grid([]string{modes.Goroutines, "gil-released", modes.Serial}, []int{2}, []int{4})}
	made := 0
	c, err := compareWith(t, t.Context(), "", &Runner{Env: func(int) []string {
		made++
		return environment("")
	}}, p)
	if err != nil {
		t.Fatal(err)
	}
	if made != 12 || len(c.Samples) != 18 || c.Configs[1].SameAs != "goroutines with 2 workers" {
		t.Errorf("%d runs, %d samples, the same as %q; want 12, 18", made, len(c.Samples), c.Configs[1].SameAs)
	}
	if ratio, p := c.Ratio(0, 1); ratio.Center != 1 || p != 1 || c.Results[1].Runs != 6 || len(c.Timelines) != 3 {
		t.Errorf("ratio %v, p = %v, %d runs, %d timelines", ratio, p, c.Results[1].Runs, len(c.Timelines))
	}
	alone := Plan{Configs: Grid([]string{"gil-released"}, []int{2}, []int{4})}.Named()
	if alone.Configs[0].SameAs != "" {
		t.Error("a mode by another name that is alone has nobody to share with")
	}
}

func TestAPartCanHaveAJobOfItsOwn(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	part := twoModes(1)
	part.Job, part.Env = &Job{Inputs: "small pictures"}, []string{echoed + "=small"}
	r := &Runner{Program: exe, Dir: t.TempDir(), Env: func(int) []string { return environment("") }}
	c, err := r.Compare(t.Context(), Job{Inputs: "large pictures"}, twoModes(1), part)
	if err != nil || len(c.Parts) != 1 {
		t.Fatalf("%v, %d parts", err, len(c.Parts))
	}
	got := c.Parts[0].Job
	if got.Inputs != "small pictures" || got.Spec != "small" || c.Job.Inputs != "large pictures" {
		t.Errorf("the part's job is %+v, the whole's %+v", got, c.Job)
	}
}

func TestAPeerRunsInTheSameRoundsAndIsComparedByItself(t *testing.T) {
	p := twoModes(6)
	python := Config{Name: "python", Mode: "python-threads", Workers: 2, Downloads: 2, Peer: "python"}
	p.Configs = append(p.Configs, python)
	var wrong error
	r := &Runner{Peer: func(_ context.Context, c Config, outputs string) (summary.Summary, error) {
		if _, err := os.Stat(outputs); err == nil {
			t.Errorf("%s is there already", outputs)
		}
		return summary.Summary{Program: "Python", Items: 3, Done: 3, Wall: 2, User: 3}, wrong
	}}
	c, err := compareWith(t, t.Context(), "", r, p)
	if err != nil || len(c.Samples) != 18 || c.Different != "" {
		t.Fatalf("%v, %d runs, different %q", err, len(c.Samples), c.Different)
	}
	if c.Program == "Python" || c.Results[2].Wall.Center != 2 || c.Results[2].CPUPerImage.Center != 1 {
		t.Errorf("program %q, wall %v, CPU for each image %v", c.Program, c.Results[2].Wall, c.Results[2].CPUPerImage)
	}
	wrong = ErrDifferent
	if _, err := compareWith(t, t.Context(), "", r, p); !errors.Is(err, ErrDifferent) ||
		!strings.Contains(err.Error(), "python") {
		t.Errorf("a peer that did other work: %v", err)
	}
	p.Configs = p.Configs[:3]
	c, err = compareWith(t, t.Context(), "", new(Runner), p)
	if err != nil || !strings.Contains(c.Partial, "python dropped out") {
		t.Errorf("nobody runs the peer: %v, %q", err, c.Partial)
	}
}

func TestEveryContestantHasAName(t *testing.T) {
	c, err := compareWith(t, t.Context(), "", new(Runner), threeModes(1))
	if err != nil {
		t.Fatal(err)
	}
	for i, config := range c.Configs {
		if config.Name == "" || config.Name != c.Name(i) {
			t.Errorf("contestant %d is called %q and %q", i, config.Name, c.Name(i))
		}
	}
}

func TestWidthsOfHostsAreAGridOfTheirOwn(t *testing.T) {
	grid := WithPerHost(Grid([]string{modes.Serial, modes.Goroutines}, []int{1}, []int{8, 64}), []int{8, 16})
	var names []string
	for _, c := range (Plan{Configs: grid}).Named().Configs {
		names = append(names, c.Name)
	}
	want := []string{"serial",
		"goroutines with 1 worker, 8 downloads and 8 from one host",
		"goroutines with 1 worker, 8 downloads and 16 from one host",
		"goroutines with 1 worker, 64 downloads and 8 from one host",
		"goroutines with 1 worker, 64 downloads and 16 from one host"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestTheWallTimeIsThatOfTheClockOutside(t *testing.T) {
	c, err := compareWith(t, t.Context(), "", new(Runner), threeModes(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Samples {
		if s.Elapsed <= 0 || s.Wall() != s.Elapsed || c.Results[s.Config].Wall.Center != s.Elapsed {
			t.Errorf("the clock outside says %v, the run %v, the comparison %v", s.Elapsed, s.Summary.Wall,
				c.Results[s.Config].Wall.Center)
		}
	}
}
