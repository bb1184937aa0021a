package main

import (
	"os/exec"

	"golang.org/x/sys/windows"
)

// errDiskFull is what the system says when there is no space.
const errDiskFull = windows.ERROR_DISK_FULL

// Windows has no process groups of this kind: workers leave when their input ends, and are not counted here.
func ownGroup(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }

func orphaned(*exec.Cmd) bool { return false }
