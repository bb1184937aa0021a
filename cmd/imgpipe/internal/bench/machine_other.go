//go:build !linux

package bench

// memoryDisk is not to be had here.
const memoryDisk = ""

func memoryDiskFree() int64 { return 0 }

// load is not known.
func load() float64 { return 0 }

// busy is not known.
func busy() (seconds float64, cpus int) { return 0, 0 }
