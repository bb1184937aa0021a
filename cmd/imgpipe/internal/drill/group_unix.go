//go:build unix

package drill

import (
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// errDiskFull is the system's error when there is no space.
const errDiskFull = syscall.ENOSPC

// ownGroup puts a command into a process group of its own, with all that it starts.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup kills a command and all that it started.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

// orphaned reports whether a process of a command's group is still there five seconds after the command has ended. The
// system needs a moment to end what depended on a process that was killed. A process that is found is killed.
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
