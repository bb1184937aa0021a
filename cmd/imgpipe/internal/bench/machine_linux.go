package bench

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// memoryDisk is a folder whose files are in memory.
const memoryDisk = "/dev/shm"

// memoryDiskFree is how many bytes still fit there.
func memoryDiskFree() int64 {
	var s unix.Statfs_t
	if unix.Access(memoryDisk, unix.W_OK) != nil || unix.Statfs(memoryDisk, &s) != nil {
		return 0
	}
	return int64(s.Bavail) * s.Bsize
}

// load is the number of programs that wanted a CPU in the last minute, on average; 0 where it is not known.
func load() float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), " ")
	f, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return f
}

// ticksPerSecond is the unit of /proc/stat, which is the same on all architectures that Go knows.
const ticksPerSecond = 100

// busy is the time that all CPUs together have worked since the machine was started, in seconds; 0 where it is not known.
func busy() float64 {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	fields := strings.Fields(line)
	const idle, waiting, guest = 4, 5, 9
	sum := 0.0
	for i, f := range fields {
		n, err := strconv.ParseFloat(f, 64)
		if i == 0 || i == idle || i == waiting || i >= guest || err != nil {
			continue // guests are counted as users already
		}
		sum += n
	}
	return sum / ticksPerSecond
}
