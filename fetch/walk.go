package fetch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// extensions are those of the files that are taken from a folder: the formats that can be read, and those of photos that cannot, since
// a photo that is not done should be a failure that is told.
var extensions = map[string]bool{
	".jpg": true, ".jpeg": true, ".jpe": true, ".jfif": true, ".png": true, ".apng": true, ".gif": true,
	".tif": true, ".tiff": true, ".bmp": true, ".webp": true,
	".heic": true, ".heif": true, ".avif": true, ".jxl": true,
}

// imageName tells whether a file of this name is taken from a folder.
func imageName(name string) bool {
	i := strings.LastIndexByte(name, '.')
	if i <= 0 || len(name)-i > len(".jpeg") {
		return false
	}
	return extensions[name[i:]] || extensions[strings.ToLower(name[i:])]
}

// A walk goes through a folder in the order of names. Of each folder on its way it holds the names; of files it holds
// nothing.
type walk struct {
	skip   skipped
	hidden bool // hidden files and folders too
	// enter and take choose by the path below the root, with forward slashes. A nil enter chooses all.
	enter func(rel string) bool
	take  func(rel, name string) bool
	// yield is given what is found, without an Index; its false ends the walk.
	yield func(Item) bool
	// pass is told what is passed over, unless it is nil.
	pass func(path, what string)
}

// A folder is one to be skipped, by what it is or, while it does not exist, by its path.
type folder struct {
	info os.FileInfo
	abs  string
}

// A skipped tells into which folders no walk goes.
type skipped struct {
	folders []folder
	marker  string
}

func (in Inputs) skipped() skipped {
	s := skipped{marker: in.Marker}
	for _, p := range in.Skip {
		if p == "" {
			continue
		}
		f := folder{}
		f.info, _ = os.Stat(p)
		f.abs, _ = filepath.Abs(p)
		s.folders = append(s.folders, f)
	}
	return s
}

// has tells whether the folder at path is among those that were named.
func (s skipped) has(path string) bool {
	if len(s.folders) == 0 {
		return false
	}
	info, err := os.Stat(path)
	abs, _ := filepath.Abs(path)
	for _, f := range s.folders {
		if f.abs == abs || err == nil && f.info != nil && os.SameFile(f.info, info) {
			return true
		}
	}
	return false
}

// marked tells whether the folder at path holds the marker.
func (s skipped) marked(path string) bool {
	if s.marker == "" {
		return false
	}
	_, err := os.Lstat(filepath.Join(path, s.marker))
	return err == nil
}

// dir walks the folder at path, which is rel below the root, and tells whether to go on. top goes before rel in the
// Dir of items.
func (w *walk) dir(path, rel, top string) bool {
	var entries []os.DirEntry
	err := spare(func() (err error) {
		entries, err = os.ReadDir(path)
		return err
	})
	if err != nil && !w.yield(Item{Source: path, Err: fileError("list", path, err)}) {
		return false
	}
	prefix := path
	if path == "." {
		prefix = ""
	} else if !os.IsPathSeparator(path[len(path)-1]) {
		prefix += string(filepath.Separator)
	}
	dir := strings.Trim(top+"/"+rel, "/")
	for i, e := range entries {
		entries[i] = nil
		name := e.Name()
		if name[0] == '.' && !w.hidden {
			continue
		}
		mode, full := e.Type(), prefix+name
		if mode.IsRegular() && !w.take(rel, name) {
			w.passed(full, "files whose extension is not that of an image")
			continue
		}
		switch {
		case mode&os.ModeSymlink != 0:
			w.passed(full, "symbolic links")
		case mode.IsRegular():
			item := Item{Source: full, Dir: dir}
			if info, err := e.Info(); err != nil {
				item.Err = fileError("find", full, err)
			} else {
				item.Size, item.ModTime = info.Size(), info.ModTime()
			}
			if !w.yield(item) {
				return false
			}
		case mode.IsDir():
			below := join(rel, name)
			if w.enter != nil && !w.enter(below) || w.skip.has(full) {
				continue
			}
			if w.skip.marked(full) {
				w.passed(full, "folders of outputs")
				continue
			}
			if !w.dir(full, below, top) {
				return false
			}
		}
	}
	return true
}

func (w *walk) passed(path, what string) {
	if w.pass != nil {
		w.pass(path, what)
	}
}

func join(rel, name string) string {
	if rel == "" {
		return name
	}
	return rel + "/" + name
}

// folderWalk gives the walk of a folder that was named itself.
func folderWalk(skip skipped, yield func(Item) bool, pass func(path, what string)) *walk {
	return &walk{skip: skip, yield: yield, pass: pass, take: func(_, name string) bool { return imageName(name) }}
}

// globWalk gives the walk that finds what pattern matches, and the folder where it starts: the part before the first
// wildcard.
func globWalk(pattern string, skip skipped, yield func(Item) bool) (*walk, string, error) {
	if !doublestar.ValidatePattern(filepath.ToSlash(pattern)) {
		return nil, "", errors.New("the pattern is not valid: a bracket or brace is not closed")
	}
	root, rest := doublestar.SplitPattern(filepath.ToSlash(pattern))
	parts := strings.Split(rest, "/")
	last := parts[len(parts)-1]
	ext := filepath.Ext(last)
	// A pattern that names an extension means it; "*" and "*.*" mean the images.
	anyFile := ext != "" && ext != ".*"
	w := &walk{skip: skip, yield: yield}
	w.hidden = strings.HasPrefix(rest, ".") || strings.Contains(rest, "/.")
	w.take = func(rel, name string) bool {
		return (anyFile || imageName(name)) && doublestar.MatchUnvalidated(rest, join(rel, name))
	}
	if !strings.Contains(rest, "**") && !strings.Contains(rest, "{") {
		w.enter = func(rel string) bool {
			n := strings.Count(rel, "/") + 1
			return n < len(parts) && doublestar.MatchUnvalidated(strings.Join(parts[:n], "/"), rel)
		}
	}
	return w, filepath.FromSlash(root), nil
}

// isGlob tells whether path has a wildcard.
func isGlob(path string) bool { return strings.ContainsAny(path, "*?[{") }
