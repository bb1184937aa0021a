package store

import "io/fs"

// ownerOf would return the numbers of a file's owner and group, which this system does not have.
func ownerOf(fs.FileInfo) (uid, gid int, known bool) { return 0, 0, false }
