package usage

import (
	"time"

	"golang.org/x/sys/windows"
)

// started returns when this process was started. It is zero if it is not known.
func started() (at time.Time, precision time.Duration) {
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user); err != nil {
		return time.Time{}, 0
	}
	return time.Now().Add(-time.Since(time.Unix(0, created.Nanoseconds()))), 100 * time.Nanosecond
}
