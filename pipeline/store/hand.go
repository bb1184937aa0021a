package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// A hand holds the folder of an input open. What is done to the input then stays in that folder, whatever takes the
// folder's place meanwhile.
type hand struct {
	root *os.Root
	all  *folders
	*folder
}

func openHand(dir string) (h hand, err error) {
	if h.root, err = os.OpenRoot(dir); err != nil {
		return h, err
	}
	if h.all, err = newFolders(h.root, 1); err != nil {
		h.root.Close()
		return h, err
	}
	h.folder = h.all.top
	return h, nil
}

func (h hand) close() {
	h.all.close()
	h.root.Close()
}

// digest reads a file. It follows no symbolic link to it.
func (d *folder) digest(base string) (c Content, err error) {
	buf := digestBuffers.Get().(*[64 << 10]byte)
	defer digestBuffers.Put(buf)
	sum := sha256.New()
	if c.Size, err = d.read(base, buf[:], sum); err != nil {
		return c, err
	}
	sum.Sum(c.SHA256[:0])
	return c, nil
}

// sync brings the names in the folder to the disk, on systems that can do that apart.
func (h hand) sync() {
	if f, err := h.root.Open("."); err == nil {
		_ = syncOne(f)
		f.Close()
	}
}

// inputError is the error of a call that touched an input or its folder: what is wrong there is that item's matter.
func inputError(doing string, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	e := classify(doing, err)
	switch e.Kind {
	case pipeline.ClassFolderGone:
		e.Kind = fetch.ClassNotFound
	case pipeline.ClassNotWritable:
		e.fatal = false
	}
	return e
}

// placedAt calls do with the folder and the name of a file, by its absolute path with forward slashes.
func placedAt[T any](name string, do func(dir hand, base string) (T, error)) (T, error) {
	dir, base := filepath.Split(filepath.FromSlash(name))
	h, err := openHand(dir)
	if err != nil {
		var none T
		return none, err
	}
	defer h.close()
	return do(h, base)
}

// statPlaced returns what has an absolute path, without following a symbolic link to it.
func statPlaced(name string) (File, error) {
	return placedAt(name, func(dir hand, base string) (File, error) {
		st, err := dir.stat(base)
		if err != nil {
			return File{}, err
		}
		return st.file(), nil
	})
}

// digestPlaced reads a file by its absolute path.
func digestPlaced(name string) (Content, error) {
	return placedAt(name, func(dir hand, base string) (Content, error) { return dir.digest(base) })
}

// statKept returns what has a name in the folder of originals; the zero File is nothing.
func (s *Store) statKept(name string) (File, error) {
	st, err := s.files.Stat(context.Background(), name)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, nil
	}
	if err != nil {
		st.Kind = Other
	}
	return st, err
}

// digestKept reads a file of the folder of originals.
func (s *Store) digestKept(name string) (Content, error) {
	return s.files.Digest(context.Background(), name)
}
