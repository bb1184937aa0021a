package usage

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// A reader reads how much memory processes hold. It keeps their files of /proc open: to open one again would take six
// system calls for each sample of each process. The zero value is ready to use.
type reader struct {
	statm map[int]int // descriptors by process id
	page  int64
}

// resident returns the resident memory of these processes together, in bytes. shareable is what of that they could
// share with each other or with others: files and shared memory. Process id 0 is this process. A process that has gone
// counts as 0.
func (r *reader) resident(pids []int) (total, shareable int64) {
	if r.statm == nil {
		r.statm, r.page = map[int]int{}, int64(os.Getpagesize())
	}
	for _, pid := range pids {
		fd, ok := r.statm[pid]
		if !ok {
			var err error
			if fd, err = unix.Open(path(pid, "statm"), unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
				continue
			}
			r.statm[pid] = fd
		}
		var line [256]byte
		n, err := unix.Pread(fd, line[:], 0)
		if err != nil { // it has gone, and another may have its id by now
			unix.Close(fd)
			delete(r.statm, pid)
			continue
		}
		fields := bytes.Fields(line[:n]) // mapped, resident, shareable and others, in pages
		if len(fields) < 3 {
			continue
		}
		resident, err := strconv.ParseInt(string(fields[1]), 10, 64)
		shared, err2 := strconv.ParseInt(string(fields[2]), 10, 64)
		if err == nil && err2 == nil {
			total += resident * r.page
			shareable += shared * r.page
		}
	}
	for pid, fd := range r.statm {
		if !slices.Contains(pids, pid) {
			unix.Close(fd)
			delete(r.statm, pid)
		}
	}
	return total, shareable
}

func (r *reader) close() {
	for _, fd := range r.statm {
		unix.Close(fd)
	}
}

func path(pid int, file string) string {
	if pid == 0 {
		return "/proc/self/" + file
	}
	return fmt.Sprintf("/proc/%d/%s", pid, file)
}

// proportional returns the memory of a process in bytes. A page that n processes share counts as its nth part.
func proportional(pid int) int64 { return kibibytes(pid, "smaps_rollup", "Pss:") }

// ownPeak reads the high-water mark of this program's memory. That of getrusage would count what the parent had before
// this program was loaded.
func ownPeak() int64 { return kibibytes(0, "status", "VmHWM:") }

// kibibytes reads an amount from a file of /proc that has a line "key N kB". It returns bytes; 0 if there is no such
// line.
func kibibytes(pid int, file, key string) int64 {
	b, err := os.ReadFile(path(pid, file))
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
