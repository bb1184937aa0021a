package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"sync"
	"time"

	"imgpipe/pipeline"
)

// batchEvery is how long lines wait, at least, for others to join their batch. A sync of the file system takes 10
// to 30 ms on the disks of virtual machines, whether for one output or for thousands.
const batchEvery = time.Second

// syncShare bounds the part of a run in which the file system is being synced: a sync is followed by so many times
// its length without one, up to batchLongest.
const (
	syncShare    = 20
	batchLongest = 5 * time.Second
)

// linesName begins the names of the files in TempName that hold the lines of one batch each; batchName says what
// follows.
const linesName = "lines-"

// batches hold the lines that are not in the ledger yet. A line promises that its outputs are there, whole. After a
// power failure that is true only if the outputs were on the disk before the line was. So lines go to a file in
// TempName first, where the next run finds them if the program is killed. Each batch becomes part of the ledger after
// a sync of the file system:
//
//	Append ──> TempName/lines-N   at once
//	           sync              outputs, lines-N, and what the ledger got before, are on the disk
//	           imgpipe.jsonl     gets what lines-N has
//	           sync              of the next batch; lines-N is removed
//
// Offsets of lines are those that they will have in the ledger.
type batches struct {
	flushing sync.Mutex // held while lines are moved to the ledger; locked before Store.mu

	// Guarded by Store.mu.
	waiting []*batch // in order; lines are added to the last
	number  int      // of the last batch
	placed  bool     // outputs got their names since the last sync
	failed  error    // why lines could not be moved
	said    bool     // Append or Flush returned an error

	// Guarded by flushing.
	moved []string // names of batches that are in the ledger, which may not be on the disk yet

	wake chan struct{}
	quit chan struct{}
	done sync.WaitGroup
}

// A batch is one file of lines, or in a read-only store the lines that such files hold.
type batch struct {
	io.ReaderAt
	file *os.File // nil in a read-only store
	base int64    // where its first line will be in the ledger
	end  int64    // where the next will be
	full bool     // it gets no more lines
}

// startBatches starts the goroutine that moves lines to the ledger.
func (s *Store) startBatches() {
	b := &s.batches
	b.wake, b.quit = make(chan struct{}, 1), make(chan struct{}) // one wake is enough for any number of lines
	b.done.Go(func() {
		pause := batchEvery
		for {
			select {
			case <-b.wake:
			case <-b.quit:
				return
			}
			select {
			case <-time.After(pause):
			case <-b.quit:
				return
			}
			began := time.Now()
			if err := s.flush(); err != nil {
				s.mu.Lock()
				b.failed = err
				s.mu.Unlock()
				return
			}
			pause = min(max(batchEvery, syncShare*time.Since(began)), batchLongest)
		}
	})
}

// stopBatches ends that goroutine, whatever lines wait.
func (s *Store) stopBatches() {
	if b := &s.batches; b.quit != nil {
		close(b.quit)
		b.done.Wait()
		b.quit = nil
	}
}

// addLine adds one whole line to the batch. Store.mu is held.
func (s *Store) addLine(line []byte) error {
	b := &s.batches
	if b.failed != nil {
		return b.failed
	}
	if s.opts.ReadOnly {
		end := s.end + int64(len(line))
		b.waiting = append(b.waiting, &batch{ReaderAt: bytes.NewReader(line), base: s.end, end: end})
		s.end = end
		return nil
	}
	if len(b.waiting) == 0 || b.waiting[len(b.waiting)-1].full {
		if err := s.newBatch(); err != nil {
			return err
		}
	}
	last := b.waiting[len(b.waiting)-1]
	if _, err := last.file.WriteAt(line, last.end-last.base); err != nil {
		// Part of the line may be there. The next line is written over it; the next Open ignores it; so this may
		// fail as well.
		last.file.Truncate(last.end - last.base)
		return err
	}
	last.end += int64(len(line))
	s.end = last.end
	if b.wake != nil {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

// newBatch begins a batch. Store.mu is held.
func (s *Store) newBatch() error {
	b := &s.batches
	b.number++
	file, err := s.temp.OpenFile(batchName(b.number, s.end), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	b.waiting = append(b.waiting, &batch{ReaderAt: file, file: file, base: s.end, end: s.end})
	return nil
}

// flush moves the lines that wait into the ledger, once their outputs are on the disk. Lines that are added
// meanwhile form the next batch. If it fails, the lines wait still.
func (s *Store) flush() error {
	b := &s.batches
	b.flushing.Lock()
	defer b.flushing.Unlock()
	s.mu.Lock()
	ready, placed := slices.Clone(b.waiting), b.placed
	for _, one := range ready {
		one.full = true
	}
	b.placed = false
	s.mu.Unlock()
	err := s.keepLedger()
	if err == nil && placed && !s.opts.NoSync {
		if err = s.syncOutputs(ready); err == nil {
			s.forgetMoved()
		} else {
			err = s.folderError("sync "+s.dir, err)
		}
	}
	for _, one := range ready {
		if err == nil {
			err = s.move(one)
		}
	}
	if err != nil && placed {
		s.mu.Lock()
		b.placed = true
		s.mu.Unlock()
	}
	if err == nil && s.opts.NoSync {
		s.forgetMoved()
	}
	if err == nil {
		err = s.inPlace() // after the lines are where their outputs are
	}
	return err
}

// inPlace returns an error if the output folder's name no longer leads to it: the folder was moved, and what is
// written is not where the caller wants it.
func (s *Store) inPlace() error {
	own, err := s.root.Stat(".")
	if err != nil {
		return s.folderError("write to "+s.dir, err)
	}
	named, err := os.Stat(s.dir)
	if err == nil && os.SameFile(own, named) || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	what := "another folder has its name"
	if err != nil {
		what = "nothing has its name"
	}
	return &Error{
		Kind: pipeline.ClassFolderGone, Doing: "write to " + s.dir, fatal: true,
		Err: errors.New("the folder was moved away while the run wrote to it, and " + what +
			"; outputs and ledger are where it is"),
		Hint: HintMoveBack,
	}
}

// forgetMoved removes the batches that the ledger has on the disk. What cannot be removed goes when the Store is
// closed.
func (s *Store) forgetMoved() {
	for _, name := range s.batches.moved {
		_ = s.temp.Remove(name)
	}
	s.batches.moved = s.batches.moved[:0]
}

// move puts one batch behind the ledger.
func (s *Store) move(one *batch) error {
	err := s.ask("flush", s.ledgerName)
	if err == nil {
		_, err = io.Copy(io.NewOffsetWriter(s.file, one.base), io.NewSectionReader(one, 0, one.end-one.base))
	}
	if err != nil {
		s.file.Truncate(one.base) // at worst there is a torn line, which the next Open cuts
		return s.folderError("write "+s.ledgerName, err)
	}
	s.mu.Lock()
	s.flushed = one.end
	s.batches.waiting = s.batches.waiting[1:]
	s.mu.Unlock()
	one.file.Close()
	s.batches.moved = append(s.batches.moved, path.Base(one.file.Name()))
	return nil
}

// syncOutputs returns when the outputs of these batches, their lines and all that was written before are on the
// disk. It syncs the whole file system where the system has a call for that: thousands of files cost what one does.
// Else, or if that call fails for what may be somebody else's file, it syncs each output.
func (s *Store) syncOutputs(ready []*batch) error {
	if err := s.ask("sync", "."); err != nil {
		return err
	}
	if err := s.folders.sync(); err != nil {
		return s.syncEach(ready)
	}
	if s.opts.Files == nil {
		return nil // the outputs lie on that file system, too
	}
	return s.syncNames(ready)
}

// syncEach syncs each output of some batches, their lines and the ledger.
func (s *Store) syncEach(ready []*batch) error {
	if err := s.syncNames(ready); err != nil {
		return err
	}
	for _, one := range ready {
		if err := syncOne(one.file); err != nil {
			return err
		}
	}
	s.syncDir(s.tempName)
	s.syncDir(".")
	return s.file.Sync()
}

// syncNames syncs each output of some batches. Outputs in the places of inputs are synced before they get there.
func (s *Store) syncNames(ready []*batch) error {
	if s.swaps != nil {
		return nil
	}
	var failed error
	err := s.files.Sync(context.Background(), func(yield func(string) bool) {
		for _, one := range ready {
			more := true
			_, err := scan(io.NewSectionReader(one, 0, one.end-one.base), func(_ int64, text []byte) {
				l, _ := glance(text)
				for _, name := range l.paths {
					more = more && yield(name)
				}
			})
			failed = errors.Join(failed, err)
			if !more {
				return
			}
		}
	})
	return errors.Join(err, failed)
}

// Flush returns when the lines of all that was appended are in the ledger, and that is on the disk. Close does the
// same; a run that measures itself calls Flush before it stops the clock. It is for when no Append is under way.
func (s *Store) Flush() error {
	if s.opts.ReadOnly {
		return nil
	}
	err := s.flush()
	s.batches.flushing.Lock()
	defer s.batches.flushing.Unlock()
	if err == nil && len(s.batches.moved) > 0 && !s.opts.NoSync {
		if err = s.file.Sync(); err == nil {
			s.forgetMoved()
		} else {
			err = s.folderError("sync "+s.ledgerName, err)
		}
	}
	if err == nil {
		err = s.keepRest()
	}
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.batches.said {
		return errSaid
	}
	s.batches.said = true
	return err
}

// errSaid stands for an error that was returned before.
var errSaid = errors.New("the ledger could not be written")

// all is the ledger as it will be, with the lines that wait.
type all struct{ s *Store }

func (a all) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) && err == nil {
		var k int
		k, err = a.readSome(p[n:], at+int64(n))
		n += k
	}
	return n, err
}

// readSome reads what is in one file.
func (a all) readSome(p []byte, at int64) (int, error) {
	s := a.s
	if at >= otherLedger {
		n := 0
		err := s.readOther(at/otherLedger-1, func(f *os.File) (err error) {
			n, err = f.ReadAt(p, at%otherLedger)
			return err
		})
		return n, err
	}
	s.mu.Lock()
	if file, rest := s.file, s.flushed-at; rest > 0 {
		s.mu.Unlock()
		return file.ReadAt(p[:min(int64(len(p)), rest)], at)
	}
	defer s.mu.Unlock() // so that the file is not closed meanwhile
	for _, one := range s.batches.waiting {
		if one.base <= at && at < one.end {
			return one.ReadAt(p[:min(int64(len(p)), one.end-at)], at-one.base)
		}
	}
	return 0, io.EOF
}

// closeBatches closes the files of lines that wait.
func (s *Store) closeBatches() {
	for _, one := range s.batches.waiting {
		if one.file != nil {
			one.file.Close()
		}
	}
	s.batches.waiting = nil
}

// leftBatches returns the names of the batches in TempName, in order.
func (s *Store) leftBatches() (names []string) {
	entries, err := fs.ReadDir(s.root.FS(), s.tempName)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if number, _ := parseBatch(e.Name()); number >= 0 && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		x, _ := parseBatch(a)
		y, _ := parseBatch(b)
		return x - y
	})
	return names
}

// batchName is the name of a batch: its number, and where its first line will be in the ledger.
func batchName(number int, base int64) string { return fmt.Sprintf("%s%d-%d", linesName, number, base) }

// parseBatch reads what batchName wrote. The number is -1 where the name is no batch's.
func parseBatch(name string) (number int, base int64) {
	if _, err := fmt.Sscanf(name, linesName+"%d-%d", &number, &base); err != nil || name != batchName(number, base) {
		return -1, 0
	}
	return number, base
}
