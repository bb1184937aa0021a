//go:build unix

package main

import (
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// errDiskFull is what the system says when there is no space.
const errDiskFull = syscall.ENOSPC

// ownGroup puts a command into a process group of its own, with all that it starts.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a command and all that it started.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// orphaned tells that a process of a command's group is still there some seconds after the command has ended. It takes a moment until the system
// has ended what depended on a process that was killed. What is found is ended.
func orphaned(cmd *exec.Cmd) bool {
	group := -cmd.Process.Pid
	for range 500 {
		if errors.Is(syscall.Kill(group, 0), syscall.ESRCH) {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
	return syscall.Kill(group, syscall.SIGKILL) == nil
}
