package procs

import "golang.org/x/sys/unix"

const thisArch = unix.AUDIT_ARCH_X86_64

// moreAllowedCalls are those that only older processors have. The newer ones have calls that do the same.
var moreAllowedCalls = []uint32{unix.SYS_EPOLL_WAIT, unix.SYS_ARCH_PRCTL}
