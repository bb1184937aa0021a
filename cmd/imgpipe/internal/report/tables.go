package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/pipeline"
)

// timing returns how long each contestant took and how that compares.
func (v *view) timing() table {
	t := table{Head: []string{"contestant", "before", "wall", "images/s", "times as fast", "p"}, Left: 1}
	for i, r := range v.results {
		row := []string{v.labels[i], unknown, unknown, unknown, unknown, unknown}
		if v.ran(i) {
			row = []string{v.labels[i], positive(r.Before.Center, figure.Duration), seconds(r.Wall),
				positive(r.ImagesPerSec.Center, figure.Number), v.speedup(i), v.chance(i, r.P)}
			if v.Withheld != "" && i != v.Baseline {
				row[4], row[5] = "no order", unknown
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// speedup returns how a Config compares with the baseline by the clock, with a "~" if that may be chance.
func (v *view) speedup(i int) string { return v.against(i, v.results[i].Speedup, v.results[i].Differs) }

func (v *view) against(i int, e bench.Estimate, differs bool) string {
	switch {
	case !v.ran(i) || !known(e):
		return unknown
	case i == v.Baseline:
		return "1.00× baseline"
	case differs:
		return times(e)
	}
	return "~ " + times(e)
}

// chance returns a probability; a dash for the baseline, which is compared with nothing.
func (v *view) chance(i int, p float64) string {
	switch {
	case i == v.Baseline || !finite(p) || p < 0:
		return unknown
	case p < 0.0005:
		return "< 0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

// cpuDiffers reports whether the CPU time for an image is not that of the baseline.
func (v *view) cpuDiffers(i int) bool {
	r := v.results[i]
	return bounded(r.CPURatio) && r.CPUP < bench.Level && i != v.Baseline
}

// work returns what each image took from the CPUs, and how that compares.
func (v *view) work() table {
	t := table{Head: []string{"contestant", "CPU for an image", "times the baseline's", "p", "waited for a CPU"},
		Left: 1}
	for i, r := range v.results {
		row := []string{v.labels[i], unknown, unknown, unknown, unknown}
		if v.ran(i) {
			row[1] = seconds(v.cpuPerImage(i))
			if known(r.CPURatio) {
				row[2], row[3] = v.against(i, r.CPURatio, v.cpuDiffers(i)), v.chance(i, r.CPUP)
			}
			if share, ok := v.waited(i); ok {
				row[4] = figure.Percent(share)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// cpuPerImage returns the CPU time of an image. Files of an earlier version have the CPU time of all images instead.
func (v *view) cpuPerImage(i int) bench.Estimate {
	r := v.results[i]
	if known(r.CPUPerImage) || v.Job.Images <= 0 || !known(r.CPU) {
		return r.CPUPerImage
	}
	n := float64(v.Job.Images)
	return bench.Estimate{Center: r.CPU.Center / n, Low: r.CPU.Low / n, High: r.CPU.High / n}
}

// workNote is what the columns of the table of work are.
const workNote = "CPU is the time on a core, of all processes. Waiting for a CPU is a share of the workers' time."

// space returns what memory each contestant took, and what went between processes and threads.
func (v *view) space() table {
	t := table{Head: []string{"contestant", "peak memory", "one more worker", "copied", "switches"}, Left: 1}
	for i, r := range v.results {
		row := []string{v.labels[i], unknown, unknown, unknown, unknown}
		if v.ran(i) {
			peak := r.PeakPSS
			if !known(peak) {
				peak = r.PeakRSS
			}
			row = []string{v.labels[i], amount(peak), v.oneMore(i), figure.Bytes(r.CopiedPerImage),
				figure.Number(r.Voluntary + r.Involuntary)}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// spaceNote is what the columns of the table of space are.
const spaceNote = "Memory is the highest PSS of all processes together, in which shared pages count once; RSS where " +
	"the system has no PSS. One more worker is the rise from the fewest workers of a mode to the most, for each. " +
	"Bytes copied between processes and context switches are for each image."

// oneMore returns what one more worker costs in memory: from the contestant of the same mode with the fewest workers.
func (v *view) oneMore(i int) string {
	least := i
	for j, f := range v.Configs {
		if v.alike(i, j) && v.ran(j) && f.Workers < v.Configs[least].Workers {
			least = j
		}
	}
	more := v.Configs[i].Workers - v.Configs[least].Workers
	if more <= 0 {
		return unknown
	}
	from, to := v.results[least], v.results[i]
	if !known(from.PeakPSS) || !known(to.PeakPSS) {
		return unknown
	}
	return figure.Bytes((to.PeakPSS.Center - from.PeakPSS.Center) / float64(more))
}

// alike reports whether two Configs differ in nothing but their workers.
func (v *view) alike(i, j int) bool {
	a, b := v.Configs[i], v.Configs[j]
	b.Workers = a.Workers
	return a.Same(b)
}

// scaling returns what more workers brought to each contestant; an empty table if nothing is known of that.
func (v *view) scaling() table {
	t := table{Head: []string{"contestant", "efficiency", "serial fraction", "Amdahl ceiling"}, Left: 1}
	for i, r := range v.results {
		if v.ran(i) && finite(r.Efficiency) && r.Efficiency != 0 {
			row := []string{v.labels[i], figure.Percent(r.Efficiency), unknown, unknown}
			if finite(r.Ceiling) && r.Ceiling > 0 {
				row[2], row[3] = figure.Percent(r.Serial), figure.Ratio(r.Ceiling)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t.dropZeros()
}

// scalingNote returns what the columns of the table of scaling are.
func scalingNote(t table) string {
	s := "Against the same mode with the fewest workers. Efficiency is the share of the added workers that is put " +
		"to use."
	if len(t.Head) > 2 {
		s += " The serial fraction (Karp–Flatt) is the share of the work that is not shared out, and the ceiling the " +
			"speedup beyond which more CPUs bring nothing (Amdahl), if nothing else bounds it."
	}
	return s
}

// contestants returns what each contestant is: how it was started, and how many downloads it made at once.
func (v *view) contestants() table {
	t := table{Left: 3, Head: []string{"contestant", "mode", "started with", "workers", "downloads", "at once", "runs",
		"quiet"}}
	for i, f := range v.Configs {
		r := v.results[i]
		mode := printable(f.Mode)
		if f.Peer != "" {
			mode = printable(f.Peer)
		}
		quiet := unknown
		if !v.old() {
			quiet = strconv.Itoa(r.QuietRounds)
		}
		with := slices.Concat(f.Env, f.Extra)
		if f.PerHost > 0 {
			with = append(with, "--per-host", strconv.Itoa(f.PerHost))
		}
		if f.Program != "" {
			with = append(with, "program="+f.Program)
		}
		for n, w := range with {
			with[n] = quote(w)
		}
		switch {
		case f.SameAs != "":
			with = []string{"not run: the same as " + printable(f.SameAs)}
		case len(with) == 0:
			with = []string{unknown}
		}
		t.Rows = append(t.Rows, []string{v.labels[i], orUnknown(mode), strings.Join(with, " "),
			positive(float64(f.Workers), whole), positive(float64(f.Downloads), whole),
			positive(float64(r.AtOnce), whole), strconv.Itoa(v.runsOf(i)), quiet})
	}
	return t.dropZeros()
}

func whole(x float64) string { return strconv.Itoa(int(x)) }

func orUnknown(s string) string {
	if s == "" {
		return unknown
	}
	return s
}

// A stageName is a stage and what it is called in a report.
type stageName struct {
	Stage pipeline.Stage
	Word  string
}

// stageWords are the stages in words, in the order in which an image goes through them.
var stageWords = []stageName{
	{pipeline.StageFetch, "fetch"},
	{pipeline.StageQueue, "queue"},
	{pipeline.StageMemory, "memory wait"},
	{pipeline.StageLock, "lock wait"},
	{pipeline.StageStart, "worker start"},
	{pipeline.StageHandover, "hand-over"},
	{pipeline.StageDecode, "decode"},
	{pipeline.StageOperate, "operate"},
	{pipeline.StageEncode, "encode"},
	{pipeline.StageCPUWait, "waiting for a CPU"},
	{pipeline.StageStall, "waiting, for no CPU"},
	{pipeline.StageStore, "store"},
}

// around are the stages of the program itself, in which no worker has an image. Timelines have them on all worker
// lanes.
var around = []stageName{{trace.StageBefore, "before the first image"}, {trace.StageAfter, "after the last image"}}

// stageWord returns a stage in words.
func stageWord(stage pipeline.Stage) string {
	for _, s := range slices.Concat(stageWords, around) {
		if s.Stage == stage {
			return s.Word
		}
	}
	return string(stage)
}

// stages returns the time for an image in each stage, in milliseconds. Stages overlap, so they add up to nothing.
func (v *view) stages() table {
	t := table{Head: []string{"contestant"}, Left: 1}
	for _, s := range stageWords {
		t.Head = append(t.Head, s.Word)
	}
	any := false
	for i, r := range v.results {
		row := []string{v.labels[i]}
		for _, s := range stageWords {
			cell := unknown
			if v.ran(i) && len(r.Stages) > 0 && v.Job.Images > 0 {
				cell = figure.Number(1000 * r.Stages[s.Stage] / float64(v.Job.Images))
				any = true
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	if !any {
		return table{}
	}
	return t.dropZeros()
}

// stagesName and stagesNote are what the table of stages is.
const (
	stagesName = "Time by stage"
	stagesNote = "Milliseconds for each image, of all stages. They overlap, so they add up to nothing."
)

// leftOut returns the images that count in no run.
func (v *view) leftOut() table {
	t := table{Head: []string{"image", "why", "in so many runs"}, Left: 2}
	for n, l := range v.LeftOut {
		if n == mostLeftOut {
			break
		}
		t.Rows = append(t.Rows, []string{orUnknown(printable(l.Source)), orUnknown(printable(l.Class)),
			fmt.Sprintf("%d of %d", l.Runs, l.Of)})
	}
	return t
}

// mostLeftOut is how many images that are left out are named; JSON has all.
const mostLeftOut = 20
