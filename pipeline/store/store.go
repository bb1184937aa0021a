package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"imgpipe/pipeline"
)

// A Store is an output folder that this program alone writes to. It is a [pipeline.Store], with names, resume and a
// ledger. Its methods may be called from many goroutines, but for Plan and Preview.
type Store struct {
	archive
	home

	opts  Options
	files Files    // Options.Files, or those of home
	file  *os.File // the ledger; nil in a read-only store of a folder without one

	journal journal
	flights flights
	batches batches
	doubt   doubt
	keeping keeping

	warn []string

	swaps *swaps // nil unless Options.InPlace is set

	mu      sync.Mutex
	flushed int64             // where the ledger ends
	end     int64             // where the next line goes: behind those that wait
	old     []*os.File        // ledgers that lost their name
	others  []otherLedgerFile // ledgers of other parts, and what keeps the whole from beginning; see part.go
	merged  Merged
	inner   bool // opened by a Store that takes its lines over and has all locks that matter
	tail    tail // of the ledger, until mend
	created bool // the ledger was not there
	lost    bool // the ledger lost lines
	nulls   bool // the ledger has NUL bytes
	lines   map[uint64]lineRef
	owned   map[uint64]owner
	sized   map[uint64]uint64  // whose the names are that depend on width or height, by sizedHash
	fresh   map[uint64]Content // owned files whose content no line has yet
	tree    *Tree
	done    bool
}

// Open makes dir if need be, and returns the Store that writes to it. It locks dir against a second run, removes what
// a killed run left half-written, and reads the ledger.
//
// The error is that of Options.Check, or an *Error. It is of [pipeline.ClassLocked] when another run writes to dir,
// and of [pipeline.ClassLedger] when a file has the ledger's name and is none; then nothing was changed.
//
// A ledger of 100,000 lines takes 0.12 s to read and then 6 MB of memory.
func Open(dir string, opts Options) (*Store, error) {
	if err := opts.Check(); err != nil {
		return nil, err
	}
	s := newStore(dir, opts)
	namer, err := s.newNamer()
	if err != nil {
		return nil, err
	}
	if namer.asksForPhoto() {
		s.opts.Spec.Facts, opts.Spec.Facts = true, true
		s.text = opts.Spec.String()
	}
	s.namer = namer
	if opts.ReadOnly {
		return s, s.openReadOnly()
	}
	if err := s.open(); err != nil {
		s.closeFiles()
		return nil, err
	}
	return s, nil
}

func newStore(dir string, opts Options) *Store {
	s := &Store{
		archive: archive{text: opts.Spec.String()},
		home: home{dir: dir, fault: opts.Fault,
			ledgerName: opts.Part.ledgerName(), tempName: opts.Part.tempName()},
		opts: opts, files: opts.Files, tree: NewTree(dir),
		lines: map[uint64]lineRef{}, owned: map[uint64]owner{}, sized: map[uint64]uint64{}, fresh: map[uint64]Content{},
	}
	if s.files == nil {
		s.files = homeFiles{&s.home}
	}
	if opts.InPlace {
		s.swaps, s.journal.room = newSwaps(), swapJournalSize
	}
	return s
}

func (s *Store) open() error {
	doing := "open output folder " + s.dir
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return s.folderError(doing, err)
	}
	var err error
	if s.root, err = os.OpenRoot(s.dir); err != nil {
		return s.folderError(doing, err)
	}
	if s.folders, err = newFolders(s.root, s.opts.Folders); err != nil {
		return s.folderError(doing, err)
	}
	if err := s.checkTemp(doing); err != nil {
		return err
	}
	// Nothing is changed before the folder is known to be ours: a file that has the ledger's name and is none stays
	// as it is, and so does all around it.
	left := s.leftBehind()
	if left.found {
		if err := s.lockTemp(); err != nil {
			return s.openError(doing, err)
		}
	}
	if s.file, err = s.openLedger(true); err != nil {
		return s.openError(doing, err)
	}
	if err := s.keepWholeOut(); err != nil {
		return s.openError(doing, err)
	}
	if err := s.beginKeeping(); err != nil {
		return err
	}
	if err := s.load(); err != nil {
		return err
	}
	if err := s.loadOthers(); err != nil {
		return err
	}
	if err := s.ownTemp(left); err != nil {
		return s.openError(doing, err)
	}
	if err := s.ownLedger(); err != nil {
		return s.openError(doing, err)
	}
	if err := s.settleLeft(left); err != nil {
		return s.folderError(doing, err)
	}
	if err := s.absorb(); err != nil {
		return s.openError(doing, err)
	}
	if err := s.markInPlace(); err != nil {
		return s.folderError(doing, err)
	}
	s.startBatches()
	s.startKeeping()
	return nil
}

// openError is the error of open.
func (s *Store) openError(doing string, err error) error {
	if errors.Is(err, errLocked) {
		return s.lockedError(doing)
	}
	return s.folderError(doing, err)
}

// ownLedger cuts off what a kill tore. If the ledger has other names, such as in a copy of the folder that was made
// with links, it goes on with a copy, so that what has the other names stays as it is.
func (s *Store) ownLedger() error {
	if err := s.mend(); err != nil {
		return err
	}
	st, err := s.file.Stat()
	if err != nil || names(st) < 2 {
		return err
	}
	return s.replaceLedger()
}

func (s *Store) openReadOnly() error {
	var err error
	if s.root, err = os.OpenRoot(s.dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return s.folderError("open output folder "+s.dir, err)
	}
	if s.folders, err = newFolders(s.root, s.opts.Folders); err != nil {
		s.closeFiles()
		return s.folderError("open output folder "+s.dir, err)
	}
	if err = s.checkTemp("open output folder " + s.dir); err == nil {
		s.file, err = s.openLedger(false)
	}
	if err == nil && s.file != nil {
		err = s.load()
	}
	if err == nil {
		err = s.loadOthers()
	}
	if err == nil {
		left := s.leftBehind()
		err = errors.Join(s.openDoubt(left), s.settleLeft(left))
	}
	if err != nil {
		s.closeFiles()
		return s.folderError("open output folder "+s.dir, err)
	}
	return nil
}

// lockedError is the error of a folder that another run has locked. It says which one, if that can be read.
func (s *Store) lockedError(doing string) error {
	who := "another imgpipe run"
	if pid := s.pidIn(s.tempName); pid > 0 {
		who = fmt.Sprintf("another imgpipe run (pid %d)", pid)
	} else if pid := s.pidIn(TempName); pid > 0 {
		who = fmt.Sprintf("an imgpipe run of the whole input (pid %d)", pid)
	} else if parts, _ := s.partsHere(); len(parts) > 0 {
		who = "an imgpipe run of a shard, such as " + parts[0].String() + ","
		for _, p := range parts {
			if pid := s.pidIn(p.tempName()); pid > 0 {
				who = fmt.Sprintf("an imgpipe run of shard %s (pid %d)", p, pid)
				break
			}
		}
	}
	return &Error{
		Kind: pipeline.ClassLocked, Doing: doing, fatal: true,
		Err:  fmt.Errorf("%s is writing to %s", who, s.dir),
		Hint: hintWait,
	}
}

// pidIn returns the process that a folder for temporary files is of, or 0.
func (h *home) pidIn(temp string) int {
	text, err := h.root.ReadFile(path.Join(temp, pidName))
	pid, _, _ := strings.Cut(string(text), " ")
	n, bad := strconv.Atoi(pid)
	if err != nil || bad != nil {
		return 0
	}
	return n
}

// Close moves the lines that wait to the ledger, removes the folder for temporary files, and releases the lock. It
// keeps that folder for four things: suspects whose turn did not come, lines that could not be moved, the journal of
// outputs without a line, and doubt that is not settled. Put and Append must have returned; afterwards they fail.
// Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.done
	s.done = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	var err error
	if s.temp != nil {
		s.stopKeeping()
		s.stopBatches()
		var keep []string
		if err = s.Flush(); err != nil {
			keep = s.leftBatches()
		}
		if errors.Is(err, errSaid) {
			err = nil
		}
		if s.flights.keepSuspects() {
			keep = append(keep, flightsName)
		}
		if s.unsettled() {
			keep = append(keep, journalNames[:]...)
		}
		if s.doubt.kept {
			keep = append(keep, doubtName)
		}
		s.mu.Lock()
		s.journal.close() // first, because Windows keeps what is open
		s.flights.close()
		s.closeBatches()
		s.temp.Close()
		s.temp = nil
		s.mu.Unlock()
		err = errors.Join(err, s.closeTemp(keep))
		s.folders.release(s.tempFolder)
	}
	unused := s.created && s.end == 0 && s.opts.Part.Whole()
	if err == nil && unused && s.temp == nil && s.file != nil && s.named(s.file) {
		// An empty ledger would look like one whose lines a power failure took. What cannot be removed stays.
		_ = s.root.Remove(s.ledgerName)
	}
	err = errors.Join(err, s.endKeeping())
	// The lock goes last: a run that gets it owns whatever it finds in TempName.
	s.closeFiles()
	if err != nil {
		return s.folderError("close output folder "+s.dir, err)
	}
	return nil
}

func (s *Store) closeFiles() {
	s.stopKeeping()
	_ = s.endKeeping() // without effect once Close has called it; else there is a better error
	s.stopBatches()
	s.closeBatches()
	for _, f := range s.old {
		f.Close()
	}
	for _, o := range s.others {
		if o.file != nil {
			o.file.Close()
		}
	}
	s.journal.close()
	s.flights.close()
	if s.temp != nil {
		s.temp.Close()
	}
	if s.file != nil {
		s.file.Close()
	}
	s.folders.close()
	if s.root != nil {
		s.root.Close()
	}
}

// Warnings returns what Open found and went on with, one sentence each: lines of the ledger that are no entries, a
// file system without locks. More may come while the store writes, such as that the ledger was removed.
func (s *Store) Warnings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.warn)
}

// Dir returns the output folder, as Open got it.
func (s *Store) Dir() string { return filepath.Clean(s.dir) }

// stat returns what has the name of an output.
func (s *Store) stat(name string) (File, error) {
	if s.swaps != nil {
		return statPlaced(name)
	}
	return s.files.Stat(context.Background(), name)
}

// glance is stat where it does no harm if the answer is old.
func (s *Store) glance(name string) (File, error) {
	if g, ok := s.files.(GlancingFiles); ok {
		return g.Glance(context.Background(), name)
	}
	return s.stat(name)
}
