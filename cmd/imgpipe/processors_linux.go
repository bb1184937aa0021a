package main

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// yieldProcessors has the threads of this process, and all that it starts, take no processor from one that runs when they are woken. A worker that
// has answered has its next image already: to break into one so that the answer is read at once gains nothing, and costs two switches. Small images
// took 5 % more CPU time. It is for runs whose images stand in line at workers (procs.Options.Ahead): else a worker would wait a millisecond
// longer. It changes nothing where somebody has chosen otherwise for this process, or the system does not let it.
func yieldProcessors() {
	done := map[string]bool{}
	for more := true; more; { // a thread that is not done yet may start another one meanwhile
		more = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil || done[t.Name()] {
				continue
			}
			done[t.Name()], more = true, true
			if attr, err := unix.SchedGetAttr(id, 0); err == nil && attr.Policy == unix.SCHED_NORMAL {
				attr.Policy = unix.SCHED_BATCH
				_ = unix.SchedSetAttr(id, attr, 0) // it only makes a run slower
			}
		}
	}
}
