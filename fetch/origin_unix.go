//go:build linux || darwin || freebsd

package fetch

import (
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A root is the open folder of an origin.
type root struct{ dir *os.File } // which the garbage collector closes with the last item of the origin

func openRoot(path string) (root, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECTORY, 0)
	return root{f}, err
}

func (r root) close() { r.dir.Close() }

func (r root) stat() (os.FileInfo, error) { return r.dir.Stat() }

// open opens what is at rel below r, through no symbolic link.
func (r root) open(rel string, flags int) (int, error) {
	defer runtime.KeepAlive(r.dir)
	if rel == "" {
		rel = "."
	}
	return openBelow(int(r.dir.Fd()), rel, flags|unix.O_RDONLY|unix.O_CLOEXEC)
}

// file opens a file to be read, as openLocal does.
func (r root) file(rel string) (localFile, error) {
	return openPatiently(func(flags int) (int, error) { return r.open(rel, flags) })
}

// folder opens a folder. Where a file system does not say of what kind its entries are, the package os asks by path.
func (r root) folder(rel, path string) (folder, error) {
	fd, err := r.open(rel, unix.O_DIRECTORY)
	if err != nil {
		return folder{}, err
	}
	return folder{os.NewFile(uintptr(fd), path)}, nil
}

// stepwise opens rel below the folder dir, one folder after the other.
func stepwise(dir int, rel string, flags int) (fd int, err error) {
	at := dir
	for {
		name, rest, more := strings.Cut(rel, "/")
		how := flags | unix.O_NOFOLLOW
		if more {
			how = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
		}
		err = again(func() error {
			fd, err = unix.Openat(at, name, how, 0)
			return err
		})
		if at != dir {
			_ = unix.Close(at)
		}
		if err != nil || !more {
			return fd, asLink(err)
		}
		at, rel = fd, rest
	}
}

// asLink makes errLink of what the systems say of a link that was not to be followed.
func asLink(err error) error {
	if err == unix.ELOOP || err == unix.EMLINK {
		return errLink
	}
	return err
}

// A folder is one that is open, of an origin.
type folder struct{ dir *os.File }

// deviceOf returns the number of the device that a file lies on.
func deviceOf(info os.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev)
	}
	return 0
}

// has reports whether the folder holds a name.
func (f folder) has(name string) bool {
	var st unix.Stat_t
	return again(func() error { return unix.Fstatat(int(f.dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW) }) == nil
}

// look returns the state of a file in the folder, and where n is not 0 its first bytes, n at most, or all of a small
// file.
func (f folder) look(name string, n int) (state, []byte, error) {
	fd := int(f.dir.Fd())
	if n > 0 {
		file, err := openPatiently(func(flags int) (got int, err error) {
			err = again(func() error {
				got, err = unix.Openat(fd, name, flags|unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
				return err
			})
			return got, err
		})
		if err == nil {
			defer file.close()
			return file.begin(n)
		}
	}
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) }); err != nil {
		return state{}, nil, err
	}
	return stateOf(&st), nil, nil
}
