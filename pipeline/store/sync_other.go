//go:build !linux && !darwin

package store

import (
	"errors"
	"os"
)

// sync fails: this system has no call that syncs a whole file system.
func (*folders) sync() error { return errors.ErrUnsupported }

// syncOne returns when a file is on the disk.
func syncOne(f *os.File) error { return f.Sync() }
