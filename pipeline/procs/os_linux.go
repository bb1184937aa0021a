package procs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// enlarge makes a pipe hold so many bytes, and returns how many an empty one then takes without blocking. Failure costs
// speed alone: a user's pipes are limited in sum.
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

// relaxTimers lets the timers of processes that this thread starts be some milliseconds late. After every idle time,
// such as a worker has between two images, a thread of the Go runtime checks on the others every 20 µs for a
// millisecond. Those checks were 15 of the 28 context switches that a small image took, and most of the time that
// processes took longer than goroutines. The kernel joins wake-ups within the slack (prctl(2), PR_SET_TIMERSLACK), and
// a worker waits for no timer.
func relaxTimers() {
	const slack = 5 * time.Millisecond
	unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) // it costs speed alone if it fails
}

// giveUpPrivileges leaves this thread unable to pass a capability on, whoever runs it: root's programs get those of
// the bounding set, others those that are ambient or set on their file (capabilities(7)). If this process may not empty
// the bounding set, its workers do the rest: see dropCapabilities.
func giveUpPrivileges() {
	for c := uintptr(0); unix.Prctl(unix.PR_CAPBSET_READ, c, 0, 0, 0) == nil; c++ {
		unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
	unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var own [2]unix.CapUserData
	if unix.Capget(&header, &own[0]) == nil {
		own[0].Inheritable, own[1].Inheritable = 0, 0
		unix.Capset(&header, &own[0])
	}
	unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

// watchParent has nothing to do here: see tieToParent.
func watchParent() {}

// takeStdio takes standard input and output for frames, and puts standard error in the place of the latter, for stray
// prints.
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

// program returns the kernel's link to the program that runs here, which children can be started by. It leads to the
// same build even if an upgrade or a build replaces or removes the file during a run.
func program() (string, error) {
	const running = "/proc/self/exe"
	if _, err := os.Stat(running); err == nil {
		return running, nil
	}
	return os.Executable() // where /proc is not mounted
}

// isStopped reports whether somebody has stopped a process (SIGSTOP, a debugger).
func isStopped(pid int) bool {
	fields := processStat(pid)
	return len(fields) > 0 && (fields[0] == "T" || fields[0] == "t")
}

// threads returns how many threads a process has; 0 if that cannot be known.
func threads(pid int) int {
	const at = 17 // num_threads, counted from the state (proc_pid_stat(5))
	if fields := processStat(pid); len(fields) > at {
		n, _ := strconv.Atoi(fields[at])
		return n
	}
	return 0
}

// processStat returns the fields of /proc/PID/stat from the state on, behind the name, in which there may be anything.
func processStat(pid int) []string {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	return strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
}

// memoryKills returns how many processes of this process's control group the kernel has ended for want of memory, if
// that can be known: in version 2 of such groups (memory.events) or 1 (memory.oom_control). What it returns is compared
// with what it returned before.
func memoryKills() int64 {
	own, _ := os.ReadFile("/proc/self/cgroup")
	for line := range strings.Lines(string(own)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		kind, path, _ := strings.Cut(rest, ":")
		file := ""
		switch {
		case kind == "":
			file = filepath.Join("/sys/fs/cgroup", path, "memory.events")
		case slices.Contains(strings.Split(kind, ","), "memory"):
			file = filepath.Join("/sys/fs/cgroup/memory", path, "memory.oom_control")
		default:
			continue
		}
		if n, ok := counterIn(file); ok {
			return n
		}
	}
	return 0
}

// counterIn finds the counter oom_kill in a file of names and numbers.
func counterIn(path string) (int64, bool) {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if number, ok := strings.CutPrefix(line, "oom_kill "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
