package usage

import (
	"time"

	"golang.org/x/sys/windows"
)

// FaultsKnown reports whether this system counts MajorFaults and BlocksIn.
const FaultsKnown = false

// Spent returns the CPU time of this process so far. Windows keeps no sum of the children.
func Spent() CPU {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user); err != nil {
		return CPU{}
	}
	span := func(f windows.Filetime) time.Duration {
		return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
	}
	return CPU{User: span(user), System: span(kernel)}
}

// spentByChildren returns nothing: Windows keeps no such sum.
func spentByChildren() CPU { return CPU{} }
