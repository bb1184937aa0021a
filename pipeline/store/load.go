package store

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"math"
	"slices"
)

// maxLine is the longest line of a ledger that is read, in bytes: a line with a stack or a long error has some thousands.
const maxLine = 16 << 20

// scan calls each for every whole line of the ledger, without its newline, and gives the offset behind the last of them. A
// line over maxLine is given as nil.
func scan(r io.Reader, each func(at int64, text []byte)) (end int64, err error) {
	br := bufio.NewReaderSize(r, 1<<20)
	var long []byte
	at, tooLong := int64(0), false
	for {
		part, err := br.ReadSlice('\n')
		end += int64(len(part))
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if tooLong = tooLong || len(long)+len(part) > maxLine; !tooLong {
				long = append(long, part...)
			}
			continue
		case errors.Is(err, io.EOF):
			return at, nil
		case err != nil:
			return at, err
		}
		text := part
		if len(long) > 0 {
			text = append(long, part...)
		}
		if tooLong {
			each(at, nil)
		} else {
			each(at, text[:len(text)-1])
		}
		at, long, tooLong = end, long[:0], false
	}
}

// load reads the ledger, cuts off the line that a kill tore, and remembers where each key's last line is.
func (s *Store) load() error {
	garbage := 0
	end, err := scan(io.NewSectionReader(s.file, 0, math.MaxInt64), func(at int64, text []byte) {
		l, ok := glance(text)
		if !ok {
			garbage++
			return
		}
		s.remember(l.id, l.status, at)
		if len(l.paths) > 0 {
			s.own(l.paths, string(l.name), l.sourceHash(), at)
		}
	})
	if err != nil {
		return s.folderError("read "+LedgerName, err)
	}
	if garbage > 0 {
		s.warn = append(s.warn, ignored(garbage, "cannot be read"))
	}
	s.end = end
	st, err := s.file.Stat()
	if err != nil {
		return s.folderError("read "+LedgerName, err)
	}
	if st.Size() > end {
		s.warn = append(s.warn, ignored(1, "a killed run left unfinished"))
		if !s.opts.ReadOnly {
			if err := s.file.Truncate(end); err != nil {
				return s.folderError("mend "+LedgerName, err)
			}
		}
	}
	return nil
}

// A glanced line is what Open needs of it.
type glanced struct {
	id     uint64
	status Status
	source []byte   // still quoted
	name   []byte   // as it stands between its quotes: only {w} and {h} in it are of use
	paths  []string // of the outputs that are ours
}

var (
	beforeID      = []byte(`{"v":1,"id":"`)
	beforeStatus  = []byte(`","status":"`)
	beforeSource  = []byte(`","source":`)
	beforeName    = []byte(`,"name":`)
	beforeOutputs = []byte(`,"outputs":[`)
	beforePath    = []byte(`{"path":`)
	isKept        = []byte(`,"kept":true`)
)

// glance reads what Open needs of a line without parsing the rest, which is what takes the time; it is a dozen times as
// fast as encoding/json. It may take its shortcuts because appendLine wrote the line: the fields stand in one order, and
// inside a string every quote has a backslash before it, so that no string can contain what is searched for.
//
// What it misreads in a line that was damaged does no harm: Done parses the line in full before it believes it.
func glance(b []byte) (g glanced, ok bool) {
	rest, ok := bytes.CutPrefix(b, beforeID)
	if !ok || len(rest) < 16 || b[len(b)-1] != '}' {
		return g, false
	}
	var id [8]byte
	if _, err := hex.Decode(id[:], rest[:16]); err != nil {
		return g, false
	}
	for _, c := range id {
		g.id = g.id<<8 | uint64(c)
	}
	if rest, ok = bytes.CutPrefix(rest[16:], beforeStatus); !ok {
		return g, false
	}
	i := bytes.IndexByte(rest, '"')
	if i < 0 {
		return g, false
	}
	for _, known := range statuses {
		if string(rest[:i]) == string(known) {
			g.status = known
		}
	}
	if rest, ok = bytes.CutPrefix(rest[i:], beforeSource); !ok {
		return g, false
	}
	if g.source, rest, ok = cutQuoted(rest); !ok {
		return g, false
	}
	if named, found := bytes.CutPrefix(rest, beforeName); found {
		if g.name, rest, ok = cutQuoted(named); !ok {
			return g, false
		}
		g.name = g.name[1 : len(g.name)-1]
	}
	_, rest, ok = bytes.Cut(rest, beforeOutputs)
	for ok && len(rest) > 0 && rest[0] != ']' {
		var path, output []byte
		if rest, ok = bytes.CutPrefix(rest, beforePath); !ok {
			return g, false
		}
		if path, rest, ok = cutQuoted(rest); !ok {
			return g, false
		}
		if output, rest, ok = bytes.Cut(rest, []byte{'}'}); !ok {
			return g, false
		}
		rest = bytes.TrimPrefix(rest, []byte{','})
		if bytes.HasSuffix(output, isKept) {
			continue
		}
		p := string(path[1 : len(path)-1])
		if bytes.IndexByte(path, '\\') >= 0 && json.Unmarshal(path, &p) != nil {
			return g, false
		}
		g.paths = append(g.paths, p)
	}
	return g, true
}

// cutQuoted cuts a quoted string off b, and gives it with its quotes.
func cutQuoted(b []byte) (quoted, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return b[:i+1], b[i+1:], true
		}
	}
	return nil, nil, false
}

// Failures gives the sources that failed when they were last tried, each with its last entry, in the order of the ledger.
// It reads the ledger again, as far as it was written when it is called.
func (s *Store) Failures() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		if s.file == nil {
			return
		}
		s.mu.Lock()
		end := s.end
		s.mu.Unlock()
		failed := map[uint64]int64{}
		scan(io.NewSectionReader(s.file, 0, end), func(at int64, text []byte) {
			g, ok := glance(text)
			if !ok {
				return
			}
			switch source := hash64(g.source); g.status {
			case Failed:
				failed[source] = at
			case Done, Skipped:
				delete(failed, source)
			}
		})
		places := make([]int64, 0, len(failed))
		for _, at := range failed {
			places = append(places, at)
		}
		slices.Sort(places)
		for _, at := range places {
			if e, err := s.readLine(at); err == nil && !yield(e) {
				return
			}
		}
	}
}
