//go:build linux

package procs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"imgpipe/pipeline"
	"imgpipe/pipeline/wire"
	"imgpipe/transform"
)

func TestMain(m *testing.M) {
	switch {
	case IsWorker():
		os.Exit(faultyMain())
	case len(os.Args) > 1 && os.Args[1] == parentCommand:
		os.Exit(parentMain())
	case len(os.Args) > 1 && os.Args[1] == replacedCommand:
		os.Exit(replacedMain())
	}
	os.Exit(m.Run())
}

// faulty gives a pool whose workers have this fault, and fails the test if the pool leaves a process, a goroutine or
// a descriptor behind.
func faulty(t *testing.T, fault string, opts Options) *Pool {
	t.Helper()
	before, files := goleak.IgnoreCurrent(), openFiles(t)
	opts.Env = append(opts.Env, faultName+"="+fault)
	p := newPool(t, opts)
	t.Cleanup(func() {
		pids := p.Pids()
		p.Close()
		for _, pid := range append(pids, p.Pids()...) {
			if state := processState(pid); state != "" {
				t.Errorf("process %d is left in state %q", pid, state)
			}
		}
		goleak.VerifyNone(t, before)
		if now := openFiles(t); now > files {
			t.Errorf("%d descriptors are open, %d were before", now, files)
		}
	})
	return p
}

// deaths returns how many workers have ended with another status than 0.
func deaths(p *Pool) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.died
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// processState is the letter of /proc/PID/status, "" where there is no such process. A zombie is Z: kill -0 would not
// tell.
func processState(pid int) string {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), "\nState:\t")
	return rest[:min(len(rest), 1)]
}

// waitForStop returns when all threads of a process are stopped. A signal to stop takes its time on a busy machine, and
// the process works on meanwhile.
func waitForStop(t *testing.T, pid int) {
	t.Helper()
	for {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		if err != nil || len(threads) == 0 {
			t.Fatalf("process %d has no threads: %v", pid, err)
		}
		running := 0
		for _, thread := range threads {
			status, _ := os.ReadFile(thread)
			if !strings.Contains(string(status), "\nState:\tT") {
				running++
			}
		}
		if running == 0 {
			return
		}
		runtime.Gosched()
	}
}

// waitForEnd returns when a process has ended, though nobody may have waited for it.
func waitForEnd(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatalf("watch process %d: %v", pid, err)
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 20_000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			t.Fatalf("process %d has not ended after 20 s (%v)", pid, err)
		}
		return
	}
}

// echo does a task that comes back as it is.
func echo(t *testing.T, p *Pool, data string) pipeline.Cost {
	t.Helper()
	result, cost, err := p.Do(t.Context(), transform.Task{Data: []byte(data)})
	if err != nil || len(result.Outputs) != 1 || string(result.Outputs[0].Data) != data {
		t.Errorf("a good image of %d bytes: %d outputs, error %v", len(data), len(result.Outputs), err)
	}
	return cost
}

func class(err error) string {
	if e, ok := errors.AsType[*transform.Error](err); ok {
		return e.Class()
	}
	return ""
}

// TestPoisonImageFailsAlone is the table of deaths: at each point of a task's life, in each way.
func TestPoisonImageFailsAlone(t *testing.T) {
	for _, tt := range []struct {
		fault    string
		attempts int
		class    string
		says     string // part of the message
	}{
		{"exit3", 2, "worker-killed", "exit status 3: codec: assertion failed"},
		{"exit0", 2, "worker-killed", "left without an answer"},
		{"panic", 1, "panic", "recovered by the worker"},
		{"goroutine-panic", 2, "worker-killed", "panic: index out of its palette"},
		{"sigkill", 5, "worker-killed", "signal: killed"},
		{"sigsegv", 2, "worker-killed", "signal: segmentation fault"},
		{"write-image", 2, "worker-killed", "fatal error: fault"},
		{"overflow", 2, "worker-killed", "stack"},
		{"out-of-memory", 2, "out-of-memory", "exit status "},
		{"eight-gibibytes", 2, "out-of-memory", "exit status "},
		{"partial-answer", 2, "worker-killed", "exit status 4, in the middle of its answer"},
		{"garbage", 2, "worker-killed", "not a frame of this protocol: it starts with \"<html>this"},
		{"huge-answer", 2, "worker-killed", "not a frame"},
		{"wrong-answer", 2, "worker-killed", "where the answer to task 1 was expected"},
		{"closed-output", 2, "worker-killed", "closed its input or output"},
		{"chatter", 2, "worker-killed", "exit status 5: the last line"},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			opts := Options{Workers: 2, gullible: true, Env: []string{faultName + "=faults"}}
			if tt.class == pipeline.ClassOutOfMemory {
				opts.WorkerMemory = 256 << 20
			}
			p, err := New(opts)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			var group sync.WaitGroup
			group.Go(func() {
				for range 5 {
					if cost := echo(t, p, "good"); cost.Attempts != 1 {
						t.Errorf("a good image took %d attempts", cost.Attempts)
					}
				}
			})
			_, cost, err := p.Do(t.Context(), transform.Task{Data: []byte("fault " + tt.fault)})
			group.Wait()
			if class(err) != tt.class || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v of class %q, want %q of class %q", err, class(err), tt.says, tt.class)
			}
			if cost.Attempts != tt.attempts {
				t.Errorf("%d attempts, want %d", cost.Attempts, tt.attempts)
			}
			echo(t, p, "after it")
		})
	}
}

func TestImageIsTriedOnceMoreInAFreshWorker(t *testing.T) {
	for _, fault := range []string{"exit3", "sigkill", "sigsegv", "partial-answer", "garbage", "huge-answer"} {
		t.Run(fault, func(t *testing.T) {
			p := faulty(t, "faults", Options{Workers: 1, Isolate: IsolateOff}) // the fault is remembered in a file
			echo(t, p, "good")
			first := p.Pids()
			file := filepath.Join(t.TempDir(), "happened")
			if cost := echo(t, p, "once "+file+" "+fault); cost.Attempts != 2 {
				t.Errorf("%d attempts, want 2", cost.Attempts)
			}
			if again := p.Pids(); len(again) != 1 || again[0] == first[0] {
				t.Errorf("workers %v after the death of %v, want one other", again, first)
			}
			if n := p.Usage().Ready; n != 2 || deaths(p) != 1 {
				t.Errorf("%d workers were ready and %d died, want 2 and 1", n, deaths(p))
			}
		})
	}
}

func TestHungImageIsKilledAtItsDeadlineAndNotTriedAgain(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1})
	echo(t, p, "good")
	pid := p.Pids()[0]
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, cost, err := p.Do(ctx, transform.Task{Data: []byte("fault hang")})
	if class(err) != "timeout" || cost.Attempts != 1 {
		t.Errorf("error %v of class %q after %d attempts, want class timeout after 1", err, class(err), cost.Attempts)
	}
	if state := processState(pid); state != "" {
		t.Errorf("the hung worker is in state %q", state)
	}
	echo(t, p, "after it")
}

// TestStoppedWorkerIsNotTheImagesFault stops the first worker of an image, which is then out of time, and not the
// second.
func TestStoppedWorkerIsNotTheImagesFault(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1})
	echo(t, p, "good")
	first := p.Pids()[0]
	syscall.Kill(first, syscall.SIGSTOP)
	waitForStop(t, first)
	task := transform.Task{Data: []byte("good")}
	task.Limits.Time = 2 * time.Second
	result, cost, err := p.Do(t.Context(), task)
	if err != nil || cost.Attempts != 2 || len(result.Outputs) != 1 {
		t.Errorf("%d outputs after %d attempts, %v; want one after 2", len(result.Outputs), cost.Attempts, err)
	}
	if pids := p.Pids(); len(pids) != 1 || pids[0] == first {
		t.Errorf("workers %v after %d, want one other", pids, first)
	}
}

// TestAWorkerHasFewThreads has one start more than it needs.
func TestAWorkerHasFewThreads(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1})
	echo(t, p, "good")
	_, cost, err := p.Do(t.Context(), transform.Task{Data: []byte("fault threads")})
	if class(err) != pipeline.ClassWorkerKilled || cost.Attempts != 2 ||
		!strings.Contains(err.Error(), "more than 64 threads") {
		t.Errorf("error %v after %d attempts, want class worker-killed and a word about threads", err, cost.Attempts)
	}
	echo(t, p, "after it")
}

func TestCancelKillsTheWorkerAtOnce(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1, Prestart: true})
	echo(t, p, "good")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, _, err := p.Do(ctx, transform.Task{Data: []byte("fault hang")})
		ended <- err
	}()
	cancel()
	if err := <-ended; err != context.Canceled {
		t.Errorf("error %v, want context.Canceled", err)
	}
	echo(t, p, "after it")
}

func TestWorkersThatNeverSayHelloEndThePool(t *testing.T) {
	for _, tt := range []struct {
		fault, says string
		timeout     time.Duration
	}{
		{"exit-before-hello", "exit status 7: no such library", 0},
		{"no-hello", "said no hello within 20ms", 20 * time.Millisecond},
		{"garbage-hello", "it starts with \"Welcome to imgpi", 0},
		{"other-version", fmt.Sprintf("speaks version %d, expected %d", wire.Version+1, wire.Version), 0},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			p := faulty(t, tt.fault, Options{Workers: 2, StartTimeout: tt.timeout})
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					_, _, err := p.Do(t.Context(), transform.Task{})
					e, ok := errors.AsType[*StartError](err)
					if !ok || e.Starts != maxFailed || !strings.Contains(err.Error(), tt.says) {
						t.Errorf("error %v, want a StartError after %d starts that says %q", err, maxFailed, tt.says)
					}
				})
			}
			group.Wait()
			p.Close()
			if n := deaths(p); n < 3 || n > 4 {
				t.Errorf("%d starts, want 3, and one more that had begun", n)
			}
		})
	}
}

func TestCommandThatIsNotThereEndsThePool(t *testing.T) {
	p := newPool(t, Options{Command: []string{"/nonexistent/imgpipe"}})
	_, _, err := p.Do(t.Context(), transform.Task{})
	if _, ok := errors.AsType[*StartError](err); !ok || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want a StartError that is os.ErrNotExist", err)
	}
}

func TestMisbehavingWorkers(t *testing.T) {
	big := strings.Repeat("a large image ", 1<<18)
	for _, tt := range []struct {
		fault string
		data  string
		says  string // "" where the image is done
	}{
		{"slow-hello", "good", ""},
		{"stray-prints", "good", ""},
		{"deaf", "good", ""},
		{"exit-after-hello", "good", "exit status 8"},
		{"stops-reading", big, "answered before it had read its task"},
		{"closes-input", big, "closed its input"},
	} {
		t.Run(fmt.Sprintf("%s/%d", tt.fault, len(tt.data)), func(t *testing.T) {
			opts := Options{Workers: 1, Grace: 50 * time.Millisecond}
			if tt.says == "" {
				echo(t, faulty(t, tt.fault, opts), tt.data)
				return
			}
			t.Parallel() // they wait for a farewell that does not come
			opts.Env = []string{faultName + "=" + tt.fault}
			p := newPool(t, opts)
			_, _, err := p.Do(t.Context(), transform.Task{Data: []byte(tt.data)})
			if class(err) != pipeline.ClassWorkerKilled || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one of class worker-killed that says %q", err, tt.says)
			}
		})
	}
}

// TestWorkerThatAnswersWithoutReading fills the pipe of such a worker, which must not hold up those who write to it.
func TestWorkerThatAnswersWithoutReading(t *testing.T) {
	t.Parallel()
	p := newPool(t, Options{
		Workers: 1, Ahead: true, Grace: 50 * time.Millisecond, Env: []string{faultName + "=answers-ahead"},
	})
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for range 4 {
				_, _, err := p.Do(t.Context(), transform.Task{Data: make([]byte, maxSmall)})
				if err != nil && class(err) != pipeline.ClassWorkerKilled {
					t.Errorf("error %v, want none or one of class worker-killed", err)
				}
			}
		})
	}
	group.Wait()
}
