package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"

	"imgpipe/pipeline"
)

// journalSize is when the journal begins anew, in bytes. A line of it is needed from a file's rename to the file's
// line in the ledger. So many bytes are hundreds of outputs, and a run has not nearly as many between the two.
const journalSize = 64 << 10

// journalMapped is how much of a journal is mapped, in bytes: longer lines than usual are written.
const journalMapped = journalSize + 4<<10

// journalNames lie in TempName. There are two, so that one is whole while the other begins anew.
var journalNames = [2]string{"journal-0", "journal-1"}

// A journal has a line for each file that was about to get its name: the file's SHA-256, the sourceHash of its item
// and its name, with tabs between. A run that is killed between a rename and the ledger's line leaves a file that the
// ledger does not know, or knows with other bytes. Without the journal, a later run with another spec would take it
// for somebody else's.
type journal struct {
	mu     sync.Mutex
	files  [2]*os.File
	mapped mapped // the beginning of the one that is written to
	which  int
	end    int64
	room   int64 // when it begins anew; 0 means journalSize
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
	if j.end > cmp.Or(j.room, journalSize) {
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
	}
	err := j.mapped.writeAt(j.files[j.which], lines, j.end)
	if err == nil {
		j.end += int64(len(lines))
	}
	return err
}

// swapJournalSize is journalSize where outputs take the places of their inputs. Its lines are needed until the
// ledger's are on the disk, some seconds later: without them, a power failure would make an original of an output.
const swapJournalSize = 4 << 20

// sync returns when all lines are on the disk.
func (j *journal) sync() error {
	j.mu.Lock()
	file := j.files[j.which]
	j.mu.Unlock()
	return syncOne(file) // it is closed when the journal has begun anew twice
}

// intend enters the outputs that are about to get their names.
func (s *Store) intend(name Name, files []pending) error {
	var lines []byte
	for _, f := range files {
		if f.staged != nil {
			lines = append(lines, f.out.SHA256...)
			lines = append(lines, '\t')
			lines = strconv.AppendUint(lines, name.mine[0], 16)
			lines = append(lines, '\t')
			lines = append(lines, f.out.Path...)
			lines = append(lines, '\n')
		}
	}
	if len(lines) == 0 {
		return nil
	}
	err := s.ask("journal", s.tempName)
	if err == nil {
		err = s.journal.add(s.temp, lines)
	}
	if err != nil {
		return s.folderError("write "+path.Join(s.tempName, journalNames[0]), err)
	}
	return nil
}

// leftJournal returns the journal that a killed run left; a run that ended leaves none.
func (s *Store) leftJournal() (lines []byte) {
	for _, name := range journalNames {
		if b, err := s.root.ReadFile(path.Join(s.tempName, name)); err == nil {
			lines = append(lines, b[:bytes.LastIndexByte(b, '\n')+1]...)
		}
	}
	return lines
}

// parseIntent reads a line of a journal. Older ones have a space between SHA-256 and name, and no source.
func parseIntent(line string) (sum [sha256.Size]byte, source uint64, name string, ok bool) {
	digits, rest, ok := strings.Cut(line, "\t")
	if ok {
		var id string
		var err error
		id, name, ok = strings.Cut(rest, "\t")
		if source, err = strconv.ParseUint(id, 16, 64); err != nil {
			return sum, 0, "", false
		}
	} else {
		digits, name, ok = strings.Cut(line, " ")
	}
	c, whole := contentOf(pipeline.Output{SHA256: digits})
	return c.SHA256, source, name, ok && whole
}

// unsettled reports whether an output has its name and no line in the ledger, because that could not be written.
func (s *Store) unsettled() bool { return len(s.fresh) > 0 }
