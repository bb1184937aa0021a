package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"syscall"

	"imgpipe/pipeline"
)

// A home is the folder of a Store: its ledger lies there, what it knows about itself, and its outputs unless
// Options.Files is set.
type home struct {
	dir        string        // as the caller named it, for messages
	ledgerName string        // LedgerName, or that of a part
	tempName   string        // TempName, or that of a part
	root       *os.Root      // nil only in a read-only store of a folder that does not exist
	temp       *os.Root      // TempName; nil in a read-only store
	folders    *folders      // nil where root is
	tempFolder *folder       // that of temp
	staged     atomic.Uint64 // files in temp that got a number
	taking     [32]sync.Mutex
	fault      func(op, name string) error // Options.Fault
}

// ask asks Options.Fault.
func (h *home) ask(op, name string) error {
	if h.fault == nil {
		return nil
	}
	return h.fault(op, name)
}

// A found is what has a name in a folder, other than a symbolic link's target.
type found struct {
	dir, regular bool
	size         int64  // of a file, in bytes
	id           fileID // zero if the system has none
	changed      int64  // when its content last was, in nanoseconds since 1970
	since        int64  // when the file itself last was, so also when it was moved here, or was given another time
}

// file returns what was found as a File. Its Version does not change when the file is moved.
func (f found) file() File {
	file := File{Kind: Other, Size: f.size, Changed: max(f.changed, f.since)}
	if f.dir {
		file.Kind = Folder
	} else if f.regular {
		file.Kind = Regular
	}
	var version [24]byte
	for i, n := range [...]uint64{f.id.dev, f.id.ino, uint64(f.changed)} {
		binary.LittleEndian.PutUint64(version[8*i:], n)
	}
	file.Version = string(version[:])
	return file
}

// isFile reports whether an input and what has an output's name are one file, through whatever links.
func (h *home) isFile(input, output string) bool {
	in, err := os.Stat(input)
	if err != nil {
		return false
	}
	out, err := h.root.Stat(output)
	return err == nil && os.SameFile(in, out)
}

// pathError is the error of a call that touched name or the folders above it.
func (h *home) pathError(name string, err error) error {
	e := classify("", err)
	switch e.Kind {
	case pipeline.ClassFolderGone:
		return h.folderError("", err)
	case pipeline.ClassNotWritable:
		// Below the top it may be one folder's matter alone.
		_, topErr := h.root.Stat(path.Dir(name))
		e.fatal = e.fatal || path.Dir(name) == "." || topErr != nil
	case pipeline.ClassWrite:
		if errors.Is(err, syscall.EXDEV) {
			e.Err = fmt.Errorf("the folder %s is another file system's, expected one file system for all outputs",
				path.Dir(name))
			e.Hint = hintOwnRun
			break
		}
		for dir := path.Dir(name); dir != "." && dir != "/"; dir = path.Dir(dir) {
			if st, err := h.root.Lstat(dir); err == nil && st.Mode()&fs.ModeSymlink != 0 {
				e.Kind = pipeline.ClassOutside
				e.Err = fmt.Errorf("%s is a symbolic link that leads out of the output folder", dir)
				break
			}
		}
	}
	return e
}

// syncFile syncs one output. One that somebody removed needs none.
func (h *home) syncFile(name string) error {
	f, err := h.root.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer f.Close()
	return syncOne(f)
}

// syncDir syncs the names in a folder, on systems that can do that apart.
func (h *home) syncDir(dir string) {
	if f, err := h.root.Open(dir); err == nil {
		_ = syncOne(f)
		f.Close()
	}
}
