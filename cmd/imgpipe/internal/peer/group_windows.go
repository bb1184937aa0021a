package peer

import "os/exec"

// Windows has no process groups of this kind. Python is not run there: see Here.
func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
