package fetch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// A walk goes through a folder in the order of names. Of each folder on its way it holds the names; of files it holds
// nothing. It keeps the root open and one folder more, however deep it goes.
type walk struct {
	ctx    context.Context
	clock  *watch
	open   *roots
	skip   skipped
	hidden bool // hidden files and folders too
	// enter and take choose by the path below the folder that was named, with forward slashes. A nil enter chooses all.
	enter func(rel string) bool
	take  func(rel, name string) bool
	// asks reports whether the user may have meant a file that the walk never takes: a link, a device, a hidden one.
	asks func(rel, name string) bool
	// takes is Listing.Takes.
	takes func(name string) bool
	// yield is called with what is found, without an Index; its false ends the walk.
	yield func(Item) bool
	// pass is called with what is passed over, unless it is nil.
	pass func(path, what string)
	// heads is how many of the first bytes of each file are read.
	heads int
	// choose asks Inputs.Include and Inputs.Exclude.
	choose *chooser
	// links are what is done about symbolic links; nil passes them over.
	links *links

	origin *origin
	device uint64 // of the root; 0 where it is not known
	top    string // goes before the path below the root in the Dir of items
	name   string // of the folder that was named; "" for none
	// under is where the root lies below the folder that was named: "", or the path of a link that is followed.
	under string
}

// What a walk passes over, as people read it.
const (
	passedNames   = "files whose extension is not that of an image"
	passedLinks   = "symbolic links"
	passedSpecial = "named pipes, sockets and devices"
	passedHidden  = "hidden images"
	passedFolders = "hidden folders"
	passedOutputs = "folders of outputs"
	passedOwn     = "the folder for the outputs" // of this run
	passedNowhere = "symbolic links that lead nowhere"
	passedLoops   = "symbolic links to a folder that they lie in"
	passedTwice   = "folders that were found before, by another way"
)

// A skippedFolder is one to be skipped, by what it is or, while it does not exist, by its path.
type skippedFolder struct {
	info os.FileInfo
	abs  string
}

// A skipped knows into which folders no walk goes.
type skipped struct {
	folders []skippedFolder
	marker  string
}

func (in Inputs) skipped() skipped {
	s := skipped{marker: in.Marker}
	for _, p := range in.Skip {
		if p == "" {
			continue
		}
		f := skippedFolder{}
		f.info, _ = os.Stat(p)
		f.abs, _ = filepath.Abs(p)
		s.folders = append(s.folders, f)
	}
	return s
}

// has reports whether the folder at path, which is what info says, is among those that were named. A nil info is not
// known.
func (s skipped) has(path string, info os.FileInfo) bool {
	if len(s.folders) == 0 {
		return false
	}
	abs, _ := filepath.Abs(path)
	for _, f := range s.folders {
		if f.abs == abs || info != nil && f.info != nil && os.SameFile(f.info, info) {
			return true
		}
	}
	return false
}

// from walks the folder at path and reports whether to go on.
func (w *walk) from(path string) bool {
	at := spot{path: path}
	limit, err := w.clock.limit(at, true)
	if err == nil {
		w.origin, err = within(w.ctx, w.clock, at, limit, func() (*origin, error) { return newOrigin(path, w.open) },
			nil)
	}
	if err != nil {
		return w.yield(Item{Source: path, Err: fileError("list", path, err)})
	}
	w.device = deviceOf(w.origin.info)
	return w.dir("")
}

// path returns the path of what is rel below the root.
func (w *walk) path(rel string) string {
	if rel == "" {
		return w.origin.path
	}
	return w.origin.prefix + filepath.FromSlash(rel)
}

// full returns the path of what is rel below the root, from the folder that was named.
func (w *walk) full(rel string) string {
	if w.under == "" {
		return rel
	}
	return strings.TrimSuffix(w.under+"/"+rel, "/")
}

// dirOf returns the Dir of files in the folder rel.
func (w *walk) dirOf(rel string) string { return strings.Trim(w.top+"/"+w.full(rel), "/") }

// base returns what goes before the name in the path of a file in the folder rel.
func (w *walk) base(rel string) string {
	if rel == "" {
		return w.origin.prefix
	}
	return w.path(rel) + string(filepath.Separator)
}

// A listing is a folder, as it was read.
type listing struct {
	info    os.FileInfo
	entries []os.DirEntry
	err     error    // why there may be more entries
	passed  string   // why the folder was not read
	id      identity // where links are followed
}

// list reads the folder rel below the root.
func (w *walk) list(rel string) (listing, error) {
	at := spot{w.device, w.path(rel)}
	limit, err := w.clock.limit(at, true)
	if err != nil {
		return listing{}, err
	}
	return within(w.ctx, w.clock, at, limit, func() (l listing, err error) {
		f, err := w.origin.folder(rel)
		if err != nil {
			return l, err
		}
		defer f.close()
		if l.info, err = f.stat(); err != nil {
			return l, err
		}
		if w.links != nil {
			if l.id, err = identify(at.path, l.info); err != nil {
				return l, err
			}
		}
		switch {
		case rel != "" && w.skip.has(at.path, l.info):
			l.passed = passedOwn
		case rel != "" && w.skip.marker != "" && f.has(w.skip.marker):
			l.passed = passedOutputs
		default:
			l.entries, l.err = f.entries()
		}
		return l, nil
	}, nil)
}

// dir walks the folder rel below the root and reports whether to go on.
func (w *walk) dir(rel string) bool {
	l, err := w.list(rel)
	if err == nil {
		err = l.err
	}
	if err != nil && !w.yield(Item{Source: w.path(rel), Err: fileError("list", w.path(rel), err)}) {
		return false
	}
	if w.links != nil && err == nil {
		if l.passed == "" && w.under != "" && w.links.know(l.id) {
			l.passed = passedTwice
		}
		w.links.note(l.id)
	}
	if l.passed != "" {
		w.passed(rel, "", l.passed)
		return true
	}
	var files []string // up to the next folder
	for i, e := range l.entries {
		l.entries[i] = nil
		name, mode := e.Name(), e.Type()
		switch {
		case name[0] == '.' && !w.hidden:
			if mode.IsDir() && w.enter == nil {
				w.passed(rel, name, passedFolders)
			} else if !mode.IsDir() && w.takes(name[1:]) && w.asks(w.full(rel), name) {
				w.passed(rel, name, passedHidden)
			}
		case mode.IsDir():
			if !w.enters(rel, name) {
				continue
			}
			if !w.files(rel, l.info, files) || !w.dir(join(rel, name)) {
				return false
			}
			files = nil
		case mode&os.ModeSymlink != 0 && w.links != nil:
			if !w.files(rel, l.info, files) || !w.link(rel, name) {
				return false
			}
			files = nil
		case mode&os.ModeSymlink != 0:
			if w.asks(w.full(rel), name) {
				w.passed(rel, name, passedLinks)
			}
		case !mode.IsRegular():
			if w.asks(w.full(rel), name) {
				w.passed(rel, name, passedSpecial)
			}
		case w.wants(rel, name):
			files = append(files, name)
		}
	}
	return w.files(rel, l.info, files)
}

// enters reports whether the walk goes into a folder.
func (w *walk) enters(rel, name string) bool {
	full := w.full(join(rel, name))
	if w.enter != nil && !w.enter(full) {
		return false
	}
	if why := w.choose.folder(full); why != "" {
		w.passed(rel, name, why)
		return false
	}
	return true
}

// wants reports whether a regular file is an item, and says so if it is not.
func (w *walk) wants(rel, name string) bool {
	if !w.take(w.full(rel), name) {
		if w.enter == nil {
			w.passed(rel, name, passedNames)
		}
		return false
	}
	if w.choose == nil {
		return true // without making the path of each file
	}
	if why := w.choose.file(w.full(join(rel, name))); why != "" {
		w.passed(rel, name, why)
		return false
	}
	return true
}

// files yields the files of these names in the folder rel, which is what info says, and reports whether to go on.
func (w *walk) files(rel string, info os.FileInfo, names []string) bool {
	for len(names) > 0 {
		at := spot{w.device, w.base(rel) + names[0]}
		_, err := w.clock.limit(at, true)
		if err != nil { // the device is given up
			if !w.yield(Item{Source: at.path, Err: fileError("find", at.path, err)}) {
				return false
			}
			names = names[1:]
			continue
		}
		ahead := w.lookAhead(rel, info, names)
		for err == nil && len(names) > 0 {
			var item Item
			if item, err = ahead.take(w.ctx, names[0]); err != nil {
				path := w.base(rel) + names[0]
				item = Item{Source: path, Err: fileError("find", path, err)}
			}
			names = names[1:]
			if !w.yield(item) {
				ahead.leave()
				return false
			}
		}
		ahead.leave()
	}
	return true
}

func (w *walk) passed(rel, name, what string) {
	if w.pass != nil {
		w.pass(w.path(strings.TrimSuffix(join(rel, name), "/")), what)
	}
}

func join(rel, name string) string {
	if rel == "" {
		return name
	}
	return rel + "/" + name
}

// folderWalk makes w the walk of a folder that was named itself.
func folderWalk(w walk) *walk {
	w.take = func(_, name string) bool { return w.takes(name) }
	w.asks = func(string, string) bool { return true }
	return &w
}

// globWalk makes w the walk that finds what pattern matches, and returns the folder where it starts: the part before
// the first wildcard.
func globWalk(w walk, pattern string) (*walk, string, error) {
	if !doublestar.ValidatePattern(filepath.ToSlash(pattern)) {
		return nil, "", errors.New("the pattern is not valid: a bracket or brace is not closed")
	}
	root, rest := doublestar.SplitPattern(filepath.ToSlash(pattern))
	parts := strings.Split(rest, "/")
	last := parts[len(parts)-1]
	ext := filepath.Ext(last)
	// A pattern that names an extension means it; "*" and "*.*" mean the images.
	anyFile := ext != "" && ext != ".*"
	w.hidden = strings.HasPrefix(rest, ".") || strings.Contains(rest, "/.")
	w.take = func(rel, name string) bool {
		return (anyFile || w.takes(name)) && doublestar.MatchUnvalidated(rest, join(rel, name))
	}
	w.asks = w.take
	if !strings.Contains(rest, "**") && !strings.Contains(rest, "{") {
		w.enter = func(rel string) bool {
			n := strings.Count(rel, "/") + 1
			return n < len(parts) && doublestar.MatchUnvalidated(strings.Join(parts[:n], "/"), rel)
		}
	}
	return &w, filepath.FromSlash(root), nil
}

// isGlob reports whether path has a wildcard.
func isGlob(path string) bool { return strings.ContainsAny(path, "*?[{") }
