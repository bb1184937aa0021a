package fetch

import (
	"os"
	"path/filepath"
)

// links are the symbolic links to folders that walks have met, and the folders that they walked. They are followed when
// all that was named has been walked, so that a folder has the name of the place where it lies, if that is among them.
// Nil follows none. They are for one goroutine at a time.
type links struct {
	folders map[identity]struct{} // that were walked
	found   []link                // to be followed
	waiting []func() bool         // called when all have been
}

// An identity is the same for two paths that lead to one folder, through whatever links.
type identity struct{ device, file uint64 }

// A link is a symbolic link to a folder: its name, in a folder of a walk.
type link struct {
	in        walk
	rel, name string
}

// know reports whether a folder was walked before.
func (s *links) know(id identity) bool {
	_, known := s.folders[id]
	return known
}

// note notes that a folder is walked now.
func (s *links) note(id identity) {
	if s.folders == nil {
		s.folders = map[identity]struct{}{}
	}
	s.folders[id] = struct{}{}
}

// forget makes s empty, and is for nil, too.
func (s *links) forget() {
	if s != nil {
		*s = links{}
	}
}

// wait has do called when the links have been followed, and reports whether there are any to be followed.
func (s *links) wait(do func() bool) bool {
	if s == nil || len(s.found) == 0 {
		return false
	}
	s.waiting = append(s.waiting, do)
	return true
}

// link does what is to be done about a symbolic link, and reports whether to go on: a file behind it is an item, and a
// folder is walked later.
func (w *walk) link(rel, name string) bool {
	path := w.base(rel) + name
	info, err := w.behind(path)
	switch {
	case leadsNowhere(err):
		if w.asks(w.full(rel), name) {
			w.passed(rel, name, passedNowhere)
		}
		return true
	case err != nil:
		return !w.asks(w.full(rel), name) || w.yield(Item{Source: path, Err: fileError("find", path, err)})
	case info.IsDir():
		if w.enters(rel, name) {
			w.links.found = append(w.links.found, link{*w, rel, name})
		}
		return true
	case !info.Mode().IsRegular():
		if w.asks(w.full(rel), name) {
			w.passed(rel, name, passedSpecial)
		}
		return true
	case !w.wants(rel, name):
		return true
	}
	item := fileItem(w.ctx, w.clock, path, w.heads)
	item.Dir, item.Folder = w.dirOf(rel), w.name
	return w.yield(item)
}

// behind looks at what is behind a link.
func (w *walk) behind(path string) (os.FileInfo, error) {
	at := spot{path: path}
	limit, err := w.clock.limit(at, true)
	if err != nil {
		return nil, err
	}
	return within(w.ctx, w.clock, at, limit, func() (os.FileInfo, error) { return os.Stat(path) }, nil)
}

// follow walks what is behind the links, and behind those that are found there, and reports whether to go on. Each
// folder is walked once, so that it comes to an end.
func (s *links) follow() bool {
	if s == nil {
		return true
	}
	defer s.forget()
	for len(s.found) > 0 {
		next := s.found[0]
		s.found[0] = link{}
		s.found = s.found[1:]
		if !next.follow() {
			return false
		}
	}
	for _, do := range s.waiting {
		if !do() {
			return false
		}
	}
	return true
}

// follow walks the folder behind the link, and reports whether to go on.
func (l *link) follow() bool {
	w := &l.in
	path := w.base(l.rel) + l.name
	at := spot{path: path}
	limit, err := w.clock.limit(at, true)
	var t linked
	if err == nil {
		t, err = within(w.ctx, w.clock, at, limit, func() (linked, error) { return l.look(path) }, nil)
	}
	switch {
	case err != nil:
		return w.yield(Item{Source: path, Err: fileError("list", path, err)})
	case t.passed != "":
		w.passed(l.rel, l.name, t.passed)
		return true
	case w.links.know(t.id):
		w.passed(l.rel, l.name, passedTwice)
		return true
	}
	w.under = w.full(join(l.rel, l.name))
	return w.from(path)
}

// A linked is the folder behind a link.
type linked struct {
	id     identity
	passed string // why it is not walked, or ""
}

// look looks at the folder behind the link, and at those above both.
func (l *link) look(path string) (t linked, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return t, err
	}
	if t.id, err = identify(path, info); err != nil {
		return t, err
	}
	lies, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return t, err
	}
	leads, err := filepath.EvalSymlinks(path)
	if err != nil {
		return t, err
	}
	if err := upwards(lies, func(dir string, in os.FileInfo) bool {
		if os.SameFile(in, info) {
			t.passed = passedLoops
		}
		return t.passed != ""
	}); err != nil || t.passed != "" {
		return t, err
	}
	skip := l.in.skip
	return t, upwards(leads, func(dir string, in os.FileInfo) bool {
		if skip.has(dir, in) {
			t.passed = passedOwn
		} else if _, err := os.Lstat(filepath.Join(dir, skip.marker)); err == nil && skip.marker != "" {
			t.passed = passedOutputs
		}
		return t.passed != ""
	})
}

// upwards calls is with a folder and all above it, until is returns true.
func upwards(dir string, is func(dir string, info os.FileInfo) bool) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for last := ""; dir != last; last, dir = dir, filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && is(dir, info) {
			break
		}
	}
	return nil
}
