package bench

import (
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// A Job is what every contestant does.
type Job struct {
	// Inputs tells in words what is read, Images how many items that is, and BytesIn their length.
	Inputs  string `json:"inputs"`
	Images  int    `json:"images"`
	BytesIn int64  `json:"bytes_in"`
	// Spec is what is made of them.
	Spec string `json:"spec"`
	// Stage is "all", "fetch" or "transform": the others take no time then.
	Stage string `json:"stage"`
	// Latency is that of the sample server, 0 where the input is the user's own.
	Latency time.Duration `json:"latency"`
}

// An Estimate is the median of the runs with its 95 % confidence interval. Low and High are infinite where there are too
// few runs to tell.
type Estimate struct {
	Center float64 `json:"center"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// A Result is what is known of one Config after all its runs. Times are in seconds, amounts in bytes.
type Result struct {
	Runs         int      `json:"runs"`
	Wall         Estimate `json:"wall_s"`
	ImagesPerSec Estimate `json:"images_per_s"`
	CPU          Estimate `json:"cpu_s"`
	// ImagesPerCPUSec is what one second of one CPU does.
	ImagesPerCPUSec Estimate `json:"images_per_cpu_s"`
	PeakRSS         Estimate `json:"peak_rss"`
	PeakPSS         Estimate `json:"peak_pss"`
	// MemoryPerWorker is PeakPSS over the workers.
	MemoryPerWorker float64 `json:"memory_per_worker"`
	// CopiedPerImage is the bytes carried between processes for each image.
	CopiedPerImage float64 `json:"copied_per_image"`
	// Voluntary and Involuntary are context switches, in all processes, for each image.
	Voluntary   float64 `json:"voluntary_switches_per_image"`
	Involuntary float64 `json:"involuntary_switches_per_image"`
	// GC is the CPU time of garbage collection in all processes, and WorkerStart the time until one worker can work.
	GC          float64 `json:"gc_cpu_s"`
	WorkerStart float64 `json:"worker_start_s"`
	// Stages is the median of the time that all images together spent in each stage.
	Stages map[pipeline.Stage]float64 `json:"stages_s"`

	// Speedup is how many times faster than the Baseline this is: the median of the ratios of runs of the same round.
	Speedup Estimate `json:"speedup"`
	// P is the probability that two equal contestants would differ as much as this one and the Baseline; Differs that it is
	// below 0.05. Both are of no meaning for the Baseline itself.
	P       float64 `json:"p"`
	Differs bool    `json:"differs"`
	// Efficiency is the speedup over the same mode with the fewest workers, divided by how many times the workers are more. Serial is the Karp–Flatt
	// serial fraction of that, and Ceiling the speedup that Amdahl's law allows with it. They are 0 where there is only one width.
	Efficiency float64 `json:"efficiency"`
	Serial     float64 `json:"serial_fraction"`
	Ceiling    float64 `json:"ceiling"`
}

// A Warning is a reason to doubt the figures.
type Warning struct {
	// Kind is one word for a program, such as "few-runs".
	Kind string `json:"kind"`
	// Text is a sentence for a person.
	Text string `json:"text"`
}

// A Finding is a sentence of the verdict and the figures that it rests on.
type Finding struct {
	Kind    string `json:"kind"`
	Text    string `json:"text"`
	Figures string `json:"figures"`
}

// A Claim is something that the field says of threads, processes and locks, and what was measured of it here.
type Claim struct {
	Text     string `json:"text"`
	Measured string `json:"measured"`
	// Holds is "yes", "no" or "not shown": what this comparison did not run cannot tell.
	Holds string `json:"holds"`
}

// A Comparison is all that is known after the runs.
type Comparison struct {
	Program string          `json:"program"`
	Go      string          `json:"go"`
	Machine summary.Machine `json:"machine"`
	Began   time.Time       `json:"began"`
	Took    time.Duration   `json:"took"`
	// Command repeats it.
	Command []string `json:"command"`
	Job     Job      `json:"job"`
	// Runs are the rounds that count, Warmup those that were thrown away.
	Runs   int `json:"runs"`
	Warmup int `json:"warmup"`
	// Partial tells why it ended early; "" if it did not.
	Partial string `json:"partial,omitempty"`

	Configs []Config `json:"configs"`
	// Baseline is the index of the Config that speedups are counted from.
	Baseline int `json:"baseline"`
	// Results has one element for each Config.
	Results  []Result  `json:"results"`
	Verdict  []Finding `json:"verdict"`
	Claims   []Claim   `json:"claims"`
	Warnings []Warning `json:"warnings"`
	// Timelines has one element for each Config that finished a run.
	Timelines []Timeline `json:"timelines,omitempty"`
	// Samples are the raw runs, in the order in which they were made.
	Samples []Sample `json:"samples"`
	// Pictures are a few of the outputs, for a contact sheet.
	Pictures []Picture `json:"-"`
}

// A Picture is one output.
type Picture struct {
	Name string
	JPEG []byte
}
