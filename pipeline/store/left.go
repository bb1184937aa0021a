package store

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"imgpipe/pipeline"
)

// A left is what an earlier run left in TempName.
type left struct {
	found      bool // the folder is there
	begun      bool // the run wrote, and did not end
	empty      bool // the run did not begin to write, or its end was lost with the machine
	doubtful   bool // a run before it did not end, and doubt about that is not settled
	boot       string
	batches    []string // names, in order
	journal    []byte
	suspects   []uint64
	unfinished int // files that had no name yet
	foreign    int // what is there and no run wrote
}

// leftBehind looks at TempName, and changes nothing.
func (s *Store) leftBehind() (l left) {
	st, err := s.root.Lstat(s.tempName)
	if err != nil || !st.IsDir() {
		return l
	}
	l.found = true
	entries, err := fs.ReadDir(s.root.FS(), s.tempName)
	if err != nil {
		return l
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == pidName:
			l.begun = true
		case name == doubtName:
			l.doubtful = true
		case foreign(e):
			l.foreign++
		case isUnfinished(name):
			l.unfinished++
		}
	}
	l.empty = len(entries) == 0
	if text, err := s.root.ReadFile(path.Join(s.tempName, pidName)); err == nil {
		_, l.boot, _ = strings.Cut(string(text), " ")
	}
	l.batches, l.journal, l.suspects = s.leftBatches(), s.leftJournal(), s.leftFlights()
	return l
}

// settleLeft enters into the ledger what an earlier run left in TempName, as far as the files in place agree with
// it, and removes the rest.
func (s *Store) settleLeft(l left) error {
	lines, stale, err := s.settleLines(l.batches)
	if err != nil {
		return err
	}
	settle := s.settleJournal
	if s.swaps != nil {
		settle = s.settleSwaps
	}
	files, err := settle(l.journal)
	if err != nil {
		return err
	}
	hollow := 0
	if s.doubt.verify && !l.doubtful && s.opts.Files == nil && s.swaps == nil {
		if hollow, err = s.settleHollow(); err != nil {
			return err
		}
	}
	if !s.opts.ReadOnly {
		// What was entered is in a batch of this run now.
		for _, name := range append(l.batches, journalNames[:]...) {
			if err := s.temp.RemoveAll(name); err != nil {
				return err
			}
		}
	}
	if s.doubt.verify && !s.opts.Trust {
		s.warn = append(s.warn, "a run here did not end, perhaps with the machine: until a run comes to its end, "+
			"each output is read before it counts as done")
	}
	if l.foreign > 0 {
		s.warn = append(s.warn, fmt.Sprintf("%s holds %d files or folders that imgpipe did not write; they are kept",
			s.tempName, l.foreign))
	}
	s.warnLeft(lines, files, stale, hollow, l.unfinished)
	return nil
}

// warnLeft says what became of what an earlier run left.
func (s *Store) warnLeft(lines, files, stale, hollow, unfinished int) {
	var what []string
	for _, part := range []struct {
		n    int
		text string
	}{
		{lines, "lines of whole files, now in the ledger: %d"},
		{files, "files without a line, now in the ledger: %d"},
		{stale, "lines left out, as their files are not what they say: %d"},
		{hollow, "files with nothing in them, to be replaced: %d"},
		{unfinished, "unfinished files removed: %d"},
	} {
		if part.n > 0 {
			what = append(what, fmt.Sprintf(part.text, part.n))
		}
	}
	if len(what) > 0 {
		s.warn = append(s.warn, "a run here did not end; "+strings.Join(what, "; "))
	}
}

// settleLines adds the lines of batches that the ledger does not have. Lines whose outputs are not there, whole,
// are stale.
func (s *Store) settleLines(batches []string) (added, stale int, err error) {
	for _, name := range batches {
		number, _ := parseBatch(name)
		s.batches.number = max(s.batches.number, number)
	}
	for _, name := range batches {
		f, err := s.root.Open(path.Join(s.tempName, name))
		if s.opts.ReadOnly && errors.Is(err, fs.ErrNotExist) {
			continue // a run that goes on has moved it
		} else if err != nil {
			return added, stale, err
		}
		_, base := parseBatch(name)
		var failed error
		_, err = scan(f, func(at int64, text []byte) {
			l, ok := glance(text)
			if failed != nil || !ok || s.hasLine(base+at, text) || s.lastIs(l.id, text) {
				return
			}
			if s.mixes(l) {
				failed = s.mixedError()
				return
			}
			e, err := parseLine(text)
			if err != nil || e.Status != Pruned && !s.holdsAll(e.Outputs) {
				stale++
				return
			}
			added++
			failed = s.append(e, l.id)
		})
		f.Close()
		if err := errors.Join(err, failed); err != nil {
			return added, stale, err
		}
	}
	return added, stale, nil
}

// hasLine reports whether the ledger has a line at an offset.
func (s *Store) hasLine(at int64, text []byte) bool {
	buf := make([]byte, len(text)+1)
	n, _ := all{s}.ReadAt(buf, at)
	return n == len(buf) && buf[n-1] == '\n' && bytes.Equal(buf[:n-1], text)
}

// lastIs reports whether the last line of a key is this one.
func (s *Store) lastIs(id uint64, text []byte) bool {
	ref, ok := s.lines[id]
	return ok && s.hasLine(ref.at(), text)
}

// settleJournal adopts the files that a journal names, if they hold what was to be written and the ledger does not
// have that.
func (s *Store) settleJournal(journal []byte) (files int, err error) {
	for line := range strings.Lines(string(journal)) {
		sum, source, name, ok := parseIntent(strings.TrimSuffix(line, "\n"))
		if !ok {
			continue
		}
		hash := pathHash(name)
		if was, known := s.recorded(name, s.owned[hash]); known && was.SHA256 == sum {
			continue
		}
		st, err := s.stat(name)
		if err != nil || st.Kind != Regular {
			continue
		}
		c, ok := s.digest(name)
		if !ok || c.SHA256 != sum {
			continue
		}
		out := pipeline.Output{Path: name, Bytes: c.Size, SHA256: hex.EncodeToString(sum[:])}
		e := Entry{Status: Left, Outputs: []pipeline.Output{out}, Time: time.Now()}
		if source != 0 {
			e.By = fmt.Sprintf("%016x", source)
			e.Source = s.sourceOf(s.owned[hash], source)
		}
		if err := s.append(e, hash64([]byte(name))); err != nil {
			return files, err
		}
		files++
	}
	return files, nil
}

// sourceOf returns the text of a source whose file this is by the ledger, or "". The line of that file may be the last
// one of its source, and no longer true.
func (s *Store) sourceOf(own owner, source uint64) string {
	if own.line <= 0 || own.source != source {
		return ""
	}
	before, err := s.readLine(own.line - 1)
	if err != nil {
		return ""
	}
	return before.Source
}

// holdsAll reports whether each output is there and holds what it should.
func (s *Store) holdsAll(outputs []pipeline.Output) bool {
	for _, o := range outputs {
		if !o.Kept && !s.holdsDigest(o.Path, o.Bytes, o.SHA256) {
			return false
		}
	}
	return true
}
