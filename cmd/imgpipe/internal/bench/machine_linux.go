package bench

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// memoryDisk is a folder whose files are in memory.
const memoryDisk = "/dev/shm"

// memoryDiskFree returns how many bytes still fit there.
func memoryDiskFree() int64 {
	var s unix.Statfs_t
	if unix.Access(memoryDisk, unix.W_OK) != nil || unix.Statfs(memoryDisk, &s) != nil {
		return 0
	}
	return int64(s.Bavail) * s.Bsize
}

// load returns how many programs wanted a CPU in the last minute, on average; 0 if that is not known.
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

// ticksPerSecond is the unit of /proc/stat. It is the same on all architectures that Go knows.
const ticksPerSecond = 100

// busy returns how long all CPUs of the machine together have worked since it was started, in seconds, and how many
// CPUs it has; 0 if that is not known.
func busy() (seconds float64, cpus int) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || !strings.HasPrefix(fields[0], "cpu"):
		case fields[0] == "cpu":
			seconds = worked(fields[1:])
		default:
			cpus++
		}
	}
	return seconds, cpus
}

// worked sums up the kinds of time that are work. Idle and waiting are not, and guests are counted as users already.
func worked(ticks []string) (seconds float64) {
	const idle, waiting, guest = 3, 4, 8
	for i, f := range ticks {
		if n, err := strconv.ParseFloat(f, 64); err == nil && i != idle && i != waiting && i < guest {
			seconds += n / ticksPerSecond
		}
	}
	return seconds
}
