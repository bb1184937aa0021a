package store

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"imgpipe/pipeline"
)

// otherLedger is how far apart the offsets of the lines of two ledgers are. The n-th ledger of Store.others, from 1,
// has its lines from n times that on; the Store's own has them from 0 on.
const otherLedger = 1 << 44

// mostOthers is how many of those ledgers stay open. There may be thousands; the others are opened for each read.
const mostOthers = 16

// An otherLedgerFile is a ledger that this Store does not write.
type otherLedgerFile struct {
	of   Part
	file *os.File // nil if it is opened for each read
}

// another returns what has the names of a part in the folder of s.
func (s *Store) another(p Part) *Store {
	return &Store{home: home{dir: s.dir, root: s.root, ledgerName: p.ledgerName(), tempName: p.tempName()},
		opts: Options{ReadOnly: true}}
}

// readOther calls read with the i-th of the other ledgers.
func (s *Store) readOther(i int64, read func(*os.File) error) error {
	o := s.others[i]
	if o.file != nil {
		return read(o.file)
	}
	f, err := s.another(o.of).openLedger(false)
	if err != nil {
		return err
	}
	if f == nil {
		return fs.ErrNotExist
	}
	defer f.Close()
	return read(f)
}

// loadOthers reads the ledgers of other parts and of the whole, which this Store does not write. A run of the whole
// that writes takes their lines over instead: see absorb.
func (s *Store) loadOthers() error {
	if s.inner || s.opts.Part.Whole() && !s.opts.ReadOnly {
		return nil
	}
	parts, err := s.partsHere()
	if err != nil {
		return s.folderError("open output folder "+s.dir, err)
	}
	if !s.opts.Part.Whole() {
		parts = append([]Part{{}}, parts...)
	}
	for _, p := range parts {
		if p == s.opts.Part {
			continue
		}
		if err := s.loadOther(p); err != nil {
			return err
		}
	}
	return nil
}

// loadOther reads one of them, as far as it has whole lines.
func (s *Store) loadOther(p Part) error {
	other := s.another(p)
	f, err := other.openLedger(false)
	if err != nil {
		return s.folderError("read "+other.ledgerName, err)
	}
	if f == nil {
		return nil
	}
	s.others = append(s.others, otherLedgerFile{p, f})
	n := len(s.others)
	if n > mostOthers {
		defer func() {
			s.others[n-1].file = nil
			f.Close()
		}()
	}
	base := int64(n) * otherLedger
	c, err := survey(f, func(at int64, l glanced) { s.learn(base+at, l) })
	switch {
	case err != nil:
		return s.folderError("read "+other.ledgerName, err)
	case !c.isLedger():
		return other.notLedger("it has no line that imgpipe wrote")
	}
	if c.garbage > 0 {
		s.warn = append(s.warn, other.ignored(c.garbage, "cannot be read"))
	}
	return nil
}

// learn remembers a line of another ledger, unless a line that is there says more about its item, or about its files.
func (s *Store) learn(at int64, l glanced) {
	if ref, known := s.lines[l.id]; !known || s.outdoes(at, ref.at()) {
		s.remember(l.id, l.status, at)
	}
	paths := slices.DeleteFunc(l.paths, func(p string) bool {
		own := s.owned[pathHash(p)]
		return own.line > 0 && !s.outdoes(at, own.line-1)
	})
	if len(paths) > 0 {
		s.own(paths, string(l.name), l.sourceHash(), at)
	}
}

// outdoes reports whether the line at one offset counts, and not that at another, which is in another ledger.
func (s *Store) outdoes(at, before int64) bool {
	a, err := s.readLine(at)
	if err != nil {
		return false
	}
	b, err := s.readLine(before)
	return err != nil || a.outdoes(b)
}

// outdoes reports whether, of two lines in two ledgers, e is the one that counts: one that is good, or else the newer.
func (e Entry) outdoes(other Entry) bool {
	if e.good() != other.good() {
		return e.good()
	}
	return e.Time.After(other.Time)
}

// good reports whether an item with that line need not be done again, if its outputs are still there.
func (e Entry) good() bool { return e.Status == pipeline.Done || e.Status == pipeline.Skipped }

// removeName removes a file or an empty folder, which need not be there.
func (h *home) removeName(name string) error {
	err := h.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
