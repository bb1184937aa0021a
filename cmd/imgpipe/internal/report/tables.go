package report

import (
	"fmt"
	"strconv"

	"imgpipe/pipeline"
)

// timing returns how long each contestant took and how that compares.
func (v *view) timing() table {
	t := table{Head: []string{"mode", "workers", "downloads", "wall", "images/s", "speedup (95 % interval)"}, Left: 1}
	for i, f := range v.Configs {
		r := v.results[i]
		row := []string{v.mode(i), strconv.Itoa(f.Workers), v.downloads(i), unknown, unknown, unknown}
		if v.ran(i) {
			row[3], row[4], row[5] = withSpread(r.Wall, duration), number(r.ImagesPerSec.Center), v.speedup(i)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// mode returns the name of a Config's mode, with a number if the same Config competes twice.
func (v *view) mode(i int) string {
	same := 1
	for _, f := range v.Configs[:i] {
		if f.Same(v.Configs[i]) {
			same++
		}
	}
	name := printable(v.Configs[i].Mode)
	if same > 1 {
		name = fmt.Sprintf("%s (%d)", name, same)
	}
	return name
}

// downloads returns how many downloads there were at once; a dash for mode serial, which has no choice.
func (v *view) downloads(i int) string {
	if n := v.Configs[i].Downloads; n > 0 {
		return strconv.Itoa(n)
	}
	return unknown
}

// speedup returns how a Config compares with the baseline, with a "~" if that may be chance.
func (v *view) speedup(i int) string {
	r := v.results[i]
	switch {
	case !v.ran(i) || !finite(r.Speedup.Center):
		return unknown
	case i == v.Baseline:
		return "1.00× (baseline)"
	case r.Differs:
		return fmt.Sprintf("%s (%s)", ratio(r.Speedup.Center), interval(r.Speedup))
	case finite(r.P):
		return fmt.Sprintf("~ %s (%s), p = %s", ratio(r.Speedup.Center), interval(r.Speedup), number(r.P))
	}
	return fmt.Sprintf("~ %s (%s)", ratio(r.Speedup.Center), interval(r.Speedup))
}

// costNote is what the columns of the table of costs are.
const costNote = "Memory is the peak of all processes together; bytes copied between processes and context " +
	"switches are for each image; " +
	"GC is the CPU time of garbage collection."

// cost returns what each contestant took from the machine.
func (v *view) cost() table {
	t := table{Head: []string{"contestant", "CPU", "images/CPU s", "memory", "per worker", "copied", "switches", "GC"},
		Left: 1}
	for i, r := range v.results {
		row := []string{v.labels[i], unknown, unknown, unknown, unknown, unknown, unknown, unknown}
		if v.ran(i) {
			peak := r.PeakPSS.Center
			if !finite(peak) || peak == 0 {
				peak = r.PeakRSS.Center
			}
			row = []string{v.labels[i], withSpread(r.CPU, duration), number(r.ImagesPerCPUSec.Center), memory(peak),
				memory(r.MemoryPerWorker), size(r.CopiedPerImage), number(r.Voluntary + r.Involuntary), duration(r.GC)}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// memory returns bytes in words; 0 was not measured.
func memory(bytes float64) string {
	if bytes == 0 {
		return unknown
	}
	return size(bytes)
}

// scaling returns what more workers brought to each contestant; an empty table if there is only one width.
func (v *view) scaling() table {
	t := table{Head: []string{"contestant", "efficiency", "serial fraction", "Amdahl ceiling"}, Left: 1}
	for i, r := range v.results {
		if v.ran(i) && r.Efficiency != 0 {
			ceiling := unknown
			if r.Ceiling > 0 {
				ceiling = ratio(r.Ceiling)
			}
			t.Rows = append(t.Rows, []string{v.labels[i], percent(r.Efficiency), percent(r.Serial), ceiling})
		}
	}
	return t
}

// A stage is a way in which time is spent, with its word, and its letter in a bar of text.
type stage struct {
	pipeline.Stage
	Word   string
	Letter byte
}

// idle is the stage of a worker lane that has nothing to do.
const idle pipeline.Stage = "idle"

var (
	// workerStages happen on a worker lane, in this order.
	workerStages = []stage{
		{pipeline.StageMemory, "memory wait", 'M'},
		{pipeline.StageLock, "lock wait", 'L'},
		{pipeline.StageStart, "worker start", 'S'},
		{pipeline.StageHandover, "hand-over", 'H'},
		{pipeline.StageDecode, "decode", 'D'},
		{pipeline.StageOperate, "operate", 'O'},
		{pipeline.StageEncode, "encode", 'E'},
		{idle, "idle", '.'},
	}
	// otherStages happen before and after.
	otherStages = []stage{
		{pipeline.StageFetch, "fetch", 'F'},
		{pipeline.StageQueue, "queue", 'Q'},
		{pipeline.StageStore, "store", 'W'},
	}
)

// seconds returns how long a Config spent in a stage, over all images. In idle it spent what the other stages leave of
// its workers' time.
func (v *view) seconds(i int, s pipeline.Stage) float64 {
	r := v.results[i]
	if s != idle {
		if x := r.Stages[s]; finite(x) && x > 0 {
			return x
		}
		return 0
	}
	left := float64(v.Configs[i].Workers) * r.Wall.Center
	for _, w := range workerStages {
		if w.Stage != idle {
			left -= v.seconds(i, w.Stage)
		}
	}
	if !finite(left) {
		return 0
	}
	return max(left, 0)
}

// traced reports whether it is known how a Config spent its time.
func (v *view) traced(i int) bool {
	if !v.ran(i) || v.results[i].Wall.Center <= 0 || v.Configs[i].Workers <= 0 {
		return false
	}
	for _, s := range allStages {
		if v.seconds(i, s) > 0 {
			return true
		}
	}
	return false
}

// stages returns the time per image in each of list, in milliseconds.
func (v *view) stages(list []stage) table {
	t := table{Head: []string{"contestant"}, Left: 1}
	for _, s := range list {
		t.Head = append(t.Head, s.Word+" ms")
	}
	for i := range v.Configs {
		row := []string{v.labels[i]}
		for _, s := range list {
			if v.traced(i) && v.Job.Images > 0 {
				row = append(row, number(1000*v.seconds(i, s.Stage)/float64(v.Job.Images)))
			} else {
				row = append(row, unknown)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t.dropZeros()
}
