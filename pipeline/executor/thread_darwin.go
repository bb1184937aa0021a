package executor

import (
	"time"

	"golang.org/x/sys/unix"
)

// readThread reads the clock of this thread, to which the goroutine is locked.
func readThread() (r reading) {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) == nil {
		r.cpu, r.cpuKnown = time.Duration(ts.Nano()), true
	}
	return r
}
