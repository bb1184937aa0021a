// Package split divides lists of any length into parts, each of which is a list of the same kind: for lists that one
// run, or one machine, cannot hold in memory.
//
//	lists ──first reading──> keys of rows, by their hash ──> rows that come twice, rows of each bucket
//	                                                                     │
//	lists ──second reading─> rows without those ──> DIR.tmp/part-1 … N ──rename──> DIR
//
// Start with [Run]. A row goes to a bucket by the hash of its host, and a bucket to a part, so that all rows of a host
// are in one part: what limits the downloads from a host holds also if each part is a machine's. Buckets are dealt from
// the largest to the smallest, each to the part that has the fewest rows. Which part a row gets depends on the lists
// and the number of parts alone, and rows keep their order.
//
// Memory is bounded by Options.Memory, whatever the lists hold: what does not fit goes into temporary files beside the
// folder. The parts get their names all at once or not at all.
package split

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"imgpipe/fetch"
)

const (
	// MostParts bounds Options.Parts.
	MostParts = 10_000
	// LeastMemory is the least that Options.Memory may be, in bytes.
	LeastMemory = 16_000_000
)

// Options say what is divided and how.
type Options struct {
	// Lists are read in order. All must have one format and the same names of columns.
	Lists []fetch.List
	// Stdin is what a list "-" reads.
	Stdin io.Reader
	// Parts is how many there will be, from 1 to MostParts.
	Parts int
	// ByURL spreads rows by their sources. Else all rows of a host are in one part, and only files of this machine are
	// spread by their names.
	ByURL bool
	// Pack is "gzip" or "zstd" for parts that are compressed, and "" for those that are not.
	Pack string
	// Memory bounds what is held at once, in bytes.
	Memory int64
	// Dir is the folder for the parts. It may be there if it is empty.
	Dir string
}

// A Part is one list that was written.
type Part struct {
	Name string
	Rows int64
}

// A Result is what was found and written.
type Result struct {
	Parts []Part
	// Rows is how many rows the parts have together, Twice how many were left out because an earlier row has the same
	// source, and Bad how many name nothing.
	Rows, Twice, Bad int64
	// Mixed is how many rows name sources of several hosts. They are where their first source is.
	Mixed int64
	// FirstBad is where the first bad row is, and Why what is wrong with it.
	FirstBad string
	Why      error
}

// A splitter is a Run under way.
type splitter struct {
	Options
	Result
	temp  string
	shape fetch.Shape
	known bool // shape is set
	sum   hash.Hash
	names []string // of the lists, as a person knows them: Lists may be copies

	keys   keys
	counts []int64 // rows of each bucket, without those that come twice
	partOf []int32 // the part of each bucket
	open   int     // how many parts are written at once

	sampled func(row int64) // where it is set, is called for each row, at three stages; for tests
}

// Run divides the lists. The error is ctx's, or says what could not be read or written; then there are no parts.
func Run(ctx context.Context, o Options) (Result, error) {
	s := &splitter{Options: o}
	if err := s.run(ctx); err != nil {
		return Result{}, err
	}
	return s.Result, nil
}

func (s *splitter) run(ctx context.Context) error {
	s.counts, s.sum = make([]int64, buckets), sha256.New()
	above := filepath.Dir(filepath.Clean(s.Dir))
	err := os.MkdirAll(above, 0o755)
	if err == nil {
		s.temp, err = os.MkdirTemp(above, TempPattern)
	}
	if err != nil {
		return fmt.Errorf("make a folder for parts: %w", err)
	}
	defer os.RemoveAll(s.temp)
	return s.divide(ctx)
}

// TempPattern is that of the folders, beside Options.Dir, that hold parts before they have their names.
const TempPattern = ".imgpipe-split-*"

func (s *splitter) divide(ctx context.Context) error {
	if err := s.keepPipes(ctx); err != nil {
		return err
	}
	s.keys = keys{dir: s.temp, most: max(int(s.Memory/2/keyCost), 1), counts: s.counts, sample: s.sample}
	if err := s.read(ctx, s.firstReading()); err != nil {
		return err
	}
	if !s.known {
		return errors.New("the lists are empty: expected rows")
	}
	first := s.sum.Sum(nil)
	if err := s.keys.settle(ctx); err != nil {
		return err
	}
	s.partOf = deal(s.counts, s.Options.Parts)
	s.counts = nil
	if err := os.Mkdir(filepath.Join(s.temp, partsFolder), 0o755); err != nil {
		return err
	}
	s.Result.Parts = make([]Part, s.Options.Parts)
	s.open = min(max(int(s.Memory/2/costOf(s.Pack)), 1), mostOpen)
	s.sum.Reset()
	if err := s.write(ctx, s.rows(ctx), 0, s.Options.Parts); err != nil {
		return err
	}
	if string(first) != string(s.sum.Sum(nil)) {
		return errors.New("a list was changed while it was read: expected lists that stay as they are")
	}
	if err := os.Remove(s.Dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("put the parts in place: %w", err)
	}
	if err := os.Rename(filepath.Join(s.temp, partsFolder), s.Dir); err != nil {
		return fmt.Errorf("put the parts in place: %w", err)
	}
	return nil
}

// partsFolder is the folder of the parts before it has its name.
const partsFolder = "parts"

// keepPipes copies lists that can be read but once: they are read twice.
func (s *splitter) keepPipes(ctx context.Context) error {
	s.Lists = slices.Clone(s.Lists)
	for i, l := range s.Lists {
		name := l.Path
		if l.Stdin() {
			name = "stdin"
		}
		s.names = append(s.names, name)
		if info, err := os.Stat(l.Path); !l.Stdin() && err == nil && info.Mode().IsRegular() {
			continue
		}
		r, err := l.Open(ctx, s.Stdin)
		if err != nil {
			return err
		}
		s.Lists[i].From, s.Lists[i].Path = nil, filepath.Join(s.temp, "list-"+strconv.Itoa(i)+formatEnding(l.Name()))
		f, err := os.Create(s.Lists[i].Path)
		if err == nil {
			_, err = io.Copy(f, r)
			err = errors.Join(err, f.Close())
		}
		if err = errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("copy the list %q, which can be read only once: %w", l.Path, err)
		}
	}
	return nil
}

// formatEnding returns the end of a name by which the format of a list is known: ".csv.gz".
func formatEnding(name string) string {
	last := filepath.Ext(name)
	switch strings.ToLower(last) {
	case ".gz", ".zst", ".zstd":
		return filepath.Ext(strings.TrimSuffix(name, last)) + last
	}
	return last
}

// read calls each with the rows of all lists, and the name of the list.
func (s *splitter) read(ctx context.Context, each func(list string, row fetch.Row) error) error {
	for i, l := range s.Lists {
		var failed error
		err := l.Rows(ctx, nil, func(shape fetch.Shape) error {
			shape.Packed = ""
			if s.known && shape != s.shape {
				return errors.New("it has another format, or other names of columns, than the lists before it: " +
					"expected lists that can be one")
			}
			s.known, s.shape = true, shape
			return nil
		}, func(row fetch.Row) bool {
			failed = each(s.names[i], row)
			return failed == nil
		})
		if wrong, ok := errors.AsType[*fetch.InputError](err); ok {
			err = &fetch.InputError{Input: s.names[i], Err: wrong.Err}
		}
		if err = errors.Join(failed, err); err != nil {
			return err
		}
	}
	return nil
}

// firstReading notes the key of each row.
func (s *splitter) firstReading() func(list string, row fetch.Row) error {
	next := int64(0)
	return func(list string, row fetch.Row) error {
		if row.Err != nil {
			if s.Bad++; s.Bad == 1 {
				s.FirstBad, s.Why = fetch.Redact(list)+":"+strconv.Itoa(row.Line), row.Err
			}
			return nil
		}
		s.note(row)
		if s.mixed(row) {
			s.Mixed++
		}
		k := key{hash: hashOf(row.Sources), row: next, bucket: s.bucket(row)}
		next++
		s.sample(k.row)
		return s.keys.add(k)
	}
}

func (s *splitter) sample(row int64) {
	if s.sampled != nil {
		s.sampled(row)
	}
}

// note has s.sum be another one if a list is read with other rows.
func (s *splitter) note(row fetch.Row) {
	var length [8]byte
	binary.LittleEndian.PutUint64(length[:], uint64(len(row.Text)))
	s.sum.Write(length[:])
	s.sum.Write(row.Text)
}

// mixed reports whether a row names sources of several hosts.
func (s *splitter) mixed(row fetch.Row) bool {
	if s.ByURL {
		return false
	}
	for _, source := range row.Sources[1:] {
		if fetch.HostName(source) != fetch.HostName(row.Sources[0]) {
			return true
		}
	}
	return false
}

// bucket returns the bucket of a row.
func (s *splitter) bucket(row fetch.Row) uint32 {
	by := fetch.HostName(row.Sources[0])
	if s.ByURL || by == "" {
		by = row.Sources[0]
	}
	sum := sha256.Sum256([]byte(by))
	return binary.BigEndian.Uint32(sum[:]) >> (32 - bucketBits)
}

// hashOf is the same for rows that name the same.
func hashOf(sources []string) (h [keySize]byte) {
	if len(sources) == 1 {
		sum := sha256.Sum256([]byte(sources[0]))
		return [keySize]byte(sum[:])
	}
	all := sha256.New()
	for _, source := range sources {
		fmt.Fprintf(all, "%d:%s", len(source), source)
	}
	return [keySize]byte(all.Sum(nil))
}

// rows returns a function that reads the lists once more, and calls each with the rows that stay and their parts.
func (s *splitter) rows(ctx context.Context) rowsOf {
	return func(each func(part int, text []byte) error) error {
		dropped, err := s.keys.dropped()
		if err != nil {
			return err
		}
		defer dropped.close()
		next := int64(0)
		return s.read(ctx, func(_ string, row fetch.Row) error {
			if row.Err != nil {
				return nil
			}
			s.note(row)
			s.sample(next)
			drop, err := dropped.has(next)
			next++
			switch {
			case err != nil:
				return err
			case drop:
				s.Twice++
				return nil
			}
			s.Rows++
			return each(int(s.partOf[s.bucket(row)]), row.Text)
		})
	}
}

// A rowsOf calls each with rows and their parts.
type rowsOf func(each func(part int, text []byte) error) error
