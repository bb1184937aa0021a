package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"syscall"

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
	defer s.discard(files)
	for i, o := range outputs {
		f := &files[i]
		if err := name.check(o); err != nil {
			return nil, err
		}
		f.data = o.Data
		f.content = content{int64(len(o.Data)), sha256.Sum256(o.Data)}
		f.out = Output{
			Path: name.Path(o), Bytes: f.size, Width: o.Width, Height: o.Height, Format: o.Format,
			SHA256: hex.EncodeToString(f.sum[:]),
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

// write writes a file in TempName.
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

// place gives a file that is written its name. What is found there may have changed since it was looked at, since to
// write a file takes a while.
func (s *Store) place(name Name, f *pending) error {
	for try := 1; f.temp != "" && !f.out.Kept && !f.there; try++ {
		err := s.rename(f)
		if err == nil {
			f.temp = ""
			return nil
		}
		if errors.Is(err, errGone) || try == placeTries && errors.Is(err, errChanged) {
			return &Error{Kind: ClassExists, Doing: "write " + f.out.Path, Err: err}
		}
		changed := errors.Is(err, errChanged) || errors.Is(err, fs.ErrNotExist) || !f.replaces && errors.Is(err, fs.ErrExist)
		if !changed || try == placeTries {
			return s.pathError("write "+f.out.Path, f.out.Path, err)
		}
		if err := s.look(name, f); err != nil {
			return err
		}
	}
	return nil
}

// placeTries bounds how often an output is put in place anew because somebody changes what has its name.
const placeTries = 8

// errChanged says that what has a name is no longer what was looked at.
var errChanged = errors.New("files of that name come and go")

// rename finds the folder anew, though look has found it before: meanwhile it may have been moved.
func (s *Store) rename(f *pending) error {
	in, err := s.makeDir(path.Dir(f.out.Path))
	if err != nil {
		return err
	}
	defer s.folders.release(in)
	if err := s.ask("rename", f.out.Path); err != nil {
		return err
	}
	base := path.Base(f.out.Path)
	if !f.replaces {
		return in.takeNew(s.tempFolder, f.temp, base)
	}
	return s.exchange(in, f.temp, base, f.old)
}

// exchange puts a file in place of an old one, and nothing else. What has the name is taken out before it is looked
// at, at once with putting the file in, so that there is no moment for it to change in. The error is errChanged where
// it was not the old one: then that has its name again.
func (s *Store) exchange(in *folder, temp, base string, old found) error {
	mine, err := s.tempFolder.stat(temp)
	if err != nil {
		return err
	}
	err = in.swap(s.tempFolder, temp, base)
	if errors.Is(err, errors.ErrUnsupported) {
		return s.replace(in, temp, base, old)
	}
	if err != nil {
		return err
	}
	out, err := s.tempFolder.stat(temp)
	out.since = old.since // it was moved
	if err == nil && out == old {
		_ = s.tempFolder.remove(temp) // what is left goes when the Store is closed
		return nil
	}
	err = in.swap(s.tempFolder, temp, base)
	if errors.Is(err, fs.ErrNotExist) { // somebody has removed ours
		return errors.Join(errGone, s.keep(temp, in.takeNew(s.tempFolder, temp, base)))
	}
	if err != nil {
		return s.keep(temp, err)
	}
	if back, err := s.tempFolder.stat(temp); err != nil || back.id != mine.id {
		// Somebody has put yet another file in place of ours. It stays, and what it would have replaced goes.
		return errors.Join(errGone, in.swap(s.tempFolder, temp, base))
	}
	return errChanged
}

// keep gives a file of somebody else, which err kept from getting its name back, a name that no Store removes.
func (s *Store) keep(temp string, err error) error {
	if err == nil {
		return nil
	}
	kept := "kept-" + temp
	if e := s.tempFolder.takeNew(s.tempFolder, temp, kept); e != nil {
		return errors.Join(err, e)
	}
	return fmt.Errorf("%w; the file that was there is kept as %s", err, path.Join(TempName, kept))
}

// replace is exchange where the system cannot exchange files: there is a moment between looking and renaming.
func (s *Store) replace(in *folder, temp, base string, old found) error {
	if now, err := in.stat(base); err != nil || now != old {
		return errors.Join(errChanged, err)
	}
	return in.take(s.tempFolder, temp, base)
}

// errGone says that somebody was so fast that the output is gone.
var errGone = errors.New("somebody replaced or removed the file as soon as it was there")

// makeDir returns a folder, and makes it and those above it where they are not there.
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

// discard removes what is left in TempName of outputs that did not get their names. What cannot be removed goes when
// the Store is closed, or opened again.
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
		if errors.Is(err, syscall.EXDEV) {
			e.Err = fmt.Errorf("the folder %s is another file system's, expected one file system for all outputs", path.Dir(name))
			e.Hint = hintOwnRun
			break
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if st, err := s.root.Lstat(dir); err == nil && st.Mode()&fs.ModeSymlink != 0 {
				e.Kind, e.Err = ClassOutside, fmt.Errorf("%s is a symbolic link that leads out of the output folder", dir)
				break
			}
		}
	}
	return e
}
