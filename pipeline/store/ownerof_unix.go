//go:build unix

package store

import (
	"io/fs"
	"syscall"
)

// ownerOf returns the numbers of a file's owner and group, if they are known.
func ownerOf(info fs.FileInfo) (uid, gid int, known bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}
