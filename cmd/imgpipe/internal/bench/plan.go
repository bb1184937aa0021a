package bench

import (
	"fmt"
	"slices"
	"strings"

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
	// Runs is how many rounds count, Warmup how many before them do not.
	Runs, Warmup int
	// Args are flags and inputs of imgpipe run, for all runs.
	Args []string
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

// runs returns how many runs p consists of.
func (p Plan) runs() int { return len(p.Configs) * (p.Runs + p.Warmup) }

// order returns the Configs of a round in the order of their runs: forwards and backwards alternately.
func (p Plan) order(round int) []int {
	order := make([]int, len(p.Configs))
	for i := range order {
		order[i] = i
	}
	if round%2 == 1 {
		slices.Reverse(order)
	}
	return order
}

// baseline returns the Config that speedups are counted from: the serial one, or else the first.
func baseline(configs []Config) int {
	return max(slices.IndexFunc(configs, func(c Config) bool { return c.Mode == modes.Serial }), 0)
}

// Flags returns the flags of imgpipe run that choose c.
func (c Config) Flags() []string {
	if c.Mode == modes.Serial {
		return append([]string{"--mode", modes.Serial}, c.Extra...)
	}
	return append([]string{"--mode", c.Mode, "--workers", fmt.Sprint(c.Workers), "--downloads", fmt.Sprint(c.Downloads)}, c.Extra...)
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
			widths = append(widths, count(this.Workers, "worker"))
		}
		if c.Job.Stage == StageFetch || c.severalDownloads() {
			widths = append(widths, count(this.Downloads, "download"))
		}
		name += " with " + strings.Join(widths, " and ")
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

func (c *Comparison) severalDownloads() bool {
	seen := 0
	for _, config := range c.Configs {
		if config.Mode == modes.Serial || config.Peer != "" {
			continue
		}
		if seen != 0 && seen != config.Downloads {
			return true
		}
		seen = config.Downloads
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

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
