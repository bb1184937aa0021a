package procs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Everything in this file runs in the worker process.

// landlockTCP is the first version of Landlock that shuts off TCP.
const landlockTCP = 4

// isolate drops all that a worker does not need. said is in a few words what that is, and missing what could not be
// given up. Two mechanisms of the kernel back each other up: Landlock takes away the file system and TCP, whatever
// call asks for them, and the filter of seccomp_linux.go takes away the calls.
//
// CPU time has no limit here: RLIMIT_CPU counts the whole life of a process, and a worker lives for as many images as
// there are. The pool kills a worker whose image is over its time, and the kernel kills it when the pool is gone.
func isolate() (said string, missing error) {
	limits := limitResources()
	version, locked := giveUpFiles()
	filtered := filterCalls()
	missing = errors.Join(limits, locked, filtered)

	var lost, by []string
	if locked == nil {
		lost, by = append(lost, "no files"), append(by, "landlock")
		if version >= landlockTCP {
			lost = append(lost, "no TCP")
		}
	}
	if filtered == nil {
		lost, by = []string{"no files", "no network", "no programs"}, append(by, "seccomp")
	}
	if len(by) == 0 {
		return fmt.Sprintf("limits alone: %s", strings.ReplaceAll(missing.Error(), "\n", "; ")), missing
	}
	return fmt.Sprintf("%s (%s)", strings.Join(lost, ", "), strings.Join(by, ", ")), missing
}

// giveUpFiles drops the file system, TCP if the kernel's version of Landlock has that, and signals to others, in all
// threads. The library is used because the kernel's call is for one thread, and a program built with cgo has
// threads that Go cannot reach.
func giveUpFiles() (version int, err error) {
	version, err = ll.LandlockGetABIVersion()
	if err == nil {
		err = landlock.V11.BestEffort().Restrict()
	}
	if err != nil {
		return 0, fmt.Errorf("give up files with landlock: %w", err)
	}
	return version, nil
}

// closeInherited closes every descriptor but those that a worker gets from its pool: the process that started the
// pool's may have left it others, a secret or a socket. Go's poller stays, which there is if a package opens a file
// before main. It is to be closed by exec, and what was inherited cannot be (open(2), O_CLOEXEC).
func closeInherited() {
	first := 3
	if os.Getenv(mappedName) != "" {
		first = 4
	}
	inherited := func(fd int) bool {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		return err == nil && flags&unix.FD_CLOEXEC == 0
	}
	const open = "/proc/self/fd"
	if list, err := os.ReadDir(open); err == nil {
		for _, entry := range list {
			fd, err := strconv.Atoi(entry.Name())
			to, _ := os.Readlink(filepath.Join(open, entry.Name()))
			if err == nil && fd >= first && (inherited(fd) || !strings.HasPrefix(to, "anon_inode:[event")) {
				unix.Close(fd)
			}
		}
		return
	}
	var most unix.Rlimit // /proc is not mounted
	unix.Getrlimit(unix.RLIMIT_NOFILE, &most)
	for fd := first; fd < int(min(most.Max, 1<<20)); fd++ {
		if inherited(fd) {
			unix.Close(fd)
		}
	}
}

// nameProcess has lists of processes show name, and not "exe", which is the kernel's name for what was started by
// Program.
func nameProcess(name string) { os.WriteFile("/proc/self/comm", []byte(name), 0) }

// dropCapabilities drops the capabilities that this process has in spite of giveUpPrivileges, in all threads.
func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var own, none [2]unix.CapUserData
	if err := unix.Capget(&header, &own[0]); err != nil || own == none {
		return err
	}
	if _, _, errno := psx.Syscall3(unix.SYS_CAPSET,
		uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0); errno != 0 {
		return fmt.Errorf("give up capabilities: %w", errno)
	}
	return nil
}

// maxFiles is how many descriptors a worker may have: its own four, those of Go's poller, and some.
const maxFiles = 32

func limitResources() error {
	for _, limit := range []struct {
		name     string
		resource int
		value    uint64
	}{
		{"core", unix.RLIMIT_CORE, 0},
		{"file size", unix.RLIMIT_FSIZE, 0},
		{"open files", unix.RLIMIT_NOFILE, maxFiles},
	} {
		if err := unix.Setrlimit(limit.resource, &unix.Rlimit{Cur: limit.value, Max: limit.value}); err != nil {
			return fmt.Errorf("limit %s to %d: %w", limit.name, limit.value, err)
		}
	}
	return nil
}

// boundMemory lets this process take so many bytes of memory beyond what it has. The limit is that of data and not that
// of address space, since Go reserves far more addresses than it uses. Addresses that are only reserved do not count,
// nor does memory shared with the pool.
func boundMemory(more int64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var pages, data uint64
	if _, err := fmt.Sscan(string(text), &pages, &pages, &pages, &pages, &pages, &data); err != nil {
		return fmt.Errorf("read /proc/self/statm: %w", err)
	}
	bound := data*uint64(os.Getpagesize()) + uint64(more)
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: bound, Max: bound})
}

// Offsets in what a filter looks at, struct seccomp_data of linux/seccomp.h. Arguments are 64 bits wide; on the
// processors that have a filter the lower half comes first.
const (
	atCall     = 0
	atArch     = 4
	atArgument = 16
)

// installFilter puts a filter over all threads of this process.
func installFilter(program []unix.SockFilter) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// The kernel requires this promise of everybody but root, and passes it to the other threads with the filter.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("promise to gain no privileges: %w", err)
	}
	sock := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP,
		unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&sock)))
	switch {
	case errno != 0:
		return fmt.Errorf("filter system calls with seccomp: %w", errno)
	case thread != 0:
		return fmt.Errorf("filter system calls with seccomp: thread %d has another filter", thread)
	}
	return nil
}
