//go:build linux || darwin || freebsd

package store

import (
	"errors"
	"io"
	"os"
	"path"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// openFolders is how many folders below the top are kept open, where Options do not say. Inputs come folder by folder,
// so that few are in use at a time.
const openFolders = 64

// A folders holds the folders of a Store open. To do something to a file then takes one call of the system, with the
// name of the file in its folder. [os.Root] would open every folder on the way to the file for each call, which is a
// third of the cost of a small file. Its methods may be called from many goroutines. Nil is valid and holds no folder.
//
// A folder is found through os.Root, which never leaves the output folder. While the folder is open somebody may move
// it away, remove it or put a symbolic link in its place. So get looks each time whether the name still leads to it.
type folders struct {
	root *os.Root
	top  *folder
	most int // that are kept open below the top

	mu    sync.Mutex
	below map[string]*folder
	clock uint64
}

// A folder is one that is open. Its methods take the names of files in it, without a slash, and follow no symbolic
// link.
type folder struct {
	file     *os.File
	fd       int
	dev, ino uint64

	// Guarded by folders.mu.
	users int
	used  uint64 // when it was given last, by folders.clock
	gone  bool   // its last user closes it
}

func newFolders(root *os.Root, most int) (*folders, error) {
	if most <= 0 {
		most = openFolders
	}
	top, err := openFolder(root, ".")
	if err != nil {
		return nil, err
	}
	return &folders{root: root, top: top, most: most, below: map[string]*folder{}}, nil
}

func openFolder(root *os.Root, name string) (*folder, error) {
	var file *os.File
	err := again(func() (err error) {
		file, err = root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	d := &folder{file: file, fd: int(file.Fd())}
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(d.fd, &st) }); err != nil {
		file.Close()
		return nil, err
	}
	d.dev, d.ino = uint64(st.Dev), uint64(st.Ino)
	return d, nil
}

// get returns a folder by its name, with forward slashes; "." is the top. Each get needs a release.
func (fs *folders) get(name string) (*folder, error) {
	if name == "." {
		return fs.top, nil
	}
	fs.mu.Lock()
	d := fs.below[name]
	if d != nil {
		fs.use(d)
	}
	fs.mu.Unlock()
	if d != nil {
		if fs.leads(name, d) {
			return d, nil
		}
		fs.forget(name, d)
	}
	d, err := openFolder(fs.root, name)
	if err != nil {
		return nil, err
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.use(d)
	if fs.below[name] != nil {
		d.gone = true // another goroutine was faster
		return d, nil
	}
	fs.below[name] = d
	fs.evict()
	return d, nil
}

// use counts a user. The lock is held.
func (fs *folders) use(d *folder) {
	d.users++
	fs.clock++
	d.used = fs.clock
}

// evict closes the folders whose last use is longest ago, until no more than most are left or all are in use. The lock
// is held.
func (fs *folders) evict() {
	for len(fs.below) > fs.most {
		var oldest *folder
		var its string
		for name, d := range fs.below {
			if d.users == 0 && (oldest == nil || d.used < oldest.used) {
				oldest, its = d, name
			}
		}
		if oldest == nil {
			return
		}
		delete(fs.below, its)
		oldest.file.Close()
	}
}

// forget releases a folder that its name leads to no longer.
func (fs *folders) forget(name string, d *folder) {
	fs.mu.Lock()
	if d.gone = true; fs.below[name] == d {
		delete(fs.below, name)
	}
	fs.mu.Unlock()
	fs.release(d)
}

// release ends the use of a folder. Nil is valid and not in use.
func (fs *folders) release(d *folder) {
	if d == nil || d == fs.top {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if d.users--; d.gone && d.users == 0 {
		d.file.Close()
	}
}

// close closes all.
func (fs *folders) close() {
	if fs == nil {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, d := range fs.below {
		d.file.Close()
	}
	fs.below = nil
	fs.top.file.Close()
	fs.top.fd = -1 // its number may soon be that of another file
}

// leads reports whether a name leads to d, through no symbolic link: one that does could lead out of the output folder
// and back to a d that was moved there. A folder behind a link is opened anew each time.
func (fs *folders) leads(name string, d *folder) bool {
	above, err := fs.get(path.Dir(name))
	if err != nil {
		return false
	}
	defer fs.release(above)
	var st unix.Stat_t
	err = again(func() error { return unix.Fstatat(above.fd, path.Base(name), &st, unix.AT_SYMLINK_NOFOLLOW) })
	return err == nil && uint64(st.Dev) == d.dev && uint64(st.Ino) == d.ino
}

// lockFolder locks an open folder, as lockFile does.
func lockFolder(d *folder) error { return lockFile(d.file) }

// stat returns what has a name.
func (d *folder) stat(name string) (found, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	kind := st.Mode & unix.S_IFMT
	return found{
		dir: kind == unix.S_IFDIR, regular: kind == unix.S_IFREG, size: st.Size,
		id: fileID{uint64(st.Dev), uint64(st.Ino)}, changed: st.Mtim.Nano(), since: st.Ctim.Nano(),
	}, err
}

// read writes what a file holds to w, through buf.
func (d *folder) read(name string, buf []byte, w io.Writer) (size int64, err error) {
	fd := -1
	err = again(func() (err error) {
		// O_NONBLOCK does not wait where a named pipe has come in the file's place.
		fd, err = unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	for {
		n := 0
		err := again(func() (err error) {
			n, err = unix.Read(fd, buf)
			return err
		})
		if n <= 0 || err != nil {
			return size, err
		}
		size += int64(n)
		if _, err := w.Write(buf[:n]); err != nil {
			return size, err
		}
	}
}

// create makes a file that is not there yet.
func (d *folder) create(name string, perm uint32) (fd newFile, err error) {
	err = again(func() error {
		n, err := unix.Openat(d.fd, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, perm)
		fd = newFile(n)
		return err
	})
	return fd, err
}

// take moves a file of another folder to a name in d, in place of what has that name.
func (d *folder) take(from *folder, temp, name string) error {
	return again(func() error { return unix.Renameat(from.fd, temp, d.fd, name) })
}

// takeNew is take where nothing has the name: what has it stays, and the error is [fs.ErrExist].
func (d *folder) takeNew(from *folder, temp, name string) error {
	err := again(func() error { return renameNew(from.fd, temp, d.fd, name) })
	if cannot(err) {
		return d.linkNew(from, temp, name)
	}
	return err
}

// linkNew is takeNew where the file system cannot rename so. Where it has no links either, somebody who takes the name
// between two calls of the system is not noticed.
func (d *folder) linkNew(from *folder, temp, name string) error {
	err := again(func() error { return unix.Linkat(from.fd, temp, d.fd, name, 0) })
	if err == nil {
		return from.remove(temp)
	}
	if err == unix.EEXIST {
		return err
	}
	if _, err := d.stat(name); err == nil {
		return unix.EEXIST
	}
	return d.take(from, temp, name)
}

// swap exchanges a file of another folder with the one that has a name in d, at once. The error is
// [errors.ErrUnsupported] where the system cannot do that.
func (d *folder) swap(from *folder, temp, name string) error {
	err := again(func() error { return renameSwap(from.fd, temp, d.fd, name) })
	if cannot(err) {
		return errors.ErrUnsupported
	}
	return err
}

// cannot reports whether a file system, or a filter for calls of the system, does not know a way to rename.
func cannot(err error) bool {
	switch err {
	case unix.EINVAL, unix.ENOSYS, unix.ENOTSUP, unix.EPERM:
		return true
	}
	return err == unix.EOPNOTSUPP // on Linux another name of ENOTSUP
}

// link has a file of another folder have a second name in d, if nothing has that.
func (d *folder) link(from *folder, name, base string) error {
	return again(func() error { return unix.Linkat(from.fd, name, d.fd, base, 0) })
}

// remove removes a file.
func (d *folder) remove(name string) error {
	return again(func() error { return unix.Unlinkat(d.fd, name, 0) })
}

// removeFolder removes a folder that is empty, and nothing else.
func (d *folder) removeFolder(name string) error {
	return again(func() error { return unix.Unlinkat(d.fd, name, unix.AT_REMOVEDIR) })
}

// A newFile is a descriptor. For one write, an os.File costs as much as the write.
type newFile int

func (f newFile) write(data []byte) error {
	for len(data) > 0 {
		n := 0
		err := again(func() (err error) {
			n, err = unix.Write(int(f), data[:min(len(data), 1<<30)]) // the most that all systems take at once
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrShortWrite
		}
		data = data[n:]
	}
	return nil
}

// sync returns when the file is on the disk.
func (f newFile) sync() error { return again(func() error { return unix.Fsync(int(f)) }) }

// close is not repeated when it is interrupted: the descriptor is gone then.
func (f newFile) close() error {
	if err := unix.Close(int(f)); err != unix.EINTR {
		return err
	}
	return nil
}

// Descriptors may be short for a moment, although the callers of this package bound what is open at once. Operations
// under way soon close some.
const (
	scarceWait     = 20 * time.Millisecond
	scarcePatience = 30 * time.Second
)

// again repeats a call of the system that a signal has interrupted, or that finds no descriptor.
func again(call func() error) error {
	var scarce time.Time
	for {
		switch err := call(); {
		case err == unix.EINTR:
		case err == nil || !errors.Is(err, unix.EMFILE) && !errors.Is(err, unix.ENFILE):
			return err
		case scarce.IsZero():
			scarce = time.Now()
		case time.Since(scarce) > scarcePatience:
			return err
		default:
			time.Sleep(scarceWait)
		}
	}
}
