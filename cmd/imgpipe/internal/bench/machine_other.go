//go:build !linux

package bench

// memoryDisk is "": there is none here.
const memoryDisk = ""

func memoryDiskFree() int64 { return 0 }
