package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"imgpipe/pipeline"
)

// openLedger opens what has the ledger's name and locks it, without following a link. If nothing has the name, it makes
// an empty file if create is set, and else returns nil.
//
// The lock goes with the file, and not with its name. So after it was locked, the name must still lead to it.
func (s *Store) openLedger(create bool) (*os.File, error) { return s.openLedgerFile(create, lockFile) }

func (s *Store) openLedgerFile(create bool, lock func(*os.File) error) (*os.File, error) {
	flag := os.O_RDWR
	if s.opts.ReadOnly {
		flag = os.O_RDONLY
	}
	for {
		named, err := s.root.Lstat(s.ledgerName)
		if errors.Is(err, fs.ErrNotExist) {
			if !create {
				return nil, nil
			}
			f, err := s.root.OpenFile(s.ledgerName, flag|os.O_CREATE|os.O_EXCL, 0o644)
			if err == nil {
				f.Close()
				s.created = true
			} else if !errors.Is(err, fs.ErrExist) {
				return nil, err
			}
			continue
		} else if err != nil {
			return nil, err
		}
		if !named.Mode().IsRegular() {
			return nil, s.notLedger("it is " + kindOf(named.Mode()))
		}
		f, err := s.root.OpenFile(s.ledgerName, flag, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		if !s.opts.ReadOnly {
			err := lock(f)
			if errors.Is(err, errLocked) {
				f.Close()
				return nil, err
			}
			if err != nil && create {
				s.warn = append(s.warn, fmt.Sprintf("the file system of %s cannot lock a file (%v): "+
					"a second run in it would not be noticed", s.dir, err))
			}
		}
		if s.named(f) {
			return f, nil
		}
		f.Close()
	}
}

// named reports whether the ledger's name leads to f, through no link.
func (s *Store) named(f *os.File) bool {
	named, err := s.root.Lstat(s.ledgerName)
	if err != nil {
		return false
	}
	st, err := f.Stat()
	return err == nil && os.SameFile(named, st)
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode.IsDir():
		return "a folder"
	case mode.IsRegular():
		return "a file"
	}
	return "no regular file"
}

// notLedger is the error of a folder in which something else has the ledger's name.
func (s *Store) notLedger(what string) error {
	return &Error{
		Kind: pipeline.ClassLedger, Doing: "open output folder " + s.dir, fatal: true,
		Err:  fmt.Errorf("%s is not a ledger of imgpipe: %s", s.ledgerName, what),
		Hint: hintMoveAway,
	}
}

// keepLedger makes sure that the ledger's name leads to the file that lines are about to be written to. Somebody may
// have removed it since the run began, or an editor may have saved another file under its name. If no file has the
// name, the ledger is written anew, whole. If another file has it, that file becomes the ledger, provided that it is a
// beginning of it; else the run has to end. Store.batches.flushing is held.
func (s *Store) keepLedger() error {
	for {
		named, err := s.root.Lstat(s.ledgerName)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err = s.renewLedger(); errors.Is(err, fs.ErrExist) {
				continue
			}
			if err != nil {
				return s.folderError("write "+s.ledgerName+" anew, which was removed while the run wrote to it", err)
			}
			s.mu.Lock()
			s.warn = append(s.warn, s.ledgerName+" was removed while the run wrote to it, and was written anew")
			s.mu.Unlock()
			return nil
		case err != nil:
			return s.folderError("write "+s.ledgerName, err)
		}
		st, err := s.file.Stat()
		if err != nil {
			return s.folderError("write "+s.ledgerName, err)
		}
		if !os.SameFile(named, st) {
			return s.takeLedger()
		}
		if st.Size() != s.flushed {
			return s.changedLedger("its length was changed while the run wrote to it")
		}
		return nil
	}
}

// changedLedger is the error of a ledger that the run cannot go on with.
func (s *Store) changedLedger(what string) error {
	return &Error{
		Kind: pipeline.ClassLedger, Doing: "write " + s.ledgerName, fatal: true, Err: errors.New(what),
		Hint: HintAgain,
	}
}

// saveLedger keeps the ledger's lines for the next run, where something that is no ledger took its name. It returns
// why this run has to end.
func (s *Store) saveLedger() error {
	f, err := s.temp.OpenFile(batchName(0, 0), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644) // before all batches
	if err == nil {
		err = errors.Join(s.copyLedger(f, 0), f.Close())
	}
	if err != nil {
		return s.folderError("write "+s.ledgerName+", whose name was taken by what is no ledger", err)
	}
	return &Error{
		Kind: pipeline.ClassLedger, Doing: "write " + s.ledgerName, fatal: true,
		Err:  errors.New("something that is no ledger took its name while the run wrote to it, and is kept"),
		Hint: HintMoveAndAgain,
	}
}

// renewLedger puts a copy of the ledger under its name. The error is fs.ErrExist if a file has the name.
func (s *Store) renewLedger() error {
	return s.nameCopy(func(from string) error {
		err := s.root.Link(from, s.ledgerName)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return s.renameFree(from, s.ledgerName) // the file system has no links
		}
		return err
	})
}

// renameFree renames a file if no other has the name. It is for file systems that have no links, and looks and renames
// in two steps.
func (s *Store) renameFree(from, to string) error {
	if _, err := s.root.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fs.ErrExist
	}
	return s.root.Rename(from, to)
}

// replaceLedger replaces the ledger by a copy. Its other names still lead to the old file.
func (s *Store) replaceLedger() error {
	return s.nameCopy(func(from string) error { return s.root.Rename(from, s.ledgerName) })
}

// nameCopy copies the ledger, calls name to put the copy under the ledger's name, and goes on with the copy.
func (s *Store) nameCopy(name func(from string) error) error {
	const temp = LedgerName + newSuffix
	defer s.temp.Remove(temp) // what has two names by then keeps one
	f, err := s.temp.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if st, err := s.file.Stat(); err == nil {
		_ = f.Chmod(st.Mode().Perm()) // at worst it has that of any new file
	}
	_ = lockFile(f) // nobody else knows it; if files cannot be locked, Open has said so
	if err = s.copyLedger(f, 0); err == nil {
		err = name(path.Join(s.tempName, temp))
	}
	if err != nil {
		f.Close()
		return err
	}
	s.useLedger(f)
	return nil
}

// copyLedger writes the ledger's lines from an offset on to another file.
func (s *Store) copyLedger(to *os.File, from int64) error {
	_, err := io.Copy(io.NewOffsetWriter(to, from), io.NewSectionReader(s.file, from, s.flushed-from))
	if err == nil && !s.opts.NoSync {
		err = to.Sync()
	}
	return err
}

// useLedger goes on with another file that has the same lines. The old one stays open, since it may be being read.
func (s *Store) useLedger(f *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.old = append(s.old, s.file)
	s.file = f
}

// takeLedger goes on with the file that has the ledger's name now, if all of it is a beginning of the ledger.
func (s *Store) takeLedger() error {
	f, err := s.openLedger(false)
	switch {
	case errors.Is(err, errLocked):
		return s.lockedError("write " + s.ledgerName)
	case err != nil:
		return s.saveLedger()
	case f == nil:
		return s.keepLedger() // it went again
	}
	size, same := s.beginsAlike(f)
	if !same {
		c, err := survey(f, func(int64, glanced) {})
		f.Close()
		if err != nil || c.lines == 0 {
			return s.saveLedger()
		}
		return s.changedLedger("another ledger took its name while the run wrote to it, and is kept")
	}
	if err := s.copyLedger(f, size); err != nil {
		f.Truncate(size)
		f.Close()
		return s.folderError("write "+s.ledgerName, err)
	}
	s.useLedger(f)
	return nil
}

// beginsAlike reports whether all that is in f is the beginning of the ledger, and its size.
func (s *Store) beginsAlike(f *os.File) (size int64, same bool) {
	st, err := f.Stat()
	if err != nil || st.Size() > s.flushed {
		return 0, false
	}
	return st.Size(), equal(io.NewSectionReader(f, 0, st.Size()), io.NewSectionReader(s.file, 0, st.Size()))
}

// equal reports whether two readers have the same bytes.
func equal(a, b io.Reader) bool {
	var x, y [32 << 10]byte
	for {
		n, err := io.ReadFull(a, x[:])
		m, e := io.ReadFull(b, y[:])
		if !bytes.Equal(x[:n], y[:m]) {
			return false
		}
		if err != nil || e != nil {
			return isEnd(err) && isEnd(e)
		}
	}
}

func isEnd(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
