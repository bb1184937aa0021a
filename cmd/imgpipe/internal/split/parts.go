package split

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"container/heap"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"

	"imgpipe/fetch"
)

// buckets is how many there are: many more than parts, and a few bytes each.
const (
	bucketBits = 18
	buckets    = 1 << bucketBits
)

// deal returns the part of each bucket. Buckets are dealt from the one with the most rows to the one with the fewest,
// each to the part with the fewest rows so far (Graham 1969, longest processing time first: no part has more than 4/3
// of the least that is possible, or than one bucket).
func deal(counts []int64, parts int) []int32 {
	order := make([]int32, len(counts))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case counts[a] > counts[b]:
			return -1
		case counts[a] < counts[b]:
			return 1
		}
		return 0
	})
	h := make(loads, parts)
	for i := range h {
		h[i].part = int32(i)
	}
	of := make([]int32, len(counts))
	for _, bucket := range order {
		of[bucket] = h[0].part
		h[0].rows += counts[bucket]
		heap.Fix(&h, 0)
	}
	return of
}

// loads are the parts while rows are dealt, the one with the fewest first.
type loads []struct {
	rows int64
	part int32
}

// Len, Less, Swap, Push and Pop are those of container/heap. The number of parts does not change.
func (h loads) Len() int { return len(h) }
func (h loads) Less(i, j int) bool {
	return h[i].rows < h[j].rows || h[i].rows == h[j].rows && h[i].part < h[j].part
}
func (h loads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h loads) Push(any)      {}
func (h loads) Pop() any      { return nil }

const (
	// mostOpen bounds the files that are open at once.
	mostOpen = 256
	// partBuffer is what the buffer of a part or of a group takes, in bytes.
	partBuffer = 32 << 10
)

// costOf returns what a part takes while it is written, in bytes: its buffer, and a compressor.
func costOf(pack string) int64 {
	switch pack {
	case "gzip":
		return partBuffer + 1200<<10
	case "zstd":
		return partBuffer + 6<<20
	}
	return partBuffer
}

// write writes the parts from low to high, of which rows has the rows. If they are too many to be open at once, rows go
// into groups of parts first.
func (s *splitter) write(ctx context.Context, rows rowsOf, low, high int) error {
	if high-low <= s.open {
		return s.writeParts(rows, low, high)
	}
	groups := min((high-low+s.open-1)/s.open, min(mostOpen, max(int(s.Memory/2/partBuffer), 2)))
	size := (high - low + groups - 1) / groups
	files := make([]*keyFile, 0, groups)
	defer func() {
		for _, f := range files {
			f.file.Close()
		}
	}()
	for range (high - low + size - 1) / size {
		f, err := os.Create(s.keys.name("group"))
		if err != nil {
			return err
		}
		files = append(files, &keyFile{f, bufio.NewWriterSize(f, partBuffer)})
	}
	err := rows(func(part int, text []byte) error {
		w := files[(part-low)/size].w
		var head [8]byte
		binary.BigEndian.PutUint32(head[:], uint32(part))
		binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
		if _, err := w.Write(head[:]); err != nil {
			return err
		}
		_, err := w.Write(text)
		return err
	})
	for _, f := range files {
		err = errors.Join(err, f.close())
	}
	if err != nil {
		return err
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.file.Name()
	}
	files = nil
	for i, name := range names {
		from := low + i*size
		if err := s.write(ctx, groupOf(ctx, name), from, min(from+size, high)); err != nil {
			return err
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

// groupOf returns the rows of a group.
func groupOf(ctx context.Context, name string) rowsOf {
	return func(each func(part int, text []byte) error) error {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		r := bufio.NewReaderSize(f, 64<<10)
		var head [8]byte
		var text []byte
		for ctx.Err() == nil {
			if _, err := io.ReadFull(r, head[:]); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			n := int(binary.BigEndian.Uint32(head[4:]))
			text = slices.Grow(text[:0], n)[:n]
			if _, err := io.ReadFull(r, text); err != nil {
				return err
			}
			if err := each(int(binary.BigEndian.Uint32(head[:])), text); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
}

// writeParts writes parts that are all open at once.
func (s *splitter) writeParts(rows rowsOf, low, high int) error {
	parts := make([]*partFile, 0, high-low)
	defer func() {
		for _, p := range parts {
			p.file.Close()
		}
	}()
	for i := low; i < high; i++ {
		p, err := s.createPart(i)
		if err != nil {
			return fmt.Errorf("write a part: %w", err)
		}
		parts = append(parts, p)
	}
	err := rows(func(part int, text []byte) error {
		s.Result.Parts[part].Rows++
		return parts[part-low].row(text)
	})
	for _, p := range parts {
		err = errors.Join(err, p.end())
	}
	parts = nil
	if err != nil {
		return fmt.Errorf("write a part: %w", err)
	}
	return nil
}

// extensions are those of parts by their formats.
var extensions = map[fetch.ListFormat]string{
	fetch.PlainList: ".txt", fetch.NULList: ".nul", fetch.CSVList: ".csv", fetch.TSVList: ".tsv",
	fetch.JSONLList: ".jsonl",
}

// Packs are the words for how parts are compressed, and their extensions.
var Packs = map[string]string{"": "", "gzip": ".gz", "zstd": ".zst"}

// A partFile is a part while it is written.
type partFile struct {
	file  *os.File
	buf   *bufio.Writer
	pack  io.WriteCloser // nil if it is not compressed
	array bool
	end1  byte // behind each row
	begun bool
	flat  bytes.Buffer
}

func (s *splitter) createPart(i int) (*partFile, error) {
	width := len(strconv.Itoa(s.Options.Parts))
	ext := extensions[s.shape.Format]
	if s.shape.Array {
		ext = ".json"
	}
	name := fmt.Sprintf("part-%0*d-of-%d%s%s", width, i+1, s.Options.Parts, ext, Packs[s.Pack])
	s.Result.Parts[i].Name = name
	f, err := os.Create(filepath.Join(s.temp, partsFolder, name))
	if err != nil {
		return nil, err
	}
	p := &partFile{file: f, array: s.shape.Array, end1: '\n'}
	if s.shape.Format == fetch.NULList {
		p.end1 = 0
	}
	p.buf = bufio.NewWriterSize(f, partBuffer)
	switch s.Pack {
	case "gzip":
		p.pack = gzip.NewWriter(p.buf)
	case "zstd":
		p.pack, err = zstd.NewWriter(p.buf, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
			zstd.WithWindowSize(1<<20))
	}
	switch {
	case err != nil:
	case p.array:
		_, err = io.WriteString(p.writer(), "[\n")
	case s.shape.Header != "":
		err = p.row([]byte(s.shape.Header))
	}
	return p, err
}

func (p *partFile) writer() io.Writer {
	if p.pack != nil {
		return p.pack
	}
	return p.buf
}

// row writes one row.
func (p *partFile) row(text []byte) error {
	w := p.writer()
	if !p.array {
		if _, err := w.Write(text); err != nil {
			return err
		}
		_, err := w.Write([]byte{p.end1})
		return err
	}
	p.flat.Reset()
	if p.begun {
		p.flat.WriteString(",\n")
	}
	p.begun = true
	if err := json.Compact(&p.flat, text); err != nil {
		return err
	}
	_, err := w.Write(p.flat.Bytes())
	return err
}

// end writes what is left, and closes the part once it is on the disk.
func (p *partFile) end() (err error) {
	if p.array {
		_, err = io.WriteString(p.writer(), "\n]\n")
	}
	if p.pack != nil {
		err = errors.Join(err, p.pack.Close())
	}
	return errors.Join(err, p.buf.Flush(), p.file.Sync(), p.file.Close())
}
