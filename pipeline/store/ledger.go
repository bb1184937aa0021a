package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/transform"
)

// Left is the status of a line that is no item's: its outputs are ours, and were in place when a run was killed before
// it could say more.
const Left pipeline.Status = "left"

// A Key is what an item's outputs depend on: when any part of it changes, the item is done again.
type Key struct {
	// Source is the URL, or the path of a file, which should be the same however the file was named: [Store.Identify]
	// finds one. Size, ModTime and Version are those of the fetch.Item: a file has the first two, a URL none.
	Source  string
	Size    int64
	ModTime time.Time
	Version string
	// Given is the source as the caller named it, if it differs: older ledgers have that.
	Given string
	// Spec is the canonical text of the transform.Spec.
	Spec string
	// Name is Name.String: two items with one source have two names.
	Name string
}

// An Entry is one line of the ledger: how one item ended. The zero value of a field is left out of the line.
type Entry struct {
	Status pipeline.Status `json:"status"`
	// Source, Size, ModTime, Version, Name and Spec are the item's Key.
	Source string `json:"source"`
	Name   string `json:"name,omitzero"`
	// Outputs are what Store.Put returned. Those of a failed item are the ones that were in place before it failed.
	Outputs []pipeline.Output `json:"outputs,omitempty"`
	Size    int64             `json:"size,omitzero"`
	ModTime time.Time         `json:"mtime,omitzero"`
	Version string            `json:"version,omitzero"`
	Spec    string            `json:"spec,omitzero"`
	// Class, Error and Stack say why it failed.
	Class string `json:"class,omitzero"`
	Error string `json:"error,omitzero"`
	Stack string `json:"stack,omitzero"`
	// Warnings are those of the transform.
	Warnings []string `json:"warnings,omitempty"`
	// Damaged reports that the outputs show what is there of an input of which something is missing.
	Damaged bool `json:"damaged,omitzero"`
	// Swatch is that of the transform.
	Swatch transform.Swatch `json:"swatch,omitzero"`
	// Attempts counts the tries, of the fetch and of the transform together.
	Attempts int `json:"attempts,omitzero"`
	// Worker is the lane that did the transform.
	Worker int `json:"worker"`
	// InBytes is the length of what was fetched.
	InBytes int64 `json:"in_bytes,omitzero"`
	// MS is where the time went.
	MS Stages `json:"ms,omitzero"`
	// Time is when the item ended.
	Time time.Time `json:"time,omitzero"`
	// Row and Columns are what a list says of the item: the line where it stands, and the columns that were asked for.
	Row     int           `json:"row,omitzero"`
	Columns fetch.Columns `json:"columns,omitzero"`
	// SourceSHA256 is the digest of what was fetched, in hexadecimal digits, if it was asked for.
	SourceSHA256 string `json:"source_sha256,omitzero"`
	// By stands for the source in a line that is Left, if the source is not known: the beginning of its SHA-256.
	By string `json:"by,omitzero"`
}

// Stages are the milliseconds that an item spent in each stage. [Milliseconds] makes them.
type Stages struct {
	Fetch    float64 `json:"fetch,omitzero"`
	Wait     float64 `json:"wait,omitzero"`
	Decode   float64 `json:"decode,omitzero"`
	Operate  float64 `json:"operate,omitzero"`
	Encode   float64 `json:"encode,omitzero"`
	Handover float64 `json:"handover,omitzero"`
	Start    float64 `json:"start,omitzero"`
	Store    float64 `json:"store,omitzero"`
}

// Milliseconds returns d in milliseconds with three decimals, which keep a ledger's lines short.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Key returns the key under which e is found again.
func (e Entry) Key() Key {
	return Key{Source: e.Source, Size: e.Size, ModTime: e.ModTime, Version: e.Version, Spec: e.Spec, Name: e.Name}
}

// hash keeps the parts apart by their lengths, since a source may contain any byte.
func (k Key) hash() uint64 {
	var buf [512]byte
	b := buf[:0]
	for _, part := range [...]string{k.Source, k.Spec, k.Name} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	b = binary.AppendVarint(b, k.Size)
	b = binary.AppendVarint(b, stamp(k.ModTime).UnixNano())
	b = append(b, k.Version...) // nothing for a file or a URL, whose hashes are those of older ledgers
	return hash64(b)
}

// isOf reports whether e is the entry of k. JSON holds no invalid UTF-8, which the names of files may be; such a
// source is compared as it stands in the line; k.hash, which is made of its bytes, distinguishes it from others.
func (e Entry) isOf(k Key) bool {
	return e.Source == asJSON(k.Source) && e.Spec == asJSON(k.Spec) && e.Name == asJSON(k.Name) &&
		e.Version == asJSON(k.Version) && e.Size == k.Size && e.ModTime.Equal(stamp(k.ModTime))
}

func asJSON(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// stamp brings a file's time, which can be any 64-bit number, within what a line can hold and a nanosecond can count.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	if y := t.Year(); y < 1700 || y > 2200 {
		return time.Unix(t.Unix()%(1<<32), int64(t.Nanosecond())).UTC()
	}
	return t.UTC()
}

// Append writes e's line, whole and with one call, where the next run finds it whatever becomes of this one. Soon
// after, when its outputs are on the disk, the line becomes part of the ledger with others. If the same key has a line
// already, the new one counts from now on. The error is an *Error and always fatal: the next run will do again what is
// not in the ledger, and find it in place.
//
// It costs 5 µs of CPU.
func (s *Store) Append(e Entry) error {
	s.mu.Lock()
	closed := s.temp == nil || s.done
	s.mu.Unlock()
	if closed {
		return s.closedError("write " + s.ledgerName)
	}
	return s.append(e, e.Key().hash())
}

// append is Append under a hash that the key had before it stood in a line.
func (s *Store) append(e Entry, id uint64) error {
	b, err := appendLine(make([]byte, 0, 1024), e, id)
	if err != nil {
		return &Error{Kind: pipeline.ClassWrite, Doing: "write " + s.ledgerName, Err: err, fatal: true}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.end
	if err = s.ask("append", s.ledgerName); err == nil {
		err = s.addLine(b)
	}
	if err != nil {
		s.batches.said = true
		return s.folderError("write "+s.ledgerName, err)
	}
	s.batches.placed = s.batches.placed || len(e.Outputs) > 0
	s.remember(id, e.Status, at)
	paths := make([]string, 0, 8)
	for _, o := range e.Outputs {
		if !o.Kept {
			paths = append(paths, o.Path)
			if c, ok := contentOf(o); ok && s.swaps != nil {
				s.swaps.enter(c, at)
			}
		}
	}
	if e.Status == Pruned {
		s.disown(paths, e.Name, e.sourceHash())
	} else {
		s.own(paths, e.Name, e.sourceHash(), at)
	}
	s.settle(e.Key())
	return nil
}

// A lineRef is where a key's last line begins, with its status in the two low bits.
type lineRef int64

// statuses are those of items, by their two bits, and lineStatuses those of all lines.
var (
	statuses     = [...]pipeline.Status{"", pipeline.Done, pipeline.Skipped, pipeline.Failed}
	lineStatuses = [...]pipeline.Status{pipeline.Done, pipeline.Skipped, pipeline.Failed, Left, InPlace, Pruned}
)

func (s *Store) remember(key uint64, status pipeline.Status, at int64) {
	ref := lineRef(at << 2)
	for i, known := range statuses {
		if status == known {
			ref |= lineRef(i)
		}
	}
	s.lines[key] = ref
}

func (r lineRef) at() int64               { return int64(r >> 2) }
func (r lineRef) status() pipeline.Status { return statuses[r&3] }

// Last returns the last entry of a key, however the item ended.
func (s *Store) Last(key Key) (Entry, bool) {
	ref, key, ok := s.ref(key)
	if !ok {
		return Entry{}, false
	}
	return s.entry(ref, key)
}

// ref finds a key's last line, and returns the key that stands in it.
func (s *Store) ref(key Key) (lineRef, Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, ok := s.lines[key.hash()]
	if key.Given == "" {
		return ref, key, ok
	}
	older := key
	older.Source = key.Given
	if r, known := s.lines[older.hash()]; known && (!ok || r.at() > ref.at()) {
		return r, older, true
	}
	return ref, key, ok
}

// entry reads a key's line.
func (s *Store) entry(ref lineRef, key Key) (Entry, bool) {
	e, err := s.readLine(ref.at())
	return e, err == nil && e.isOf(key)
}

// lineBuffers hold a line while it is parsed. Entries keep nothing of it.
var lineBuffers = sync.Pool{New: func() any { return new([2048]byte) }}

func (s *Store) readLine(at int64) (Entry, error) {
	buf := lineBuffers.Get().(*[2048]byte)
	defer lineBuffers.Put(buf)
	text, err := s.readInto(buf[:], at)
	if err != nil {
		return Entry{}, err
	}
	return parseLine(text)
}

// readText reads the line that begins at an offset, without its newline.
func (s *Store) readText(at int64) ([]byte, error) { return s.readInto(make([]byte, 2048), at) }

// readInto is readText into buf, or into a larger buffer if the line is longer.
func (s *Store) readInto(buf []byte, at int64) ([]byte, error) {
	for ; ; buf = make([]byte, 8*len(buf)) {
		n, err := all{s}.ReadAt(buf, at)
		if i := bytes.IndexByte(buf[:n], '\n'); i >= 0 {
			return buf[:i], nil
		}
		if errors.Is(err, io.EOF) && n > 0 {
			return buf[:n], nil // its newline is missing
		}
		if err != nil {
			return nil, err
		}
		if len(buf) > maxLine {
			return nil, io.ErrUnexpectedEOF
		}
	}
}

// Done reports whether an item need not be done: its last entry is done, or skipped by Put, and each of its outputs is
// there still, with the length recorded, and was not written by another item since. The entry says what was done. With
// Options.Force, nothing is done.
//
// A file that changed after its line was written is read and compared with the line's SHA-256: it was written to, moved
// here, or got another time. If it is the same, its line is written anew, so that the next run need not read it again.
// Every file is read if an earlier run may have ended with the machine. Else this costs 25 µs. With Options.Trust, no
// file is looked at.
func (s *Store) Done(key Key) (Entry, bool) {
	if s.opts.Force {
		return Entry{}, false
	}
	ref, key, ok := s.ref(key)
	if !ok || ref.status() != pipeline.Done && ref.status() != pipeline.Skipped {
		return Entry{}, false
	}
	e, ok := s.entry(ref, key)
	if !ok || len(e.Outputs) == 0 {
		return Entry{}, false
	}
	read := false
	for _, o := range e.Outputs {
		if o.Omitted {
			continue
		}
		hash := pathHash(o.Path)
		s.mu.Lock()
		own := s.owned[hash]
		_, fresh := s.fresh[hash]
		s.mu.Unlock()
		if !o.Kept && (own.line != ref.at()+1 || fresh) {
			return Entry{}, false
		}
		if s.opts.Trust {
			continue
		}
		st, err := s.glance(o.Path)
		if err != nil || st.Size != o.Bytes || st.Kind != Regular && !o.Kept {
			return Entry{}, false
		}
		later := !e.Time.IsZero() && st.Changed > e.Time.UnixNano()
		if o.Kept || !later && !s.doubt.verify {
			continue
		}
		if !s.holdsDigest(o.Path, o.Bytes, o.SHA256) {
			return Entry{}, false
		}
		read = read || later
	}
	if read && !s.opts.ReadOnly {
		again := e
		again.Time = time.Now()
		_ = s.Append(again) // without it the next run reads the file as well, and no more is lost
	}
	return e, true
}

func (s *Store) closedError(doing string) error {
	return &Error{Kind: pipeline.ClassWrite, Doing: doing, fatal: true,
		Err: errors.New("the store is closed, or was opened to be read alone")}
}

// ignored is a warning about lines of the ledger.
func (h *home) ignored(n int, what string) string {
	if n == 1 {
		return h.ledgerName + ": ignored 1 line that " + what
	}
	return h.ledgerName + ": ignored " + strconv.Itoa(n) + " lines that " + what
}
