package fetch

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// withoutOpenat2 says that the system has no openat2: Linux before 5.6.
var withoutOpenat2 atomic.Bool

// openBelow opens rel below the folder dir, through no symbolic link and not out of dir.
func openBelow(dir int, rel string, flags int) (fd int, err error) {
	if withoutOpenat2.Load() {
		return stepwise(dir, rel, flags)
	}
	how := unix.OpenHow{Flags: uint64(flags), Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_BENEATH}
	err = again(func() error {
		fd, err = unix.Openat2(dir, rel, &how)
		return err
	})
	switch err {
	case unix.ENOSYS:
		withoutOpenat2.Store(true)
		return stepwise(dir, rel, flags)
	case unix.EPERM: // some sandboxes know only old calls
		return stepwise(dir, rel, flags)
	}
	return fd, asLink(err)
}
