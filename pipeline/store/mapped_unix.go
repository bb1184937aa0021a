//go:build linux || darwin || freebsd

package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the first size bytes of an empty file, which are zeros then. It returns nil if that fails; the file is
// still empty then.
func mapFile(f *os.File, size int) mapped {
	// The zeros are written, so that a full disk shows here, and not when the memory is used.
	if _, err := f.WriteAt(make([]byte, size), 0); err == nil {
		if m, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
			return m
		}
	}
	_ = f.Truncate(0) // what is left does no harm
	return nil
}

func (m mapped) close() {
	if m != nil {
		_ = unix.Munmap(m)
	}
}
