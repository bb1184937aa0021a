//go:build unix

package usage

import (
	"time"

	"golang.org/x/sys/unix"
)

func spent(who int) CPU {
	var r unix.Rusage
	if err := unix.Getrusage(who, &r); err != nil {
		return CPU{}
	}
	return CPU{time.Duration(r.Utime.Nano()), time.Duration(r.Stime.Nano()), int64(r.Nvcsw), int64(r.Nivcsw)}
}

// Spent returns the CPU time of this process so far and of all its children that have ended and were waited for.
func Spent() CPU { return spent(unix.RUSAGE_SELF).Add(spent(unix.RUSAGE_CHILDREN)) }
