package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

// journalSize is when the journal begins anew, in bytes. What it tells is of use from a file's rename to its line in the
// ledger: this is hundreds of outputs, and a run has not nearly as many between the two.
const journalSize = 64 << 10

// journalMapped is how much of a journal is mapped, in bytes: longer lines than usual are written.
const journalMapped = journalSize + 4<<10

// journalNames lie in tempDir. There are two, so that one is whole while the other begins anew.
var journalNames = [2]string{"journal-0", "journal-1"}

// A journal tells which files were about to get their names: a line of hash, space and name for each. A run that was
// killed between a rename and the ledger's line leaves a file that the ledger does not know. Without the journal, a later
// run with another spec would take it for somebody else's.
type journal struct {
	mu     sync.Mutex
	files  [2]*os.File
	mapped mapped // the beginning of the one that is written to
	which  int
	end    int64
	// adopted are lines that a killed run left and that are of use still. Each journal begins with them: the turn of their items may come
	// late.
	adopted []byte
}

func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mapped.close()
	j.mapped = nil
	for i, f := range j.files {
		if f != nil {
			f.Close()
			j.files[i] = nil
		}
	}
}

// add adds whole lines.
func (j *journal) add(temp *os.Root, lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.end > journalSize+int64(len(j.adopted)) {
		j.which, j.end = 1-j.which, 0
	}
	if j.end == 0 {
		f, err := temp.OpenFile(journalNames[j.which], os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
		if err != nil {
			return err
		}
		if old := j.files[j.which]; old != nil {
			old.Close()
		}
		j.files[j.which] = f
		j.mapped.close()
		j.mapped = mapFile(f, journalMapped)
		lines = slices.Concat(j.adopted, lines)
	}
	err := j.mapped.writeAt(j.files[j.which], lines, j.end)
	if err == nil {
		j.end += int64(len(lines))
	}
	return err
}

// intend enters the outputs that are about to get names that are not known to be ours.
func (s *Store) intend(files []pending) error {
	var lines []byte
	for _, f := range files {
		if f.temp != "" && !f.ours {
			lines = append(lines, f.out.SHA256+" "+f.out.Path+"\n"...)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	err := s.ask("journal", tempDir)
	if err == nil {
		err = s.journal.add(s.temp, lines)
	}
	if err != nil {
		return s.folderError("write "+path.Join(tempDir, journalNames[0]), err)
	}
	return nil
}

// leftJournal gives the journal that a killed run left; a run that ended leaves none.
func (s *Store) leftJournal() (lines []byte) {
	for _, name := range journalNames {
		if b, err := s.root.ReadFile(path.Join(tempDir, name)); err == nil {
			lines = append(lines, b[:bytes.LastIndexByte(b, '\n')+1]...)
		}
	}
	return lines
}

// adopt takes the files that a journal names for ours, where they hold what was to be written and the ledger does not tell
// of them. The journal goes on with these alone.
func (s *Store) adopt(lines []byte) error {
	var still []byte
	for line := range strings.Lines(string(lines)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		hash := pathHash(name)
		if !ok || s.owned[hash].line != 0 || s.sum(name) != sum {
			continue
		}
		s.owned[hash] = owner{line: placed}
		still = append(still, line...)
	}
	if err := s.temp.WriteFile(journalNames[0]+next, still, 0o644); err != nil {
		return err
	}
	s.journal.which, s.journal.adopted = 1, still // it begins with the other one
	return s.temp.Rename(journalNames[0]+next, journalNames[0])
}

// unsettled tells whether an output has its name and the ledger does not tell of it: its line could not be written, or its item has not had
// its turn since a run was killed.
func (s *Store) unsettled() bool {
	for _, own := range s.owned {
		if own.line == placed {
			return true
		}
	}
	return false
}

// sum gives the SHA-256 of a file in hexadecimal digits, or "".
func (s *Store) sum(name string) string {
	f, err := s.root.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}
