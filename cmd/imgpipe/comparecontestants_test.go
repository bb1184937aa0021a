package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/modes"
)

// comparing returns the flags of a command line of imgpipe compare.
func comparing(t *testing.T, args ...string) *compareFlags {
	t.Helper()
	set := pflag.NewFlagSet("compare", pflag.ContinueOnError)
	f := addCompareFlags(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	f.finalize(set.Args())
	return f
}

func TestWhatNoContestantHasIsNamedAsRunNamesIt(t *testing.T) {
	set := newRunSet()
	addRunFlags(set)
	for name := range notForContestants {
		if set.Lookup(name) == nil {
			t.Errorf("imgpipe run has no flag --%s", name)
		}
		if slices.Contains(widths, name) {
			t.Errorf("--%s is a width, and no contestant may have it", name)
		}
	}
	set.VisitAll(func(f *pflag.Flag) {
		value := map[bool]string{true: "", false: "=1"}[f.NoOptDefVal != ""]
		_, err := parseContestant("a: --" + f.Name + value)
		_, refused := notForContestants[f.Name]
		if (refused || f.Hidden) && (err == nil || !strings.HasPrefix(err.Error(), "--"+f.Name+": ")) {
			t.Errorf("--%s in a contestant: error %v, want one that begins with the flag", f.Name, err)
		}
	})
}

func TestAContestantHasTheMostThatTheOthersHaveUnlessItSaysOtherwise(t *testing.T) {
	f := comparing(t, "-w", "1,3", "-d", "4,32", "--per-host", "2,9",
		"--contestant", "most:", "--contestant", "own: --mode processes -w 2 --downloads auto --per-host 1 --recycle 7",
		"--contestant", "one: --mode serial", "--contestant", "env: A=1 B='x y' --memory 64MB")
	want := []bench.Config{
		{Name: "most", Mode: modes.Goroutines, Workers: 3, Downloads: 32, PerHost: 9},
		{Name: "own", Mode: modes.Processes, Workers: 2, PerHost: 1, Extra: []string{"--recycle=7"}},
		{Name: "one", Mode: modes.Serial, Workers: 1, Downloads: 1},
		{Name: "env", Mode: modes.Goroutines, Workers: 3, Downloads: 32, PerHost: 9, Env: []string{"A=1", "B=x y"},
			Extra: []string{"--memory=64MB"}},
	}
	got := f.configs()
	for i := range want {
		if i >= len(got) || !got[i].Same(want[i]) || got[i].Name != want[i].Name {
			t.Errorf("contestant %d is %+v, want %+v", i, got[i], want[i])
		}
	}
	if flags := strings.Join(got[1].Flags(), " "); flags !=
		"--mode processes --workers 2 --downloads auto --per-host 1 --recycle=7" {
		t.Errorf("flags %q", flags)
	}
}

func TestEveryNameOfTheTableIsAContestant(t *testing.T) {
	for _, c := range modes.Contestants() {
		f := comparing(t, "--modes", c.Name, "-w", "1,2")
		if err := f.checkContestants(); err != nil {
			t.Errorf("--modes %s: %v", c.Name, err)
		}
		configs := f.configs()
		if len(configs) < len(c.Rows) {
			t.Errorf("--modes %s has %d contestants, want at least %d", c.Name, len(configs), len(c.Rows))
		}
		for _, row := range c.Rows {
			if !slices.ContainsFunc(configs, func(config bench.Config) bool {
				return config.Mode == row.Mode && slices.Equal(config.Env, row.Env) &&
					slices.Equal(config.Extra, row.Flags)
			}) {
				t.Errorf("--modes %s: %+v does not compete", c.Name, row)
			}
		}
	}
}

func TestRowsOfSeveralWidthsAreNamedAsCounted(t *testing.T) {
	rows := comparing(t, "--modes", modes.Heaps, "-w", "1,2", "-d", "1").configs()
	for i, want := range []string{
		"one heap, GOGC=50, 1 worker, 1 download", "one heap, GOGC=50, 2 workers, 1 download",
	} {
		if rows[i].Name != want {
			t.Errorf("row %d is called %q, want %q", i, rows[i].Name, want)
		}
	}
}

func TestTheFetchStageIsComparedInOneMode(t *testing.T) {
	for args, refused := range map[string]bool{
		"": false, "--modes goroutines": false, "--modes serial,goroutines": false,
		"--modes gil": true, "--modes goroutines,processes": true, "--modes heaps": true,
	} {
		f := comparing(t, append(strings.Fields(args), "--stage", "fetch")...)
		if err := f.checkStage(); (err != nil) != refused {
			t.Errorf("%q: error %v", args, err)
		}
		for _, c := range f.configs() {
			if args == "" && c.Mode != modes.Goroutines {
				t.Errorf("without --modes there is a row of mode %s", c.Mode)
			}
		}
	}
}

func TestABudgetThatIsTooShortIsSaid(t *testing.T) {
	f := comparing(t, "--budget", "20s")
	for runs, want := range map[int]string{
		1:  "1 round, until --budget 20s was used up: 6 are needed to show an order, by --runs 6 or a longer --budget",
		12: "12 rounds, until --budget 20s was used up",
	} {
		c := &bench.Comparison{Runs: runs, Ended: bench.EndedBudget, Budget: 20 * time.Second}
		if got := f.howEnded(c); got != want {
			t.Errorf("%d rounds: %q, want %q", runs, got, want)
		}
	}
}

func TestModesHaveADefaultOnlyWithoutContestants(t *testing.T) {
	modesOf := func(args ...string) (modes []string) {
		for _, c := range comparing(t, append(args, "-w", "2")...).configs() {
			modes = append(modes, c.Mode)
		}
		return modes
	}
	if got := modesOf(); !slices.Equal(got, modes.Classic()) {
		t.Errorf("without flags: %q", got)
	}
	if got := modesOf("--contestant", "a: --mode gil"); !slices.Equal(got, []string{modes.GIL}) {
		t.Errorf("with a contestant: %q", got)
	}
}

func TestRoundsEndByTheirNumberOrByPrecisionAndBudget(t *testing.T) {
	for args, want := range map[string]bench.Plan{
		"":                            {Warmup: 1, Precision: usualPrecision, Budget: usualBudget},
		"--runs 8":                    {Warmup: 1, Runs: 8},
		"--runs 8 --budget 2m":        {Warmup: 1, Runs: 8, Budget: usualBudget},
		"--precision 0.5% --warmup 0": {Precision: 0.005, Budget: usualBudget},
	} {
		p := comparing(t, strings.Fields(args)...).plan(nil)
		got := bench.Plan{Warmup: p.Warmup, Runs: p.Runs, Precision: p.Precision, Budget: p.Budget}
		if got.Warmup != want.Warmup || got.Runs != want.Runs || got.Precision != want.Precision ||
			got.Budget != want.Budget {
			t.Errorf("%q: %+v, want %+v", args, got, want)
		}
	}
}

func TestFoldersOfOutputsHaveNamesThatNoSystemMinds(t *testing.T) {
	for name, want := range map[string]string{
		"goroutines with 2 workers": "goroutines-with-2-workers",
		"../../etc":                 "etc",
		"a/b\\c:d*e?f\"g":           "a-b-c-d-e-f-g",
		"GOGC=off":                  "GOGC=off",
		"größe":                     "gr-e",
		"...":                       "",
		strings.Repeat("x", 200):    strings.Repeat("x", longestFolder),
	} {
		if got := folderOf(name); got != want {
			t.Errorf("%q: folder %q, want %q", name, got, want)
		}
	}
}
