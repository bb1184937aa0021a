package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/usage"
)

// A Runner makes the runs of Plans, one at a time, each in a fresh process. It can be used once, by one goroutine.
type Runner struct {
	// Program is the imgpipe that runs; it must be set.
	Program string
	// Dir is a folder for reports and traces, which must exist and is left with files in it.
	Dir string
	// Env returns the environment of a run. Nil is that of this process.
	Env func(config int) []string
	// Keep, if it is not nil, is called with the folder of outputs of the first run of each Config that counts, if it
	// wrote any. The folder is removed afterwards. An error ends the comparison.
	Keep func(config int, outputs string) error
	// Progress, if it is not nil, is called before each run and when all are done.
	Progress func(Progress)
	// Kill, if it is not nil, is closed to kill the run under way. Without that, a context that ends asks the run to
	// end.
	Kill <-chan struct{}
	// Peer makes a run of a Config with a Peer, which writes its outputs to a folder that is not there yet, and returns
	// what that cost: its Wall is the whole clock. It returns an ErrDifferent if the outputs are not those of imgpipe,
	// by its own measure. It is needed for such Configs alone.
	Peer func(ctx context.Context, c Config, outputs string) (summary.Summary, error)

	meter meter
}

// Progress is how far a Runner has come.
type Progress struct {
	// Done and Total count runs.
	Done, Total int
	// Now is what runs next; "" at the end.
	Now string
	// Left is how long the rest will take; 0 while that is not known.
	Left time.Duration
}

// ErrDifferent is the error of runs that did not do the same work.
var ErrDifferent = errors.New("the runs did not do the same work")

// expect counts the runs of Plans that will be run, for Progress.
func (r *Runner) expect(plans ...Plan) {
	for _, p := range plans {
		r.meter.total += p.runs()
	}
}

// Compare makes the runs of p for job, and then those of parts, and returns how the Configs of p compare. It sets the
// Images, BytesIn, Spec and Stage of job. With an error, the Comparison still holds all that was measured. The error is
// one of these:
//
//   - that of ctx, if it ended;
//   - an ErrDifferent, if two runs did not do the same work;
//   - otherwise why the last Config dropped out. If others go on, only Partial says why a Config dropped out.
func (r *Runner) Compare(ctx context.Context, job Job, p Plan, parts ...Plan) (*Comparison, error) {
	r.expect(append(parts, p)...)
	c := &Comparison{Job: job, GoroutineStart: StartOfGoroutine()}
	err := r.run(ctx, p, c)
	for _, plan := range parts {
		if err != nil {
			break
		}
		part := Comparison{Job: job}
		err = r.run(ctx, plan, &part)
		c.Parts = append(c.Parts, part)
		if part.Partial != "" {
			c.Partial = fmt.Sprintf("of stage %s alone: %s", part.Job.Stage, part.Partial)
		}
		if part.Different != "" {
			c.Different = fmt.Sprintf("of stage %s alone: %s", part.Job.Stage, part.Different)
		}
	}
	c.Took = time.Since(c.Began)
	c.Analyse()
	return c, err
}

// run makes the runs of p and sets Configs, Job, Samples and Timelines of c. With an error, c holds what was measured
// until then, and Partial or Different says why that is not all.
func (r *Runner) run(ctx context.Context, p Plan, c *Comparison) error {
	c.Configs, c.Baseline, c.Runs, c.Warmup = p.Configs, baseline(p.Configs), p.Runs, p.Warmup
	c.Began, c.Job.Stage = time.Now(), p.Stage
	if p.Stage == "" {
		c.Job.Stage = StageAll
	}
	if len(p.Configs) == 0 || p.Runs < 1 {
		return errors.New("compare: expected at least one contestant and one run")
	}
	f := &field{Runner: r, plan: p, c: c, out: make([]error, len(p.Configs)), kept: make([]bool, len(p.Configs))}
	err := f.run(ctx)
	c.Took = time.Since(c.Began)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
		c.Partial = fmt.Sprintf("interrupted after %d of %d runs", f.made, p.runs())
	case errors.Is(err, ErrDifferent):
		c.Different = strings.TrimPrefix(err.Error(), ErrDifferent.Error()+": ")
	}
	f.timelines()
	return err
}

// A field is the contestants of one Plan.
type field struct {
	*Runner
	plan Plan
	c    *Comparison
	made int
	// out has why a Config dropped out, kept whether its outputs were passed to Keep.
	out  []error
	kept []bool
	// traces are the trace files of all runs, measured those of c.Samples. first is what the first run did, and all
	// must do.
	traces, measured []string
	first            *work
}

func (f *field) run(ctx context.Context) error {
	for round := range f.plan.Warmup + f.plan.Runs {
		for place, config := range f.plan.order(round) {
			if f.out[config] != nil {
				f.meter.total--
				continue
			}
			if err := f.one(ctx, round, place, config); err != nil {
				return err
			}
		}
	}
	f.tell("")
	return nil
}

// one makes one run. A run that fails drops its Config. If no Config is left, that is the error.
func (f *field) one(ctx context.Context, round, place, config int) error {
	f.tell(f.c.Name(config))
	began := time.Now()
	ran, err := f.child(ctx, f.plan, config)
	defer ran.remove()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.made++
	f.traces = append(f.traces, ran.trace)
	f.meter.ran(f.key(config), time.Since(began))
	if errors.Is(err, ErrDifferent) {
		return err
	}
	if err != nil {
		return f.drop(config, err)
	}
	if ran.peer {
		// Peer has compared its outputs.
	} else if f.first == nil {
		f.first = &ran.work
	} else if why := f.first.differs(ran.work); why != "" {
		return fmt.Errorf("%w: %s: %s and %s", ErrDifferent, why, f.c.Name(f.first.config), f.c.Name(config))
	}
	if round < f.plan.Warmup {
		return nil
	}
	f.measured = append(f.measured, ran.trace)
	f.c.Samples = append(f.c.Samples, Sample{
		Config: config, Round: round - f.plan.Warmup, Place: place, Summary: ran.summary,
		Digest: ran.digest(), Load: ran.load, OtherCPU: ran.others,
	})
	if f.Keep != nil && !f.kept[config] && ran.outputs != "" {
		f.kept[config] = true
		return f.Keep(config, ran.outputs)
	}
	return nil
}

func (f *field) drop(config int, err error) error {
	f.out[config] = err
	why := fmt.Sprintf("%s dropped out: %v", f.c.Name(config), err)
	if f.c.Partial != "" {
		why = f.c.Partial + "; " + why
	}
	f.c.Partial = why
	if !slices.Contains(f.out, nil) {
		return fmt.Errorf("%s: %w", f.c.Name(config), err)
	}
	return nil
}

func (f *field) tell(now string) {
	if f.Progress != nil {
		f.Progress(Progress{f.meter.done, f.meter.total, now, f.meter.left()})
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
			return cmp.Compare(f.c.Samples[a].Summary.Wall, f.c.Samples[b].Summary.Wall)
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
	load    float64
	others  float64
	// trace is the file of its spans, outputs the folder of its outputs; "" if it wrote none.
	trace, outputs string
	scratch        string
	peer           bool // another program made it
}

// digest returns that of the work; "" for another program, whose bytes are its own.
func (r *ran) digest() string {
	if r.peer {
		return ""
	}
	return r.work.digest()
}

// remove removes the outputs.
func (r *ran) remove() {
	if r != nil && r.scratch != "" {
		os.RemoveAll(r.scratch)
	}
}

// child makes one run.
func (f *field) child(ctx context.Context, p Plan, config int) (*ran, error) {
	r := new(ran)
	var err error
	if r.scratch, err = os.MkdirTemp(f.outputs(), "imgpipe-compare-"); err != nil {
		return r, err
	}
	if p.Configs[config].Peer != "" {
		r.peer = true
		if f.Peer == nil {
			return r, fmt.Errorf("nothing here runs %s", p.Configs[config].Peer)
		}
		r.summary, err = f.Peer(ctx, p.Configs[config], filepath.Join(r.scratch, "out"))
		return r, err
	}
	r.trace = filepath.Join(f.Dir, fmt.Sprintf("trace-%d.json", f.meter.done))
	report := filepath.Join(f.Dir, "report.json")
	outputs := filepath.Join(r.scratch, "out")
	args := []string{"run", "--output", outputs, "--report", report, "--trace", r.trace, "--quiet", "--force"}
	args = append(args, p.Configs[config].Flags()...)
	if f.c.Job.Stage != StageAll {
		args = append(args, "--stage", f.c.Job.Stage)
	}
	r.load = load()
	began, spent := time.Now(), usage.Spent()
	before, all := busy()
	if err := f.execute(ctx, config, append(args, p.Args...)); err != nil {
		return r, err
	}
	after, _ := busy()
	took, ours := time.Since(began).Seconds(), usage.Spent().Sub(spent).Total().Seconds()
	if r.summary, err = readSummary(report); err != nil {
		return r, err
	}
	if took > 0 {
		// Other programs may have CPUs that this one may not use: what they do there takes nothing from it.
		r.others = max((after-before-ours)/took-float64(all-r.summary.Machine.CPUs), 0)
	}
	if f.c.Job.Stage == StageAll {
		r.outputs = outputs
	}
	r.work, err = workOf(config, r.summary, r.outputs)
	return r, err
}

// outputs returns the folder in which a run writes. It is on a memory disk, once the first run has shown that there is
// room for its outputs: a disk that other programs use as well is not measured then.
func (f *field) outputs() string {
	if f.first != nil && f.first.bytesOut < memoryDiskFree()/4 {
		return memoryDisk
	}
	return f.Dir
}

// A meter estimates how long runs take.
type meter struct {
	done, total int
	sum         map[string]time.Duration
	count       map[string]int
}

func (m *meter) ran(key string, took time.Duration) {
	if m.sum == nil {
		m.sum, m.count = map[string]time.Duration{}, map[string]int{}
	}
	m.done++
	m.sum[key] += took
	m.count[key]++
}

// left returns how long the runs to come take, if they are like those before, each kind as often.
func (m *meter) left() time.Duration {
	if len(m.sum) == 0 {
		return 0
	}
	var mean time.Duration
	for key, sum := range m.sum {
		mean += sum / time.Duration(m.count[key]*len(m.sum))
	}
	return mean * time.Duration(max(m.total-m.done, 0))
}
