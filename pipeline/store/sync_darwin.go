package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// sync fails: this system has no call that syncs a whole file system.
func (*folders) sync() error { return errors.ErrUnsupported }

// syncOne brings a file to the drive. [os.File.Sync] of the ledger empties the cache of the drive, once for all files.
func syncOne(f *os.File) error { return again(func() error { return unix.Fsync(int(f.Fd())) }) }
