package procs

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime returns the CPU time of a process: clock_getcpuclockid(3), exact to the nanosecond, where /proc counts
// in ticks of 10 ms.
func processorTime(pid int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}

// endedOf reports whether an error of processorTime is that of a process that has ended.
func endedOf(err error) bool { return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ESRCH) }
