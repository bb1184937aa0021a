package procs

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// yieldProcessors has the threads of this process, and the processes that it starts, not preempt others when they
// wake. undo has the threads do so again. It changes nothing if somebody has chosen another class for this process, or
// the system does not allow it: then the run is only slower.
func yieldProcessors() (undo func()) {
	// The first thread says what was chosen. A thread that is just being started may have the class that its maker had
	// a moment ago.
	first, err := unix.SchedGetAttr(os.Getpid(), 0)
	if err != nil || first.Policy != unix.SCHED_NORMAL || changeClass(unix.SCHED_NORMAL, unix.SCHED_BATCH) == 0 {
		return func() {}
	}
	return func() { changeClass(unix.SCHED_BATCH, unix.SCHED_NORMAL) }
}

// changeClass has all threads of this process that have one scheduling class take another, and returns how many do.
func changeClass(from, to uint32) (changed int) {
	done := map[string]bool{}
	for more := true; more; { // a thread that is not done yet may start another one meanwhile
		more = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return changed
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil || done[t.Name()] {
				continue
			}
			done[t.Name()], more = true, true
			if attr, err := unix.SchedGetAttr(id, 0); err == nil && attr.Policy == from {
				attr.Policy = to
				if unix.SchedSetAttr(id, attr, 0) == nil {
					changed++
				}
			}
		}
	}
	return changed
}
