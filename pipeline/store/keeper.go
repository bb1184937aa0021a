package store

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// Lines are handed to a Keeper when so many of them wait, or when the first has waited so long. So another machine does
// again at most what was done in that time.
const (
	keepLines = 10_000
	keepEvery = 30 * time.Second
)

// keepAtOnce bounds what one call of Keeper.Keep gets, in bytes, unless one line is longer.
const keepAtOnce = 32 << 20

// keeping is the way of lines from the ledger in the output folder to Options.Keeper:
//
//	imgpipe.jsonl    │ what is kept │ lines that wait │
//	                 0            kept             flushed
type keeping struct {
	begun bool
	busy  sync.Mutex // held while lines are handed over; locked before Store.mu
	kept  int64      // guarded by busy: where the lines that wait begin

	quit chan struct{} // nil unless the goroutine is at work
	done sync.WaitGroup
}

// beginKeeping takes the Keeper's place for this run, and makes the ledger what is kept and what follows it.
func (s *Store) beginKeeping() error {
	k := s.opts.Keeper
	if k == nil {
		return nil
	}
	const doing = "open the ledger of the outputs"
	st, err := s.file.Stat()
	if err != nil {
		return s.folderError(doing, err)
	}
	kept, all, err := k.Begin(context.Background(), s.file, st.Size())
	if err != nil {
		return keeperError(doing, err)
	}
	s.keeping.begun, s.keeping.kept = true, kept
	if all == nil {
		return nil
	}
	if st.Size() > 0 {
		s.warn = append(s.warn, "the ledger of the outputs is not the one that this machine "+
			"knows: the copy here is replaced")
	}
	n, err := s.copyKept(all)
	switch {
	case err != nil:
		return keeperError(doing, errors.Join(err, s.file.Truncate(0)))
	case n != kept:
		return keeperError(doing, errors.Join(io.ErrUnexpectedEOF, s.file.Truncate(0)))
	}
	return nil
}

// copyKept replaces the ledger by what is kept. Until it has all, its beginning is not that of what is kept, so that a
// run which is killed here is no harm.
func (s *Store) copyKept(all io.ReadCloser) (n int64, err error) {
	defer func() { err = errors.Join(err, all.Close()) }()
	if err := s.file.Truncate(0); err != nil {
		return 0, err
	}
	if n, err = io.Copy(io.NewOffsetWriter(s.file, 0), all); err != nil {
		return n, err
	}
	s.created = n == 0
	return n, s.file.Sync()
}

// startKeeping starts the goroutine that hands lines over while the run goes on.
func (s *Store) startKeeping() {
	k := &s.keeping
	if !k.begun {
		return
	}
	quit := make(chan struct{})
	k.quit = quit
	k.done.Go(func() {
		look := time.NewTicker(time.Second)
		defer look.Stop()
		last := time.Now()
		for {
			select {
			case <-look.C:
			case <-quit:
				return
			}
			n, waits := s.waiting()
			if !waits {
				last = time.Now() // nothing has waited until now
			}
			if n < keepLines && time.Since(last) < keepEvery {
				continue
			}
			if err := s.keepRest(); err != nil {
				s.mu.Lock()
				s.batches.failed = err // which the next line ends the run with
				s.mu.Unlock()
				return
			}
			last = time.Now()
		}
	})
}

// waiting returns how many lines the Keeper does not have yet, as far as that decides whether to hand them over.
func (s *Store) waiting() (lines int, any bool) {
	s.keeping.busy.Lock()
	defer s.keeping.busy.Unlock()
	s.mu.Lock()
	file, from, to := s.file, s.keeping.kept, s.flushed
	s.mu.Unlock()
	if to-from < keepLines { // fewer bytes than that are fewer lines
		return 0, to > from
	}
	_, err := scan(io.NewSectionReader(file, from, to-from), func(int64, []byte) { lines++ })
	if err != nil {
		return keepLines, true // whoever hands them over finds out why
	}
	return lines, true
}

// keepRest hands all lines of the ledger to the Keeper.
func (s *Store) keepRest() error {
	k := &s.keeping
	k.busy.Lock()
	defer k.busy.Unlock()
	if !k.begun {
		return nil
	}
	for {
		s.mu.Lock()
		file, left := s.file, s.flushed-k.kept
		s.mu.Unlock()
		if left <= 0 {
			return nil
		}
		const doing = "write the ledger of the outputs"
		lines, err := wholeLines(file, k.kept, left)
		if err != nil {
			return s.folderError(doing, err)
		}
		if err := s.opts.Keeper.Keep(context.Background(), lines); err != nil {
			return keeperError(doing, err)
		}
		k.kept += int64(len(lines))
	}
}

// wholeLines reads lines of a file from an offset on, of which there are so many bytes. Of many it returns some.
func wholeLines(file io.ReaderAt, from, size int64) ([]byte, error) {
	for most := int64(keepAtOnce); ; most *= 2 {
		b := make([]byte, min(size, most))
		if _, err := file.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if int64(len(b)) == size {
			return b, nil
		}
		for i := len(b) - 1; i >= 0; i-- {
			if b[i] == '\n' {
				return b[:i+1], nil
			}
		}
	}
}

// stopKeeping ends that goroutine.
func (s *Store) stopKeeping() {
	if k := &s.keeping; k.quit != nil {
		close(k.quit)
		k.done.Wait()
		k.quit = nil
	}
}

// endKeeping leaves the Keeper's place.
func (s *Store) endKeeping() error {
	k := &s.keeping
	k.busy.Lock()
	defer k.busy.Unlock()
	if !k.begun {
		return nil
	}
	k.begun = false
	if err := s.opts.Keeper.End(context.Background()); err != nil {
		return keeperError("close the ledger of the outputs", err)
	}
	return nil
}

// keeperError is an error of a Keeper, which concerns the whole run.
func keeperError(doing string, err error) error {
	e := outputError(doing, err).(*Error)
	e.fatal = true
	return e
}
