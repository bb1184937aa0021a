package bench

import (
	"encoding/json"
	"math"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// A Job is what every contestant does.
type Job struct {
	// Inputs says in words what is read. Images is how many items that is, BytesIn their length.
	Inputs  string `json:"inputs"`
	Images  int    `json:"images"`
	BytesIn int64  `json:"bytes_in"`
	// Spec is what is made of them.
	Spec string `json:"spec"`
	// Stage is "all", "fetch" or "transform": the others take no time then.
	Stage string `json:"stage"`
	// Latency is that of the sample server; 0 if the input is the user's own.
	Latency time.Duration `json:"latency"`
}

// An Estimate is the median of the runs with its 95 % confidence interval. With too few runs for an interval, Low and
// High are infinite; in JSON they are null then.
type Estimate struct {
	Center float64 `json:"center"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Finite reports whether there were enough runs for an interval.
func (e Estimate) Finite() bool { return finite(e.Low) && finite(e.High) }

// jsonEstimate is an Estimate in JSON, which knows no infinite numbers.
type jsonEstimate struct {
	Center *float64 `json:"center"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
}

// MarshalJSON writes null for what is not finite.
func (e Estimate) MarshalJSON() ([]byte, error) {
	orNull := func(f *float64) *float64 {
		if !finite(*f) {
			return nil
		}
		return f
	}
	return json.Marshal(jsonEstimate{orNull(&e.Center), orNull(&e.Low), orNull(&e.High)})
}

// UnmarshalJSON reads what MarshalJSON wrote: a bound that is null is infinite, a center that is null is not a number.
func (e *Estimate) UnmarshalJSON(b []byte) error {
	var j jsonEstimate
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	orElse := func(f *float64, none float64) float64 {
		if f == nil {
			return none
		}
		return *f
	}
	*e = Estimate{orElse(j.Center, math.NaN()), orElse(j.Low, math.Inf(-1)), orElse(j.High, math.Inf(1))}
	return nil
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
	// CopiedPerImage is how many bytes were copied between processes for each image.
	CopiedPerImage float64 `json:"copied_per_image"`
	// Voluntary and Involuntary are context switches, in all processes, for each image.
	Voluntary   float64 `json:"voluntary_switches_per_image"`
	Involuntary float64 `json:"involuntary_switches_per_image"`
	// GC is the CPU time of garbage collection in all processes, and WorkerStart the time until one worker can work.
	GC          float64 `json:"gc_cpu_s"`
	WorkerStart float64 `json:"worker_start_s"`
	// Stages has the median time that all images together spent in each stage.
	Stages map[pipeline.Stage]float64 `json:"stages_s"`

	// Speedup is how many times faster than the Baseline this is, from the ratios of the runs of the same round: the
	// Hodges–Lehmann estimate, with its interval. It is 1 for the Baseline itself.
	Speedup Estimate `json:"speedup"`
	// P is the probability that two equal contestants would differ as much as this one and the Baseline, by Wilcoxon's
	// signed-rank test of the same ratios. Differs says that it is below 0.05. For the Baseline they are 1 and false.
	P       float64 `json:"p"`
	Differs bool    `json:"differs"`
	// Efficiency is the speedup over the same mode with the fewest workers, over how many times more workers there are.
	// Serial is the Karp–Flatt serial fraction of that, and Ceiling the speedup that Amdahl's law allows with it. They
	// are 0 if there is only one width.
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

// A Claim is something that is often said about threads, processes and locks, and what was measured of it here.
type Claim struct {
	Text     string `json:"text"`
	Measured string `json:"measured"`
	// Holds is "yes", "no", or "not shown" if this comparison did not run what could show it.
	Holds string `json:"holds"`
}

// A Comparison is all that is known after the runs.
type Comparison struct {
	Program string          `json:"program"`
	Go      string          `json:"go"`
	Machine summary.Machine `json:"machine"`
	Began   time.Time       `json:"began"`
	Took    time.Duration   `json:"took"`
	// Command is the command line that repeats it.
	Command []string `json:"command"`
	Job     Job      `json:"job"`
	// Runs is how many rounds count, Warmup how many before them do not.
	Runs   int `json:"runs"`
	Warmup int `json:"warmup"`
	// Partial says why it ended early or a Config dropped out; "" if neither happened.
	Partial string `json:"partial,omitempty"`
	// Different says which runs did not do the same work; "" if all did.
	Different string `json:"different,omitempty"`

	Configs []Config `json:"configs"`
	// Baseline is the index of the Config that speedups are counted from.
	Baseline int `json:"baseline"`
	// Results has one element for each Config.
	Results  []Result  `json:"results"`
	Verdict  []Finding `json:"verdict"`
	Claims   []Claim   `json:"claims"`
	Warnings []Warning `json:"warnings"`
	// Parts are shorter comparisons of one stage alone, for some of the claims. They have no verdict.
	Parts []Comparison `json:"parts,omitempty"`
	// GoroutineStart is what [StartOfGoroutine] measured.
	GoroutineStart float64 `json:"goroutine_start_s"`
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
