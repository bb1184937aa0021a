package main

import "runtime"

// cpus returns how many CPUs this program may use. Go 1.25 and later know the limit of the control group.
func cpus() int { return runtime.GOMAXPROCS(0) }
