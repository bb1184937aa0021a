package usage

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// ticksPerSecond is the unit of /proc/PID/stat. It is the same on all architectures that Go knows.
const ticksPerSecond = 100

// ticking returns a clock in nanoseconds that all processes of this machine share, and that nobody sets.
func ticking() int64 { return clock(unix.CLOCK_MONOTONIC) }

func clock(id int32) int64 {
	var t unix.Timespec
	if unix.ClockGettime(id, &t) != nil {
		return 0
	}
	return t.Nano()
}

// started returns when this process was started, and how much too early that may be. It is zero if it is not known.
func started() (at time.Time, precision time.Duration) {
	b, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return time.Time{}, 0
	}
	now, up := time.Now(), clock(unix.CLOCK_BOOTTIME)
	const start = 19 // of the fields after the name, which may hold anything but the last parenthesis
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) <= start {
		return time.Time{}, 0
	}
	ticks, err := strconv.ParseInt(string(fields[start]), 10, 64)
	if err != nil || up == 0 {
		return time.Time{}, 0
	}
	const tick = time.Second / ticksPerSecond
	return now.Add(-time.Duration(up - ticks*int64(tick))), tick
}

// busyUntilNow returns for how long the first thread of this process has had a CPU or was ready for one; 0 if that is
// not known.
func busyUntilNow() time.Duration {
	// The clock of one thread, as linux/posix-timers.h makes its number: schedstat counts a running thread late.
	const ofThread, exact = 4, 2
	ran := clock(^int32(os.Getpid())<<3 | ofThread | exact)
	b, err := os.ReadFile("/proc/self/schedstat")
	fields := bytes.Fields(b)
	if err != nil || ran == 0 || len(fields) < 2 {
		return 0
	}
	waited, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(ran + waited)
}
