//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// openDescriptor returns a descriptor that this program was started with, for writing. To open it by its name would
// begin a file anew, and is not possible for a socket.
func openDescriptor(fd int) (io.WriteCloser, error) {
	closes, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	if err != nil || fd > 2 && closes&unix.FD_CLOEXEC != 0 { // as is all that this program opens itself
		return nil, fmt.Errorf("the descriptor %d is not open", fd)
	}
	access, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil && access&unix.O_ACCMODE == unix.O_RDONLY {
		return nil, errors.New("it is open for reading only")
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(own), "descriptor"), nil
}
