package procs

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// enlarge makes a pipe hold so many bytes, and gives how many an empty one then takes without blocking. Failure costs speed
// alone: a user's pipes are limited in sum.
func enlarge(f *os.File, size int) int {
	held := 0
	if conn, err := f.SyscallConn(); err == nil {
		conn.Control(func(fd uintptr) {
			unix.FcntlInt(fd, unix.F_SETPIPE_SZ, size)
			held, _ = unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0)
		})
	}
	// The last page of a write may not be filled by the next one.
	return max(4<<10, held-2*os.Getpagesize())
}

// tieToParent has the kernel kill the worker when the thread that starts it ends; see Pool.starter.
func tieToParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// relaxTimers lets the timers of processes that this thread starts be some milliseconds late, until undo is called. A thread of the Go
// runtime looks after the others each 20 µs for the first millisecond after every idle time, such as a worker has between two images. Those
// looks were 15 of the 28 context switches that a small image took, and most of what processes took longer than goroutines. The kernel
// puts wakings together within the slack (prctl(2), PR_SET_TIMERSLACK), and a worker waits for no timer.
func relaxTimers() (undo func()) {
	const slack = 5 * time.Millisecond
	unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) // it costs speed alone if it fails
	return func() { unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) }
}

// watchParent has nothing to do here: see tieToParent.
func watchParent() {}

// takeStdio takes standard input and output for frames, and puts standard error in the place of the latter, for the
// prints of whatever code runs here.
func takeStdio() (in, out *os.File, err error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, nil, fmt.Errorf("take standard output: %w", err)
	}
	if err := unix.Dup3(2, 1, 0); err != nil {
		return nil, nil, fmt.Errorf("take standard output: %w", err)
	}
	os.Stdout = os.Stderr
	return os.Stdin, os.NewFile(uintptr(fd), "answers"), nil
}

// thisProgram is the file of this program. Where that has been replaced or removed since the start, as by an upgrade or by
// "go run", it is the kernel's link to what runs, so that all workers of a run are of one build.
func thisProgram() (string, error) {
	const running = "/proc/self/exe"
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	now, err := os.Stat(path)
	if was, errWas := os.Stat(running); errWas == nil && (err != nil || !os.SameFile(now, was)) {
		return running, nil
	}
	return path, nil
}

// peakMemory is the most memory that a living process has held, in bytes; 0 where it cannot be known.
func peakMemory(pid int) int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// peakAtEnd is the most memory that an ended process has held, in bytes; 0 where it cannot be known. The kernel begins a
// process's figure with that of the one that started it, floor, so that only one above is the process's own.
func peakAtEnd(state *os.ProcessState, floor int64) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok || int64(usage.Maxrss)<<10 <= floor {
		return 0
	}
	return int64(usage.Maxrss) << 10
}
