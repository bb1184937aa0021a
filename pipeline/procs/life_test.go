//go:build linux

package procs

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"imgpipe/pipeline"
	"imgpipe/transform"
)

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

func TestCloseKillsWhatDoesNotEnd(t *testing.T) {
	p := faulty(t, "faults", Options{Workers: 2, Grace: 20 * time.Millisecond})
	echo(t, p, "good")
	ended := make(chan error)
	go func() {
		_, _, err := p.Do(context.Background(), transform.Task{Data: []byte("fault hang")})
		ended <- err
	}()
	idle := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.free)
	}
	for idle() == 2 { // until the task has its slot
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

func TestWorkersLeaveByThemselvesAtClose(t *testing.T) {
	p := newPool(t, Options{Workers: 1, Env: []string{faultName + "=faults"}})
	echo(t, p, "good")
	p.Close()
	if usage := p.Usage(); usage.Ready != 1 || usage.Starting <= 0 || deaths(p) != 0 {
		t.Errorf("usage %+v, and %d died; want one worker that has left by itself", usage, deaths(p))
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
	p, err := New(Options{Workers: 3, Prestart: true, gullible: true, Env: []string{faultName + "=faults"}})
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
