package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// What the test binary does when a Runner starts it as its program, in the environment.
const (
	asProgram = "BENCH_TEST_PROGRAM" // mode=what, with commas between
	callHome  = "BENCH_TEST_CALL"    // an address to call before it hangs
	echoed    = "BENCH_TEST_ECHO"    // what it says in its report, as its spec
)

func TestMain(m *testing.M) {
	if what, ok := os.LookupEnv(asProgram); ok {
		os.Exit(program(os.Args[1:], what))
	}
	os.Exit(m.Run())
}

// program behaves like imgpipe run on images a, b and c: it writes outputs, a ledger, a report and a trace. What it
// does beyond that depends on its mode.
func program(args []string, what string) int {
	f := flag.NewFlagSet("run", flag.ExitOnError)
	mode, output := f.String("mode", "", ""), f.String("output", "", "")
	report, traced := f.String("report", "", ""), f.String("trace", "", "")
	workers, downloads, stage := f.Int("workers", 1, ""), f.Int("downloads", 1, ""), f.String("stage", StageAll, "")
	perHost, failedList := f.Int("per-host", 0, ""), f.String("failed-list", "", "")
	f.Bool("quiet", false, "")
	f.Bool("force", false, "")
	if err := f.Parse(args[1:]); err != nil || args[0] != "run" {
		return 2
	}
	sum := summary.Summary{Mode: *mode, Workers: *workers, Downloads: *downloads, PerHost: *perHost, BytesIn: 300,
		Wall: 1 / float64(*workers), User: 1, Machine: summary.Machine{CPUs: 2},
		Stages: map[pipeline.Stage]float64{pipeline.StageDecode: 0.5}, Command: f.Args(), Spec: os.Getenv(echoed)}
	sources := []string{"a", "b", "c"}
	contents, failed := map[string]string{}, map[string]bool{}
	for _, w := range strings.Split(what, ",") {
		is := func(word string) bool { return w == *mode+"="+word || w == "all="+word }
		switch {
		case is("other bytes"):
			contents["b"] = "other"
		case is("other c"):
			contents["c"] = "other"
		case is("no workers"):
			fmt.Fprintln(os.Stderr, "imgpipe: no worker could be started\nSee 'imgpipe help'.")
			return 3
		case is("one fails"):
			failed["c"] = true
		case is("all fail"):
			failed["a"], failed["b"], failed["c"] = true, true, true
		case is("many"):
			sources = append(sources, "d", "e", "f", "g", "h", "i", "j")
		case is("one is damaged"):
			sum.Damaged = 1
		case is("disturbed"):
			others, waits := 1.4, 100.0
			sum.Conditions.OtherCPUs, sum.Conditions.CPUPressure = &others, &waits
			sum.User = 1000
		case is("hangs"):
			c, err := net.Dial("tcp", os.Getenv(callHome))
			if err != nil {
				return 4
			}
			io.Copy(io.Discard, c) // until somebody ends this process
			return 5
		}
	}
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var ledger, list []byte
	add := func(e store.Entry) {
		b, err := json.Marshal(e)
		must(err)
		ledger = append(append(ledger, b...), '\n')
	}
	names := map[string]string{"b": "trip/b.jpg"}
	for _, source := range sources {
		sum.Items++
		if failed[source] {
			sum.Failed++
			list = append(list, source+"\n"...)
			add(store.Entry{Status: pipeline.Failed, Source: source, Class: "http-404"})
			continue
		}
		name := cmp.Or(names[source], source+".jpg")
		sum.Done++
		sum.Outputs++
		add(store.Entry{Status: pipeline.Done, Source: source, Outputs: []pipeline.Output{{Path: name}}})
		if *stage == StageAll {
			must(os.MkdirAll(filepath.Join(*output, "trip"), 0o755))
			content := cmp.Or(contents[source], "picture")
			must(os.WriteFile(filepath.Join(*output, filepath.FromSlash(name)), []byte(content), 0o644))
		}
	}
	sum.ImagesPerSec = float64(sum.Done) / sum.Wall
	if *stage == StageAll {
		must(os.MkdirAll(*output, 0o755))
		must(os.WriteFile(filepath.Join(*output, store.LedgerName), ledger, 0o644))
	} else if len(list) > 0 {
		must(os.WriteFile(*failedList, list, 0o644))
	}
	b, err := json.Marshal(sum)
	must(err)
	must(os.WriteFile(*report, b, 0o644))
	file, err := os.Create(*traced)
	must(err)
	must(trace.NewWriter(file).Close(nil))
	if sum.Failed > 0 {
		return someFailed
	}
	return 0
}

// environment has a run do what it says. Under the race detector a process would wait a second before it ends.
func environment(what string) []string {
	return append(os.Environ(), asProgram+"="+what, "GORACE=atexit_sleep_ms=0")
}

// compareWith runs two workers' modes with a program that does what it says.
func compareWith(t *testing.T, ctx context.Context, what string, r *Runner, p Plan) (*Comparison, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r.Program, r.Dir = exe, t.TempDir()
	if r.Env == nil {
		r.Env = func(int) []string { return environment(what) }
	}
	c, err := r.Compare(ctx, Job{Inputs: "three pictures"}, p)
	left, globErr := filepath.Glob(filepath.Join(r.Dir, "*"))
	if globErr != nil || len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return c, err
}

func threeModes(runs int) Plan {
	return Plan{Configs: Grid([]string{modes.Serial, modes.Goroutines, modes.Processes}, []int{2}, []int{4}),
		Runs: runs, Warmup: 1}
}

func TestEachRoundHasEveryContestantOnceAndWarmUpsDoNotCount(t *testing.T) {
	var progress []Progress
	p := threeModes(2)
	c, err := compareWith(t, t.Context(), "", &Runner{Progress: func(p Progress) { progress = append(progress, p) }}, p)
	if err != nil {
		t.Fatal(err)
	}
	var order []int
	for _, s := range c.Samples {
		order = append(order, s.Config)
	}
	if want := slices.Concat(p.order(0), p.order(1)); !slices.Equal(order, want) {
		t.Errorf("contestants ran in the order %v, want %v", order, want)
	}
	if first, last := progress[0], progress[len(progress)-1]; first.Total != 9 || first.Now == "" ||
		last.Done != 9 || last.Total != 9 || last.Now != "" || last.Left != 0 {
		t.Errorf("progress went from %+v to %+v", first, last)
	}
	if c.Partial != "" || c.Different != "" || len(c.Timelines) != 3 || c.Job.Images != 3 || c.Baseline != 0 {
		t.Errorf("partial %q, different %q, %d timelines, %d images, baseline %d", c.Partial, c.Different,
			len(c.Timelines), c.Job.Images, c.Baseline)
	}
	if c.Runs != 2 || c.Ended != EndedRounds {
		t.Errorf("%d rounds, ended by %q; want 2, ended by their number", c.Runs, c.Ended)
	}
}

func TestFlagsAndInputsReachEachRun(t *testing.T) {
	p := threeModes(1)
	p.Args = []string{"--", "photos", "-odd-"}
	c, err := compareWith(t, t.Context(), "", new(Runner), p)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Samples {
		want := c.Configs[s.Config]
		got := Config{Mode: s.Summary.Mode, Workers: s.Summary.Workers, Downloads: s.Summary.Downloads}
		if !got.Same(want) {
			t.Errorf("ran %+v, want %+v", got, want)
		}
		if !slices.Equal(s.Summary.Command, []string{"photos", "-odd-"}) {
			t.Errorf("inputs %q", s.Summary.Command)
		}
	}
}

func TestRunsThatWroteOtherBytesFailLoudly(t *testing.T) {
	c, err := compareWith(t, t.Context(), "processes=other bytes", new(Runner), threeModes(3))
	if !errors.Is(err, ErrDifferent) {
		t.Fatalf("error %v, want ErrDifferent", err)
	}
	for _, part := range []string{"trip/b.jpg", modes.Serial, "processes with 2 workers"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v: does not name %s", err, part)
		}
	}
	if len(c.Verdict) != 1 || c.Verdict[0].Kind != "different" || len(c.Claims) > 0 {
		t.Errorf("a verdict in spite of it: %+v, %+v", c.Verdict, c.Claims)
	}
}

func TestAModeThatFailsDropsOutAndTheOthersGoOn(t *testing.T) {
	c, err := compareWith(t, t.Context(), "processes=no workers", new(Runner), threeModes(2))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Samples) != 4 || c.Results[2].Runs != 0 {
		t.Errorf("%d runs, %d of processes; want 4 and 0", len(c.Samples), c.Results[2].Runs)
	}
	for _, part := range []string{"processes with 2 workers dropped out", "no worker could be started"} {
		if !strings.Contains(c.Partial, part) {
			t.Errorf("%q does not say %q", c.Partial, part)
		}
	}
}

func TestAComparisonWhoseModesAllFailSaysWhy(t *testing.T) {
	p := threeModes(2)
	p.Configs = p.Configs[1:]
	c, err := compareWith(t, t.Context(), "goroutines=no workers,processes=no workers", new(Runner), p)
	if err == nil || errors.Is(err, ErrDifferent) || len(c.Samples) > 0 ||
		!strings.Contains(err.Error(), "no worker could be started") {
		t.Errorf("%d runs, error %v", len(c.Samples), err)
	}
	if len(c.Verdict) != 1 || c.Verdict[0].Kind != "nothing" {
		t.Errorf("verdict %+v", c.Verdict)
	}
}

func TestImagesThatFailEverywhereDoNotEndAComparison(t *testing.T) {
	what := "serial=one fails,goroutines=one fails,processes=one fails"
	c, err := compareWith(t, t.Context(), what, new(Runner), threeModes(1))
	if err != nil || len(c.Samples) != 3 {
		t.Fatalf("%d runs, error %v", len(c.Samples), err)
	}
	if len(c.LeftOut) > 0 || c.Common != 0 {
		t.Errorf("left out: %+v, %d in common; want none, as all runs did the same", c.LeftOut, c.Common)
	}
}

func TestImagesThatAreDamagedAreSaid(t *testing.T) {
	what := "serial=one is damaged,goroutines=one is damaged,processes=one is damaged"
	c, err := compareWith(t, t.Context(), what, new(Runner), threeModes(1))
	if err != nil || len(c.Warnings) == 0 || !strings.HasPrefix(c.Warnings[0].Text, "1 of 3 images are damaged") {
		t.Fatalf("%v, warnings %+v", err, c.Warnings)
	}
	_, err = compareWith(t, t.Context(), "processes=one is damaged", new(Runner), threeModes(1))
	if !errors.Is(err, ErrDifferent) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("an image that is damaged in one mode only: error %v, want ErrDifferent", err)
	}
}

func TestInterruptEndsTheRunUnderWayAndKeepsWhatWasMeasured(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			cancel()
			io.Copy(io.Discard, c) // until the run has been ended
		}
	}()
	p := threeModes(2)
	p.Warmup = 0
	made := 0
	r := &Runner{Env: func(int) []string {
		what := ""
		if made++; made == 3 {
			what = "all=hangs"
		}
		return append(environment(what), callHome+"="+l.Addr().String())
	}}
	c, err := compareWith(t, ctx, "", r, p)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of the context", err)
	}
	if len(c.Samples) != 2 || !strings.Contains(c.Partial, "interrupted after 2 of 6 runs") {
		t.Errorf("%d runs, partial %q", len(c.Samples), c.Partial)
	}
}

func TestKeepSeesTheOutputsOfEachContestantOnce(t *testing.T) {
	seen := map[int]int{}
	r := &Runner{Keep: func(config int, outputs string) error {
		seen[config]++
		b, err := os.ReadFile(filepath.Join(outputs, "trip", "b.jpg"))
		if string(b) != "picture" {
			t.Errorf("read %q, %v", b, err)
		}
		return err
	}}
	if _, err := compareWith(t, t.Context(), "", r, threeModes(2)); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 3 || seen[0] != 1 || seen[1] != 1 || seen[2] != 1 {
		t.Errorf("outputs were seen %v times", seen)
	}
	full := errors.New("the disk is full")
	r = &Runner{Keep: func(int, string) error { return full }}
	if _, err := compareWith(t, t.Context(), "", r, threeModes(2)); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
}

func TestPartsOfOneStageAreMeasuredAfterTheWhole(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &Runner{Program: exe, Dir: t.TempDir(), Env: func(int) []string { return environment("") }}
	p := Plan{Configs: Grid([]string{modes.Serial, modes.Goroutines}, []int{2}, []int{4}), Runs: 1}
	fetches, transforms := p, p
	fetches.Stage, transforms.Stage, transforms.Job = StageFetch, StageTransform, &Job{Title: "alone"}
	c, err := r.Compare(t.Context(), Job{}, p, fetches, transforms)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Parts) != 2 || c.Parts[0].Job.Stage != StageFetch || c.Parts[1].Job.Stage != StageTransform {
		t.Fatalf("parts %+v", c.Parts)
	}
	if first, second := c.Parts[0].Job.Title, c.Parts[1].Job.Title; first != "" || second != "alone" {
		t.Errorf("the parts are called %q and %q", first, second)
	}
}

func TestGridGivesSerialOnceAndTheOthersEachWidth(t *testing.T) {
	got := Grid([]string{modes.Serial, modes.Goroutines, modes.Goroutines}, []int{1, 2}, []int{8})
	one := Config{Mode: modes.Goroutines, Workers: 1, Downloads: 8}
	two := Config{Mode: modes.Goroutines, Workers: 2, Downloads: 8}
	want := []Config{{Mode: modes.Serial, Workers: 1, Downloads: 1}, one, two, one, two}
	if !slices.EqualFunc(got, want, Config.Same) {
		t.Errorf("got %v, want %v", got, want)
	}
	c := Comparison{Configs: got, Job: Job{Stage: StageAll}}
	for i, want := range []string{"serial", "goroutines with 1 worker", "goroutines with 2 workers",
		"goroutines with 1 worker (#2)", "goroutines with 2 workers (#2)"} {
		if name := c.Name(i); name != want {
			t.Errorf("contestant %d is called %q, want %q", i, name, want)
		}
	}
}
