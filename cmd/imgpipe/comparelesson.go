package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/peer"
)

// lessonBudget is how long a lesson may take, unless --budget says.
const lessonBudget = 165 * time.Second

// addLesson adds the flag of a lesson.
func (f *compareFlags) addLesson(set *pflag.FlagSet) {
	flags.Group{Set: set, Heading: "What is compared"}.Add(
		flags.Flag{Name: "lesson", Common: true, Value: flags.Switch(&f.lesson),
			Usage: "teach instead: jobs that wait, compute and do both, each in serial, gil, goroutines and " +
				"processes, and what is often said about these, measured. It takes under three minutes, or " +
				"what --budget says. With INPUT, that is the job that computes; with --peer python, threads and " +
				"processes of both languages are measured, too"},
	)
}

// lessonTime returns how long a lesson may take.
func (f *compareFlags) lessonTime() time.Duration {
	if f.set.Changed("budget") {
		return f.budget
	}
	return lessonBudget
}

// checkLesson finds flags that have no meaning for a lesson, which chooses its jobs and contestants itself.
func (f *compareFlags) checkLesson() error {
	if !f.lesson {
		return nil
	}
	for _, flag := range []struct{ name, why string }{
		{"modes", "a lesson compares serial, gil, goroutines and processes"},
		{"contestant", "a lesson compares serial, gil, goroutines and processes"},
		{"workers", "a lesson has as many workers as CPUs, and more and fewer where that shows something"},
		{"downloads", "a lesson has more downloads than CPUs"},
		{"per-host", "a lesson allows all of its downloads at once from its own server"},
		{"stage", "a lesson has whole jobs"},
		{"latency", "a lesson has a job that waits, and a job that does not"},
		{"images", "a lesson has as many pictures as it can do in its time: see --budget"},
		{"runs", "a lesson has as many rounds as it can make in its time, and 6 at least: see --budget"},
		{"warmup", "a lesson has one round that does not count"},
		{"precision", "a lesson has as many rounds as it can make in its time: see --budget"},
		{"keep", "a lesson has several jobs, and keeps no outputs"},
		{"from", "a lesson is measured"},
	} {
		if f.set.Changed(flag.name) {
			return fmt.Errorf("--%s: %s: expected --lesson without it, or no --lesson", flag.name, flag.why)
		}
	}
	return nil
}

// lessonSpec returns the flags that say what a lesson makes of the built-in photos.
func (f *compareFlags) lessonSpec() []string {
	if f.shaped() {
		return slices.Clone(f.passed)
	}
	return append(slices.Clone(f.passed), "--resize", sampleResize)
}

// A lessonPlan is the three comparisons of a lesson.
type lessonPlan struct {
	waits, computes, both bench.Plan
	takes                 time.Duration // about, with all rounds
}

// lessonPlan makes the jobs of a lesson, with all contestants or with those that it cannot do without. lists are the
// files of the user's lists.
func (f *compareFlags) lessonPlan(j *lessonJobs, whole bool, lists []string) (p lessonPlan, err error) {
	if p.waits, err = j.waits(whole); err != nil {
		return p, err
	}
	spec := f.lessonSpec()
	if !f.builtin() {
		spec = []string{"--resize", sampleResize} // the user's flags are for the user's images
	}
	if p.both, err = j.both(whole, spec); err != nil {
		return p, err
	}
	if f.builtin() {
		p.computes, err = j.computes(whole, spec)
		return p, err
	}
	p.computes = j.plan(bench.TitleComputes, f.run.input.shown(), 0, whole, f.plan(lists).Args)
	remote := func(arg string) bool { return strings.Contains(arg, "://") }
	if len(lists) > 0 || slices.ContainsFunc(f.run.input.args, remote) {
		p.computes.Stage = bench.StageTransform // it must not wait
	}
	return p, nil
}

// teach measures a lesson. lists are the files of the user's lists.
func (f *compareFlags) teach(
	ctx context.Context, dir string, contest *contest, lists []string,
) (*bench.Comparison, error) {
	began := time.Now()
	python, err := f.lessonPeer(ctx)
	if err != nil {
		return nil, err
	}
	j, err := newLessonJobs(dir)
	if err != nil {
		return nil, err
	}
	defer j.close()
	contest.screen.say("imgpipe: a lesson in three jobs on %d CPUs; at first, how long one of them takes", j.cpus)
	each, err := f.probe(ctx, j, contest, lists)
	if err != nil {
		return nil, err
	}
	lesson, err := j.besides(ctx)
	if err != nil {
		return nil, err
	}
	if python != nil {
		contest.screen.say("imgpipe: threads and processes of Go and Python in three jobs of their own")
		if lesson.Table, err = f.peerTable(ctx, python, dir, contest.screen, contest.kill); err != nil {
			return nil, fmt.Errorf("measure threads and processes of both languages: %w", err)
		}
	}
	left := f.lessonTime() - time.Since(began)
	p, err := f.fit(j, each, lists, left)
	if err != nil {
		return nil, err
	}
	contest.screen.say("imgpipe: %d rounds of %d runs", p.both.Runs+p.both.Warmup,
		len(p.waits.Configs)+len(p.computes.Configs)+len(p.both.Configs))
	if p.takes > left {
		contest.screen.say("note: they take about %v; %v of --budget %s are left, in which six rounds, the least that "+
			"show an order, do not fit", p.takes.Round(time.Second), max(left, 0).Round(time.Second),
			flags.FormatPeriod(f.lessonTime()))
	}
	return contest.lesson(ctx, p, lesson)
}

// lessonPeer returns the Python whose threads and processes a lesson measures, too; nil if no flag asks for that.
func (f *compareFlags) lessonPeer(ctx context.Context) (*peer.Python, error) {
	if f.peer.name == "" {
		return nil, nil
	}
	return f.peer.find(ctx)
}

// lesson runs the three jobs. The comparison that it returns is that of the job that does both, which is also the last
// of its Parts.
func (c *contest) lesson(ctx context.Context, p lessonPlan, besides *bench.Lesson) (*bench.Comparison, error) {
	all, err := c.run(ctx, *p.both.Job, p.both, p.waits, p.computes)
	if all != nil && err == nil {
		both := *all
		both.Parts, both.Timelines, both.Pictures = nil, nil, nil
		all.Parts = append(all.Parts, both)
		all.Lesson = besides
		all.Analyse()
	}
	return all, err
}

// claims reports whether a comparison measures all claims besides: it does so where nobody chose what is compared.
func (f *compareFlags) claims() bool {
	return f.builtin() && f.stage == bench.StageAll && !f.set.Changed("modes") && !f.set.Changed("contestant")
}

// compareWithClaims compares the built-in samples, and measures what the claims need besides.
func (f *compareFlags) compareWithClaims(
	ctx context.Context, dir string, contest *contest, job bench.Job, plan bench.Plan,
) (*bench.Comparison, error) {
	j, err := newLessonJobs(dir)
	if err != nil {
		return nil, err
	}
	defer j.close()
	lesson, err := j.besides(ctx)
	if err != nil {
		return nil, err
	}
	parts, err := j.claims(f.lessonSpec())
	if err != nil {
		return nil, err
	}
	runs := 0
	for _, p := range parts {
		runs += len(p.Configs)
	}
	contest.screen.say("imgpipe: then %d rounds of %d runs in two other jobs, for what is often said of threads and "+
		"processes: --budget is not for these", parts[0].Runs+parts[0].Warmup, runs)
	c, err := contest.run(ctx, job, plan, parts...)
	if c != nil && err == nil {
		c.Lesson = lesson
		c.Analyse()
	}
	return c, err
}

// An effort is what the job that computes takes.
type effort struct {
	images int
	each   time.Duration // for one image, in one worker
}

// probe makes one run of the job that computes, in goroutines.
func (f *compareFlags) probe(
	ctx context.Context, j *lessonJobs, contest *contest, lists []string,
) (e effort, err error) {
	p, err := f.lessonPlan(j, false, lists)
	if err != nil {
		return e, err
	}
	probe := p.computes
	probe.Configs, probe.Runs, probe.Warmup = bench.Grid([]string{modes.Goroutines}, []int{j.cpus},
		[]int{bench.ManyDownloads(j.cpus)}), 1, 0
	tried, err := contest.run(ctx, *probe.Job, probe)
	if err != nil {
		return e, err
	}
	s := &tried.Samples[0]
	e.images = max(s.Summary.Items, 1)
	e.each = time.Duration(s.Wall() * float64(j.cpus) / float64(e.images) * float64(time.Second))
	return e, nil
}

// fit returns the largest lesson that can be made in the time that is left: at first with fewer of the built-in photos,
// and then without the contestants that only some claims need. With the user's images it may be none.
func (f *compareFlags) fit(j *lessonJobs, e effort, lists []string, left time.Duration) (p lessonPlan, err error) {
	const rounds = bench.LessonRounds + 1 // one does not count
	most := j.pictures
	for _, option := range []struct {
		whole    bool
		pictures int
	}{{true, most}, {true, (most + j.fewest()) / 2}, {true, j.fewest()}, {false, j.fewest()}} {
		j.pictures = option.pictures
		if p, err = f.lessonPlan(j, option.whole, lists); err != nil {
			return p, err
		}
		if f.builtin() {
			e.images = j.pictures
		}
		each := p.round(j, e)
		if fitting := int(left / each); fitting >= rounds {
			p.setRuns(min(fitting-1, 2*bench.LessonRounds), each)
			return p, nil
		}
	}
	if f.builtin() { // the machine is very busy, and this is the least that shows something
		p.setRuns(bench.LessonRounds, p.round(j, e))
		return p, nil
	}
	took := (p.round(j, e) * rounds).Round(time.Second)
	return p, exitError{exitUsage, fmt.Errorf("--lesson: %d rounds with these %d images take about %v: expected "+
		"images that a lesson can do in %v, fewer or smaller ones, or a longer --budget", rounds, e.images, took,
		f.lessonTime())}
}

// setRuns has all jobs make n rounds that count, which take so long each.
func (p *lessonPlan) setRuns(n int, each time.Duration) {
	p.waits.Runs, p.computes.Runs, p.both.Runs = n, n, n
	p.takes = each * time.Duration(n+p.both.Warmup)
}

// perRun is about what a run takes beyond its images: to start and to end.
const perRun = 100 * time.Millisecond

// round returns how long one round takes, about.
func (p *lessonPlan) round(j *lessonJobs, e effort) (sum time.Duration) {
	for _, job := range []struct {
		plan   *bench.Plan
		images int
		each   time.Duration
	}{
		{&p.waits, 2 * bench.ManyDownloads(j.cpus), 0}, {&p.computes, e.images, e.each}, {&p.both, j.pictures, e.each},
	} {
		for _, c := range job.plan.Configs {
			lanes := 1
			if c.Mode != modes.Serial && c.Mode != modes.GIL {
				lanes = min(c.Workers, j.cpus)
			}
			wait := job.plan.Job.Latency / time.Duration(c.Downloads)
			sum += perRun + time.Duration(job.images)*(job.each/time.Duration(lanes)+wait)
		}
	}
	return sum
}
