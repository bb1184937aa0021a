package store

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// errLocked is the error if another process, or another Store of this one, holds the lock.
var errLocked = errors.New("locked")

// lockFile locks f until it is closed. The system closes it when the process ends, in whatever way.
//
// A lock of Windows keeps others from reading the bytes that it covers. This one covers a byte far behind the end of
// any ledger, so that a ledger can be read while a run writes it.
func lockFile(f *os.File) error { return lockFar(f, windows.LOCKFILE_EXCLUSIVE_LOCK) }

// shareFile locks f until it is closed, as others may at the same time, but for those who call lockFile.
func shareFile(f *os.File) error { return lockFar(f, 0) }

func lockFar(f *os.File, how uint32) error {
	at := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}

// names returns how many names a file has, as far as that is known.
func names(fs.FileInfo) int { return 1 }

func isDiskFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

func isReadOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }
