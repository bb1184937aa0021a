//go:build unix && !linux

package procs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// tieToParent has nothing to do here: see watchParent.
func tieToParent(*exec.Cmd) {}

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

// takeStdio takes standard input and output for frames, and puts standard error in the place of the latter, for stray
// prints.
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

// isolate sets limits, which is all that a program can do on these systems without a profile of theirs.
func isolate() (said string, missing error) {
	for _, resource := range []int{unix.RLIMIT_CORE, unix.RLIMIT_FSIZE} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{}); err != nil {
			return "none: limits cannot be set", fmt.Errorf("limit cores and file sizes: %w", err)
		}
	}
	return "limits alone", errors.New("this system has no means to give up files and network: expected Linux")
}
