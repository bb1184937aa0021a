package procs

import (
	"errors"
	"os"
	"os/exec"
)

// enlarge has nothing to do here: the size of a pipe is the system's affair. It gives what any pipe takes without
// blocking.
func enlarge(*os.File, int) int { return 4 << 10 }

// tieToParent has nothing to do here: the end of its input ends a worker, after the image that it has.
func tieToParent(*exec.Cmd) {}

// relaxTimers has nothing to do here.
func relaxTimers() {}

// giveUpPrivileges has nothing to do here.
func giveUpPrivileges() {}

// watchParent has nothing to do here: see tieToParent.
func watchParent() {}

// takeStdio takes standard input and output for frames, and puts standard error in the place of the latter, for the
// prints of Go code; other code could still write to the handle.
func takeStdio() (in, out *os.File, err error) {
	out = os.Stdout
	os.Stdout = os.Stderr
	return os.Stdin, out, nil
}

func program() (string, error) { return os.Executable() }

// peakMemory of a living process is not measured here.
func peakMemory(int) int64 { return 0 }

// peakAtEnd is not measured here.
func peakAtEnd(*os.ProcessState, int64) int64 { return 0 }

// isolate gives up nothing here.
func isolate() (said string, missing error) {
	return "none", errors.New("this system has no means to give up files and network: expected Linux")
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
