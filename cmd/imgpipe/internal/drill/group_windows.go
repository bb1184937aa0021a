package drill

import (
	"os/exec"

	"golang.org/x/sys/windows"
)

// errDiskFull is the system's error when there is no space.
const errDiskFull = windows.ERROR_DISK_FULL

// Windows has no process groups of this kind. Workers leave when their input ends, and are not counted there.
func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func orphaned(*exec.Cmd) bool { return false }
