package store

import (
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A Tree is a folder with all that lies below it. It finds out which files do, by whatever path they are named:
// relative or absolute, through symbolic links, or through a mount of the folder or of a part of it. It remembers the
// folders that it was asked about, so that a file costs one call of the system. Its methods may be called from many
// goroutines.
type Tree struct {
	dir string

	mu    sync.Mutex
	begun bool
	top   fileID // zero where the folder is not there
	known map[string]branch
	// parts are the folders below the top that files of ours lie in.
	parts map[fileID]string

	// Those of parts that were noted, and those not yet looked at. They have a lock of their own: mu may be held for
	// as long as a file system hangs.
	noting  sync.Mutex
	noted   map[string]bool
	pending []string
	last    string
}

// A branch is a folder that a file lies in.
type branch struct {
	abs    string // its absolute path, links followed
	rel    string // its path from the top of the tree, where it is inside
	inside bool
}

// maxBranches bounds how many folders a Tree remembers. Inputs come folder by folder, so that forgetting costs little.
const maxBranches = 4096

// NewTree returns the Tree of a folder, which need not exist: then nothing lies in it.
func NewTree(dir string) *Tree {
	return &Tree{dir: dir, known: map[string]branch{}, noted: map[string]bool{}, parts: map[fileID]string{}}
}

// Rel returns the path of a file from the top of the tree, with forward slashes, and whether it lies in it. A symbolic
// link lies where it leads to.
func (t *Tree) Rel(file string) (rel string, inside bool) {
	_, rel, inside = t.find(file)
	return rel, inside
}

// find is Rel, and returns the file's absolute path as well: links of its folders are followed, its own is not.
func (t *Tree) find(file string) (abs, rel string, inside bool) {
	dir, base := filepath.Split(file)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.begun {
		t.begun = true
		t.top, _ = identify(t.dir) // where there is no such folder, nothing lies in it
	}
	in := t.branch(dir)
	abs = filepath.Join(in.abs, base)
	if info, err := os.Lstat(file); err == nil && info.Mode()&os.ModeSymlink != 0 {
		if real, err := filepath.EvalSymlinks(file); err == nil {
			dir, base = filepath.Split(real)
			in = t.branch(dir)
		}
	}
	return abs, path.Join(in.rel, base), in.inside
}

// note remembers a folder below the top, with forward slashes, and those above it: an input may lie in a mount of it.
func (t *Tree) note(dir string) {
	t.noting.Lock()
	defer t.noting.Unlock()
	if dir == t.last {
		return
	}
	t.last = dir
	for ; dir != "." && !t.noted[dir]; dir = path.Dir(dir) {
		t.noted[dir] = true
		t.pending = append(t.pending, dir)
	}
}

// branch returns the folder that a path names; "" is the current one. The lock is held.
func (t *Tree) branch(dir string) branch {
	if b, ok := t.known[dir]; ok {
		return b
	}
	b := t.look(dir)
	if len(t.known) >= maxBranches {
		clear(t.known)
	}
	t.known[strings.Clone(dir)] = b // the caller's is a part of the path of a file
	return b
}

// look finds a folder by its path. The lock is held.
func (t *Tree) look(dir string) branch {
	abs := dir
	if !filepath.IsAbs(abs) {
		here, err := os.Getwd()
		if err != nil {
			return branch{abs: filepath.Clean(dir)}
		}
		abs = here + string(filepath.Separator) + dir
	}
	// Behind a link, ".." leads to what is above the link's target, which filepath.Clean does not know.
	if slices.Contains(strings.Split(filepath.ToSlash(abs), "/"), "..") {
		if real, err := filepath.EvalSymlinks(abs); err == nil {
			abs = real
		}
	}
	if abs = filepath.Clean(abs); abs != dir {
		return t.branch(abs)
	}
	// On Windows, EvalSymlinks finds the case of letters, too.
	if info, err := os.Lstat(abs); err == nil && (info.Mode()&os.ModeSymlink != 0 || runtime.GOOS == "windows") {
		if real, err := filepath.EvalSymlinks(abs); err == nil && real != abs {
			return t.branch(real)
		}
	}
	b := branch{abs: abs}
	id, err := identify(abs)
	if err == nil && id == t.top {
		b.inside, b.rel = true, "."
		return b
	}
	above := filepath.Dir(abs)
	if above == abs {
		return b
	}
	p := t.branch(above)
	if p.abs != above {
		return t.branch(filepath.Join(p.abs, filepath.Base(abs)))
	}
	if p.inside {
		b.inside, b.rel = true, path.Join(p.rel, filepath.Base(abs))
	} else if err == nil {
		b.rel, b.inside = t.part(id)
	}
	return b
}

// part finds a folder below the top by what it is. The lock is held.
func (t *Tree) part(id fileID) (rel string, inside bool) {
	t.noting.Lock()
	pending := t.pending
	t.pending = nil
	t.noting.Unlock()
	for _, dir := range pending {
		if id, err := identify(filepath.Join(t.dir, filepath.FromSlash(dir))); err == nil {
			t.parts[id] = dir
		}
	}
	rel, inside = t.parts[id]
	return rel, inside
}

// Identify returns what a file of this machine is to the Store. abs is its absolute path, which is the same however the
// file is named. Symbolic links of folders are followed; a link to a file has a path of its own.
//
// ours reports whether a Store wrote the file here, so that it is no input: an output that the ledger has, also one
// that was changed since, a ledger, or a file on its way.
func (s *Store) Identify(file string) (abs string, ours bool) {
	abs, rel, inside := s.tree.find(file)
	if !inside || s.opts.Files != nil {
		return abs, false
	}
	if top, _, below := strings.Cut(rel, "/"); below && IsTemp(top) || !below && IsLedger(rel) {
		return abs, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return abs, s.owned[pathHash(rel)].line != 0
}
