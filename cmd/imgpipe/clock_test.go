package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/cmd/imgpipe/internal/trace"
	"imgpipe/cmd/imgpipe/internal/usage"
	"imgpipe/pipeline"
)

// measured runs the program on a few pictures with further variables in its environment, and returns what it reported
// and how long it took by a clock outside.
func measured(
	t *testing.T, env []string, args ...string,
) (s summary.Summary, spans []trace.Span, outside time.Duration) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"a.jpg", "b.jpg", "c.png", "d.jpg"} {
		if err := writePicture(filepath.Join(dir, "photos", name), 300, 200); err != nil {
			t.Fatal(err)
		}
	}
	report, traced := filepath.Join(dir, "report.json"), filepath.Join(dir, "trace.json")
	cmd := program(t.Context(), append([]string{"run", "-q", "-o", filepath.Join(dir, "out"), "--resize", "100",
		"--report", report, "--trace", traced, filepath.Join(dir, "photos")}, args...)...)
	cmd.Env = append(append(cmd.Env, usage.BeganEnv()), env...)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	outside = time.Since(began)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(traced)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if spans, _, err = trace.Read(f); err != nil {
		t.Fatal(err)
	}
	return s, spans, outside
}

// TestTheClockOfARunIsThatOfItsProcess: it holds what was before the pipeline and after it, in every mode, and is held
// by a clock outside. So are the account and the trace.
func TestTheClockOfARunIsThatOfItsProcess(t *testing.T) {
	for _, mode := range modes.Names() {
		args := []string{"--mode", mode}
		if mode != modes.Serial {
			args = append(args, "-w", "2")
		}
		s, spans, outside := measured(t, nil, args...)
		if s.Done != 4 || s.Before <= 0 || s.Before > s.Wall || s.Written < 0 || s.Wall+s.Written > outside.Seconds() {
			t.Errorf("%s: %d done, before %v s of %v s, %v s to write, %v outside", mode, s.Done, s.Before, s.Wall,
				s.Written, outside)
		}
		if runtime.GOOS == "linux" {
			if most := outside.Seconds() * float64(runtime.NumCPU()); s.User+s.System <= 0 || s.User+s.System > most {
				t.Errorf("%s: CPU time %v + %v s, at most %v can be", mode, s.User, s.System, most)
			}
			if s.PeakPSS <= 0 || s.PeakPSS > s.PeakMemory {
				t.Errorf("%s: memory %d, %d with pages of several counted in each", mode, s.PeakPSS, s.PeakMemory)
			}
			if s.Conditions.MajorFaults == nil || s.Conditions.OtherCPUs == nil {
				t.Errorf("%s: conditions %+v", mode, s.Conditions)
			}
		}
		if a := s.Account; a != nil {
			got, want := a.Spent[pipeline.EntryBefore], float64(a.Lanes)*s.Before
			if !near(got, want) || a.Wall != s.Wall {
				t.Errorf("%s: account: before %v, want %v; wall %v, want %v", mode, got, want, a.Wall, s.Wall)
			}
		}
		for _, span := range spans {
			at, end := span.Start.Seconds(), span.End.Seconds()
			outsidePipeline := span.Stage == trace.StageBefore || span.Stage == trace.StageAfter
			if at < 0 || end > s.Wall+1e-6 || at < s.Before-1e-6 && !outsidePipeline {
				t.Errorf("%s: the trace has %+v, before is %v s of %v s", mode, span, s.Before, s.Wall)
			}
		}
		if !slices.ContainsFunc(spans, func(s trace.Span) bool { return s.Stage == trace.StageBefore }) {
			t.Errorf("%s: the trace does not say what was before the first image", mode)
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 }

// TestWhatAParentSaysOfTheStartCounts unless it makes no sense. A word of the parent that is a little earlier makes the
// run longer by that; one of long ago is for another process.
func TestWhatAParentSaysOfTheStartCounts(t *testing.T) {
	said := strings.SplitN(usage.BeganEnv(), "=", 2)
	if len(said) != 2 {
		t.Fatal(said)
	}
	for _, senseless := range []string{"0", "1", "x", "", "-5", "9223372036854775807"} {
		s, _, outside := measured(t, []string{said[0] + "=" + senseless})
		if s.Before <= 0 || s.Wall <= 0 || s.Wall > outside.Seconds() {
			t.Errorf("%q: before %v s of %v s, %v outside", senseless, s.Before, s.Wall, outside)
		}
	}
}

// TestARunOfTheTransformsAloneLeavesOutItsFetches: neither its time nor what came before it has them.
func TestARunOfTheTransformsAloneLeavesOutItsFetches(t *testing.T) {
	s, spans, outside := measured(t, nil, "--stage", bench.StageTransform)
	if s.Fetched <= 0 || s.Before <= 0 || s.Wall+s.Fetched+s.Written > outside.Seconds() {
		t.Errorf("fetched for %v s, before %v s of %v s, %v outside", s.Fetched, s.Before, s.Wall, outside)
	}
	for _, span := range spans {
		if span.End.Seconds() > s.Wall+1e-6 {
			t.Errorf("%+v is after %v s", span, s.Wall)
		}
	}
	if s, _, _ := measured(t, nil, "--stage", bench.StageFetch); s.Fetched != 0 {
		t.Errorf("a run of the fetches alone left out %v s of them", s.Fetched)
	}
}
