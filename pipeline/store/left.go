package store

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// A left is what an earlier run left in tempDir.
type left struct {
	found      bool // the folder is there
	closed     bool // the run ended, and left only what the next one needs
	doubtful   bool // a run before it did not end, and doubt about that is not settled
	boot       string
	batches    []string // names, in order
	journal    []byte
	suspects   []uint64
	unfinished int // files that had no name yet
}

// leftBehind looks at tempDir, and changes nothing.
func (s *Store) leftBehind() (l left) {
	st, err := s.root.Lstat(tempDir)
	if err != nil || !st.IsDir() {
		return l
	}
	l.found = true
	entries, err := fs.ReadDir(s.root.FS(), tempDir)
	if err != nil {
		return l
	}
	l.closed = len(entries) > 0
	for _, e := range entries {
		switch name := e.Name(); {
		case name == pidName:
			l.closed = false
		case name == doubtName:
			l.doubtful = true
		case strings.Trim(name, "0123456789") == "":
			l.unfinished++
		}
	}
	if text, err := s.root.ReadFile(path.Join(tempDir, pidName)); err == nil {
		_, l.boot, _ = strings.Cut(string(text), " ")
	}
	l.batches, l.journal, l.suspects = s.leftBatches(), s.leftJournal(), s.leftFlights()
	return l
}

// settleLeft enters into the ledger what an earlier run left in tempDir, as far as the files in place agree with
// it, and removes the rest.
func (s *Store) settleLeft(l left) error {
	lines, stale, err := s.settleLines(l.batches)
	if err != nil {
		return err
	}
	files, err := s.settleJournal(l.journal)
	if err != nil {
		return err
	}
	if !s.opts.ReadOnly {
		// What was entered is in a batch of this run now.
		for _, name := range append(l.batches, journalNames[:]...) {
			if err := s.temp.RemoveAll(name); err != nil {
				return err
			}
		}
	}
	if s.doubt.verify {
		s.warn = append(s.warn, "a run here did not end, perhaps with the machine: until a run comes to its end, "+
			"each output is read before it counts as done")
	}
	unfinished := l.unfinished
	if l.closed {
		unfinished = 0
	}
	s.warnLeft(lines, files, stale, unfinished)
	return nil
}

// warnLeft says what became of what an earlier run left.
func (s *Store) warnLeft(lines, files, stale, unfinished int) {
	var what []string
	for _, part := range []struct {
		n    int
		text string
	}{
		{lines, "lines of whole files, now in the ledger: %d"},
		{files, "files without a line, now in the ledger: %d"},
		{stale, "lines left out, as their files are not what they say: %d"},
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
		f, err := s.root.Open(path.Join(tempDir, name))
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
			e, err := parseLine(text)
			if err != nil || !s.holdsAll(e.Outputs) {
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

// settleJournal takes the files that a journal names for ours, where they hold what was to be written and the
// ledger does not tell of that.
func (s *Store) settleJournal(journal []byte) (files int, err error) {
	for line := range strings.Lines(string(journal)) {
		sum, source, name, ok := parseIntent(strings.TrimSuffix(line, "\n"))
		if !ok {
			continue
		}
		hash := pathHash(name)
		if was, known := s.recorded(hash, s.owned[hash]); known && was.sum == sum {
			continue
		}
		st, err := s.stat(name)
		if err != nil || !st.regular {
			continue
		}
		c, ok := s.digest(name)
		if !ok || c.sum != sum {
			continue
		}
		out := Output{Path: name, Bytes: c.size, SHA256: hex.EncodeToString(sum[:])}
		e := Entry{Status: Left, Outputs: []Output{out}, Time: time.Now()}
		if source != 0 {
			e.By = fmt.Sprintf("%016x", source)
		}
		if err := s.append(e, hash64([]byte(name))); err != nil {
			return files, err
		}
		files++
	}
	return files, nil
}

// holdsAll reports whether each output is there and holds what it should.
func (s *Store) holdsAll(outputs []Output) bool {
	for _, o := range outputs {
		if !o.Kept && !s.holdsDigest(o.Path, o.Bytes, o.SHA256) {
			return false
		}
	}
	return true
}

// doubtName is a file in tempDir that says that doubt is not settled.
const doubtName = "doubt"

// A doubt is about what an earlier run wrote, if that did not end. If the program was killed, all that it wrote is
// there. If the machine stopped, files can be empty, cut, or have NUL bytes where the system had not written them
// to the disk yet; and the ledger may have lost its end, so that no line tells of them. In both cases a file that
// holds nothing but a part of what is to be written counts as ours: nothing is lost with it.
type doubt struct {
	torn   bool // files may be torn, though no line tells of them
	verify bool // files may not be what lines say
	kept   bool // the next run has to doubt, too
}

// openDoubt finds what there is to doubt. What doubt there is about a stop of the machine stays until a run has
// come to its end.
func (s *Store) openDoubt(l left) error {
	began := l.boot != "" && l.boot == bootID()
	s.doubt.verify = l.doubtful || l.found && !l.closed && !began || s.nulls
	s.doubt.torn = s.doubt.verify || l.found && !l.closed || s.lost
	s.doubt.kept = s.doubt.verify
	if !s.doubt.kept || s.opts.ReadOnly {
		return nil
	}
	return s.temp.WriteFile(doubtName, nil, 0o644)
}

// isTorn reports whether a file holds a part of data and NUL bytes in place of the rest, as far as it goes. A disk
// writes whole sectors.
func (s *Store) isTorn(name string, data []byte) bool {
	f, err := s.root.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var sector, zeros [sectorSize]byte
	r := bufio.NewReaderSize(f, 64<<10)
	for {
		n, err := io.ReadFull(r, sector[:])
		if n > len(data) || !bytes.Equal(sector[:n], data[:n]) && !bytes.Equal(sector[:n], zeros[:n]) {
			return false
		}
		data = data[n:]
		if err != nil {
			return isEnd(err)
		}
	}
}

// sectorSize is the least that a disk writes as a whole, in bytes.
const sectorSize = 512
