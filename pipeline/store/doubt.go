package store

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"time"

	"imgpipe/pipeline"
)

// doubtName is a file in TempName that says that doubt is not settled.
const doubtName = "doubt"

// A doubt is about what an earlier run wrote before it was cut off. If only the program was killed, all that it wrote
// is there, and an empty file is somebody else's. If the machine stopped, files can be empty, cut, or have NUL bytes in
// place of what the system had not yet written to the disk. The ledger may have lost its end, so that no line has those
// files. Then a file that holds nothing but a part of what is to be written counts as ours: nothing is lost with it.
type doubt struct {
	torn   bool // files may be torn, though no line has them
	verify bool // files may not be what lines say
	kept   bool // the next run has to doubt, too
}

// openDoubt finds what there is to doubt. Doubt about a stop of the machine stays until a run has come to its end.
func (s *Store) openDoubt(l left) error {
	s.doubt.verify = l.doubtful || l.begun && (l.boot == "" || l.boot != bootID()) || s.nulls
	killed := l.begun && !s.doubt.verify // and nothing worse
	s.doubt.torn = s.doubt.verify || !killed && (l.empty || s.lost)
	s.doubt.kept = s.doubt.verify
	if !s.doubt.kept || s.opts.ReadOnly {
		return nil
	}
	return s.temp.WriteFile(doubtName, nil, 0o644)
}

// settleHollow records in the ledger, as ours, the files that hold no data and that an output could have written. So
// any later run can replace them, and not only one that plans the same names. No data is lost with them.
func (s *Store) settleHollow() (files int, err error) {
	list := func(name string, _ File) bool {
		if !imageName(name) || s.owned[pathHash(name)].line != 0 {
			return true
		}
		c, hollow := s.hollow(name)
		if !hollow {
			return true
		}
		files++
		out := pipeline.Output{Path: name, Bytes: c.Size, SHA256: hex.EncodeToString(c.SHA256[:])}
		err = s.append(Entry{Status: Left, Outputs: []pipeline.Output{out}, Time: time.Now()}, hash64([]byte(name)))
		return err == nil
	}
	_ = s.files.List(context.Background(), "", list) // what cannot be looked at stays as it is
	return files, err
}

// hollow reports whether a file is empty or has nothing in it but NUL bytes.
func (s *Store) hollow(name string) (c Content, hollow bool) {
	f, err := s.root.Open(name)
	if err != nil {
		return c, false
	}
	defer f.Close()
	if !onlyNULs(f) {
		return c, false
	}
	return s.digest(name)
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
