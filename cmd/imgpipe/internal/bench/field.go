package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"imgpipe/cmd/imgpipe/internal/machine"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
)

// A field is the contestants of one Plan.
type field struct {
	*Runner
	plan Plan
	c    *Comparison
	made int
	// took is how long each round took.
	took []time.Duration
	// warming is how many rounds that do not count are still to come, with the one under way.
	warming int
	// foreseen is how many runs of this Plan the meter's total has.
	foreseen int
	// out has why a Config dropped out, kept whether its outputs were passed to Keep.
	out  []error
	kept []bool
	// traces are the trace files of all runs, measured those of c.Samples. lost has what failed in each run that
	// counts. first is what the first run of imgpipe did, and all must do.
	traces, measured []string
	lost             []map[string]string
	first            *work
}

func (f *field) run(ctx context.Context) error {
	f.warming = f.plan.Warmup
	for {
		if f.warming == 0 {
			if f.c.Ended = f.ended(f.c.Runs); f.c.Ended != "" {
				break
			}
		}
		began, row := time.Now(), f.c.Runs
		if f.warming > 0 {
			row = f.plan.Warmup - f.warming
		}
		for place, config := range f.plan.order(row) {
			if f.out[config] != nil {
				continue
			}
			if err := f.one(ctx, place, config); err != nil {
				return err
			}
		}
		f.took = append(f.took, time.Since(began))
		if f.warming > 0 {
			f.warming--
		} else {
			f.c.Runs++
		}
		f.foresee(len(f.took))
	}
	f.tell("")
	return nil
}

// foresee corrects how many runs there will be, after so many rounds.
func (f *field) foresee(rounds int) {
	running := 0
	for _, config := range f.plan.running() {
		if f.out[config] == nil {
			running++
		}
	}
	if f.foreseen == 0 {
		f.foreseen = len(f.plan.running()) * f.plan.rounds()
	}
	now := f.made + running*(f.expected(rounds)-rounds)
	f.meter.total += now - f.foreseen
	f.foreseen = now
}

// one makes one run. A run that fails drops its Config. If no Config is left, that is the error.
func (f *field) one(ctx context.Context, place, config int) error {
	f.tell(f.c.Name(config))
	began := time.Now()
	ran, err := f.child(ctx, config)
	defer ran.remove()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.made++
	f.traces = append(f.traces, ran.trace)
	f.meter.ran(f.key(config), time.Since(began))
	switch {
	case errors.Is(err, ErrDifferent):
		return fmt.Errorf("%w: %s", err, f.c.Name(config))
	case err != nil:
		return f.drop(config, err)
	}
	if err := f.equal(config, ran); err != nil {
		return err
	}
	if f.made == 1 && f.tooLong(time.Since(began)) {
		f.warming, f.plan.Warmup, f.c.Warmup = 0, 0, 0
	}
	if f.warming > 0 {
		return nil
	}
	return f.count(place, config, ran)
}

// equal returns an ErrDifferent if a run did not do the same work as the first one.
func (f *field) equal(config int, ran *ran) error {
	switch {
	case f.c.Configs[config].Peer != "":
		return nil // Peer has compared its outputs
	case f.first == nil:
		f.first = &ran.work
		return nil
	}
	if why := f.first.differs(&ran.work); why != "" {
		return fmt.Errorf("%w: %s: %s and %s", ErrDifferent, why, f.c.Name(f.first.config), f.c.Name(config))
	}
	f.first.learn(&ran.work)
	return nil
}

// count takes a run into the comparison, and for those that are the same by another name as well.
func (f *field) count(place, config int, ran *ran) error {
	s := Sample{
		Config: config, Round: f.c.Runs, Place: place, Summary: ran.summary, Elapsed: ran.elapsed,
		ServerCPU: ran.server,
	}
	if ran.load != nil {
		s.Load = *ran.load
	}
	if others := ran.summary.Conditions.OtherCPUs; others != nil {
		s.OtherCPU = *others
	}
	s.judge(f.c.Card.Quota)
	for i, other := range f.c.Configs {
		if i != config && other.SameAs != f.c.Name(config) {
			continue
		}
		s.Config = i
		f.c.Samples = append(f.c.Samples, s)
		f.measured = append(f.measured, ran.trace)
		if f.Keep != nil && !f.kept[i] && ran.outputs != "" {
			f.kept[i] = true
			if err := f.Keep(i, ran.outputs); err != nil {
				return err
			}
		}
	}
	if f.c.Configs[config].Peer == "" {
		f.lost = append(f.lost, ran.work.lost)
	}
	return tooMany(leftOut(f.lost), ran.summary.Items)
}

// settle sets what is known once all runs are made: the images that are left out, and the digest of the others.
func (f *field) settle() {
	if f.first == nil || len(f.lost) == 0 {
		return
	}
	f.c.LeftOut = leftOut(f.lost)
	out := map[string]bool{}
	for _, o := range f.c.LeftOut {
		out[o.Source] = true
	}
	digest, counted := f.first.digest(out), 0
	for i := range f.c.Samples {
		s := &f.c.Samples[i]
		if f.c.Configs[s.Config].Peer != "" {
			continue
		}
		s.Digest = digest
		if counted++; counted == 1 && len(out) > 0 {
			f.c.Common = s.Summary.Done
			for source := range out {
				if _, failed := f.lost[0][source]; !failed {
					f.c.Common--
				}
			}
		}
	}
}

func (f *field) drop(config int, err error) error {
	f.out[config] = err
	why := fmt.Sprintf("%s dropped out: %v", f.c.Name(config), err)
	if f.c.Partial != "" {
		why = f.c.Partial + "; " + why
	}
	f.c.Partial = why
	for _, i := range f.plan.running() {
		if f.out[i] == nil {
			return nil
		}
	}
	return fmt.Errorf("%s: %w", f.c.Name(config), err)
}

func (f *field) tell(now string) {
	if f.Progress != nil {
		left := f.meter.left()
		if b := f.plan.Budget; b > 0 && f.plan.Runs == 0 {
			left = min(left, max(b-f.used(), 0))
		}
		f.Progress(Progress{f.meter.done, f.meter.total, now, left})
	}
}

func (f *field) key(config int) string { return f.c.Job.Stage + " " + f.c.Name(config) }

// timelines reads the trace of the median run of each Config. A trace that cannot be read is left out: the run was
// measured all the same.
func (f *field) timelines() {
	for config := range f.plan.Configs {
		var mine []int
		for i, s := range f.c.Samples {
			if s.Config == config {
				mine = append(mine, i)
			}
		}
		if len(mine) == 0 {
			continue
		}
		slices.SortStableFunc(mine, func(a, b int) int {
			return cmp.Compare(f.c.Samples[a].Wall(), f.c.Samples[b].Wall())
		})
		if t, err := readTimeline(f.measured[mine[(len(mine)-1)/2]]); err == nil {
			t.Config = config
			f.c.Timelines = append(f.c.Timelines, t)
		}
	}
	for _, path := range f.traces {
		os.Remove(path)
	}
}

// A ran is one run that has ended.
type ran struct {
	summary summary.Summary
	work    work
	elapsed float64
	load    *float64
	server  float64 // CPU time of this process meanwhile
	// trace is the file of its spans, outputs the folder of its outputs; "" if it wrote none.
	trace, outputs string
	scratch        string
}

// remove removes the outputs.
func (r *ran) remove() {
	if r != nil && r.scratch != "" {
		os.RemoveAll(r.scratch)
	}
}

// child makes one run.
func (f *field) child(ctx context.Context, config int) (*ran, error) {
	r := new(ran)
	var err error
	if r.scratch, err = os.MkdirTemp(f.outputs(), "imgpipe-compare-"); err != nil {
		return r, err
	}
	r.trace = filepath.Join(f.Dir, fmt.Sprintf("trace-%d.json", f.meter.done))
	to := outletIn(r.scratch)
	watch, before := machine.Start(), usage.Spent()
	if err = f.make(ctx, r, config, to); err != nil {
		return r, err
	}
	conditions, spent, s := watch.Stop(), usage.Spent().Sub(before), &r.summary
	if s.Machine.CPUs == 0 {
		s.Machine.CPUs = f.c.Card.CPUs
	}
	r.load = conditions.Load
	r.server = max(spent.Total().Seconds()-s.User-s.System, 0)
	fill(&s.Conditions, conditions)
	if f.c.Job.Stage == StageAll {
		r.outputs = to.outputs
	}
	if f.c.Configs[config].Peer == "" {
		r.work, err = workOf(config, *s, r.outputs, to.failed)
	}
	return r, err
}

// make has a program make one run, and sets its summary and its time.
func (f *field) make(ctx context.Context, r *ran, config int, to outlet) (err error) {
	if c := f.c.Configs[config]; c.Peer != "" {
		if f.Peer == nil {
			return fmt.Errorf("nothing here runs %s", c.Peer)
		}
		r.summary, err = f.Peer(ctx, c, to.outputs)
		r.elapsed = r.summary.Wall
		return err
	}
	took, err := f.execute(ctx, config, f.command(config, to))
	if err != nil {
		return err
	}
	if err := moveFile(to.trace, r.trace); err != nil {
		return err
	}
	r.summary, err = readSummary(to.report)
	r.elapsed = max(took.Seconds()-r.summary.Written-r.summary.Fetched, 0)
	return err
}

// outputs returns the folder in which a run writes. It is on a memory disk, once the first run has shown that there is
// room for its outputs: a disk that other programs use as well is not measured then.
func (f *field) outputs() string {
	if f.first != nil && f.first.bytesOut < memoryDiskFree()/4 {
		return memoryDisk
	}
	return f.Dir
}
