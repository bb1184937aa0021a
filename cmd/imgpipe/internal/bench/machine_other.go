//go:build !linux

package bench

// memoryDisk is "": there is none here.
const memoryDisk = ""

func memoryDiskFree() int64 { return 0 }

// load returns 0: it is not known here.
func load() float64 { return 0 }

// busy returns 0: it is not known here.
func busy() (seconds float64, cpus int) { return 0, 0 }
