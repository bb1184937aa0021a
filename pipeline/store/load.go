package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"slices"

	"imgpipe/pipeline"
)

// maxLine is the longest line of a ledger that is read, in bytes: a line with a stack or a long error has some
// thousands.
const maxLine = 16 << 20

// scan calls each for every whole line of the ledger, without its newline, and returns the offset behind the last of
// them. For a line over maxLine, text is nil.
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

// load reads the ledger, and remembers where each key's last line is. It changes nothing. The error is of
// ClassLedger where the file is no ledger.
func (s *Store) load() error {
	mixed := false
	c, err := survey(s.file, func(at int64, l glanced) {
		s.remember(l.id, l.status, at)
		mixed = mixed || s.mixes(l)
		if l.status == InPlace && s.swaps != nil {
			s.swaps.marked = true
		}
		if l.status == Pruned {
			s.disown(l.paths, string(l.name), l.sourceHash())
		} else if len(l.paths) > 0 {
			s.own(l.paths, string(l.name), l.sourceHash(), at)
		}
	})
	switch {
	case err != nil:
		return s.folderError("read "+s.ledgerName, err)
	case !c.isLedger():
		return s.notLedger("it has no line that imgpipe wrote")
	case mixed:
		return s.mixedError()
	}
	if c.garbage > 0 {
		s.warn = append(s.warn, s.ignored(c.garbage, "cannot be read"))
	}
	if c.tail == torn || c.tail == nulls {
		s.warn = append(s.warn, s.ignored(1, "a killed run left unfinished"))
	}
	s.flushed, s.end, s.tail = c.end, c.end, c.tail
	s.nulls, s.lost = c.tail == nulls, c.size == 0 && !s.mayBeEmpty() || c.nulls || c.tail == torn
	if s.swaps != nil {
		if err := s.loadMade(); err != nil {
			return s.folderError("read "+s.ledgerName, err)
		}
	}
	return nil
}

// mend cuts off the line that a kill tore, and ends one that another program left without its newline.
func (s *Store) mend() (err error) {
	switch s.tail {
	case torn, nulls:
		err = s.file.Truncate(s.flushed)
	case unended:
		if _, err = s.file.WriteAt([]byte{'\n'}, s.flushed); err == nil {
			s.flushed++
			s.end++
		}
	}
	if err != nil {
		return s.folderError("mend "+s.ledgerName, err)
	}
	return nil
}

// contents are what a file that has the ledger's name holds.
type contents struct {
	size    int64
	end     int64 // behind the last line that stays
	lines   int   // that are a ledger's
	garbage int   // lines that are none
	alike   bool  // some of them were a ledger's before they were damaged
	foreign bool  // some of them are not blank
	nulls   bool  // there are NUL bytes, as a power failure leaves them
	tail    tail
}

// A tail is what stands behind the last newline of a ledger.
type tail int

const (
	noTail  tail = iota
	torn         // the beginning of a line that imgpipe writes
	nulls        // NUL bytes alone
	unended      // a line without its newline, of whatever program
)

// isLedger reports whether imgpipe may add lines to the file. A file of blanks and NUL bytes is a ledger that was
// lost.
func (c contents) isLedger() bool { return c.lines > 0 || c.alike || !c.foreign }

// survey reads a file that has the ledger's name, and calls each for every line that is a ledger's.
func survey(f *os.File, each func(at int64, l glanced)) (c contents, err error) {
	line := func(at int64, text []byte) {
		c.nulls = c.nulls || len(text) > 0 && text[0] == 0
		if l, skipped, ok := glanceAt(at, text); ok {
			c.lines++
			each(at+skipped, l)
			return
		}
		c.garbage++
		c.alike = c.alike || resembles(text)
		c.foreign = c.foreign || len(bytes.Trim(text, "\x00 \t\r")) > 0
	}
	if c.end, err = scan(io.NewSectionReader(f, 0, math.MaxInt64), line); err != nil {
		return c, err
	}
	st, err := f.Stat()
	if err != nil {
		return c, err
	}
	c.size = st.Size()
	rest := io.NewSectionReader(f, c.end, c.size-c.end)
	if rest.Size() == 0 {
		return c, nil
	}
	text := make([]byte, min(rest.Size(), maxLine))
	if _, err := rest.ReadAt(text, 0); err != nil {
		return c, err
	}
	begun := bytes.Trim(text, "\x00")
	switch {
	case len(begun) == 0 && onlyNULs(rest):
		c.tail, c.nulls = nulls, true
	case len(begun) > 0 && (bytes.HasPrefix(begun, beforeID) || bytes.HasPrefix(beforeID, begun)):
		c.tail, c.alike = torn, true
	default:
		line(c.end, text)
		c.tail, c.end = unended, c.size
	}
	return c, nil
}

// onlyNULs reports whether a file holds nothing but NUL bytes, which is what file systems make of data that a power
// failure kept from the disk.
func onlyNULs(r io.Reader) bool {
	var zeros, buf [32 << 10]byte
	for {
		n, err := r.Read(buf[:])
		if !bytes.Equal(buf[:n], zeros[:n]) {
			return false
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// byteOrderMark is what some editors write at the beginning of a file.
var byteOrderMark = []byte("\ufeff")

// glanceAt reads what Open needs of a line of whatever program, and returns how many bytes before it are none of its
// own.
func glanceAt(at int64, text []byte) (g glanced, skipped int64, ok bool) {
	line := bytes.TrimLeft(text, "\x00")
	if at == 0 {
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	if g, ok = glance(line); !ok || len(g.source) <= len(`""`) {
		g, ok = readForeign(line)
	}
	return g, int64(len(text) - len(line)), ok
}

// readForeign reads a line that another program has rewritten: with a carriage return at its end, or with other
// blanks, escapes and order. It takes a dozen times as long as glance.
func readForeign(text []byte) (g glanced, ok bool) {
	var l line
	if len(text) == 0 || json.Unmarshal(text, &l) != nil || l.V != 1 {
		return g, false
	}
	if !slices.Contains(lineStatuses[:], l.Status) {
		return g, false
	}
	if id, err := hex.DecodeString(l.ID); err == nil && len(id) == 8 {
		g.id = binary.BigEndian.Uint64(id)
	} else {
		return g, false
	}
	g.status = l.Status
	g.source, g.name, g.by = appendString(nil, l.Source), []byte(l.Name), 0
	if l.Status == Left {
		g.by = l.sourceHash()
	}
	for _, o := range l.Outputs {
		if !o.Kept {
			g.paths = append(g.paths, o.Path)
		}
	}
	return g, true
}

// resembles reports whether a line was one of imgpipe's before some of its bytes were damaged: it has two of the three
// parts with which each begins.
func resembles(text []byte) bool {
	n := len(beforeID)
	if len(text) < n+16+len(beforeStatus) {
		return bytes.HasPrefix(text, beforeID)
	}
	signs := 0
	if bytes.HasPrefix(text, beforeID) {
		signs++
	}
	if _, err := hex.Decode(make([]byte, 8), text[n:n+16]); err == nil {
		signs++
	}
	if bytes.HasPrefix(text[n+16:], beforeStatus) {
		signs++
	}
	return signs >= 2
}

// A glanced line is what Open needs of it.
type glanced struct {
	id     uint64
	status pipeline.Status
	source []byte   // still quoted
	by     uint64   // its sourceHash, if source is empty
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

// glance reads what Open needs of a line without parsing the rest, which is what takes the time; it is a dozen
// times as fast as encoding/json. It may take its shortcuts because appendLine wrote the line: the fields stand in
// one order, and inside a string every quote has a backslash before it, so that no string can contain what is
// searched for.
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
	for _, known := range lineStatuses {
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

// cutQuoted cuts a quoted string off b, and returns it with its quotes.
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
