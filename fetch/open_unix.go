//go:build unix

package fetch

import "syscall"

// openFlags keep the opening of a named pipe, which is refused afterwards, from waiting for a writer.
const openFlags = syscall.O_NONBLOCK
