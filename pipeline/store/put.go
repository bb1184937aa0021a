package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"imgpipe/transform"
)

// Put puts an item's outputs in place under name: each whole, and none before all are written. Where a file has the
// name already, it is replaced if it is the item's own by its content, which is what the ledger says; it is taken for
// the output if it holds the same bytes; and else it is treated as Options.OnExist says. A file of another item that
// the ledger tells of is never replaced. Nor is a file that comes while Put is at work. Many goroutines may call Put,
// each for another item.
//
// It returns what the ledger should tell of each output, in order. The error is an *Error; when its Fatal says so, no
// other item would fare better. The outputs given with an error are in place all the same, and belong into the ledger.
//
// One file of 20 KB costs about 45 µs of CPU at the top and 50 in a folder, nearly all of it for the SHA-256 and what
// the system takes to make, write and rename it. On a disk the system takes more: with ext4, 40 µs at least of any
// file. To replace a file costs the SHA-256 of the old one besides.
func (s *Store) Put(name Name, outputs ...transform.Output) ([]Output, error) {
	files := make([]pending, len(outputs))
	defer discard(files)
	for i, o := range outputs {
		f := &files[i]
		if err := name.check(o); err != nil {
			return nil, err
		}
		f.data = o.Data
		f.content = Content{int64(len(o.Data)), sha256.Sum256(o.Data)}
		f.out = Output{
			Path: name.Path(o), Bytes: f.content.Size, Width: o.Width, Height: o.Height, Format: o.Format,
			SHA256: hex.EncodeToString(f.content.SHA256[:]),
		}
		f.hash = pathHash(f.out.Path)
		if err := s.claim(name, f); err != nil {
			return nil, err
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
	if err := s.intend(name, files); err != nil {
		return nil, err
	}
	placed := make([]Output, 0, len(files))
	for i := range files {
		f := &files[i]
		if !f.out.Kept {
			unmark := s.mark(name, f)
			err := s.place(name, f)
			if err != nil || f.out.Kept {
				unmark()
			}
			if err != nil {
				return placed, err
			}
		}
		placed = append(placed, f.out)
	}
	return placed, nil
}

// check returns an error unless an output is one that was planned. A worker that was taken over by an image could say
// anything, and what it says becomes part of a name.
func (n Name) check(o transform.Output) error {
	var err error
	if _, ok := n.label(o.Label); !ok {
		err = fmt.Errorf("no size has the label %q", o.Label)
	} else if !slices.Contains(formats, o.Format) {
		err = fmt.Errorf("no output has the format %q", o.Format)
	} else if w := fields[fieldWidth].long; o.Width < 0 || o.Height < 0 || len(strconv.Itoa(max(o.Width, o.Height))) > w {
		err = fmt.Errorf("no output is %d by %d pixels", o.Width, o.Height)
	}
	if err != nil {
		return &Error{Kind: ClassWrite, Doing: "write " + n.String(), Err: err}
	}
	return nil
}

// write stages a file.
func (s *Store) write(f *pending) (err error) {
	f.staged, err = s.files.Stage(context.Background(), f.data, f.content)
	if err != nil {
		f.staged = nil
		return outputError("write "+f.out.Path, err)
	}
	return nil
}

// place gives a file that is staged its name. What is found there may have changed since it was looked at, since to
// write a file takes a while.
func (s *Store) place(name Name, f *pending) error {
	for try := 1; f.staged != nil && !f.out.Kept && !f.there; try++ {
		err := f.staged.Put(context.Background(), f.out.Path, f.over)
		switch {
		case err == nil:
			f.staged = nil
			return nil
		case !errors.Is(err, ErrChanged):
			return outputError("write "+f.out.Path, err)
		case try == placeTries:
			return &Error{Kind: ClassExists, Doing: "write " + f.out.Path, Err: err}
		}
		if err := s.look(name, f); err != nil {
			return err
		}
	}
	return nil
}

// placeTries bounds how often an output is put in place anew because somebody changes what has its name.
const placeTries = 8

// discard gives up what is staged of outputs that did not get their names.
func discard(files []pending) {
	for _, f := range files {
		if f.staged != nil {
			f.staged.Discard(context.Background())
		}
	}
}
