//go:build unix && !linux

package procs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// enlarge has nothing to do here: the size of a pipe is the system's affair. It gives what any pipe takes without
// blocking.
func enlarge(*os.File, int) int { return 4 << 10 }

// tieToParent has nothing to do here: see watchParent.
func tieToParent(*exec.Cmd) {}

// relaxTimers has nothing to do here.
func relaxTimers() {}

// giveUpPrivileges has nothing to do here.
func giveUpPrivileges() {}

// watchParent ends this process soon after its parent has ended. Between images the end of input does that, but an
// image that never ends would leave an orphan.
func watchParent() {
	parent := os.Getppid()
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				os.Exit(1)
			}
		}
	}()
}

// takeStdio takes standard input and output for frames, and puts standard error in the place of the latter, for the
// prints of whatever code runs here.
func takeStdio() (in, out *os.File, err error) {
	fd, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, nil, fmt.Errorf("take standard output: %w", err)
	}
	if err := unix.Dup2(2, 1); err != nil {
		return nil, nil, fmt.Errorf("take standard output: %w", err)
	}
	os.Stdout = os.Stderr
	return os.Stdin, os.NewFile(uintptr(fd), "answers"), nil
}

func program() (string, error) { return os.Executable() }

// peakMemory of a living process cannot be known here.
func peakMemory(int) int64 { return 0 }

// peakAtEnd is the most memory that an ended process has held, in bytes; 0 where it cannot be known.
func peakAtEnd(state *os.ProcessState, _ int64) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(usage.Maxrss) // bytes there, KiB elsewhere
	}
	return int64(usage.Maxrss) << 10
}

// isolate bounds what this process can do by limits, which is all there is for a program on these systems that cannot
// be shut in without a profile of theirs.
func isolate() (said string, missing error) {
	for _, resource := range []int{unix.RLIMIT_CORE, unix.RLIMIT_FSIZE} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{}); err != nil {
			return "none: limits cannot be set", fmt.Errorf("limit cores and file sizes: %w", err)
		}
	}
	return "limits alone", errors.New("this system has no means to give up files and network: expected Linux")
}

// boundMemory is not to be had here: the garbage collector alone minds the limit.
func boundMemory(int64) error { return nil }

// closeInherited has nothing to do here: Go opens all that is its own so that no child inherits it.
func closeInherited() {}

// dropCapabilities has nothing to do here: this system has none.
func dropCapabilities() error { return nil }

// nameProcess has nothing to do here.
func nameProcess(string) {}

// isStopped cannot be known here.
func isStopped(int) bool { return false }

// threads cannot be known here.
func threads(int) int { return 0 }

// memoryKills cannot be known here.
func memoryKills() int64 { return 0 }
