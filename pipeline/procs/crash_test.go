//go:build linux

package procs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

func TestMain(m *testing.M) {
	switch {
	case IsWorker():
		os.Exit(faultyMain())
	case len(os.Args) > 1 && os.Args[1] == parentCommand:
		os.Exit(parentMain())
	}
	os.Exit(m.Run())
}

// faulty gives a pool whose workers have this fault, and fails the test if the pool leaves a process, a goroutine or a
// descriptor behind.
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

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// processState is the letter of /proc/PID/status, "" where there is no such process. A zombie is Z: kill -0 would not tell.
func processState(pid int) string {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(status), "\nState:\t")
	return rest[:min(len(rest), 1)]
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
		{"overflow", 2, "worker-killed", "stack"},
		{"out-of-memory", 2, "worker-killed", "fatal error: "},
		{"partial-answer", 2, "worker-killed", "exit status 4, in the middle of its answer"},
		{"garbage", 2, "worker-killed", "not a frame of this protocol: it starts with \"<html>this"},
		{"huge-answer", 2, "worker-killed", "not a frame"},
		{"wrong-answer", 2, "worker-killed", "where the answer to task 1 was expected"},
		{"closed-output", 2, "worker-killed", "closed its input or output"},
		{"chatter", 2, "worker-killed", "exit status 5: the last line"},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			p, err := New(Options{Workers: 2, Env: []string{faultName + "=faults"}})
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
			p := faulty(t, "faults", Options{Workers: 1})
			echo(t, p, "good")
			first := p.Pids()
			file := filepath.Join(t.TempDir(), "happened")
			if cost := echo(t, p, "once "+file+" "+fault); cost.Attempts != 2 {
				t.Errorf("%d attempts, want 2", cost.Attempts)
			}
			if again := p.Pids(); len(again) != 1 || again[0] == first[0] {
				t.Errorf("workers %v after the death of %v, want one other", again, first)
			}
			if usage := p.Usage(); usage.Started != 2 || usage.Died != 1 {
				t.Errorf("usage %+v, want 2 started and 1 died", usage)
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
		{"other-version", "speaks version 2, expected 1", 0},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			p := faulty(t, tt.fault, Options{Workers: 2, StartTimeout: tt.timeout})
			var group sync.WaitGroup
			for range 4 {
				group.Go(func() {
					_, _, err := p.Do(t.Context(), transform.Task{})
					if _, ok := errors.AsType[*StartError](err); !ok || !strings.Contains(err.Error(), tt.says) {
						t.Errorf("error %v, want a StartError that says %q", err, tt.says)
					}
				})
			}
			group.Wait()
			if n := p.Usage().Started; n < 3 || n > 4 {
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
			if class(err) != ClassWorkerKilled || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want one of class worker-killed that says %q", err, tt.says)
			}
		})
	}
}

func TestWorkerKilledWhileIdleCostsNoAttempt(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1})
	echo(t, p, "good")
	s := p.free[0].worker
	syscall.Kill(s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.dead
	if cost := echo(t, p, "good"); cost.Attempts != 1 {
		t.Errorf("%d attempts, want 1", cost.Attempts)
	}
}

func TestWorkersOutliveTheThreadThatMadeThePool(t *testing.T) {
	made := make(chan *Pool)
	go func() {
		defer close(made)
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		p := faulty(t, "faults", Options{Workers: 1})
		echo(t, p, "good")
		made <- p
	}()
	p := <-made
	if p == nil {
		return // the goroutine has said why
	}
	before := p.Pids()
	for range 100 {
		if cost := echo(t, p, "good"); cost.Attempts != 1 {
			t.Fatalf("%d attempts, want 1", cost.Attempts)
		}
	}
	if after := p.Pids(); len(after) != 1 || after[0] != before[0] {
		t.Errorf("workers %v became %v", before, after)
	}
}

func TestWorkersLeaveCtrlCToTheirParent(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1})
	echo(t, p, "good")
	before := p.Pids()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		syscall.Kill(before[0], s)
		echo(t, p, "good")
	}
	if after := p.Pids(); len(after) != 1 || after[0] != before[0] {
		t.Errorf("workers %v became %v", before, after)
	}
}

// TestNothingIsLostWhileWorkersAreKilledAtRandom kills a worker after every tenth image.
func TestNothingIsLostWhileWorkersAreKilledAtRandom(t *testing.T) {
	const images, width = 400, 4
	p := faulty(t, "faults", Options{Workers: width})
	var taken, done, marked atomic.Int64
	var group sync.WaitGroup
	for range width {
		group.Go(func() {
			for {
				i := int(taken.Add(1))
				if i > images {
					return
				}
				data := bytes.Repeat([]byte{byte(i)}, 1+i*i*7%300_000)
				result, _, err := p.Do(t.Context(), transform.Task{Data: data})
				switch {
				case class(err) == ClassWorkerKilled:
					marked.Add(1) // five times unlucky
				case err != nil || !bytes.Equal(result.Outputs[0].Data, data):
					t.Errorf("image %d: error %v", i, err)
				default:
					done.Add(1)
				}
				if pids := p.Pids(); i%10 == 0 && len(pids) > 0 {
					syscall.Kill(pids[rand.IntN(len(pids))], syscall.SIGKILL)
				}
			}
		})
	}
	group.Wait()
	if done.Load()+marked.Load() != images || done.Load() < images*9/10 {
		t.Errorf("%d images: %d done, %d marked", images, done.Load(), marked.Load())
	}
	if died := p.Usage().Died; died < images/40 {
		t.Errorf("%d workers died: the test has tested nothing", died)
	}
}

func TestRecycledWorkerIsReplacedAfterItsImages(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 1, Recycle: 3})
	echo(t, p, "good")
	for p.Usage().Started < 5 {
		if cost := echo(t, p, "good"); cost.Start != 0 || cost.Attempts != 1 {
			t.Fatalf("cost %+v, want no image to wait for the successor of its worker", cost)
		}
	}
	p.Close()
	if died := p.Usage().Died; died > 1 {
		t.Errorf("%d workers died, want at most the one that was on its way when the pool was closed", died)
	}
}

func TestCloseKillsWhatDoesNotEnd(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 2, Grace: 20 * time.Millisecond})
	echo(t, p, "good")
	ended := make(chan error)
	go func() {
		_, _, err := p.Do(context.Background(), transform.Task{Data: []byte("fault hang")})
		ended <- err
	}()
	for len(p.tokens) == 2 { // until the task has its slot
		select {
		case err := <-ended:
			t.Fatalf("the hung image ended: %v", err)
		default:
		}
	}
	p.Close()
	if err := <-ended; err != pipeline.ErrClosed {
		t.Errorf("error %v, want ErrClosed", err)
	}
}

func TestUsageIsThatOfAllWorkersAfterClose(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Env: []string{faultName + "=faults"}})
	echo(t, p, strings.Repeat("x", 20<<20))
	p.Close()
	usage := p.Usage()
	if usage.Started != 1 || usage.Died != 0 || usage.User+usage.System <= 0 {
		t.Errorf("usage %+v, want one worker that has used CPU time and left by itself", usage)
	}
	if mib := usage.MaxRSS >> 20; mib < 20 || mib > 500 {
		t.Errorf("a worker that held 20 MiB is said to have held %d", mib)
	}
}

func TestCostsAreCounted(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Env: []string{faultName + "=faults"}})
	first, second := echo(t, p, strings.Repeat("x", 1000)), echo(t, p, strings.Repeat("x", 1000))
	if first.Start <= 0 || second.Start != 0 {
		t.Errorf("starting took %v and %v, want some time for the first task alone", first.Start, second.Start)
	}
	if second.Copied != 2000 || second.Handover <= 0 {
		t.Errorf("%d bytes copied in %v, want 2000 in some time", second.Copied, second.Handover)
	}
}

func TestSubcommandTypedByAPersonIsExplained(t *testing.T) {
	cmd := exec.Command(os.Args[0], Subcommand)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "expected to be started by imgpipe itself") {
		t.Errorf("it said %q and ended with %v, want a sentence and status 2", out, err)
	}
}

func TestPoolInsideAWorkerIsRefused(t *testing.T) {
	t.Setenv(cookieName, cookie)
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "procs.IsWorker") {
		t.Errorf("New in a worker: %v, want an error that says what main must call", err)
	}
}

const parentCommand = "__parent"

// parentMain is a program that runs a pool, with one worker at work for an hour, until it is killed.
func parentMain() int {
	p, err := New(Options{Workers: 3, Prestart: true, Env: []string{faultName + "=faults"}})
	if err != nil {
		return 1
	}
	var ready sync.WaitGroup
	for range 3 {
		ready.Go(func() { p.Do(context.Background(), transform.Task{}) })
	}
	ready.Wait()
	for range 2 {
		go p.Do(context.Background(), transform.Task{Data: []byte("fault hang")})
	}
	fmt.Println(p.Pids())
	select {}
}

func TestNoOrphanWhenTheParentIsKilled(t *testing.T) {
	cmd := exec.Command(os.Args[0], parentCommand)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	cmd.Process.Kill()
	cmd.Wait()
	pids := strings.Fields(strings.Trim(line, "[]\n"))
	if len(pids) == 0 {
		t.Fatalf("the parent named no workers: %q", line)
	}
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		waitForEnd(t, pid)
		if state := processState(pid); state != "" && state != "Z" {
			t.Errorf("worker %d is in state %q after its parent was killed", pid, state)
		}
	}
}
