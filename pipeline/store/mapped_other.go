//go:build !(linux || darwin || freebsd)

package store

import "os"

// mapFile maps nothing: on this system it is not known in which order a map and writes to the same file are seen.
func mapFile(*os.File, int) mapped { return nil }

func (mapped) close() {}
