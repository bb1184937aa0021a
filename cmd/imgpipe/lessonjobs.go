package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline/procs"
	"imgpipe/samples"
)

const (
	// lessonImages is how many photos a lesson has on two CPUs, and lessonImagesPerCPU how many for each of more.
	lessonImages       = 24
	lessonImagesPerCPU = 8
	// smallResize is done to pictures of which next to nothing is to be computed.
	smallResize = "64x64"
	// Of so many images of the crash, the one that crashes is the deadlyImage-th.
	crashImages = 12
	deadlyImage = 8
)

// lessonJobs are the jobs that show what claims are about, in a folder, with a server of their own.
type lessonJobs struct {
	dir, url string
	srv      *samples.Server
	cpus     int
	// pictures is how many photos there are in the jobs that compute.
	pictures int
}

// newLessonJobs starts the server. The caller calls close.
func newLessonJobs(dir string) (*lessonJobs, error) {
	j := &lessonJobs{dir: dir, cpus: cpus(), srv: &samples.Server{Behavior: samples.Behavior{Latency: demoLatency}}}
	j.pictures = max(lessonImages, lessonImagesPerCPU*j.cpus)
	var err error
	if j.url, err = j.srv.Start(""); err != nil {
		return nil, err
	}
	return j, nil
}

func (j *lessonJobs) close() { j.srv.Close() }

// fewest is how many photos there are at least: as many as the widest contestant has workers.
func (j *lessonJobs) fewest() int { return max(8, 4*j.cpus) }

// list writes a list of so many pictures of the server.
func (j *lessonJobs) list(kind string, n int) (path string, err error) {
	var urls strings.Builder
	for i := range n {
		fmt.Fprintf(&urls, "%s/%s/%04d.jpg\n", j.url, kind, i+1)
	}
	path = filepath.Join(j.dir, fmt.Sprintf("%s-%d.txt", kind, n))
	return path, os.WriteFile(path, []byte(urls.String()), 0o600)
}

// served returns the arguments of runs that read a list of the server.
func (j *lessonJobs) served(list string, more ...string) []string {
	return append([]string{"--name", "{index}.{ext}", "--per-host", strconv.Itoa(bench.ManyDownloads(j.cpus)),
		"--input-list", list}, more...)
}

// waits returns a job of small pictures: it waits for the server.
func (j *lessonJobs) waits(whole bool) (bench.Plan, error) {
	n := 2 * bench.ManyDownloads(j.cpus)
	list, err := j.list("small", n)
	inputs := fmt.Sprintf("%d small pictures from a server on this machine that answers after %v", n, demoLatency)
	return j.plan(bench.TitleWaits, inputs, demoLatency, whole, j.served(list, "--resize", smallResize)), err
}

// both returns a job of photos: it waits for the server, and computes. spec are flags that say what is made of them.
func (j *lessonJobs) both(whole bool, spec []string) (bench.Plan, error) {
	list, err := j.list("photos", j.pictures)
	inputs := fmt.Sprintf("%d pictures from a server on this machine that answers after %v", j.pictures, demoLatency)
	return j.plan(bench.TitleBoth, inputs, demoLatency, whole, j.served(list, spec...)), err
}

// computes returns a job of the same photos in a folder, which it writes.
func (j *lessonJobs) computes(whole bool, spec []string) (bench.Plan, error) {
	folder := filepath.Join(j.dir, fmt.Sprintf("pictures-%d", j.pictures))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return bench.Plan{}, err
	}
	photos := samples.Embedded()
	for i := range j.pictures {
		name := filepath.Join(folder, fmt.Sprintf("%04d.jpg", i+1))
		if err := os.WriteFile(name, photos[i%len(photos)].Data, 0o600); err != nil {
			return bench.Plan{}, err
		}
	}
	args := append(slices.Clone(spec), "--", folder)
	return j.plan(bench.TitleComputes, fmt.Sprintf("%d pictures in a folder", j.pictures), 0, whole, args), nil
}

// plan returns a plan of the contestants that a job has in a lesson.
func (j *lessonJobs) plan(title, inputs string, latency time.Duration, whole bool, args []string) bench.Plan {
	return bench.Plan{
		Configs: bench.LessonConfigs(title, j.cpus, whole), Runs: bench.LessonRounds, Warmup: 1, Args: args,
		Job: &bench.Job{Title: title, Inputs: title + ": " + inputs, Latency: latency},
	}
}

// claims returns the jobs that claims need besides a comparison of the built-in samples.
func (j *lessonJobs) claims(spec []string) ([]bench.Plan, error) {
	waits, err := j.waits(false)
	if err != nil {
		return nil, err
	}
	computes, err := j.computes(false, spec)
	return []bench.Plan{waits, computes}, err
}

// besides measures what is no comparison of runs: starts, and what is left of a job with an image that crashes.
func (j *lessonJobs) besides(ctx context.Context) (*bench.Lesson, error) {
	lesson := new(bench.Lesson)
	var err error
	if lesson.Starts, err = bench.MeasureStarts(ctx, startOfWorker); err != nil {
		return nil, fmt.Errorf("measure how long a goroutine, a thread and a process take to start: %w", err)
	}
	for _, mode := range []string{modes.Goroutines, modes.Processes} {
		crash, err := j.crash(ctx, mode)
		if err != nil {
			return nil, fmt.Errorf("measure what an image that crashes leaves of a job in %s: %w", mode, err)
		}
		lesson.Crashes = append(lesson.Crashes, crash)
	}
	return lesson, nil
}

// startOfWorker starts a worker process and returns how long it took until it said hello.
func startOfWorker(ctx context.Context) (time.Duration, error) {
	pool, err := procs.New(procs.Options{Workers: 1, Env: drill.WorkerEnv()})
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	if _, err := pool.Isolation(ctx); err != nil {
		return 0, err
	}
	return pool.Usage().Starting, nil
}

// crash runs a job with an image of which the runtime is refused memory. That ends the process which works on it: no Go
// program can recover from it.
func (j *lessonJobs) crash(ctx context.Context, mode string) (bench.Crash, error) {
	program, err := procs.Program()
	if err != nil {
		return bench.Crash{}, err
	}
	list, err := j.list("small", crashImages)
	if err != nil {
		return bench.Crash{}, err
	}
	job := bench.CrashJob{
		Program: program, Dir: j.dir, Images: crashImages, Args: j.served(list, "--resize", smallResize),
		Env: append(os.Environ(), drill.Variable+"="+deadlyPlan().String(), "GOTRACEBACK=none"),
	}
	return job.Run(ctx, mode, j.cpus)
}

// deadlyPlan returns a plan in which one image, deadlyImage, asks for more memory than there is.
func deadlyPlan() drill.Plan {
	plan := drill.Plan{Images: crashImages, OOM: 1.0 / crashImages}
	for plan.Table().Of(deadlyImage) != drill.OOM {
		plan.Seed++
	}
	return plan
}
