package store

import (
	"io"
	"iter"
	"os"
)

// A Line is an Entry, and where it is: Store.Entry finds it again by Ref(At).
type Line struct {
	Entry
	At int64
}

// Entries returns the line that counts of each input, in the order of the ledger, and then those of ledgers of parts.
// Lines of no input are left out. An error ends them, and comes without a line. It is for a Store that nothing is
// written to meanwhile; nothing is kept of a line.
func (s *Store) Entries() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		if !s.entriesOf(io.NewSectionReader(all{s}, 0, s.end), 0, yield) {
			return
		}
		for i := range int64(len(s.others)) {
			on := true
			err := s.readOther(i, func(f *os.File) error {
				on = s.entriesOf(io.NewSectionReader(f, 0, otherLedger), (i+1)*otherLedger, yield)
				return nil
			})
			if err != nil {
				yield(Line{}, s.folderError("read ledgers of "+s.dir, err))
				return
			}
			if !on {
				return
			}
		}
	}
}

// entriesOf calls yield with the lines of one ledger, which begins at an offset. It reports whether to go on.
func (s *Store) entriesOf(r io.Reader, base int64, yield func(Line, error) bool) bool {
	on := true
	_, err := scan(r, func(at int64, text []byte) {
		l, skipped, ok := glanceAt(at, text)
		ref, known := s.lines[l.id]
		if !on || !ok || !known || ref.at() != base+at+skipped {
			return
		}
		if e, err := parseLine(text[skipped:]); err == nil && e.Status != Left {
			on = yield(Line{e, ref.at()}, nil)
		}
	})
	if err != nil && on {
		yield(Line{}, s.folderError("read ledgers of "+s.dir, err))
		return false
	}
	return on
}
