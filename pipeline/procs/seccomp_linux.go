//go:build linux && (amd64 || arm64)

package procs

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Everything in this file runs in the worker process.

// allowedCalls are the system calls that Go and the C library need to read, write, compute, collect garbage and start
// threads. They are listed, rather than those that do harm, because a kernel learns new ways to open a file faster
// than a list of bans would.
var allowedCalls = []uint32{
	// bytes, by descriptors that are open
	unix.SYS_READ, unix.SYS_PREAD64, unix.SYS_WRITE, unix.SYS_READV, unix.SYS_WRITEV, unix.SYS_CLOSE, unix.SYS_FSTAT,
	// memory
	unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MREMAP, unix.SYS_MPROTECT, unix.SYS_BRK,
	// threads and their signals
	unix.SYS_FUTEX, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ,
	unix.SYS_RESTART_SYSCALL,
	unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK,
	// time
	unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_CLOCK_GETRES, unix.SYS_GETTIMEOFDAY,
	// Go's poller, which timers need
	unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2,
	unix.SYS_GETRANDOM, unix.SYS_GETRUSAGE,
}

// allowedAdvice is what a worker may ask for its memory: that it is free, has large pages or none, is not in a core
// file. Other advice punches holes into shared memory, or makes the kernel compare pages or lose them.
var allowedAdvice = []uint32{
	unix.MADV_DONTNEED, unix.MADV_FREE, unix.MADV_HUGEPAGE, unix.MADV_NOHUGEPAGE, unix.MADV_COLLAPSE,
	unix.MADV_DONTDUMP,
}

// threadFlags are those with which Go and the C library start a thread. Others make namespaces, or processes that
// share less.
const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD |
	unix.CLONE_SYSVSEM | unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID |
	unix.CLONE_CHILD_SETTID | unix.CLONE_DETACHED

// filterProgram is the filter, in the language of the Berkeley Packet Filter (McCanne and Jacobson, 1993). A call
// that is not allowed fails with EPERM, so that what tried it can say so.
func filterProgram(pid int) []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		set   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		give  = unix.BPF_RET | unix.BPF_K

		allow  = unix.SECCOMP_RET_ALLOW
		refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		absent = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	)
	program := []unix.SockFilter{
		// Numbers mean other calls in the 32-bit mode of the processor.
		{Code: load, K: atArch},
		{Code: equal, K: thisArch, Jt: 1},
		{Code: give, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: load, K: atCall},
	}
	for _, call := range slices.Concat(allowedCalls, moreAllowedCalls) {
		program = append(program, unix.SockFilter{Code: equal, K: call, Jf: 1}, unix.SockFilter{Code: give, K: allow})
	}
	program = append(program,
		unix.SockFilter{Code: equal, K: unix.SYS_MADVISE, Jf: uint8(2*len(allowedAdvice) + 2)},
		unix.SockFilter{Code: load, K: atArgument + 2*8})
	for _, advice := range allowedAdvice {
		program = append(program, unix.SockFilter{Code: equal, K: advice, Jf: 1}, unix.SockFilter{Code: give, K: allow})
	}
	return append(program,
		unix.SockFilter{Code: give, K: refuse},
		// The flags of clone3 are in memory, where a filter cannot look. Where it is absent, the C library uses
		// clone.
		unix.SockFilter{Code: equal, K: unix.SYS_CLONE3, Jf: 1},
		unix.SockFilter{Code: give, K: absent},
		// A new thread, but no new process, and no thread with a namespace of its own.
		unix.SockFilter{Code: equal, K: unix.SYS_CLONE, Jf: 5},
		unix.SockFilter{Code: load, K: atArgument},
		unix.SockFilter{Code: set, K: 1<<32 - 1 - threadFlags, Jt: 2},
		unix.SockFilter{Code: set, K: unix.CLONE_THREAD, Jf: 1},
		unix.SockFilter{Code: give, K: allow},
		unix.SockFilter{Code: give, K: refuse},
		// A signal to this process, with which Go stops a thread and ends itself.
		unix.SockFilter{Code: equal, K: unix.SYS_TGKILL, Jf: 3},
		unix.SockFilter{Code: load, K: atArgument},
		unix.SockFilter{Code: equal, K: uint32(pid), Jf: 1},
		unix.SockFilter{Code: give, K: allow},
		unix.SockFilter{Code: give, K: refuse},
	)
}

// filterCalls puts the filter over all threads of this process, from which there is no way back.
func filterCalls() error { return installFilter(filterProgram(os.Getpid())) }
