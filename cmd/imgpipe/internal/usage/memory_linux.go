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
// system calls for each sample of each process. The zero value is ready to use. Process id 0 is this process.
type reader struct {
	statm map[int]int // descriptors by process id
	page  int64
}

// read returns what a process holds. A process that has gone holds nothing.
func (r *reader) read(pid int) (h held) {
	if r.statm == nil {
		r.statm, r.page = map[int]int{}, int64(os.Getpagesize())
	}
	fd, ok := r.statm[pid]
	if !ok {
		var err error
		if fd, err = unix.Open(path(pid, "statm"), unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return h
		}
		r.statm[pid] = fd
	}
	var line [256]byte
	n, err := unix.Pread(fd, line[:], 0)
	if err != nil { // it has gone, and another may have its id by now
		unix.Close(fd)
		delete(r.statm, pid)
		return h
	}
	fields := bytes.Fields(line[:n]) // mapped, resident, shareable and others, in pages
	if len(fields) < 3 {
		return h
	}
	resident, err := strconv.ParseInt(string(fields[1]), 10, 64)
	shareable, err2 := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil || err2 != nil {
		return h
	}
	return held{resident * r.page, shareable * r.page}
}

// forget closes the files of all processes but this one and its workers.
func (r *reader) forget(workers []int) {
	for pid, fd := range r.statm {
		if pid != 0 && !slices.Contains(workers, pid) {
			unix.Close(fd)
			delete(r.statm, pid)
		}
	}
}

func (r *reader) close() {
	for _, fd := range r.statm {
		unix.Close(fd)
	}
	r.statm = nil
}

func path(pid int, file string) string {
	if pid == 0 {
		return "/proc/self/" + file
	}
	return fmt.Sprintf("/proc/%d/%s", pid, file)
}

// sharedPart returns how much of the memory that a process could share counts, if a page that n processes share counts
// as its nth part; 0 if that is not known.
func sharedPart(pid int) float64 {
	b, err := os.ReadFile(path(pid, "smaps_rollup"))
	resident, proportional, own := kibibytes(b, "Rss:"), kibibytes(b, "Pss:"), kibibytes(b, "Anonymous:")
	if err != nil || proportional == 0 {
		return 0
	}
	if resident <= own {
		return 1
	}
	return float64(max(proportional-own, 0)) / float64(resident-own)
}

// forgetPeak has the high-water mark of this process begin anew. Where it cannot, the mark is that of all its time.
func forgetPeak() {
	if f, err := os.OpenFile("/proc/self/clear_refs", os.O_WRONLY, 0); err == nil {
		_, _ = f.WriteString("5") // Documentation/filesystems/proc.rst, clear_refs
		_ = f.Close()
	}
}

// peakOf returns the high-water mark of the resident memory of a process, in bytes; 0 if it is not known. That of
// getrusage would count what the parent had before the program was loaded.
func peakOf(pid int) int64 {
	b, err := os.ReadFile(path(pid, "status"))
	if err != nil {
		return 0
	}
	return kibibytes(b, "VmHWM:")
}

// kibibytes returns the amount in a line "key N kB" of a file of /proc, in bytes; 0 if there is no such line.
func kibibytes(file []byte, key string) int64 {
	_, after, _ := bytes.Cut(file, []byte("\n"+key))
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
