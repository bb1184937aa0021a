package bench

import (
	"encoding/json"
	"math"
	"time"

	"imgpipe/cmd/imgpipe/internal/machine"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/pipeline"
)

// A Job is what every contestant does.
type Job struct {
	// Title names one of several jobs; "" for a job that stands alone.
	Title string `json:"title,omitempty"`
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

// named returns what distinguishes a job from another one beside it: its title, or its stage.
func (j Job) named() string {
	if j.Title != "" {
		return j.Title
	}
	return "stage " + j.Stage + " alone"
}

// An Estimate is the median of the runs with an interval that holds the truth in at least 95 of 100 cases. With too
// few runs for an interval, Low and High are infinite; in JSON they are null then.
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
	// GC is not measured any more, and has a value of old files alone: see summary.Summary. WorkerStart is the time
	// until one worker can work.
	GC          float64 `json:"gc_cpu_s"`
	WorkerStart float64 `json:"worker_start_s"`
	// Stages has the median time that all images together spent in each stage.
	Stages map[pipeline.Stage]float64 `json:"stages_s"`

	// CPUPerImage is the CPU time of one image in seconds. CPURatio is how many times that of the Baseline it is, from
	// the ratios of the runs of the same round, with its interval and CPUP, the probability that two equal contestants
	// would differ as much. All rounds count, as the CPU time of other programs is not in it.
	CPUPerImage Estimate `json:"cpu_per_image_s"`
	CPURatio    Estimate `json:"cpu_ratio"`
	CPUP        float64  `json:"cpu_p"`
	// Before is the time before the first image.
	Before Estimate `json:"before_s"`
	// WallDetectable and CPUDetectable are the smallest differences from the Baseline that these runs would have shown
	// in four of five comparisons, as a share: 0.1 is 10 %. 0 is not known.
	WallDetectable float64 `json:"wall_detectable"`
	CPUDetectable  float64 `json:"cpu_detectable"`
	// QuietRounds is how many of the Runs were not disturbed: Speedup and P rest on those alone, if there are enough.
	QuietRounds int `json:"quiet_rounds"`
	// DisturbedShare is the median over the runs.
	DisturbedShare float64 `json:"disturbed_share"`
	// Account has the median lane time of each entry, in seconds. It is nil if it is not known.
	Account map[pipeline.Entry]float64 `json:"account_s,omitempty"`
	// Unknown has the entries that the system did not tell in one of the runs.
	Unknown []pipeline.Entry `json:"account_unknown,omitempty"`
	// AtOnce is the most downloads that there were at the same time in any run.
	AtOnce int `json:"downloads_at_once"`

	// Speedup is how many times faster than the Baseline this is, from the ratios of the runs of the same round: the
	// Hodges–Lehmann estimate, with its interval. It is 1 for the Baseline itself.
	Speedup Estimate `json:"speedup"`
	// P is the probability that two equal contestants would differ as much as this one and the Baseline, by Wilcoxon's
	// signed-rank test of the same ratios. Differs says that it is below [Level]. For the Baseline they are 1 and
	// false.
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
	// Figure is what Holds rests on, where that is one figure. Command would show what was not shown.
	Figure  *Estimate `json:"figure,omitempty"`
	Command string    `json:"command,omitempty"`
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
	// Runs is how many whole rounds that count were made, Warmup how many before them do not count.
	Runs   int `json:"runs"`
	Warmup int `json:"warmup"`
	// Seed is that of the order of the runs.
	Seed uint32 `json:"seed"`
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
	// GoroutineStart is how long a goroutine takes to start, in seconds, as the Lesson measured it; 0 without one.
	GoroutineStart float64 `json:"goroutine_start_s"`
	// Ended says why there were so many rounds: "rounds", "precision" or "budget". Precision is the half width of an
	// interval that was asked for, as a share, and Budget how long the runs might take; 0 for none.
	Ended     string        `json:"ended,omitempty"`
	Precision float64       `json:"precision,omitempty"`
	Budget    time.Duration `json:"budget,omitempty"`
	// Withheld says why there is no order by wall time, with figures; "" if there is one.
	Withheld string `json:"withheld,omitempty"`
	// LeftOut are the images that were not done in every counted run. They count in no run.
	LeftOut []LeftOut `json:"left_out,omitempty"`
	// Common is how many images were done in every counted run. It is 0 if all runs did the same.
	Common int `json:"images_in_common,omitempty"`
	// Card describes the machine.
	Card Card `json:"card"`
	// Outliers names runs that lie far from the others of their Config.
	Outliers []string `json:"outliers,omitempty"`
	// Lesson is what compare --lesson measured besides; nil without it.
	Lesson *Lesson `json:"lesson,omitempty"`
	// Peer is what is known of another program that did the job besides; nil if none did.
	Peer *PeerFacts `json:"peer,omitempty"`
	// Against is how this compares with an earlier comparison; nil without --against.
	Against *Against `json:"against,omitempty"`
	// Timelines has one element for each Config that finished a run.
	Timelines []Timeline `json:"timelines,omitempty"`
	// Samples are the raw runs, in the order in which they were made.
	Samples []Sample `json:"samples"`
	// Pictures are a few of the outputs, for a contact sheet.
	Pictures []Picture `json:"-"`
}

// A LeftOut is an image that was done in some of the counted runs only, for one class of failure. An image that failed
// in all of them is none: that is what the job is like.
type LeftOut struct {
	Source string `json:"source"`
	Class  string `json:"class"`
	// Runs is in how many of Of counted runs it failed.
	Runs int `json:"runs"`
	Of   int `json:"of"`
}

// A Card describes the machine on which it was measured. What is "" or 0 is not known.
type Card = machine.Card

// A Lesson is what compare --lesson measured besides its three comparisons, which are Parts.
type Lesson struct {
	// Starts has what one goroutine, one OS thread and one process take to start, in one loop.
	Starts []Start `json:"starts"`
	// Crashes has what died with one image that ended what ran it, in each model.
	Crashes []Crash `json:"crashes"`
	// Memory has what one more worker costs in each model.
	Memory []Slope `json:"memory"`
	// Table is {I/O-bound, CPU-bound in C, CPU-bound in the language} × {threads, processes}.
	Table []Cell `json:"table,omitempty"`
}

// A Start is how long one thing takes to start, in seconds: the median of Tries, with its interval.
type Start struct {
	What  string   `json:"what"` // "goroutine", "OS thread" or "process"
	Time  Estimate `json:"time_s"`
	Tries int      `json:"tries"`
}

// A Crash is one run in which an image ended what ran it.
type Crash struct {
	Mode string `json:"mode"`
	// Done, Failed and Lost add up to Images: Lost had no turn or were under way when the run died.
	Images int `json:"images"`
	Done   int `json:"done"`
	Failed int `json:"failed"`
	Lost   int `json:"lost"`
	// Class is that of the image that failed.
	Class string `json:"class,omitempty"`
	// Died says what died, such as "the run" or "1 worker".
	Died string `json:"died"`
	// Timeline is what was drawn before the end; it may be nil.
	Timeline *Timeline `json:"timeline,omitempty"`
}

// A Slope is the memory (PSS) that one more worker costs, in bytes, from runs of two widths.
type Slope struct {
	Mode          string   `json:"mode"`
	From          int      `json:"from"`
	To            int      `json:"to"`
	OneMoreWorker Estimate `json:"one_more_worker"`
}

// A Cell is one cell of the lesson's table.
type Cell struct {
	Job     string   `json:"job"`     // "I/O-bound", "CPU-bound in C" or "CPU-bound in the language"
	Program string   `json:"program"` // "Go" or "Python"
	Model   string   `json:"model"`   // "threads" or "processes"
	Speedup Estimate `json:"speedup"` // over the same program, one at a time
}

// An Against is how a comparison differs from an earlier one of the same contestants.
type Against struct {
	Began   time.Time       `json:"began"`
	Program string          `json:"program"`
	Machine summary.Machine `json:"machine"`
	Card    Card            `json:"card"`
	// Rows has one element for each contestant that both have.
	Rows []AgainstRow `json:"rows"`
	// Missing names the contestants that only one of them has.
	Missing []string `json:"missing,omitempty"`
	// Notes say what differs besides: the job, the machine, the version.
	Notes []string `json:"notes,omitempty"`
	// Withheld says why the wall times of one of the two show nothing; "" if those of both do.
	Withheld string `json:"withheld,omitempty"`
}

// An AgainstRow is one contestant in two comparisons: how many times the wall time and the CPU time for an image of the
// earlier one it takes now, with the probability of equal ones, by a test that pairs nothing.
type AgainstRow struct {
	Name  string   `json:"name"`
	Wall  Estimate `json:"wall"`
	WallP float64  `json:"wall_p"`
	CPU   Estimate `json:"cpu"`
	CPUP  float64  `json:"cpu_p"`
}

// A Picture is one output.
type Picture struct {
	Name string
	JPEG []byte
}
