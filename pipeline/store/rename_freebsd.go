package store

import "golang.org/x/sys/unix"

// renameNew fails: this system has no such call.
func renameNew(fromDir int, from string, toDir int, to string) error { return unix.ENOSYS }

// renameSwap fails: this system has no such call.
func renameSwap(fromDir int, from string, toDir int, to string) error { return unix.ENOSYS }
