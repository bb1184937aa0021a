//go:build linux || darwin || freebsd

package fetch

import (
	"os"

	"golang.org/x/sys/unix"
)

// A localFile is an open file of this machine: a bare descriptor, because to make an os.File, which the poller is
// then asked to watch in vain, costs as much as to read a small file.
type localFile int

// openLocal opens a file to be read, links followed.
func openLocal(path string) (localFile, error) {
	return openPatiently(func(flags int) (fd int, err error) {
		err = again(func() error {
			fd, err = unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|flags, 0)
			return err
		})
		return fd, err
	})
}

// openPatiently opens a file. Of a named pipe, which is refused afterwards, it does not wait for a writer; of a file
// that another program holds a lease on, as servers of files do, it waits until that is given up. open opens it with
// further flags.
func openPatiently(open func(flags int) (int, error)) (localFile, error) {
	f := localFile(-1)
	err := spare(func() error {
		fd, err := open(unix.O_NONBLOCK)
		if err == unix.EAGAIN {
			fd, err = open(0)
		}
		f = localFile(fd)
		return err
	})
	return f, err
}

func (f localFile) close() { _ = unix.Close(int(f)) }

func (f localFile) stat() (state, error) {
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(int(f), &st) }); err != nil {
		return state{}, err
	}
	return stateOf(&st), nil
}

// types are the kinds of files. What is none of them is irregular.
var types = map[uint32]os.FileMode{
	unix.S_IFREG: 0, unix.S_IFDIR: os.ModeDir, unix.S_IFLNK: os.ModeSymlink, unix.S_IFIFO: os.ModeNamedPipe,
	unix.S_IFSOCK: os.ModeSocket,
	unix.S_IFBLK:  os.ModeDevice, unix.S_IFCHR: os.ModeDevice | os.ModeCharDevice,
}

func stateOf(st *unix.Stat_t) state {
	sec, nsec := st.Mtim.Unix()
	mode, known := types[uint32(st.Mode)&unix.S_IFMT]
	if !known {
		mode = os.ModeIrregular
	}
	return state{mode: mode, size: st.Size, sec: sec, nsec: nsec}
}

// read returns 0 at the end.
func (f localFile) read(buf []byte) (n int, err error) {
	err = again(func() (err error) {
		n, err = unix.Read(int(f), buf[:min(len(buf), 1<<30)]) // the most that all systems take at once
		return err
	})
	return max(n, 0), err
}

// again repeats a call of the system that a signal has interrupted.
func again(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}
