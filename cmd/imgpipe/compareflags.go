package main

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
)

// compareFlags are the flags of imgpipe compare. The flags that say what is done to images are those of imgpipe run.
// Each run gets them as they were typed.
type compareFlags struct {
	run    *runFlags
	passed []string // flags for each run
	preset presetFlags

	modes                       []string
	contestants                 []contestant
	workers, downloads, perHost []int
	runs, warmup                int
	precision                   float64
	budget                      time.Duration
	stage                       string
	latency                     time.Duration
	images                      int
	lesson                      bool
	peer                        peerFlags

	format, output, keep string
	from, against        string
	progress             string
	quiet                bool

	set *pflag.FlagSet
}

const (
	formatText = "text"
	// manyDownloads keep the CPUs busy at the latency of a distant server. It is a fixed number, so that comparisons on
	// several machines can be set side by side.
	manyDownloads = 16
	// sampleResize is done to the built-in samples unless a flag says otherwise.
	sampleResize = "800x800"
	// How a comparison ends, unless flags say otherwise. A ratio known to 3 % is known better than it matters.
	usualPrecision = 0.03
	usualBudget    = 2 * time.Minute
)

// sharedGroups are the groups of imgpipe run's flags that compare has, in the order of its help. sharedFlags are single
// flags that stand under another heading here, or under none: jobs are compared whole, so no flag ends one early.
var (
	sharedGroups = []string{pictureHeading, filesHeading, "Input", limitsHeading, "Network"}
	sharedFlags  = map[string]string{
		"resize": pictureHeading, "format": pictureHeading, "quality": pictureHeading, "memory": limitsHeading,
		"max-failures": "", "max-time": "", "per-host": "",
	}
	// rareFlags are common flags of imgpipe run that hardly change how modes compare.
	rareFlags = []string{"metadata", "quality"}
)

// imageFormat is what --format of imgpipe run is called here, where --format is that of the report.
const imageFormat = "image-format"

func addCompareFlags(set *pflag.FlagSet) *compareFlags {
	f := &compareFlags{set: set, warmup: 1, precision: usualPrecision, budget: usualBudget,
		stage: bench.StageAll, latency: demoLatency, images: demoImages, format: formatText, progress: progressAuto}
	f.addContest(flags.Group{Set: set, Heading: "What is compared"})
	f.addLesson(set)
	f.peer.add(set)
	f.addRounds(flags.Group{Set: set, Heading: "How often"})
	flags.Group{Set: set, Heading: "Built-in samples, where there is no INPUT"}.Add(
		flags.Flag{Name: "latency", Value: flags.PeriodOrNone(&f.latency),
			Usage: "how long their server takes to answer"},
		flags.Flag{Name: "images", Value: flags.Whole(&f.images, 1, 100_000), Usage: "how many are downloaded"},
	)
	flags.Group{Set: set, Heading: "Report"}.Add(
		flags.Flag{Name: "format", Common: true,
			Value: flags.Choice(&f.format, formatText, "markdown", "json", "csv", "bench"),
			Usage: "format of the report on standard output. json: all figures of all runs. csv: one line for each " +
				"run. bench: Go's benchmark format, for benchstat"},
		flags.Flag{Name: "from", Value: flags.Text(&f.from, "FILE"),
			Usage: "run nothing: judge and draw again what --format json wrote to FILE. What an older file lacks is " +
				"not shown"},
		flags.Flag{Name: "against", Value: flags.Text(&f.against, "FILE"),
			Usage: "compare with an earlier comparison that --format json wrote to FILE: each contestant with the " +
				"one of the same name"},
		flags.Flag{Name: "output", Short: "o", Common: true, Value: flags.Text(&f.output, "FILE"),
			Usage: "write the report with charts as one HTML file; FILE.svg gets one picture"},
		flags.Flag{Name: "keep", Value: flags.Text(&f.keep, "DIR"),
			Usage: "keep the outputs of one run of each contestant in folders of DIR"},
		progressFlag(&f.progress),
		flags.Flag{Name: "quiet", Short: "q", Value: flags.Switch(&f.quiet),
			Usage: "write nothing but failures to standard error"},
	)
	f.share(set)
	f.preset.add(set)
	return f
}

// addContest adds the flags that say what runs.
func (f *compareFlags) addContest(g flags.Group) {
	g.Add(
		flags.Flag{Name: "modes", Common: true, Value: flags.Choices(&f.modes, "MODES", contestantNames()...),
			Usage: "the modes, with commas between; one named twice competes with itself (default " +
				strings.Join(modes.Classic(), ",") + ", or none beside --contestant)"},
		flags.Flag{Name: "contestant", Value: flags.List(&f.contestants, "ROW", parseContestant),
			Usage: "one more row, 'NAME: FLAGS': flags of imgpipe run, KEY=value for the environment, and " +
				"program=PATH for another build, quoted as in a shell; may be repeated. Without --workers or " +
				"--downloads in it, it has the most that the others have"},
		flags.Flag{Name: "workers", Short: "w", Common: true, Value: flags.Wholes(&f.workers, 1024),
			Usage: "how many images each transforms at once: a list such as 1,2,4 (default 1, 2, 4 and so on up to " +
				"the CPUs)"},
		flags.Flag{Name: "downloads", Short: "d", Common: true, Value: flags.Wholes(&f.downloads, 4096),
			Usage: "how many each fetches at once; a list as well; see --per-host (default 16, and 1,8,64 with " +
				"--stage fetch)"},
		flags.Flag{Name: "per-host", Value: flags.Wholes(&f.perHost, 4096),
			Usage: "how many each fetches at once from one host, whatever --downloads says; a list as well " +
				"(default 8, and no limit for the built-in samples)"},
		flags.Flag{Name: "stage", Value: flags.Choice(&f.stage, bench.Stages()...),
			Usage: "compare one stage alone; the others take no time then. fetch is alike in all modes, and is " +
				"compared in goroutines (default all)"},
	)
}

// addRounds adds the flags that say how often everything runs.
func (f *compareFlags) addRounds(g flags.Group) {
	count := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	g.Add(
		flags.Flag{Name: "precision",
			Value: flags.Parsed(&f.precision, "N%", parsePercent, formatPercent),
			Usage: "make rounds until it is known to ±N% how each contestant compares with the first: by the " +
				"clock, or by CPU time if other programs disturb the clock. A round runs everything once, in an " +
				"order that changes"},
		flags.Flag{Name: "budget", Common: true, Value: flags.Period(&f.budget),
			Usage: "how long the rounds may take; at least 6 are made if they fit, and at most 200. What a " +
				"comparison of the built-in samples measures besides is not in it, and said. With --lesson, how long " +
				"that may take (default 2m45s), but not less than six rounds do"},
		flags.Flag{Name: "runs", Common: true,
			Value: flags.Parsed(&f.runs, "N", parseRuns, count),
			Usage: "make exactly this many rounds instead; with fewer than 6 there is no interval. With --budget, " +
				"rounds that other programs disturbed are made again within it, each once"},
		flags.Flag{Name: "warmup", Value: flags.Whole(&f.warmup, 0, 100),
			Usage: "rounds before those, which do not count"},
	)
}

// parseRuns reads a number of rounds.
func parseRuns(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 200 {
		return 0, &flags.ValueError{Value: s, Expected: "a whole number from 1 to 200"}
	}
	return n, nil
}

// parsePercent reads a share such as 3%, or 0.5%.
func parsePercent(s string) (float64, error) {
	number, ok := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(f >= 0.1 && f <= 50) {
		return 0, &flags.ValueError{Value: s, Expected: "a share from 0.1% to 50%, such as 3%"}
	}
	return f / 100, nil
}

func formatPercent(f float64) string { return strconv.FormatFloat(100*f, 'g', 4, 64) + "%" }

// share adds the flags of imgpipe run that are for every run.
func (f *compareFlags) share(set *pflag.FlagSet) {
	own := pflag.NewFlagSet("run", pflag.ContinueOnError)
	own.SortFlags = false
	f.run = addRunFlags(own)
	for _, group := range sharedGroups {
		own.VisitAll(func(flag *pflag.Flag) {
			home := flags.Heading(flag)
			if to, ok := sharedFlags[flag.Name]; ok {
				home = to
			}
			if home != group || flag.Hidden {
				return
			}
			shown := *flag
			shown.Value = &passed{flag.Value, flag, &f.passed}
			flags.Move(&shown, home, !slices.Contains(rareFlags, flag.Name))
			if flag.Name == "format" {
				shown.Name = imageFormat
			}
			set.AddFlag(&shown)
		})
	}
}

// A passed value is kept as it was typed, for each run.
type passed struct {
	pflag.Value
	flag *pflag.Flag // of imgpipe run
	args *[]string
}

func (p *passed) Set(s string) error {
	err := p.Value.Set(s)
	if err != nil {
		return err
	}
	p.flag.Changed = true
	if p.flag.Name != "input-list" { // a list may have to be copied first
		*p.args = append(*p.args, "--"+p.flag.Name+"="+s)
	}
	return nil
}

// ofRun returns the flag that is imgpipe run's flag of that name, or nil where compare has none for all runs.
func (f *compareFlags) ofRun(name string) *pflag.Flag {
	if name == "format" {
		name = imageFormat
	}
	flag := f.set.Lookup(name)
	if flag == nil {
		return nil
	}
	if _, ok := flag.Value.(*passed); !ok {
		return nil
	}
	return flag
}

// builtin reports whether the input is the built-in samples: there is no other.
func (f *compareFlags) builtin() bool { return f.run.input.empty() }

// finalize takes the arguments, and fills in lists that no flag names. Nothing changes the flags after it.
func (f *compareFlags) finalize(args []string) {
	f.run.finalize(args)
	if len(f.modes) == 0 && len(f.contestants) == 0 {
		f.modes = modes.Classic()
		if f.stage == bench.StageFetch {
			f.modes = []string{modes.Goroutines} // the others would do the same
		}
	}
	if len(f.workers) == 0 {
		f.workers = doubling(cpus())
		if f.stage == bench.StageFetch {
			f.workers = []int{cpus()}
		}
	}
	if len(f.downloads) == 0 {
		f.downloads = []int{manyDownloads}
		if f.stage == bench.StageFetch {
			f.downloads = []int{1, 8, 64}
		}
	}
}

// check looks at the flags together, also at those that are for each run, and changes nothing.
func (f *compareFlags) check() error {
	given := f.run.set.Changed
	return cmp.Or(
		f.checkFrom(),
		f.checkLesson(),
		f.checkStage(),
		f.checkReport(),
		f.keepIsEmpty(),
		f.run.picture.check(given),
		f.run.download.check(),
		f.run.input.check(given),
		f.checkContestants(),
		f.checkPeer(),
	)
}

// checkStage finds flags that have no meaning for the job that is compared.
func (f *compareFlags) checkStage() error {
	changed := f.set.Changed
	switch {
	case !f.builtin() && changed("latency"):
		return errors.New("--latency is that of the built-in samples: expected no INPUT with it")
	case !f.builtin() && changed("images"):
		return errors.New("--images is the number of the built-in samples: expected no INPUT with it")
	case f.stage == bench.StageTransform && len(f.downloads) > 1:
		return errors.New("--downloads: --stage transform fetches nothing while the clock runs: expected one number")
	case f.stage == bench.StageFetch && len(f.workers) > 1:
		return errors.New("--workers: --stage fetch transforms nothing: expected one number")
	case f.stage == bench.StageFetch && slices.ContainsFunc(f.modes, transforms):
		return errors.New("--modes: --stage fetch transforms nothing, so all modes do the same: expected serial, " +
			"goroutines, or no --modes")
	case f.stage != bench.StageAll && changed("keep"):
		return fmt.Errorf("--keep: --stage %s writes no outputs", f.stage)
	}
	return nil
}

// transforms reports whether a mode differs from others in how it transforms alone.
func transforms(mode string) bool { return mode != modes.Serial && mode != modes.Goroutines }

// checkReport finds reports that cannot be written, and ends of a comparison that exclude each other.
func (f *compareFlags) checkReport() error {
	switch ext := strings.ToLower(filepath.Ext(f.output)); {
	case f.runs > 0 && f.set.Changed("precision"):
		return fmt.Errorf("--runs %d makes so many rounds however precise they are: expected no --precision with it",
			f.runs)
	case f.quiet && f.set.Changed("progress"):
		return errors.New("--quiet and --progress exclude each other: expected one of them")
	case !slices.Contains([]string{"", ".html", ".htm", ".svg"}, ext):
		return fmt.Errorf("--output %q: expected a name that ends in .html or .svg; "+
			"other formats go to standard output, as --format says", f.output)
	}
	return nil
}

// sideCheck returns the check of the report's file. Its error may also be about a file that an operation needs.
func (f *compareFlags) sideCheck() (*sideCheck, error) {
	spec, err := f.run.picture.spec()
	if err != nil {
		return nil, err
	}
	c := &sideCheck{}
	c.reads(&f.run.input, spec.AssetNames())
	for _, file := range []string{f.from, f.against} {
		if file != "" {
			c.others = append(c.others, named{"earlier comparison", file})
		}
	}
	if f.output != "" {
		c.sides = []named{{"output", f.output}}
	}
	return c, c.all()
}

func (f *compareFlags) keepIsEmpty() error {
	if f.keep == "" {
		return nil
	}
	if err := folderName("keep", f.keep); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.keep)
	switch {
	case err != nil && !os.IsNotExist(err):
		return fmt.Errorf("--keep %q: %w", f.keep, err)
	case len(entries) > 0:
		return fmt.Errorf("--keep %q: expected a folder that is empty or not there yet", f.keep)
	}
	return nil
}

// doubling returns 1, 2, 4 and so on below n, and n.
func doubling(n int) []int {
	var all []int
	for w := 1; w < n; w *= 2 {
		all = append(all, w)
	}
	return append(all, n)
}

// plan returns what the flags ask for. lists are the files of the input lists.
func (f *compareFlags) plan(lists []string) bench.Plan {
	p := bench.Plan{
		Configs: f.configs(), Stage: f.stage, Runs: f.runs, Warmup: f.warmup, Precision: f.precision, Budget: f.budget,
		Seed: rand.Uint32(), Args: slices.Clone(f.passed),
	}
	if f.runs > 0 {
		p.Precision = 0
		if !f.set.Changed("budget") {
			p.Budget = 0
		}
	}
	if f.builtin() {
		p.Args = append(p.Args, "--name", "{index}.{ext}")
		if !f.shaped() {
			p.Args = append(p.Args, "--resize", sampleResize)
		}
		if !f.set.Changed("per-host") {
			p.Args = append(p.Args, "--per-host", strconv.Itoa(mostOf(p.Configs)))
		}
	}
	for _, l := range lists {
		p.Args = append(p.Args, "--input-list", l)
	}
	p.Args = append(append(p.Args, "--"), f.run.input.args...)
	return p
}

// mostOf returns the most downloads of any contestant.
func mostOf(configs []bench.Config) int {
	most := 1
	for _, c := range configs {
		most = max(most, c.Downloads)
	}
	return most
}

// shaped reports whether a flag says what is made of the images.
func (f *compareFlags) shaped() (yes bool) {
	f.set.Visit(func(flag *pflag.Flag) {
		yes = yes || flags.Heading(flag) == pictureHeading
	})
	for name := range f.preset.set {
		yes = yes || flags.Heading(f.ofRun(name)) == pictureHeading
	}
	return yes
}
