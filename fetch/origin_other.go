//go:build !(linux || darwin || freebsd)

package fetch

import (
	"os"
	"path/filepath"
)

// A root is the open folder of an origin.
type root struct{ dir *os.Root }

func openRoot(path string) (root, error) {
	r, err := os.OpenRoot(path)
	return root{r}, err
}

func (r root) close() { r.dir.Close() }

func (r root) stat() (os.FileInfo, error) { return r.dir.Stat(".") }

// open opens what is at rel below r, through no symbolic link: none is there before, and what is open is what was
// there.
func (r root) open(rel string) (*os.File, error) {
	if rel == "" {
		return r.dir.Open(".")
	}
	var last os.FileInfo
	for i := range len(rel) + 1 {
		if i < len(rel) && !os.IsPathSeparator(rel[i]) {
			continue
		}
		info, err := r.dir.Lstat(rel[:i])
		switch {
		case err != nil:
			return nil, err
		case info.Mode()&(os.ModeSymlink|os.ModeIrregular) != 0:
			return nil, errLink
		}
		last = info
	}
	f, err := r.dir.Open(rel)
	if err != nil {
		return nil, err
	}
	if now, err := f.Stat(); err != nil || !os.SameFile(now, last) {
		f.Close()
		return nil, errLink
	}
	return f, nil
}

func (r root) file(rel string) (localFile, error) {
	f, err := r.open(rel)
	return localFile{f}, err
}

func (r root) folder(rel, _ string) (folder, error) {
	if f, err := r.open(rel); err != nil {
		return folder{}, err
	} else {
		return folder{f, r, rel}, nil
	}
}

// deviceOf returns 0: the number of the device is not known.
func deviceOf(os.FileInfo) uint64 { return 0 }

// A folder is one that is open, of an origin.
type folder struct {
	dir *os.File
	in  root
	rel string
}

// has reports whether the folder holds a name.
func (f folder) has(name string) bool {
	_, err := f.in.dir.Lstat(filepath.Join(f.rel, name))
	return err == nil
}

// look returns the state of a file in the folder, and where n is not 0 its first bytes, n at most, or all of a small
// file.
func (f folder) look(name string, n int) (state, []byte, error) {
	path := filepath.Join(f.rel, name)
	info, err := f.in.dir.Lstat(path)
	if err != nil {
		return state{}, nil, err
	}
	if n > 0 && info.Mode().IsRegular() {
		if file, err := f.in.file(path); err == nil {
			defer file.close()
			return file.begin(n)
		}
	}
	return stateOf(info), nil, nil
}
