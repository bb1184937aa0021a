//go:build unix

package usage

import (
	"time"

	"golang.org/x/sys/unix"
)

// FaultsKnown reports whether this system counts MajorFaults and BlocksIn.
const FaultsKnown = true

func spent(who int) CPU {
	var r unix.Rusage
	if err := unix.Getrusage(who, &r); err != nil {
		return CPU{}
	}
	return CPU{
		User: time.Duration(r.Utime.Nano()), System: time.Duration(r.Stime.Nano()),
		Voluntary: int64(r.Nvcsw), Involuntary: int64(r.Nivcsw),
		MajorFaults: int64(r.Majflt), BlocksIn: int64(r.Inblock),
	}
}

// Spent returns the CPU time of this process so far and of all its children that have ended and were waited for.
func Spent() CPU { return spent(unix.RUSAGE_SELF).Add(spentByChildren()) }

func spentByChildren() CPU { return spent(unix.RUSAGE_CHILDREN) }
