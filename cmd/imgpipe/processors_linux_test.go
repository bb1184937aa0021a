package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestThreadsYieldProcessors runs itself again, since what is asked of this process would stay with it.
func TestThreadsYieldProcessors(t *testing.T) {
	const variable = "IMGPIPE_TEST_YIELD"
	if os.Getenv(variable) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestThreadsYieldProcessors$", "-test.v")
		cmd.Env = append(os.Environ(), variable+"=1")
		switch out, err := cmd.CombinedOutput(); {
		case strings.Contains(string(out), "SKIP: TestThreadsYieldProcessors"):
			t.Skipf("%s", out)
		case err != nil, !strings.Contains(string(out), "PASS: TestThreadsYieldProcessors"):
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if attr, err := unix.SchedGetAttr(0, 0); err != nil || attr.Policy != unix.SCHED_NORMAL {
		t.Skipf("this process has been given another scheduling class already, or cannot ask (%v)", err)
	}
	yieldProcessors()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			t.Fatal(err)
		}
		if attr, err := unix.SchedGetAttr(id, 0); err == nil && attr.Policy != unix.SCHED_BATCH {
			t.Errorf("thread %d of %d has class %d, want %d", id, len(threads), attr.Policy, unix.SCHED_BATCH)
		}
	}
}
