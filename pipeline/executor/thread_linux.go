package executor

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// readThread reads the clocks of this thread, to which the goroutine is locked.
func readThread() (r reading) {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) == nil {
		r.cpu, r.cpuKnown = time.Duration(ts.Nano()), true
	}
	r.runQueue, r.runQueueKnown = runQueue(unix.Gettid())
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_THREAD, &usage) == nil {
		r.majorFaults = int64(usage.Majflt)
	}
	return r
}

// A schedFile is the file of /proc that says how long one thread has stood in run queues. It is kept open: to read it
// takes 1.5 µs, to open it 8.
type schedFile struct {
	mu     sync.Mutex
	thread int // 0 where none is open
	fd     int
}

// schedFiles bounds how many are open. A thread whose place another has taken since opens its file again.
var schedFiles [64]schedFile

// noSchedFiles is set where the system has no such files.
var noSchedFiles atomic.Bool

// runQueue returns how long the thread, which calls it, has been ready and had no core.
func runQueue(thread int) (time.Duration, bool) {
	if noSchedFiles.Load() {
		return 0, false
	}
	s := &schedFiles[thread%len(schedFiles)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.thread == thread {
		if d, ok := readRunQueue(s.fd); ok {
			return d, true
		}
		// It was the file of an earlier thread of that number.
	}
	if s.thread != 0 {
		s.thread = 0
		unix.Close(s.fd)
	}
	fd, err := unix.Open("/proc/self/task/"+strconv.Itoa(thread)+"/schedstat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		if err == unix.ENOENT {
			noSchedFiles.Store(true)
		}
		return 0, false
	}
	d, ok := readRunQueue(fd)
	if !ok {
		unix.Close(fd)
		return 0, false
	}
	s.thread, s.fd = thread, fd
	return d, true
}

// readRunQueue reads a file that has the nanoseconds on a core, those in a run queue, and how often the thread came to
// a core: 0 of a kernel that does not count.
func readRunQueue(fd int) (time.Duration, bool) {
	var buf [96]byte
	n, err := unix.Pread(fd, buf[:], 0)
	if err != nil {
		return 0, false
	}
	var numbers [3]int64
	field, inside := 0, false
	for _, c := range buf[:n] {
		switch digit := c >= '0' && c <= '9'; {
		case digit && field < len(numbers):
			numbers[field] = numbers[field]*10 + int64(c-'0')
			inside = true
		case inside:
			field, inside = field+1, false
		}
	}
	return time.Duration(numbers[1]), field == len(numbers) && numbers[2] > 0
}
