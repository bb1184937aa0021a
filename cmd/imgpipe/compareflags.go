package main

import (
	"errors"
	"fmt"
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

// compareFlags are the flags of imgpipe compare. Those that say what is done to the images are the very ones of imgpipe run, and are given to
// each run as they were typed.
type compareFlags struct {
	run    *runFlags
	passed []string // flags for each run

	modes              []string
	workers, downloads []int
	runs, warmup       int
	stage              string
	latency            time.Duration
	images             int

	format, output, keep string
	progress             string
	quiet                bool

	set   *pflag.FlagSet
	sides *sideCheck
}

const (
	formatText = "text"
	// manyDownloads keep the CPUs busy at the latency of a distant server; a comparison wants a number that stays the same.
	manyDownloads = 16
	// sampleResize is what is done to the built-in samples where no flag says otherwise.
	sampleResize = "800x800"
)

// sharedGroups are the groups of imgpipe run's flags that compare has, in the order of its help. sharedFlags are flags of other groups, and the group
// that they go to; those that go to none are not had here: a comparison is of whole jobs.
var (
	sharedGroups = []string{pictureHeading, "Input", limitsHeading, "Network"}
	sharedFlags  = map[string]string{
		"resize": pictureHeading, "format": pictureHeading, "quality": pictureHeading, "memory": limitsHeading,
		"max-failures": "", "max-time": "",
	}
)

// imageFormat is what --format of imgpipe run is called here, where --format is that of the report.
const imageFormat = "image-format"

func addCompareFlags(set *pflag.FlagSet) *compareFlags {
	f := &compareFlags{set: set, modes: modes.Comparable(), runs: 10, warmup: 1,
		stage: bench.StageAll, latency: demoLatency, images: demoImages, format: formatText, progress: progressAuto}
	flags.Group{Set: set, Heading: "What is compared"}.Add(
		flags.Flag{Name: "modes", Common: true, Value: flags.Choices(&f.modes, "MODES", modes.Comparable()...),
			Usage: "the modes, with commas between; one named twice competes with itself (default " +
				strings.Join(f.modes, ",") + ")"},
		flags.Flag{Name: "workers", Short: "w", Common: true, Value: flags.Wholes(&f.workers, 1024),
			Usage: "how many images each transforms at once: a list such as 1,2,4 (default 1, 2, 4 and so on up to the CPUs)"},
		flags.Flag{Name: "downloads", Short: "d", Common: true, Value: flags.Wholes(&f.downloads, 4096),
			Usage: "how many each fetches at once; a list as well; see --per-host (default 16, and 1,8,64 with --stage fetch)"},
		flags.Flag{Name: "stage", Common: true, Value: flags.Choice(&f.stage, bench.Stages()...),
			Usage: "one stage alone; the others take no time then (default all)"},
		flags.Flag{Name: "runs", Common: true, Value: flags.Whole(&f.runs, 1, 200),
			Usage: "rounds that count: each runs everything once, forwards and backwards in turn; fewer than 6 give no interval"},
		flags.Flag{Name: "warmup", Value: flags.Whole(&f.warmup, 0, 100),
			Usage: "rounds before them that do not count"},
	)
	flags.Group{Set: set, Heading: "Built-in samples, where there is no INPUT"}.Add(
		flags.Flag{Name: "latency", Value: flags.PeriodOrNone(&f.latency),
			Usage: "how long their server takes to answer"},
		flags.Flag{Name: "images", Value: flags.Whole(&f.images, 1, 100_000), Usage: "how many are fetched from it"},
	)
	flags.Group{Set: set, Heading: "Report"}.Add(
		flags.Flag{Name: "format", Common: true,
			Value: flags.Choice(&f.format, formatText, "markdown", "json", "csv", "bench"),
			Usage: "of the report on standard output. json: all figures of all runs. csv: one line for each run. bench: " +
				"Go's benchmark format, for benchstat"},
		flags.Flag{Name: "output", Short: "o", Common: true, Value: flags.Text(&f.output, "FILE"),
			Usage: "write the report with charts as one HTML file; FILE.svg gets one picture"},
		flags.Flag{Name: "keep", Value: flags.Text(&f.keep, "DIR"),
			Usage: "keep the outputs of one run of each in folders of DIR"},
		progressFlag(&f.progress),
		flags.Flag{Name: "quiet", Short: "q", Value: flags.Switch(&f.quiet),
			Usage: "say nothing on standard error but failures"},
	)
	f.share(set)
	return f
}

// share adds the flags of imgpipe run that every run is given.
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
			flags.SetHeading(&shown, home)
			if flag.Name == "format" {
				shown.Name = imageFormat
			}
			set.AddFlag(&shown)
		})
	}
}

// A passed value is one that is kept as it was typed, to be given to each run.
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
	if p.flag.Name != "input-list" { // lists may have to be kept first
		*p.args = append(*p.args, "--"+p.flag.Name+"="+s)
	}
	return nil
}

// builtin tells that there is no input but the samples.
func (f *compareFlags) builtin() bool { return len(f.run.inputs) == 0 && len(f.run.lists) == 0 }

// validate looks at the flags together, and fills in the lists that were not given.
func (f *compareFlags) validate() error {
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
	case f.stage != bench.StageAll && changed("keep"):
		return fmt.Errorf("--keep: --stage %s writes no outputs", f.stage)
	case f.quiet && changed("progress"):
		return errors.New("--quiet and --progress exclude each other: expected one of them")
	case !slices.Contains([]string{"", ".html", ".htm", ".svg"}, strings.ToLower(filepath.Ext(f.output))):
		return fmt.Errorf("--output %q: expected a name that ends in .html or .svg; other formats go to standard output, as --format says", f.output)
	}
	if err := f.keepIsEmpty(); err != nil {
		return err
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
	return f.validateRun()
}

// validateRun finds what imgpipe run would say, before it is run.
func (f *compareFlags) validateRun() error {
	r := *f.run
	r.output, r.mode = os.DevNull, modes.Goroutines
	if f.builtin() {
		r.inputs = []string{"samples"}
	}
	if err := r.validate(); err != nil {
		return err
	}
	spec, err := r.spec()
	if err != nil {
		return err
	}
	f.sides = &sideCheck{}
	f.sides.reads(f.run, spec.AssetNames())
	if f.output != "" {
		f.sides.sides = []named{{"output", f.output}}
	}
	return f.sides.all()
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

// doubling gives 1, 2, 4 and so on up to n, and n.
func doubling(n int) []int {
	var all []int
	for w := 1; w < n; w *= 2 {
		all = append(all, w)
	}
	return append(all, n)
}

// plan is what the flags ask for; lists are the files of the input lists.
func (f *compareFlags) plan(lists []string) bench.Plan {
	p := bench.Plan{Configs: bench.Grid(f.modes, f.workers, f.downloads), Stage: f.stage, Runs: f.runs, Warmup: f.warmup, Args: slices.Clone(f.passed)}
	if f.builtin() {
		p.Args = append(p.Args, "--name", "{index}.{ext}")
		if !f.shaped() {
			p.Args = append(p.Args, "--resize", sampleResize)
		}
		if !f.set.Changed("per-host") {
			p.Args = append(p.Args, "--per-host", strconv.Itoa(slices.Max(f.downloads)))
		}
	}
	for _, l := range lists {
		p.Args = append(p.Args, "--input-list", l)
	}
	p.Args = append(append(p.Args, "--"), f.run.inputs...)
	return p
}

// shaped tells that a flag says what is made of the images.
func (f *compareFlags) shaped() (yes bool) {
	f.set.Visit(func(flag *pflag.Flag) {
		yes = yes || flags.Heading(flag) == pictureHeading
	})
	return yes
}
