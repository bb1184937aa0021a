package usage

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// resident gives the resident memory of a process in bytes, of this one for pid 0; 0 once it is gone.
func resident(pid int) int64 {
	path := "/proc/self/statm"
	if pid != 0 {
		path = fmt.Sprintf("/proc/%d/statm", pid)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// proportional gives the memory of a process in bytes, a page that n processes share counted as its nth part.
func proportional(pid int) int64 { return kibibytes(pid, "smaps_rollup", "Pss:") }

// ownPeak reads the high-water mark of this program's memory. The one that getrusage gives would count what the parent had
// before this program was loaded.
func ownPeak() int64 { return kibibytes(0, "status", "VmHWM:") }

// kibibytes reads an amount from a file of /proc that has a line "key N kB", and gives it in bytes; 0 where there is none.
func kibibytes(pid int, file, key string) int64 {
	path := "/proc/self/" + file
	if pid != 0 {
		path = fmt.Sprintf("/proc/%d/%s", pid, file)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(b, []byte("\n"+key))
	fields := bytes.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}
