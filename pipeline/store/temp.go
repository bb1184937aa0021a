package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"imgpipe/pipeline"
)

// TempName is the name of the folder, in the output folder, for files that are being written. It lies there so that a
// rename never crosses file systems.
const TempName = ".imgpipe-tmp"

// pidName is a file in TempName that says which process writes to the folder, and since which start of the machine.
// Close removes it; so where it is left, a run did not end.
const pidName = "pid"

// newSuffix marks a file in TempName that is being rewritten, until it has all that the old file of that name has.
const newSuffix = "-next"

// lockTemp locks TempName, beside the ledger: whoever takes the ledger away does not take that lock with it. Systems
// that cannot lock a folder have the ledger's lock alone.
func (s *Store) lockTemp() error {
	for {
		if err := s.root.Mkdir(s.tempName, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		d, err := s.folders.get(s.tempName)
		if err != nil {
			return err
		}
		err = lockFolder(d)
		if errors.Is(err, errLocked) {
			s.folders.release(d)
			return err
		}
		if errors.Is(err, errors.ErrUnsupported) {
			s.tempFolder = d
			return nil
		}
		// A run that ends removes the folder, and then releases the lock.
		if now, err := s.folders.get(s.tempName); err == nil {
			s.folders.release(now)
			if now == d {
				s.tempFolder = d
				return nil
			}
		}
		s.folders.release(d)
	}
}

// ownTemp makes TempName ready for this run. It keeps the useful files of an earlier run until this run has written the
// same.
func (s *Store) ownTemp(left left) (err error) {
	keep := append([]string{pidName, doubtName, flightsName, journalNames[0], journalNames[1]}, left.batches...)
	if _, err := s.sweep(keep...); err != nil {
		return err
	}
	if s.tempFolder == nil {
		if err := s.lockTemp(); err != nil {
			return err
		}
	}
	if s.temp, err = s.root.OpenRoot(s.tempName); err != nil {
		return err
	}
	if err := s.openDoubt(left); err != nil {
		return err
	}
	// At any moment the file is there whole: the next run learns from it whether the machine was started since. If this
	// run is killed, the next one has to doubt what this one does.
	boot := bootID()
	if s.doubt.torn {
		boot = ""
	}
	if err := s.temp.WriteFile(pidName+newSuffix, fmt.Appendf(nil, "%d %s", os.Getpid(), boot), 0o644); err != nil {
		return err
	}
	if err := s.temp.Rename(pidName+newSuffix, pidName); err != nil {
		return err
	}
	return s.openFlights(left.suspects)
}

// closeTemp removes TempName, unless there is a file in it to keep.
func (s *Store) closeTemp(keep []string) error {
	if err := s.ask("remove", s.tempName); err != nil {
		return err
	}
	kept, err := s.sweep(keep...)
	if kept || err != nil {
		return err
	}
	err = s.root.Remove(s.tempName)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) { // of which the latter says that it is not empty
		return nil
	}
	return err
}

// sweep removes what a Store wrote into TempName but the files of these names. It reports whether something stays.
// What no Store wrote does: whoever put it there may miss it.
func (s *Store) sweep(keep ...string) (stays bool, err error) {
	st, err := s.root.Lstat(s.tempName)
	if err != nil || !st.IsDir() {
		return err == nil, nil
	}
	entries, err := fs.ReadDir(s.root.FS(), s.tempName)
	if err != nil {
		return true, err
	}
	for _, e := range entries {
		if foreign(e) || slices.Contains(keep, e.Name()) {
			stays = true
		} else if err := s.root.Remove(path.Join(s.tempName, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return true, err
		}
	}
	return stays, nil
}

// foreign reports whether what lies in TempName is nothing that a Store writes.
func foreign(e fs.DirEntry) bool {
	if !e.Type().IsRegular() {
		return true
	}
	name := strings.TrimSuffix(e.Name(), newSuffix)
	switch name {
	case pidName, doubtName, flightsName, journalNames[0], journalNames[1], LedgerName:
		return false
	}
	number, _ := parseBatch(name)
	return number < 0 && !isUnfinished(name)
}

// isUnfinished reports whether a file in TempName is an output without its name yet.
func isUnfinished(name string) bool { return strings.Trim(name, "0123456789") == "" }

// checkTemp returns an error where something else than a folder has the name of TempName. It changes nothing.
func (s *Store) checkTemp(doing string) error {
	st, err := s.root.Lstat(s.tempName)
	if err != nil || st.IsDir() {
		return nil // whoever needs the folder returns any other error
	}
	return &Error{
		Kind: pipeline.ClassExists, Doing: doing, fatal: true,
		Err: fmt.Errorf("%s is %s, expected a folder for files on their way, or nothing",
			s.tempName, kindOf(st.Mode())),
		Hint: hintMoveAway,
	}
}
