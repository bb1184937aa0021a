package bench

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/modes"
)

// The stages that a Job can have.
const (
	StageAll       = "all"
	StageFetch     = "fetch"
	StageTransform = "transform"
)

// Stages lists the stages. The first is the default.
func Stages() []string { return []string{StageAll, StageFetch, StageTransform} }

// A Plan is what a Runner does: each Config once in each round.
type Plan struct {
	Configs []Config
	// Stage is one of the stages above; "" means StageAll.
	Stage string
	// Runs is how many rounds count, Warmup how many before them do not. With 0 Runs, Precision and Budget decide.
	Runs, Warmup int
	// Precision is how narrow the interval of each ratio to the Baseline is to become: half its width, as a share of
	// its center. 0 is no such goal.
	Precision float64
	// Budget is how long the runs may take: no round begins that would probably not end within it. The first round that
	// counts is made in any case. With Runs, it is how long rounds that were disturbed may be made again, and 0 makes
	// none again. Without Runs, it must be set.
	Budget time.Duration
	// Seed decides in which order the Configs run.
	Seed uint32
	// Job, if it is not nil, takes the place of the Runner's job.
	Job *Job
	// Args are flags and inputs of imgpipe run, for all runs. Env are further variables of their environment,
	// KEY=value.
	Args, Env []string
}

// Grid returns a Config for each of the modes in each width. Mode serial has one width only. A mode that is named twice
// competes twice.
func Grid(of []string, workers, downloads []int) []Config {
	var configs []Config
	for _, mode := range of {
		if mode == modes.Serial {
			configs = append(configs, Config{Mode: modes.Serial, Workers: 1, Downloads: 1})
			continue
		}
		for _, d := range downloads {
			for _, w := range workers {
				configs = append(configs, Config{Mode: mode, Workers: w, Downloads: d})
			}
		}
	}
	return configs
}

// WithPerHost returns configs once for each of the widths, which are numbers of downloads from one host. Mode serial
// has one only. Without widths, it returns configs.
func WithPerHost(configs []Config, widths []int) []Config {
	if len(widths) == 0 {
		return configs
	}
	var all []Config
	for _, c := range configs {
		if c.Mode == modes.Serial {
			all = append(all, c)
			continue
		}
		for _, n := range widths {
			c.PerHost = n
			all = append(all, c)
		}
	}
	return all
}

// Named returns p with a name for each Config: its own, or that of Comparison.Name. A Config whose mode is another one
// by another name becomes the same as that one, if p has it with the same widths.
func (p Plan) Named() Plan {
	c := Comparison{Configs: slices.Clone(p.Configs), Job: Job{Stage: cmp.Or(p.Stage, StageAll)}}
	names := make([]string, len(c.Configs))
	for i := range c.Configs {
		names[i] = c.Name(i)
	}
	for i := range c.Configs {
		this := &c.Configs[i]
		this.Name = names[i]
		twin := *this
		if twin.Mode = modes.SameAs(this.Mode); twin.Mode == this.Mode {
			continue
		}
		if n := slices.IndexFunc(c.Configs, twin.Same); n >= 0 {
			this.SameAs = names[n]
		}
	}
	p.Configs = c.Configs
	return p
}

// rounds returns how many rounds p is expected to have before one was made, with those that do not count.
func (p Plan) rounds() int {
	if p.Runs == 0 {
		return p.Warmup + enoughRuns
	}
	return p.Warmup + p.Runs
}

// running returns the Configs that have runs of their own.
func (p Plan) running() (configs []int) {
	for i, c := range p.Configs {
		if c.SameAs == "" {
			configs = append(configs, i)
		}
	}
	return configs
}

// baseline returns the Config that speedups are counted from: the serial one, or else the first.
func baseline(configs []Config) int {
	return max(slices.IndexFunc(configs, func(c Config) bool { return c.Mode == modes.Serial }), 0)
}

// Flags returns the flags of imgpipe run that choose c.
func (c Config) Flags() []string {
	words := []string{"--mode", c.Mode}
	if c.Mode != modes.Serial {
		downloads := "auto"
		if c.Downloads > 0 {
			downloads = fmt.Sprint(c.Downloads)
		}
		words = append(words, "--workers", fmt.Sprint(c.Workers), "--downloads", downloads)
	}
	if c.PerHost > 0 {
		words = append(words, "--per-host", fmt.Sprint(c.PerHost))
	}
	return append(words, c.Extra...)
}

// Name returns words for a Config that tell it from the others. Widths that all share are left out. A Config that
// competes with itself has a number.
func (c *Comparison) Name(config int) string {
	this := c.Configs[config]
	if this.Name != "" {
		return this.Name
	}
	name := this.Mode
	var widths []string
	if this.Mode != modes.Serial {
		if c.Job.Stage != StageFetch {
			widths = append(widths, figure.Count(this.Workers, "worker"))
		}
		if c.Job.Stage == StageFetch || c.several(func(c Config) int { return c.Downloads }) {
			widths = append(widths, figure.Count(this.Downloads, "download"))
		}
		if this.PerHost > 0 && c.several(func(c Config) int { return c.PerHost }) {
			widths = append(widths, fmt.Sprintf("%d from one host", this.PerHost))
		}
		name += " with " + list(widths)
	}
	if n := slices.IndexFunc(c.Configs, this.Same); n != config {
		again := 1
		for _, other := range c.Configs[n:config] {
			if other.Same(this) {
				again++
			}
		}
		name += fmt.Sprintf(" (#%d)", again)
	}
	return name
}

// several reports whether the Configs that are not serial differ in a width.
func (c *Comparison) several(width func(Config) int) bool {
	seen := -1
	for _, config := range c.Configs {
		if config.Mode == modes.Serial || config.Peer != "" {
			continue
		}
		if seen >= 0 && seen != width(config) {
			return true
		}
		seen = width(config)
	}
	return false
}

// width returns the number that a comparison of this stage varies.
func (c *Comparison) width(config int) int {
	if c.Job.Stage == StageFetch {
		return c.Configs[config].Downloads
	}
	return c.Configs[config].Workers
}

// unit returns the name of what width counts.
func (c *Comparison) unit() string {
	if c.Job.Stage == StageFetch {
		return "download"
	}
	return "worker"
}
