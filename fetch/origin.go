package fetch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// An origin is a folder that was walked. What was found in it is opened again from there, and never through a symbolic
// link, whatever has been exchanged since. The way to the folder itself was named by the user, and may have links.
type origin struct {
	path string
	// prefix is what goes before the path of a file below the folder, in its Source.
	prefix string
	info   os.FileInfo // of the folder, when the walk began
	open   *roots
}

// errLink is the error of a way with a symbolic link on it.
var errLink = errors.New(
	"there is a symbolic link now where there was none when its folder was read, and none is followed")

// newOrigin returns the origin of the folder at path.
func newOrigin(path string, open *roots) (*origin, error) {
	t := &origin{path: path, open: open, prefix: path}
	switch {
	case path == ".":
		t.prefix = ""
	case !os.IsPathSeparator(path[len(path)-1]):
		t.prefix += string(filepath.Separator)
	}
	r, err := spareRoot(path)
	if err != nil {
		return nil, err
	}
	if t.info, err = r.stat(); err != nil {
		r.close()
		return nil, err
	}
	open.put(t, r)
	return t, nil
}

// spareRoot opens a root, when there is a descriptor for it.
func spareRoot(path string) (r root, err error) {
	err = spare(func() error {
		r, err = openRoot(path)
		return err
	})
	return r, err
}

// in calls do with the open root of t.
func (t *origin) in(do func(root) error) error {
	held, err := t.open.get(t)
	if err != nil {
		return err
	}
	defer t.open.release(held)
	return do(held.root)
}

// file opens a file of the origin.
func (t *origin) file(source string) (f localFile, err error) {
	err = t.in(func(r root) error {
		f, err = r.file(source[len(t.prefix):])
		return err
	})
	return f, err
}

// folder opens the folder at rel, which has slashes; "" is the root.
func (t *origin) folder(rel string) (f folder, err error) {
	err = t.in(func(r root) error {
		return spare(func() error {
			f, err = r.folder(filepath.FromSlash(rel), t.prefix+rel)
			return err
		})
	})
	return f, err
}

// roots are the open roots of origins, a few at a time: a command line may name more folders than a process may open.
// Those that are open when the last item has been read are closed by the garbage collector.
type roots struct {
	mu   sync.Mutex
	held []*heldRoot // those used last are last
}

// mostRoots is how many roots stay open.
const mostRoots = 4

type heldRoot struct {
	root  root
	of    *origin
	users int
	gone  bool // no longer in held
}

func (o *roots) get(t *origin) (*heldRoot, error) {
	o.mu.Lock()
	for i, h := range o.held {
		if h.of == t {
			h.users++
			copy(o.held[i:], o.held[i+1:])
			o.held[len(o.held)-1] = h
			o.mu.Unlock()
			return h, nil
		}
	}
	o.mu.Unlock()
	r, err := spareRoot(t.path) // it may hang
	if err != nil {
		return nil, err
	}
	info, err := r.stat()
	if err == nil && !os.SameFile(info, t.info) {
		err = fmt.Errorf("%s is another folder now than when it was read", shown(t.path))
	}
	if err != nil {
		r.close()
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.add(t, r)
	h.users++
	return h, nil
}

func (o *roots) put(t *origin, r root) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.add(t, r)
}

func (o *roots) add(t *origin, r root) *heldRoot {
	h := &heldRoot{root: r, of: t}
	if o.held = append(o.held, h); len(o.held) > mostRoots {
		oldest := o.held[0]
		oldest.gone = true
		copy(o.held, o.held[1:])
		o.held = o.held[:mostRoots]
		if oldest.users == 0 {
			oldest.root.close()
		}
	}
	return h
}

// closeIdle closes what nobody uses just now. What is asked for later is opened again.
func (o *roots) closeIdle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, h := range o.held {
		h.gone = true
		if h.users == 0 {
			h.root.close()
		}
	}
	o.held = nil
}

func (o *roots) release(h *heldRoot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h.users--; h.users == 0 && h.gone {
		h.root.close()
	}
}

func (f folder) close() { f.dir.Close() }

func (f folder) stat() (os.FileInfo, error) { return f.dir.Stat() }

// entries returns what is in the folder, in the order of names.
func (f folder) entries() ([]os.DirEntry, error) {
	entries, err := f.dir.ReadDir(-1)
	slices.SortFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}
