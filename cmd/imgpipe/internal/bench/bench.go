// Package bench runs one job in several modes, in turn, and says how they compare.
//
//	Plan ──> Runner ──> a fresh process for each run ──> Sample ──┬─> Analyse ──> Comparison ──> package report
//	         interleaved, in alternating order                    │   statistics, warnings, verdict
//	         outputs must be the same ────────────────────────────┘
//
// Start with a [Plan] and a [Runner]. What comes out is a [Comparison]; package report shows it.
//
// The package measures nothing itself: each run is a child process that reports what it cost ([summary.Summary]). It
// draws nothing.
package bench

import (
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// A Config is one contestant: a mode with its width.
type Config struct {
	Mode      string `json:"mode"`
	Workers   int    `json:"workers"`
	Downloads int    `json:"downloads"`
}

// A Sample is one run of one Config.
type Sample struct {
	// Config is an index into Comparison.Configs. Round is the round of the run, from 0, Place its place in the round.
	Config int `json:"config"`
	Round  int `json:"round"`
	Place  int `json:"place"`
	// Summary is what the run reported.
	Summary summary.Summary `json:"summary"`
	// Digest is the SHA-256 over the names and bytes of the outputs.
	Digest string `json:"digest"`
	// Load is the machine's load average before the run began; 0 if it is not known.
	Load float64 `json:"load"`
	// OtherCPU is how many CPUs other programs kept busy during the run, on average; 0 if it is not known.
	OtherCPU float64 `json:"other_cpus"`
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
