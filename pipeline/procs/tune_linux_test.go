package procs

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestATunedProcessLeavesProcessorsToItsWorkers runs itself again, since threads of other tests could come and go
// meanwhile.
func TestATunedProcessLeavesProcessorsToItsWorkers(t *testing.T) {
	const variable = "IMGPIPE_TEST_TUNE"
	if os.Getenv(variable) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"=1")
		switch out, err := cmd.CombinedOutput(); {
		case strings.Contains(string(out), "SKIP: "+t.Name()):
			t.Skipf("%s", out)
		case err != nil, !strings.Contains(string(out), "PASS: "+t.Name()):
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if attr, err := unix.SchedGetAttr(0, 0); err != nil || attr.Policy != unix.SCHED_NORMAL {
		t.Skipf("this process has been given another scheduling class already, or cannot ask (%v)", err)
	}
	runtime.GOMAXPROCS(4)
	for _, tt := range []struct {
		opts       Options
		processors int
		class      uint32
	}{
		{Options{Workers: 2, Ahead: true}, 1, unix.SCHED_BATCH},
		{Options{Workers: 8, Ahead: true}, 2, unix.SCHED_BATCH},
		{Options{Workers: 64, Ahead: true}, 4, unix.SCHED_BATCH}, // no more than there were
		{Options{Workers: 2}, 1, unix.SCHED_NORMAL},
	} {
		undo := newPool(t, tt.opts).Tune()
		if n := runtime.GOMAXPROCS(0); n != tt.processors {
			t.Errorf("%d workers: goroutines may use %d processors, want %d", tt.opts.Workers, n, tt.processors)
		}
		threadsHaveClass(t, tt.class)
		undo()
		undo()
		if n := runtime.GOMAXPROCS(0); n != 4 {
			t.Errorf("undone: goroutines may use %d processors, want 4", n)
		}
		threadsHaveClass(t, unix.SCHED_NORMAL)
	}

	// What was chosen for the process stays.
	changeClass(unix.SCHED_NORMAL, unix.SCHED_BATCH)
	newPool(t, Options{Ahead: true}).Tune()()
	threadsHaveClass(t, unix.SCHED_BATCH)
}

func threadsHaveClass(t *testing.T, class uint32) {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		if attr, err := unix.SchedGetAttr(id, 0); err == nil && attr.Policy != class {
			t.Errorf("thread %d of %d has class %d, want %d", id, len(threads), attr.Policy, class)
		}
	}
}
