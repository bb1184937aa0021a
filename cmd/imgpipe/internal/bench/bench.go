// Package bench runs one job in several modes, in turn, and says how they compare.
//
//	Plan ──> Runner ──> a fresh process for each run ──> Sample ──┬─> Analyse ──> Comparison ──> package report
//	         in rounds, in a balanced order                       │   statistics, warnings, verdict
//	         outputs must be the same ────────────────────────────┘
//
// Start with a [Plan] and a [Runner]. What comes out is a [Comparison]; package report shows it.
//
// The package measures nothing itself: each run is a child process that reports what it cost ([summary.Summary]). It
// draws nothing.
package bench

import (
	"reflect"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// A Config is one contestant.
type Config struct {
	// Name distinguishes it from the others; "" for one of a grid of modes and widths, which Comparison.Name names.
	Name      string `json:"name,omitempty"`
	Mode      string `json:"mode"`
	Workers   int    `json:"workers"`
	Downloads int    `json:"downloads"`
	// PerHost is how many downloads from one host may run at once; 0 is what the arguments of the Plan say.
	PerHost int `json:"per_host,omitempty"`
	// Extra are further flags of imgpipe run, Env further variables of its environment, KEY=value.
	Extra []string `json:"flags,omitempty"`
	Env   []string `json:"env,omitempty"`
	// Program is another build of imgpipe; "" is that of the Runner.
	Program string `json:"program,omitempty"`
	// SameAs names the contestant that this one is the same as: it is not run, and has a copy of each run of that one.
	SameAs string `json:"same_as,omitempty"`
	// Peer names the way of working of another program that does the same job, such as "python-threads"; "" is imgpipe.
	Peer string `json:"peer,omitempty"`
}

// Same reports whether two Configs would do the same: the same fields, but for the name.
func (c Config) Same(other Config) bool {
	c.Name, other.Name = "", ""
	return reflect.DeepEqual(c, other)
}

// A Sample is one run of one Config.
type Sample struct {
	// Config is an index into Comparison.Configs. Round is the round of the run, from 0, Place its place in the round.
	Config int `json:"config"`
	Round  int `json:"round"`
	Place  int `json:"place"`
	// Elapsed is the wall time in seconds by the clock of the comparison: from before the program was started until it
	// had ended, less what it spent on writing its trace. It is 0 in old files.
	Elapsed float64 `json:"elapsed_s"`
	// Disturbed says in a phrase what disturbed the run, such as "other programs held 1.4 of 2 CPUs"; "" if nothing
	// did. DisturbedShare is the share of its wall time that went into that.
	Disturbed      string  `json:"disturbed,omitempty"`
	DisturbedShare float64 `json:"disturbed_share"`
	// Summary is what the run reported.
	Summary summary.Summary `json:"summary"`
	// Digest is the SHA-256 over the names and bytes of the outputs that all runs must have in common.
	Digest string `json:"digest"`
	// Load is the machine's load average before the run began; 0 if it is not known.
	Load float64 `json:"load"`
	// ServerCPU is the CPU time in seconds that imgpipe used during the run beside what the run reports: in the
	// comparison itself, which has the server of samples, and to start and end the run.
	ServerCPU float64 `json:"server_cpu_s,omitempty"`
	// OtherCPU is how many CPUs other programs kept busy during the run, on average; 0 if it is not known.
	OtherCPU float64 `json:"other_cpus"`
}

// Wall returns the wall time of the run in seconds: Elapsed, or what the run itself reported if that is not known.
func (s *Sample) Wall() float64 {
	if s.Elapsed > 0 {
		return s.Elapsed
	}
	return s.Summary.Wall
}

// A Span is a stage of one image in a timeline.
type Span struct {
	Stage pipeline.Stage `json:"stage"`
	// Lane is the download slot, worker or store lane, from 0, among lanes of that kind.
	Lane  int           `json:"lane"`
	Item  int           `json:"item"`
	Start time.Duration `json:"start"`
	End   time.Duration `json:"end"`
}

// A Timeline is one whole run of a Config: the run of median wall time.
type Timeline struct {
	Config int    `json:"config"`
	Spans  []Span `json:"spans"`
	// Memory is the resident memory of the whole tree of processes over time.
	Memory []MemoryPoint `json:"memory"`
}

// A MemoryPoint is the memory at one time, in bytes.
type MemoryPoint struct {
	At    time.Duration `json:"at"`
	Bytes int64         `json:"bytes"`
}
