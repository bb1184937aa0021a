//go:build !(linux || darwin || freebsd)

package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"
)

// A folders finds the folders of a Store. It keeps none open, because some systems neither move nor remove what is
// open.
type folders struct {
	root  *os.Root
	top   *folder
	known sync.Map // folders that are there, by name
}

// A folder is one of the output folder. The names that its methods take are those of files in it, without a slash.
type folder struct {
	of   *folders
	name string
}

func newFolders(root *os.Root, _ int) (*folders, error) {
	all := &folders{root: root}
	all.top = &folder{all, "."}
	return all, nil
}

// get returns a folder by its name, with forward slashes; "." is the top. Each get needs a release.
func (all *folders) get(name string) (*folder, error) {
	if name == "." {
		return all.top, nil
	}
	if _, known := all.known.Load(name); !known {
		st, err := all.root.Stat(name)
		if err == nil && !st.IsDir() {
			err = syscall.ENOTDIR
		}
		if err != nil {
			return nil, err
		}
		all.known.Store(name, nil)
	}
	return &folder{all, name}, nil
}

func (all *folders) release(*folder) {}

func (all *folders) close() {}

// lockFolder would lock an open folder.
func lockFolder(*folder) error { return errors.ErrUnsupported }

// stat returns what has a name.
func (d *folder) stat(name string) (found, error) {
	st, err := d.of.root.Lstat(path.Join(d.name, name))
	if err != nil {
		return found{}, err
	}
	changed := st.ModTime().UnixNano()
	return found{dir: st.IsDir(), regular: st.Mode().IsRegular(), size: st.Size(), changed: changed}, nil
}

// regular returns what has a name, with an error unless that is a regular file.
func (d *folder) regular(name string) (fs.FileInfo, error) {
	st, err := d.of.root.Lstat(path.Join(d.name, name))
	if err == nil && !st.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errors.New("it is no regular file")}
	}
	return st, err
}

// read writes what a file holds to w, through buf. It follows no symbolic link: what was opened is what has the name.
func (d *folder) read(name string, buf []byte, w io.Writer) (size int64, err error) {
	st, err := d.regular(name)
	if err != nil {
		return 0, err
	}
	file, err := d.of.root.Open(path.Join(d.name, name))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if is, err := file.Stat(); err != nil {
		return 0, err
	} else if !os.SameFile(st, is) {
		return 0, &fs.PathError{Op: "open", Path: name, Err: errors.New("another file came in its place")}
	}
	return io.CopyBuffer(w, struct{ io.Reader }{file}, buf)
}

// create makes a file that is not there yet.
func (d *folder) create(name string, perm fs.FileMode) (newFile, error) {
	file, err := d.of.root.OpenFile(path.Join(d.name, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	return newFile{file}, err
}

// take moves a file of another folder to a name in d, in place of what has that name.
func (d *folder) take(from *folder, temp, name string) error {
	err := d.of.root.Rename(path.Join(from.name, temp), path.Join(d.name, name))
	if errors.Is(err, fs.ErrNotExist) {
		d.of.known.Delete(d.name) // somebody removed it
	}
	return err
}

// takeNew is take where nothing has the name: what has it stays, and the error is [fs.ErrExist]. Where the file system
// has no links, somebody who takes the name between two calls of the system is not noticed.
func (d *folder) takeNew(from *folder, temp, name string) error {
	to := path.Join(d.name, name)
	err := d.of.root.Link(path.Join(from.name, temp), to)
	if err == nil {
		return from.remove(temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, err := d.of.root.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return d.take(from, temp, name)
}

// swap would exchange two files at once.
func (d *folder) swap(from *folder, temp, name string) error { return errors.ErrUnsupported }

// link has a file of another folder have a second name in d, if nothing has that. The two may lie below different tops,
// which os.Root has no call for. So it looks afterwards whether the name has come to d: the error is
// [errors.ErrUnsupported] if not, because a folder has become a link meanwhile.
func (d *folder) link(from *folder, name, base string) error {
	st, err := from.regular(name)
	if err != nil {
		return err
	}
	if err := os.Link(from.plain(name), d.plain(base)); err != nil {
		return err
	}
	if is, err := d.regular(base); err != nil || !os.SameFile(st, is) {
		return errors.ErrUnsupported
	}
	return nil
}

// plain returns the path of a file in d.
func (d *folder) plain(name string) string { return filepath.Join(d.of.root.Name(), d.name, name) }

// remove removes a file.
func (d *folder) remove(name string) error { return d.of.root.Remove(path.Join(d.name, name)) }

// removeFolder removes a folder that is empty.
func (d *folder) removeFolder(name string) error {
	full := path.Join(d.name, name)
	if st, err := d.of.root.Lstat(full); err != nil || !st.IsDir() {
		return errors.Join(err, fs.ErrExist)
	}
	d.of.known.Delete(full)
	return d.of.root.Remove(full)
}

type newFile struct{ file *os.File }

func (f newFile) write(data []byte) error {
	_, err := f.file.Write(data)
	return err
}

func (f newFile) close() error { return f.file.Close() }

func (f newFile) sync() error { return f.file.Sync() }
