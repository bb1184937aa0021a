package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"

	"imgpipe/transform"
)

// Put puts an item's outputs in place under name: each whole, and none before all are written. Where a file has the name
// already, it is replaced when the ledger says that it is ours, taken for the output when it holds the same bytes, and
// else treated as Options.OnExist says. Many goroutines may call Put, each for another item.
//
// It gives what the ledger should tell of each output, in order. The error is an *Error; when its Fatal says so, no other
// item would fare better. The outputs given with an error are in place all the same, and belong into the ledger.
//
// One file of 20 KB costs about 45 µs of CPU at the top and 50 in a folder, nearly all of it for the SHA-256 and what the system takes to make,
// write and rename it. On a disk the system takes more: with ext4, 40 µs at least of any file.
func (s *Store) Put(name Name, outputs ...transform.Output) ([]Output, error) {
	files := make([]pending, len(outputs))
	defer s.discard(files)
	for i, o := range outputs {
		f := &files[i]
		if err := name.check(o); err != nil {
			return nil, err
		}
		sum := sha256.Sum256(o.Data)
		f.data = o.Data
		f.out = Output{
			Path: name.Path(o), Bytes: int64(len(o.Data)), Width: o.Width, Height: o.Height, Format: o.Format,
			SHA256: hex.EncodeToString(sum[:]),
		}
		if err := s.look(name, f); err != nil {
			return nil, err
		}
		if f.out.Kept || f.there {
			continue
		}
		if err := s.write(f); err != nil {
			return nil, err
		}
	}
	if err := s.intend(files); err != nil {
		return nil, err
	}
	placed := make([]Output, 0, len(files))
	for i := range files {
		f := &files[i]
		if f.temp != "" {
			if err := s.place(f); err != nil {
				return placed, err
			}
		}
		if !f.out.Kept {
			s.mu.Lock()
			own := s.owned[f.hash]
			own.line = placedLine(own.line)
			s.owned[f.hash] = own
			s.mu.Unlock()
		}
		placed = append(placed, f.out)
	}
	return placed, nil
}

// check tells whether an output is one that was planned. A worker that was taken over by an image could say anything, and
// what it says becomes part of a name.
func (n Name) check(o transform.Output) error {
	var err error
	if _, ok := n.label(o.Label); !ok {
		err = fmt.Errorf("no size has the label %q", o.Label)
	} else if !slices.Contains(formats[:], o.Format) {
		err = fmt.Errorf("no output has the format %q", o.Format)
	} else if w := fields[fieldWidth].long; o.Width < 0 || o.Height < 0 || len(strconv.Itoa(max(o.Width, o.Height))) > w {
		err = fmt.Errorf("no output is %d by %d pixels", o.Width, o.Height)
	}
	if err != nil {
		return &Error{Kind: ClassWrite, Doing: "write " + n.String(), Err: err}
	}
	return nil
}

// placedLine keeps a line that tells of the file already.
func placedLine(line int64) int64 {
	if line == 0 {
		return placed
	}
	return line
}

// pending is one output on its way.
type pending struct {
	out   Output
	data  []byte
	hash  uint64
	temp  string // its name in tempDir while it is there
	there bool   // a file with its bytes has its name already
	ours  bool   // the ledger tells of a file of its name
}

// look takes the name for the item, and decides what to do about a file that has it.
func (s *Store) look(name Name, f *pending) error {
	doing := "write " + f.out.Path
	f.hash = pathHash(f.out.Path)
	s.mu.Lock()
	own, me := s.owned[f.hash], int32(name.index+1)
	if s.temp == nil {
		s.mu.Unlock()
		return s.closedError(doing)
	}
	if own.item != 0 && own.item != me {
		s.mu.Unlock()
		return &Error{Kind: ClassNameTaken, Doing: doing, Err: fmt.Errorf("item %d of the input has the name", own.item)}
	}
	own.item, f.ours = me, own.line != 0
	s.owned[f.hash] = own
	s.mu.Unlock()

	err := s.ask("lstat", f.out.Path)
	var st found
	if err == nil {
		st, err = s.stat(f.out.Path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return s.pathError(doing, f.out.Path, err)
	case name.file != "" && s.isFile(name.file, f.out.Path):
		return &Error{
			Kind: ClassOutputIsInput, Doing: doing, Err: fmt.Errorf("it would be written over its input %s", name.file),
			Hint: "choose another output folder, or a --name that differs",
		}
	case st.dir:
		return &Error{Kind: ClassExists, Doing: doing, Err: errors.New("a folder has the name")}
	case f.ours:
		return nil
	case st.regular && st.size == f.out.Bytes && s.holds(f.out.Path, f.data):
		f.there = true
		return nil
	case s.opts.OnExist == Overwrite:
		return nil
	case s.opts.OnExist == Skip:
		f.out = Output{Path: f.out.Path, Bytes: st.size, Format: f.out.Format, Kept: true}
		return nil
	}
	return &Error{
		Kind: ClassExists, Doing: doing, Err: errors.New("a file that imgpipe did not write is there"),
		Hint: "move it away, choose another output folder, or give --on-exist skip or overwrite",
	}
}

// isFile tells whether an input and what has an output's name are one file, through whatever links.
func (s *Store) isFile(input, output string) bool {
	in, err := os.Stat(input)
	if err != nil {
		return false
	}
	out, err := s.root.Stat(output)
	return err == nil && os.SameFile(in, out)
}

// holds tells whether a file has just these bytes.
func (s *Store) holds(name string, data []byte) bool {
	f, err := s.root.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := f.Read(buf)
		if n > len(data) || !bytes.Equal(buf[:n], data[:n]) {
			return false
		}
		data = data[n:]
		if err != nil {
			return errors.Is(err, io.EOF) && len(data) == 0
		}
	}
}

// Present tells whether, with Skip, an item need not even be fetched: each of its outputs has a file already. It cannot
// tell where names depend on the output's width or height. format is the format of the outputs, or "" where it is not
// known: then a file of any format will do.
func (s *Store) Present(name Name, format transform.Format) ([]Output, bool) {
	if s.opts.OnExist != Skip || s.opts.Force || s.root == nil || name.hasSize() {
		return nil, false
	}
	var kept []Output
	for _, label := range name.namer.plain {
		for i, f := range formats {
			if mask(format)&(1<<i) == 0 {
				continue
			}
			p := name.Path(transform.Output{Label: label, Format: f})
			s.mu.Lock()
			own := s.owned[pathHash(p)]
			s.mu.Unlock()
			if own.line != 0 {
				continue
			}
			if st, err := s.stat(p); err == nil && st.regular {
				kept = append(kept, Output{Path: p, Bytes: st.size, Format: f, Kept: true})
				break
			}
		}
	}
	return kept, len(kept) == len(name.namer.plain)
}

// write writes a file in tempDir.
func (s *Store) write(f *pending) (err error) {
	doing := "write " + f.out.Path
	temp := strconv.FormatUint(s.count.Add(1), 10)
	if err := s.ask("create", temp); err != nil {
		return s.folderError(doing, err)
	}
	file, err := s.tempFolder.create(temp)
	if err != nil {
		return s.folderError(doing, err)
	}
	f.temp = temp
	if err = s.ask("write", temp); err == nil {
		err = file.write(f.data)
	}
	if err == nil {
		err = s.ask("close", temp)
	}
	if e := file.close(); err == nil {
		err = e
	}
	if err != nil {
		return s.folderError(doing, err)
	}
	return nil
}

// place gives a file that is written its name.
func (s *Store) place(f *pending) error {
	for again := false; ; again = true {
		err := s.rename(f)
		switch {
		case err == nil:
			f.temp = ""
			return nil
		case errors.Is(err, fs.ErrNotExist) && !again:
			continue // somebody removed the folder since it was found
		}
		return s.pathError("write "+f.out.Path, f.out.Path, err)
	}
}

// rename finds the folder anew, though look has found it before: to write a file takes a while, in which it may have been moved.
func (s *Store) rename(f *pending) error {
	in, err := s.makeDir(path.Dir(f.out.Path))
	if err != nil {
		return err
	}
	defer s.folders.release(in)
	if err := s.ask("rename", f.out.Path); err != nil {
		return err
	}
	return in.take(s.tempFolder, f.temp, path.Base(f.out.Path))
}

// makeDir gives a folder, and makes it and those above it where they are not there.
func (s *Store) makeDir(dir string) (*folder, error) {
	if d, err := s.folders.get(dir); !errors.Is(err, fs.ErrNotExist) {
		return d, err
	}
	if err := s.ask("mkdir", dir); err != nil {
		return nil, err
	}
	if err := s.root.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return s.folders.get(dir)
}

// discard removes what is left in tempDir of outputs that did not get their names. What cannot be removed goes when the
// Store is closed, or opened again.
func (s *Store) discard(files []pending) {
	for _, f := range files {
		if f.temp != "" && s.ask("remove", f.temp) == nil {
			s.temp.Remove(f.temp)
		}
	}
}

// pathError is the error of a call that touched name or the folders above it.
func (s *Store) pathError(doing, name string, err error) error {
	e := classify(doing, err)
	switch e.Kind {
	case ClassFolderGone:
		return s.folderError(doing, err)
	case ClassNotWritable:
		// Below the top it may be one folder's matter alone.
		_, topErr := s.root.Stat(path.Dir(name))
		e.fatal = e.fatal || path.Dir(name) == "." || topErr != nil
	case ClassWrite:
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if st, err := s.root.Lstat(dir); err == nil && st.Mode()&fs.ModeSymlink != 0 {
				e.Kind, e.Err = ClassOutside, fmt.Errorf("%s is a symbolic link that leads out of the output folder", dir)
				break
			}
		}
	}
	return e
}
