package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/figure"
	"imgpipe/cmd/imgpipe/internal/machine"
	"imgpipe/cmd/imgpipe/internal/summary"
)

// A Runner makes the runs of Plans, one at a time, each in a fresh process. It can be used once, by one goroutine.
type Runner struct {
	// Program is the imgpipe that runs; it must be set.
	Program string
	// Dir is a folder for reports and traces, which must exist and is left with files in it.
	Dir string
	// Env returns the environment of a run, to which those of its Plan and its Config are added. Nil is that of this
	// process.
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
	// Done and Total count runs. Total is a guess, unless each Plan has a number of Runs.
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
		r.meter.total += len(p.running()) * p.rounds()
	}
}

// Compare makes the runs of p for job, and then those of parts, which may have jobs of their own, and returns how the
// Configs of p compare. It sets the Images, BytesIn, Spec and Stage of job. With an error, the Comparison still holds
// all that was measured. The error is one of these:
//
//   - that of ctx, if it ended;
//   - an ErrDifferent, if two runs did not do the same work;
//   - an ErrLeftOut, if too many images were not done in every run;
//   - otherwise why the last Config dropped out. If others go on, only Partial says why a Config dropped out.
func (r *Runner) Compare(ctx context.Context, job Job, p Plan, parts ...Plan) (*Comparison, error) {
	p, parts = p.Named(), slices.Clone(parts)
	for i := range parts {
		parts[i] = parts[i].Named()
	}
	r.expect(append(slices.Clone(parts), p)...)
	c := &Comparison{Job: job, Card: machine.Describe()}
	err := r.run(ctx, p, c)
	for _, plan := range parts {
		if err != nil {
			break
		}
		part := Comparison{Job: job, Card: c.Card}
		err = r.run(ctx, plan, &part)
		c.Parts = append(c.Parts, part)
		if part.Partial != "" {
			c.Partial = fmt.Sprintf("of %s: %s", part.Job.named(), part.Partial)
		}
		if part.Different != "" {
			c.Different = fmt.Sprintf("of %s: %s", part.Job.named(), part.Different)
		}
	}
	c.Took = time.Since(c.Began)
	c.Card = c.Card.Until(machine.Describe())
	c.Analyse()
	return c, err
}

// run makes the runs of p and sets Configs, Job, Samples and Timelines of c, and what else it knows of the rounds. With
// an error, c holds what was measured until then, and Partial or Different says why that is not all.
func (r *Runner) run(ctx context.Context, p Plan, c *Comparison) error {
	if p.Job != nil {
		c.Job = *p.Job
	}
	c.Configs, c.Baseline, c.Warmup, c.Seed = slices.Clone(p.Configs), baseline(p.Configs), p.Warmup, p.Seed
	c.Precision, c.Budget = p.Precision, p.Budget
	c.Began, c.Job.Stage = time.Now(), cmp.Or(p.Stage, StageAll)
	if len(p.running()) == 0 || p.Runs < 1 && p.Budget <= 0 {
		return errors.New("compare: expected at least one contestant and one run")
	}
	f := &field{Runner: r, plan: p, c: c, out: make([]error, len(p.Configs)), kept: make([]bool, len(p.Configs))}
	err := f.run(ctx)
	c.Took = time.Since(c.Began)
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
		c.Partial = "interrupted after " + figure.Count(f.made, "run")
		if p.Runs > 0 && p.Budget == 0 {
			c.Partial = fmt.Sprintf("interrupted after %d of %s", f.made,
				figure.Count(len(p.running())*p.rounds(), "run"))
		}
	case errors.Is(err, ErrDifferent):
		c.Different = strings.TrimPrefix(err.Error(), ErrDifferent.Error()+": ")
	case errors.Is(err, ErrLeftOut):
		c.Partial = err.Error()
	}
	f.settle()
	f.timelines()
	return err
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
