package procs

import "golang.org/x/sys/unix"

const thisArch = unix.AUDIT_ARCH_AARCH64

var moreAllowedCalls []uint32
