//go:build !linux && !darwin

package store

import (
	"errors"
	"os"
)

// sync would sync a whole file system, for which this system has no call.
func (*folders) sync() error { return errors.ErrUnsupported }

// syncOne returns when a file is on the disk.
func syncOne(f *os.File) error { return f.Sync() }
