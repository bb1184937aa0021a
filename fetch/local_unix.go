//go:build linux || darwin || freebsd

package fetch

import "golang.org/x/sys/unix"

// A localFile is an open file of this machine: a bare descriptor, because to make an os.File, which the poller is then asked to watch in
// vain, costs as much as to read a small file.
type localFile int

// openLocal opens a file to be read. Of a named pipe, which is refused afterwards, it does not wait for a writer; of a file that another
// program holds a lease on, as servers of files do, it waits until that is given up.
func openLocal(path string) (localFile, error) {
	f, err := openWith(path, unix.O_NONBLOCK)
	if err == unix.EAGAIN {
		var st unix.Stat_t
		if again(func() error { return unix.Stat(path, &st) }) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG {
			return openWith(path, 0)
		}
	}
	return f, err
}

func openWith(path string, flags int) (localFile, error) {
	f := localFile(-1)
	err := spare(func() error {
		return again(func() error {
			fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|flags, 0)
			f = localFile(fd)
			return err
		})
	})
	return f, err
}

func (f localFile) close() { _ = unix.Close(int(f)) }

func (f localFile) stat() (state, error) {
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(int(f), &st) }); err != nil {
		return state{}, err
	}
	sec, nsec := st.Mtim.Unix()
	return state{regular: st.Mode&unix.S_IFMT == unix.S_IFREG, size: st.Size, sec: sec, nsec: nsec}, nil
}

// read gives 0 at the end.
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
