package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// sync would sync a whole file system, for which this system has no call.
func (*folders) sync() error { return errors.ErrUnsupported }

// syncOne brings a file to the drive. The drive's cache is emptied once for all files, by [os.File.Sync] of the ledger.
func syncOne(f *os.File) error { return again(func() error { return unix.Fsync(int(f.Fd())) }) }
