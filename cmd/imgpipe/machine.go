package main

import "runtime"

// cpus is how many CPUs this program may use: Go 1.25 and later know the limits of the control group.
func cpus() int { return runtime.GOMAXPROCS(0) }
