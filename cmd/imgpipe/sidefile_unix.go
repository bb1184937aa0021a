//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// openDescriptor returns a descriptor that this program was started with, to be written to: opened by its name a file
// would be begun anew, and a socket not be opened at all.
func openDescriptor(fd int) (io.WriteCloser, error) {
	closes, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || fd > 2 && closes&unix.FD_CLOEXEC != 0 { // those that this program opens itself are closed in its children
		return nil, fmt.Errorf("the descriptor %d is not open", fd)
	}
	if access, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err == nil && access&unix.O_ACCMODE == unix.O_RDONLY {
		return nil, errors.New("it is open to be read, not written")
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(own), "descriptor"), nil
}
