package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
)

// lessonFlags returns the flags of a command line of imgpipe compare.
func lessonFlags(t *testing.T, args ...string) *compareFlags {
	t.Helper()
	set := pflag.NewFlagSet("compare", pflag.ContinueOnError)
	f := addCompareFlags(set)
	if err := set.Parse(append([]string{"--lesson"}, args...)); err != nil {
		t.Fatal(err)
	}
	f.finalize(set.Args())
	return f
}

func TestALessonRefusesWhatItChoosesItself(t *testing.T) {
	for _, args := range [][]string{
		{"--modes", "serial"}, {"-w", "2"}, {"-d", "4"}, {"--stage", "fetch"}, {"--latency", "0s"}, {"--images", "3"},
		{"--runs", "3"}, {"--warmup", "0"}, {"--keep", "kept"}, {"--per-host", "3"},
	} {
		err := lessonFlags(t, args...).checkLesson()
		if err == nil || !strings.Contains(err.Error(), "a lesson ") ||
			!strings.Contains(err.Error(), "expected --lesson without it") {
			t.Errorf("%v: error %v, want one sentence about the flag", args, err)
		}
	}
	for _, args := range [][]string{nil, {"--resize", "300", "photos"}, {"-o", "lesson.html", "--format", "json"}} {
		if err := lessonFlags(t, args...).checkLesson(); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// jobsOf returns the jobs of a lesson on so many CPUs.
func jobsOf(t *testing.T, cpus int) *lessonJobs {
	t.Helper()
	j, err := newLessonJobs(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.close)
	j.cpus, j.pictures = cpus, max(lessonImages, lessonImagesPerCPU*cpus)
	return j
}

// TestALessonFitsItsTime: the slower the machine, the fewer pictures and contestants there are. Six rounds are the
// least.
func TestALessonFitsItsTime(t *testing.T) {
	pictures, contestants := lessonImages, 100
	for _, each := range []time.Duration{30, 60, 120, 240, 480} { // ms of CPU for an image
		e := effort{lessonImages, each * time.Millisecond}
		j := jobsOf(t, 2)
		p, err := lessonFlags(t).fit(j, e, nil, lessonBudget)
		if err != nil {
			t.Fatal(err)
		}
		for _, plan := range []bench.Plan{p.waits, p.computes, p.both} {
			if plan.Runs < bench.LessonRounds || plan.Runs > 2*bench.LessonRounds || plan.Warmup != 1 {
				t.Errorf("%v for an image: %d rounds after %d", e.each, plan.Runs, plan.Warmup)
			}
		}
		e.images = j.pictures
		took := p.round(j, e) * time.Duration(p.both.Runs+1)
		if took != p.takes {
			t.Errorf("%v for an image: it says %v, not %v", e.each, p.takes, took)
		}
		if took > lessonBudget && (j.pictures > j.fewest() || p.both.Runs > bench.LessonRounds) {
			t.Errorf("%v for an image: it takes about %v of %v", e.each, took, lessonBudget)
		}
		if j.pictures > pictures || len(p.computes.Configs) > contestants || j.pictures < j.fewest() {
			t.Errorf("%v for an image: %d pictures and %d contestants, with less time for each %d and %d", e.each,
				j.pictures, len(p.computes.Configs), pictures, contestants)
		}
		pictures, contestants = j.pictures, len(p.computes.Configs)
	}
	if pictures == lessonImages {
		t.Errorf("on a machine that takes half a second for an image there are still %d", pictures)
	}
}

func TestALessonRefusesImagesThatTakeTooLong(t *testing.T) {
	_, err := lessonFlags(t, "photos").fit(jobsOf(t, 2), effort{1000, time.Second}, nil, lessonBudget)
	if err == nil || !strings.Contains(err.Error(), "--lesson: 7 rounds with these 1000 images take about ") ||
		!strings.Contains(err.Error(), "expected images that a lesson can do in 2m45s") {
		t.Errorf("error %v", err)
	}
}

// TestALessonTakesAsLongAsTheBudgetSays, but no less than six rounds do.
func TestALessonTakesAsLongAsTheBudgetSays(t *testing.T) {
	if f := lessonFlags(t); f.lessonTime() != lessonBudget {
		t.Errorf("without --budget %v", f.lessonTime())
	}
	f := lessonFlags(t, "--budget", "10s")
	p, err := f.fit(jobsOf(t, 2), effort{lessonImages, 100 * time.Millisecond}, nil, f.lessonTime())
	if err != nil || p.both.Runs != bench.LessonRounds || p.takes <= f.lessonTime() {
		t.Errorf("%v: %d rounds, which take %v, %v", f.lessonTime(), p.both.Runs, p.takes, err)
	}
	_, err = lessonFlags(t, "--budget", "10s", "photos").fit(jobsOf(t, 2), effort{20, time.Second}, nil, f.lessonTime())
	if err == nil || !strings.Contains(err.Error(), "in 10s, fewer or smaller ones, or a longer --budget") {
		t.Errorf("error %v", err)
	}
}

// TestTheUsersImagesAreTheJobThatComputes: their flags are for that job, and what must be fetched is fetched before.
func TestTheUsersImagesAreTheJobThatComputes(t *testing.T) {
	p, err := lessonFlags(t, "--op", "invert", "photos").lessonPlan(jobsOf(t, 2), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	if args := strings.Join(p.computes.Args, " "); args != "--op=invert -- photos" || p.computes.Stage != "" {
		t.Errorf("a folder: %q in stage %q", args, p.computes.Stage)
	}
	if args := fmt.Sprint(p.waits.Args, p.both.Args); strings.Contains(args, "invert") {
		t.Errorf("the user's flags are in the other jobs: %s", args)
	}
	p, err = lessonFlags(t, "http://127.0.0.1:1/a.jpg").lessonPlan(jobsOf(t, 2), true, nil)
	if err != nil || p.computes.Stage != bench.StageTransform {
		t.Errorf("a URL: stage %q, %v", p.computes.Stage, err)
	}
	p, err = lessonFlags(t, "--resize", "300").lessonPlan(jobsOf(t, 2), true, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []bench.Plan{p.computes, p.both} {
		if args := strings.Join(plan.Args, " "); !strings.Contains(args, "--resize=300") ||
			strings.Contains(args, sampleResize) {
			t.Errorf("the flags of a lesson on built-in photos: %s", args)
		}
	}
}

// TestALessonRunsItsThreeJobs runs one round of the least lesson. One round shows no order, and it says so.
func TestALessonRunsItsThreeJobs(t *testing.T) {
	t.Setenv(asProgram, "1")
	j := jobsOf(t, 2)
	j.pictures = 2
	p, err := lessonFlags(t).lessonPlan(j, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []*bench.Plan{&p.waits, &p.computes, &p.both} {
		plan.Runs, plan.Warmup, plan.Configs = 1, 0, plan.Configs[:4]
	}
	contest := &contest{dir: t.TempDir(), screen: newRunsScreen(io.Discard, "none", true)}
	c, err := contest.lesson(t.Context(), p, &bench.Lesson{})
	if err != nil {
		t.Fatal(err)
	}
	var titles []string
	for _, part := range c.Parts {
		titles = append(titles, part.Job.Title)
		if len(part.Samples) != 4 || part.Samples[0].Summary.Done != part.Job.Images || part.Job.Images == 0 {
			t.Errorf("%s: %d runs of %d images", part.Job.Title, len(part.Samples), part.Job.Images)
		}
	}
	if got := strings.Join(titles, ", "); got != "work that waits, work that computes, work that does both" {
		t.Errorf("the jobs are %s", got)
	}
	if c.Verdict[0].Kind != "lesson" || !strings.Contains(c.Verdict[0].Text, "do not show the answer") {
		t.Errorf("one round comes to %+v", c.Verdict[0])
	}
}

// TestACrashEndsARunInGoroutinesAndOneImageInProcesses has one of the images of a real run crash what runs it.
func TestACrashEndsARunInGoroutinesAndOneImageInProcesses(t *testing.T) {
	t.Setenv(asProgram, "1")
	j := jobsOf(t, 2)
	one, err := j.crash(t.Context(), modes.Goroutines)
	if err != nil {
		t.Fatal(err)
	}
	if one.Died != "the run" || one.Lost == 0 || one.Done+one.Failed+one.Lost != crashImages || one.Timeline != nil {
		t.Errorf("in goroutines: %+v, want a dead run", one)
	}
	many, err := j.crash(t.Context(), modes.Processes)
	if err != nil {
		t.Fatal(err)
	}
	if many.Lost != 0 || many.Done != crashImages-1 || many.Failed != 1 || !strings.HasSuffix(many.Died, "workers") ||
		many.Timeline == nil {
		t.Errorf("in processes: %+v, want one image that failed", many)
	}
	if !pipeline.ClassNamed(many.Class).Deadly {
		t.Errorf("the image failed with class %q, want one of those that end a process", many.Class)
	}
	if got := deadlyPlan().Table().Of(deadlyImage); got != drill.OOM {
		t.Errorf("image %d has the fault %q", deadlyImage, got)
	}
}

func TestAWorkerIsStartedUntilItCanWork(t *testing.T) {
	for range 2 {
		if took, err := startOfWorker(t.Context()); err != nil || took <= 0 {
			t.Errorf("it took %v, %v", took, err)
		}
	}
}
