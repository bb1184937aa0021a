package store

import "golang.org/x/sys/unix"

// renameNew is a call that this system does not have.
func renameNew(fromDir int, from string, toDir int, to string) error { return unix.ENOSYS }

// renameSwap is a call that this system does not have.
func renameSwap(fromDir int, from string, toDir int, to string) error { return unix.ENOSYS }
