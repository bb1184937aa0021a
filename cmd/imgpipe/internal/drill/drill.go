// Package drill breaks runs of imgpipe on purpose and counts what was lost.
//
// Start with [Run], which drills each mode with each seed and returns a [Report]. The program under test is this very
// program in processes of its own. A sample server in this process is its network.
//
//	Run --IMGPIPE_DRILL=plan--> imgpipe run --> its workers    kill, panic, hang, oom, disk: Hook and HookDisk
//	 |                            |    |
//	 |  sample server <---URLs----+    |                       net: the query of a URL asks for a bad answer
//	 +--compares with a calm run <-- output folder and ledger
//
// A run that dies or stops is continued by the same command, until it ends by itself. Then every image must have ended
// as its fault would have it; no other image may have failed; every output must have the bytes of a run without faults;
// and no file and no process may be left behind.
//
// The files, in reading order: plan.go draws which image gets which fault, hooks.go injects the faults into the
// program, drill.go loops over modes and seeds, run.go is one drill, and table.go writes what came of it. The package
// never reads a flag and never writes to a terminal.
package drill

import (
	"context"
	"fmt"
	"os"
	"time"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// Statuses are the exit statuses of imgpipe run that a drill distinguishes. Any other is that of a run that died.
type Statuses struct{ OK, SomeFailed, CouldNotRun int }

// Options say what is drilled. All fields but Say are required.
type Options struct {
	// Program is the path of the imgpipe binary.
	Program string
	// Dir is an existing folder for all that the drills write. They leave nothing in it.
	Dir string
	// Modes are values of --mode, of [modes.Classic]. They are drilled one after the other. The first also makes the
	// outputs that all others must have.
	Modes []string
	// Plan is that of the first drill of a mode. The next drills have the next seeds.
	Plan Plan
	// Seeds is the number of drills in each mode.
	Seeds int
	// Workers is the number of images transformed at once.
	Workers int
	// Statuses are those of Program.
	Statuses Statuses
	// Say reports progress; nil drops it.
	Say func(format string, args ...any)
}

// killsOfRuns is the largest number of images that kill a run without workers: each has what failed before done again.
const killsOfRuns = 3

// planFor returns the plan of the i-th drill in a mode. In mode gil no image hangs: until it were given up, it would
// hold the lock, and others would run out of time as well.
func (o *Options) planFor(mode string, i int) Plan {
	p := o.Plan
	p.Seed += uint64(i)
	if mode != modes.Processes {
		p.MaxKills = killsOfRuns
	}
	if mode == modes.GIL {
		p.Hang = 0
	}
	return p
}

// Run drills each mode with each seed. Its error is that of ctx or of this machine; promises that imgpipe did not keep
// are in the report. All processes that Run started have ended when it returns.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	d := drills{Options: o}
	report := new(Report)
	for _, mode := range o.Modes {
		row, err := d.mode(ctx, mode)
		if err != nil {
			return nil, err
		}
		report.rows = append(report.rows, row)
	}
	return report, nil
}

// drills are the drills of one call of Run.
type drills struct {
	Options
	calm map[string][]byte // the outputs of the first run, which has no faults; nil before it
}

// mode runs a mode without faults, and then drills it with each seed.
func (d *drills) mode(ctx context.Context, mode string) (row, error) {
	calm, err := d.one(ctx, mode, Plan{Images: d.Plan.Images})
	if err != nil {
		return row{}, err
	}
	r := newRow(mode, calm)
	for i := range d.Seeds {
		plan := d.planFor(mode, i)
		d.Say("%s, seed %d: %d images", mode, plan.Seed, plan.Images)
		found, err := d.one(ctx, mode, plan)
		if err != nil {
			return row{}, err
		}
		r.add(plan.Seed, found)
	}
	return r, nil
}

// one is a single drill, in a folder that it removes.
func (d *drills) one(ctx context.Context, mode string, plan Plan) (result, error) {
	dir, err := os.MkdirTemp(d.Dir, "")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(dir)
	r := newRun(&d.Options, dir, mode, plan)
	r.calm = d.calm
	if err := r.do(ctx); err != nil {
		return result{}, err
	}
	if d.calm == nil {
		d.calm, err = outputsIn(r.out())
	}
	return r.result, err
}

// A result is what one drill found.
type result struct {
	in, done, failed   int // images
	injected, survived map[Fault]int
	runs               int
	partial, orphans   int // files and processes that were left behind
	took               time.Duration
	broken             []string // the promises that were not kept
}

func newResult(images int) result {
	return result{in: images, injected: map[Fault]int{}, survived: map[Fault]int{}}
}

// breaks notes a promise that was not kept.
func (r *result) breaks(format string, args ...any) {
	r.broken = append(r.broken, fmt.Sprintf(format, args...))
}
