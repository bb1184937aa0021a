package store

import "golang.org/x/sys/unix"

// renameNew renames a file, unless something has the new name.
func renameNew(fromDir int, from string, toDir int, to string) error {
	return unix.RenameatxNp(fromDir, from, toDir, to, unix.RENAME_EXCL)
}

// renameSwap exchanges two files.
func renameSwap(fromDir int, from string, toDir int, to string) error {
	return unix.RenameatxNp(fromDir, from, toDir, to, unix.RENAME_SWAP)
}
