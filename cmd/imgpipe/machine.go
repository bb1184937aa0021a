package main

import (
	"runtime"
	"sync"

	"imgpipe/cmd/imgpipe/internal/machine"
)

// cpus returns how many CPUs this program may use. Go 1.25 and later know the limit of the control group.
func cpus() int { return runtime.GOMAXPROCS(0) }

// machineMemory returns how much memory this program may use, in bytes; 0 if that is not known. Many ask for it, and
// the files of all control groups take a third of a percent of a short run.
var machineMemory = sync.OnceValue(machine.Memory)
