//go:build unix

package main

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// openLimit returns how many files this process may have open, and how many it has. Both are 0 if there is no limit, or
// none is known. Go has raised the soft limit to the hard one.
func openLimit() (limit, open int) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil || l.Cur > math.MaxInt32 {
		return 0, 0
	}
	for _, dir := range []string{"/proc/self/fd", "/dev/fd"} {
		if entries, err := os.ReadDir(dir); err == nil {
			return int(l.Cur), len(entries) - 1 // one is of the folder that was just read
		}
	}
	return int(l.Cur), 8
}
