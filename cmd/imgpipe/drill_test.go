package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/samples"
)

// TestRunsKeepTheirPromisesUnderAllFaults is the drill itself, with few images and all faults, in a mode of each kind.
func TestRunsKeepTheirPromisesUnderAllFaults(t *testing.T) {
	t.Setenv(asProgram, "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{modes.Goroutines, modes.Processes} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			f := drillFlags{
				plan:       drill.Plan{Seed: 3, Images: 40, Kill: 0.1, Panic: 0.05, Hang: 0.03, OOM: 0.03, Net: 0.33},
				diskFullAt: 0.5, modes: []string{mode}, seeds: 1, workers: 2,
			}
			o := f.options(program, t.TempDir(), io.Discard)
			o.Say = t.Logf
			report, err := drill.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range report.Broken() {
				t.Error(b)
			}
			var table strings.Builder
			if err := report.WriteText(&table); err != nil {
				t.Fatal(err)
			}
			kills := 4
			if mode != modes.Processes {
				kills = 3
			}
			faults := fmt.Sprintf(" %d/%d 2/2 1/1 1/1 13/13 1/1 ", kills, kills)
			cells := strings.Join(strings.Fields(table.String()), " ")
			for _, want := range []string{"time lost " + mode + " 40 40 ", faults} {
				if !strings.Contains(cells, want) {
					t.Errorf("the table lacks %q:\n%s", want, &table)
				}
			}
		})
	}
}

// A deadRun is a command in goroutine mode that one of its images has killed, by a fault that Go cannot recover.
type deadRun struct {
	args                 []string
	out, culprit, poison string // poison, in the environment, makes the culprit deadly
}

func newDeadRun(t *testing.T) *deadRun {
	t.Helper()
	srv := new(samples.Server)
	url, err := srv.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	plan := drill.Plan{Seed: 1, Images: 6, OOM: 0.01}
	d := &deadRun{out: filepath.Join(t.TempDir(), "out"), poison: drill.Variable + "=" + plan.String()}
	d.args = []string{"run", "-m", modes.Goroutines, "-w", "2", "--progress", "none", "--resize", "32", "-o", d.out}
	for i := 1; i <= plan.Images; i++ {
		d.args = append(d.args, fmt.Sprintf("%s/small/%d.jpg", url, i))
		if plan.Table().Of(i) == drill.OOM {
			d.culprit = d.args[len(d.args)-1]
		}
	}
	if _, said := d.again(t, d.poison); !strings.Contains(said, "fatal error: runtime: out of memory") {
		t.Fatalf("the run did not die of its image:\n%s", said)
	}
	return d
}

// again runs the same command with more flags.
func (d *deadRun) again(t *testing.T, env string, flags ...string) (status int, said string) {
	t.Helper()
	var text bytes.Buffer
	cmd := program(t.Context(), slices.Concat(d.args, flags)...)
	cmd.Env = append(cmd.Env, env)
	cmd.Stderr = &text
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), text.String()
}

// failed returns the class of each source that failed, as the ledger has it.
func (d *deadRun) failed(t *testing.T) map[string]string {
	t.Helper()
	return failures(t, d.out)
}

// failures returns the class of each source whose last line in a folder's ledger says that it failed.
func failures(t *testing.T, folder string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, store.LedgerName))
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]string{}
	for line := range bytes.Lines(text) {
		var e store.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if delete(classes, e.Source); e.Status == pipeline.Failed {
			classes[e.Source] = e.Class
		}
	}
	return classes
}

func TestPoisonEndsOneRunAndNoOther(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{modes.Goroutines, modes.Processes} { // of what comes after the crash
		t.Run(mode, func(t *testing.T) {
			d := newDeadRun(t)
			status, said := d.again(t, d.poison, "-m", mode)
			if status != exitSomeFailed || !strings.Contains(said, "note: a run died here") ||
				!strings.Contains(said, "FAIL "+d.culprit+": poison: ") {
				t.Errorf("the run after the crash: status %d, want 1, a note and a poisoned image:\n%s", status, said)
			}
			status, said = d.again(t, d.poison, "-m", mode)
			if status != exitSomeFailed || !strings.Contains(said, "6 skipped") {
				t.Errorf("the run after that: status %d, want 1 and no further try of the image:\n%s", status, said)
			}
			status, said = d.again(t, d.poison, "-m", mode, "--retry-failed")
			if status != exitSomeFailed || !strings.Contains(said, "FAIL "+d.culprit+": poison: ") {
				t.Errorf("with --retry-failed: status %d, want 1 and a poisoned image:\n%s", status, said)
			}
			if failed := d.failed(t); !maps.Equal(failed, map[string]string{d.culprit: pipeline.ClassPoison}) {
				t.Errorf("failed: %q, want the culprit alone, with class poison", failed)
			}
			if status, said := d.again(t, "", "-m", mode, "--retry-failed"); status != exitOK {
				t.Errorf("without the fault: status %d\n%s", status, said)
			}
		})
	}
}

func TestSuspectsKeepToTheFlagsOfWorkers(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t)
	large := []string{ // 16 MB each
		"--resize", "2000x2000", "--upscale", "--fit", "fill", "--filter", "nearest", "--op", "invert",
	}
	status, said := d.again(t, "", append(large, "--isolate", "off", "--worker-memory", "12MiB")...)
	if !strings.Contains(said, "in processes of their own; isolation: none: it is off") {
		t.Errorf("--isolate off is not said of the workers for suspects:\n%s", said)
	}
	poisoned := status == exitSomeFailed && strings.Contains(said, "FAIL "+d.culprit+": poison: ")
	if runtime.GOOS == "linux" && !poisoned {
		t.Errorf("status %d: a suspect in a worker that may take 12 MiB, want a failure:\n%s", status, said)
	}
	if status, said = d.again(t, "", append(large, "--worker-memory", "1GiB", "--retry-failed")...); status != exitOK {
		t.Errorf("status %d: the same with a gigabyte:\n%s", status, said)
	}
}
