//go:build !linux

package store

import "errors"

// sync would sync a whole file system, for which this system has no call.
func (*folders) sync() error { return errors.ErrUnsupported }
