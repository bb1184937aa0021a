package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
	"imgpipe/samples"
)

// TestDrill is the drill itself, with few images and all faults, in a mode of each kind.
func TestDrill(t *testing.T) {
	t.Setenv(asProgram, "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	newRun := func(t *testing.T, mode string, plan faultPlan, calm map[string][]byte) *drillRun {
		return &drillRun{program: program, dir: t.TempDir(), mode: mode, workers: 2, images: plan.images, plan: plan, faults: plan.table(),
			calm: calm, verbose: t.Logf}
	}
	const images = 40
	quiet := newRun(t, modeGoroutines, faultPlan{images: images}, nil)
	if err := quiet.do(t.Context()); err != nil {
		t.Fatal(err)
	}
	calm, err := outputsOf(quiet.out())
	if err != nil {
		t.Fatal(err)
	}
	if len(calm) != images || len(quiet.result.Broken) > 0 {
		t.Fatalf("without faults: %d outputs, want %d; %q", len(calm), images, quiet.result.Broken)
	}
	for _, mode := range []string{modeGoroutines, modeProcesses} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			plan := faultPlan{seed: 3, images: images, rates: [...]float64{0.1, 0.05, 0.03, 0.03, 0.33}, full: images / 2}
			if mode != modeProcesses {
				plan.kills = 2
			}
			r := newRun(t, mode, plan, calm)
			if err := r.do(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, b := range r.result.Broken {
				t.Error(b)
			}
			if r.result.Done+r.result.Failed != images || r.result.Runs < 2 {
				t.Errorf("%d done and %d failed of %d, in %d runs", r.result.Done, r.result.Failed, images, r.result.Runs)
			}
			for _, f := range append(slices.Clone(faultRates[:]), faultDisk) {
				if r.result.Injected[f] == 0 || r.result.Survived[f] != r.result.Injected[f] {
					t.Errorf("%s: %d injected, %d survived", f, r.result.Injected[f], r.result.Survived[f])
				}
			}
		})
	}
	t.Run("a broken promise is seen", func(t *testing.T) {
		t.Parallel()
		r := newRun(t, modeGoroutines, faultPlan{images: 4}, calm)
		r.faults = faultTable{faultNone, faultPanic, faultNone, faultNone, faultNone} // that nobody injects
		if err := r.do(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := "image 1, panic, ended as done, expected panic"; len(r.result.Broken) != 1 || !strings.HasPrefix(r.result.Broken[0], want) {
			t.Errorf("an image that did not panic: %q, want %q", r.result.Broken, want)
		}
		for name, data := range map[string]string{"000000.jpg": "half", "other.jpg": "", ".imgpipe-tmp/1": ""} {
			path := filepath.Join(r.out(), name)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.look(true); err != nil {
			t.Fatal(err)
		}
		if r.result.Partial != 3 {
			t.Errorf("%d partial files, want 3: %q", r.result.Partial, r.result.Broken)
		}
		if err := os.Truncate(filepath.Join(r.out(), store.LedgerName), 0); err != nil {
			t.Fatal(err)
		}
		r.result.Broken = nil
		if err := r.account(""); err != nil {
			t.Fatal(err)
		}
		if len(r.result.Broken) != 4 || !strings.Contains(r.result.Broken[0], "image 1 is lost") {
			t.Errorf("an empty ledger: %q, want four lost images", r.result.Broken)
		}
	})
}

// A deadRun is a command in goroutine mode that an image has ended, as a fault that Go cannot recover does.
type deadRun struct {
	args                 []string
	out, culprit, poison string // poison is what in the environment makes the culprit deadly
}

func newDeadRun(t *testing.T) *deadRun {
	t.Helper()
	srv := new(samples.Server)
	url, err := srv.Start("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	plan := faultPlan{seed: 1, images: 6}
	plan.rates[slices.Index(faultRates[:], faultOOM)] = 0.01
	d := &deadRun{out: filepath.Join(t.TempDir(), "out"), poison: drillVariable + "=" + plan.String()}
	d.args = []string{"run", "-m", modeGoroutines, "-w", "2", "--progress", "none", "--resize", "32", "-o", d.out}
	for i := 1; i <= plan.images; i++ {
		d.args = append(d.args, fmt.Sprintf("%s/small/%d.jpg", url, i))
		if plan.table().of(i) == faultOOM {
			d.culprit = d.args[len(d.args)-1]
		}
	}
	if _, said := d.again(t, d.poison); !strings.Contains(said, "fatal error: runtime: out of memory") {
		t.Fatalf("the run did not die of its image:\n%s", said)
	}
	return d
}

// again gives the same command, with more flags.
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

func TestPoisonEndsOneRunAndNoOther(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{modeGoroutines, modeProcesses} { // of what comes after the crash
		t.Run(mode, func(t *testing.T) {
			d := newDeadRun(t)
			status, said := d.again(t, d.poison, "-m", mode)
			if status != exitSomeFailed || !strings.Contains(said, "note: a run died here") || !strings.Contains(said, "FAIL "+d.culprit+": poison: ") {
				t.Errorf("the run after the crash: status %d, want 1, a note and a poisoned image:\n%s", status, said)
			}
			if status, said = d.again(t, d.poison, "-m", mode); status != exitSomeFailed || !strings.Contains(said, "6 skipped") {
				t.Errorf("the run after that: status %d, want 1 and that the image is not tried again:\n%s", status, said)
			}
			status, said = d.again(t, d.poison, "-m", mode, "--retry-failed")
			if status != exitSomeFailed || !strings.Contains(said, "FAIL "+d.culprit+": poison: ") {
				t.Errorf("with --retry-failed: status %d, want 1 and a poisoned image:\n%s", status, said)
			}
			last, err := lastEntries(filepath.Join(d.out, store.LedgerName))
			if err != nil {
				t.Fatal(err)
			}
			for source, e := range last {
				if (e.Class == pipeline.ClassPoison) != (source == d.culprit) {
					t.Errorf("%s ended as %s %s", source, e.Status, e.Class)
				}
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
	large := []string{"--resize", "2000x2000", "--upscale", "--fit", "fill", "--filter", "nearest", "--op", "invert"} // 16 MB each
	status, said := d.again(t, "", append(large, "--isolate", "off", "--worker-memory", "12MiB")...)
	if !strings.Contains(said, "in processes of their own; isolation: none: it is off") {
		t.Errorf("--isolate off is not said of the workers for suspects:\n%s", said)
	}
	if runtime.GOOS == "linux" && (status != exitSomeFailed || !strings.Contains(said, "FAIL "+d.culprit+": poison: ")) {
		t.Errorf("status %d: a suspect in a worker that may take 12 MiB, want a failure:\n%s", status, said)
	}
	if status, said = d.again(t, "", append(large, "--worker-memory", "1GiB", "--retry-failed")...); status != exitOK {
		t.Errorf("status %d: the same with a gigabyte:\n%s", status, said)
	}
}

func TestFaultPlanIsTheSameEverywhere(t *testing.T) {
	p := faultPlan{seed: 7, images: 1000, rates: [...]float64{0.02, 0.01, 0, 0.0001, 0.1}, kills: 15, full: 500}
	q, err := parseFaultPlan(p.String())
	if err != nil || p != q {
		t.Errorf("parse %q: %+v, %v", p, q, err)
	}
	if !slices.Equal(p.table(), q.table()) {
		t.Error("two tables of one plan differ")
	}
	count := map[fault]int{}
	for i := 1; i <= p.images; i++ {
		count[p.table().of(i)]++
	}
	for f, want := range map[fault]int{faultKill: 15, faultPanic: 10, faultHang: 0, faultOOM: 1, faultNet: 100} {
		if count[f] != want {
			t.Errorf("%d images get %s, want %d", count[f], f, want)
		}
	}
	q.seed++
	if slices.Equal(p.table(), q.table()) {
		t.Error("another seed gives the same table")
	}
	for _, i := range []int{-1, 0, 1001} {
		if f := p.table().of(i); f != faultNone {
			t.Errorf("image %d, which there is not, gets %s", i, f)
		}
	}
	for _, bad := range []string{"x=1", "seed=-1", "panic=much", "images=100000000"} {
		if _, err := parseFaultPlan(bad); err == nil {
			t.Errorf("%q is taken for a plan", bad)
		}
	}
}
