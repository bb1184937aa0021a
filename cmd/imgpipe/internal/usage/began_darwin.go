package usage

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// started returns when this process was started. It is zero if it is not known.
func started() (at time.Time, precision time.Duration) {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", os.Getpid())
	if err != nil {
		return time.Time{}, 0
	}
	at = time.Unix(p.Proc.P_starttime.Unix())
	return time.Now().Add(-time.Since(at)), time.Microsecond
}
