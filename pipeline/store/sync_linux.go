package store

import (
	"os"

	"golang.org/x/sys/unix"
)

// sync returns when all that was written to the file system of the output folder is on the disk.
func (fs *folders) sync() error {
	return again(func() error { return unix.Syncfs(fs.top.fd) })
}

// syncOne returns when a file is on the disk.
func syncOne(f *os.File) error { return f.Sync() }
