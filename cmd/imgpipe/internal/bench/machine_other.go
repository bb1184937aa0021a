//go:build !linux

package bench

// memoryDisk is "": there is none here.
const memoryDisk = ""

func memoryDiskFree() int64 { return 0 }

// began returns nil: the processes of this system share no clock that is known here.
func began() []string { return nil }

// What follows is not known here.

func load() *float64                             { return nil }
func pressure(string) *float64                   { return nil }
func cpuTimes() (busy, steal *float64, cpus int) { return nil, nil, 0 }
