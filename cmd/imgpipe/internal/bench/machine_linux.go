package bench

import (
	"fmt"
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

// began returns the variable from which a run learns when its program was started, by the clock that all processes
// share.
func began() []string {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return nil
	}
	return []string{fmt.Sprintf("IMGPIPE_BEGAN=%d", now.Nano())}
}

// load returns how many programs wanted a CPU in the last minute, on average; nil if that is not known.
func load() *float64 {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil
	}
	first, _, _ := strings.Cut(string(b), " ")
	f, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return nil
	}
	return &f
}

// ticksPerSecond is the unit of /proc/stat. It is the same on all architectures that Go knows.
const ticksPerSecond = 100

// pressure returns for how long some task has waited for a resource, in seconds; nil if that is not known.
func pressure(of string) *float64 {
	b, err := os.ReadFile("/proc/pressure/" + of)
	if err != nil {
		return nil
	}
	line, _, _ := strings.Cut(string(b), "\n")
	_, total, ok := strings.Cut(line, "total=")
	micros, err := strconv.ParseFloat(total, 64)
	if !ok || err != nil {
		return nil
	}
	seconds := micros / 1e6
	return &seconds
}

// cpuTimes returns for how long all CPUs of the machine together have worked since it was started, for how long the
// host of a virtual machine held them, in seconds, and how many CPUs there are. Nil is not known.
func cpuTimes() (busy, steal *float64, cpus int) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return nil, nil, 0
	}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || !strings.HasPrefix(fields[0], "cpu"):
		case fields[0] == "cpu":
			busy, steal = worked(fields[1:])
		default:
			cpus++
		}
	}
	return busy, steal, cpus
}

// worked sums up the kinds of time that are work. Idle, waiting and stolen time are not, and guests are counted as
// users already.
func worked(ticks []string) (busy, steal *float64) {
	const idle, waiting, stolen, guest = 3, 4, 7, 8
	sum := 0.0
	for i, f := range ticks {
		n, err := strconv.ParseFloat(f, 64)
		switch {
		case err != nil || i == idle || i == waiting || i >= guest:
		case i == stolen:
			seconds := n / ticksPerSecond
			steal = &seconds
		default:
			sum += n / ticksPerSecond
		}
	}
	return &sum, steal
}
