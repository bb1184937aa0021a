package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"imgpipe/fetch"
	"imgpipe/pipeline/store"
	"imgpipe/transform"
)

// A named is a file, and what it is to the command: the name of a flag, or a word such as "input".
type named struct{ what, path string }

// A sideCheck knows which files a side file must not replace. Files are compared by device and inode where they are
// there, and by their absolute paths where they are not.
type sideCheck struct {
	sides  []named // what each flag names
	others []named // what the command reads, and what it writes otherwise
	// stdin is the file on standard input; nil if that is no regular file.
	stdin fs.FileInfo
	// names are the last elements of the paths of sides; inputs are those inputs that have such a name.
	names  map[string]bool
	inputs []named
}

// sideCheck returns the check of a run. assets are the files that operations read.
func (f *runFlags) sideCheck(assets []string) *sideCheck {
	c := &sideCheck{sides: []named{
		{"report", f.tell.report}, {"failed-list", f.tell.failedList}, {"trace", f.tell.trace},
		{"cpuprofile", f.tell.cpuProfile}, {"memprofile", f.tell.memProfile}, {"manifest", f.tell.manifest},
	}}
	c.sides = slices.DeleteFunc(c.sides, func(n named) bool {
		return n.path == "" || n.what == "report" && n.path == "-"
	})
	c.reads(&f.input, assets)
	ledger := filepath.Join(f.output.dir, store.LedgerName)
	c.others = append(c.others, named{"output folder", f.output.dir}, named{"ledger", ledger})
	for _, p := range f.preset.used {
		if p.File != "" {
			c.others = append(c.others, named{"file of presets", p.File})
		}
	}
	return c
}

// reads notes what a run reads: its inputs, and the files of its operations.
func (c *sideCheck) reads(f *inputFlags, assets []string) {
	for _, l := range f.lists {
		c.others = append(c.others, named{"list", l})
	}
	for _, in := range f.args {
		c.others = append(c.others, named{"input", in})
		if found, err := filepath.Glob(in); err == nil {
			for _, path := range found {
				c.others = append(c.others, named{"input", path})
			}
		}
	}
	for _, a := range assets {
		c.others = append(c.others, named{"file of an operation", a})
	}
	if info, err := os.Stdin.Stat(); err == nil && info.Mode().IsRegular() {
		c.stdin = info
	}
}

// all checks every flag.
func (c *sideCheck) all() error {
	for i, side := range c.sides {
		if err := c.one(side.path); err != nil {
			return fmt.Errorf("--%s %q: %w", side.what, side.path, err)
		}
		for _, other := range c.sides[:i] {
			if sameFile(side.path, other.path) && !isDevice(side.path) {
				return fmt.Errorf("--%s %q: it is the file of --%s: expected another one",
					side.what, side.path, other.what)
			}
		}
	}
	return nil
}

// allowed returns a function that checks one flag's file once more. It is called when the run has ended, since somebody
// may have put a file there meanwhile.
func (c *sideCheck) allowed(path string) func() error {
	return func() error { return c.one(path) }
}

// saw notes an input of the run if it has the name of a side file: it may be that file, named by a list.
func (c *sideCheck) saw(item fetch.Item) {
	if !item.Local() || len(c.sides) == 0 {
		return
	}
	if c.names == nil {
		c.names = map[string]bool{}
		for _, side := range c.sides {
			place, _ := behindLinks(side.path)
			c.names[filepath.Base(side.path)], c.names[filepath.Base(place)] = true, true
		}
	}
	if c.names[filepath.Base(item.Source)] {
		c.inputs = append(c.inputs, named{"input", item.Source})
	}
}

// one returns an error if no side file can have a path.
func (c *sideCheck) one(path string) error {
	switch {
	case path == "-":
		return errors.New("expected a file; standard output is /dev/stdout")
	case strings.HasSuffix(path, "/"), os.IsPathSeparator(path[len(path)-1]):
		return errors.New("it is the name of a folder: expected a file")
	}
	if scheme := schemeOf(path); scheme != "" {
		return fmt.Errorf("%s:// cannot be written to: expected a file of this machine", scheme)
	}
	place, fd := behindLinks(path)
	if fd >= 0 {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.New("it is a folder: expected a file")
	case err == nil && info.Mode()&fs.ModeDevice != 0 && info.Mode()&fs.ModeCharDevice == 0:
		return errors.New("it is a disk, all of which would be lost: expected a file")
	case err == nil && !info.Mode().IsRegular():
		return nil
	case imageFiles().Has(filepath.Base(path)), imageFiles().Has(filepath.Base(place)):
		return errors.New("it has the name of an image, and images are never replaced: " +
			"expected the name of a file to write, such as report.json")
	case store.IsLedger(filepath.Base(place)), store.IsLedger(filepath.Base(path)):
		return errors.New("it has the name of a ledger: expected another one")
	case underWay(placeOf(place)):
		return fmt.Errorf("%s is for what is under way: expected another folder", store.TempName)
	}
	for _, o := range slices.Concat(c.others, c.inputs) {
		if sameFile(path, o.path) {
			return fmt.Errorf("it is the %s %q, which is never replaced: expected another file",
				o.what, fetch.Redact(o.path))
		}
	}
	if err != nil {
		return nil // nothing is there
	}
	if c.stdin != nil && os.SameFile(info, c.stdin) {
		return errors.New("it is the file on standard input, which is never replaced: expected another file")
	}
	var head [64]byte
	if n, err := fetch.Head(path, head[:]); err == nil && transform.Sniff(head[:n]) != "" {
		return errors.New("it is an image, and images are never replaced: expected another file")
	}
	return nil
}

// underWay reports whether a path lies in the folder of a store for what is under way.
func underWay(path string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(path), "/"), func(part string) bool {
		return store.IsTemp(part)
	})
}

// isDevice reports whether a path is that of a device, which two flags may write to.
func isDevice(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}

// sameFile reports whether two paths lead to one file, or would lead to one if it were there.
func sameFile(a, b string) bool {
	one, errOne := os.Stat(a)
	two, errTwo := os.Stat(b)
	if errOne == nil && errTwo == nil {
		return os.SameFile(one, two)
	}
	if errOne == nil || errTwo == nil {
		return false
	}
	a, _ = behindLinks(a)
	b, _ = behindLinks(b)
	return placeOf(a) == placeOf(b)
}

// placeOf returns the absolute path of a file, which need not be there yet, and follows the links on the way as far as
// they exist.
func placeOf(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		if dir == filepath.Dir(dir) {
			return abs
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}
