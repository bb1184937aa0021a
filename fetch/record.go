package fetch

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	// maxRecord is the longest record of a list, in bytes; captions and metadata of data sets stay far below it.
	maxRecord = 1 << 20
	// maxQuoted is the longest CSV record that goes over a line's end. A stray quote costs its own line alone, and no
	// more than this is looked at to find out.
	maxQuoted = 64 << 10
)

// A splitter cuts a list into records, for a bufio.Scanner. Every record comes out once, also one that is too long.
type splitter struct {
	end   byte // of a record
	comma byte // between fields that may be quoted; 0 where there are no fields
	sniff bool // take comma from the first line

	start int   // the line where the last record began, from 1
	next  int   // lines before the next record
	err   error // what is wrong with the last record
	drop  bool  // the rest of a record that was too long is still to come

	broken func() bool // reports whether the list ended with an error
}

var errTooLong = fmt.Errorf("the record has more than %d bytes", maxRecord)

func (s *splitter) split(data []byte, atEOF bool) (int, []byte, error) {
	if s.drop {
		i := bytes.IndexByte(data, s.end)
		if i < 0 {
			return len(data), nil, nil
		}
		s.drop = false
		s.next++
		return i + 1, nil, nil
	}
	if atEOF && len(data) == 0 {
		return 0, nil, nil
	}
	// Behind an error there is no more to come, so what has its end here is a record still, and what has none never was
	// one.
	torn := atEOF && s.broken()
	if s.sniff {
		line, _, whole := bytes.Cut(data, []byte{s.end})
		if !whole && !atEOF && len(data) <= maxRecord {
			return 0, nil, nil
		}
		s.sniff, s.comma = false, separator(line)
	}
	s.err = nil
	i, open := s.find(data)
	if torn && i < 0 && (len(data) <= maxQuoted || !open) {
		return len(data), nil, nil
	}
	if open && (atEOF || len(data) > maxQuoted) {
		s.err = fmt.Errorf("a quote is not closed within %d bytes", maxQuoted)
		i = bytes.IndexByte(data, s.end)
	}
	switch {
	case i > maxRecord || i < 0 && len(data) > maxRecord:
		s.err = errTooLong
		s.start = s.next + 1
		if i < 0 {
			s.drop = !atEOF
			return len(data), data[:0], nil
		}
		s.next++
		return i + 1, data[:0], nil
	case i >= 0:
		s.start = s.next + 1
		s.next += max(1, bytes.Count(data[:i+1], []byte{s.end}))
		return i + 1, trimCR(data[:i], s.end), nil
	case atEOF:
		s.start = s.next + 1
		s.next += max(1, bytes.Count(data, []byte{s.end}))
		return len(data), trimCR(data, s.end), nil
	}
	return 0, nil, nil
}

func trimCR(rec []byte, end byte) []byte {
	if end == '\n' {
		return bytes.TrimSuffix(rec, []byte{'\r'})
	}
	return rec
}

// find returns the index of the record's end in data, or -1; open reports that a closing quote is missing.
func (s *splitter) find(data []byte) (i int, open bool) {
	i = bytes.IndexByte(data, s.end)
	if s.comma == 0 || i >= 0 && bytes.IndexByte(data[:i], '"') < 0 {
		return i, false
	}
	begin, quoted := true, false
	for i, c := range data {
		switch {
		case quoted:
			// A doubled quote closes and opens again.
			if c == '"' {
				quoted, begin = false, true
			}
		case c == s.end:
			return i, false
		case c == s.comma:
			begin = true
		case c == '"' && begin:
			quoted, begin = true, false
		default:
			begin = false
		}
	}
	return -1, quoted
}

// field returns the n-th field of a record, from 1, without its quotes.
func field(rec []byte, comma byte, n int) (string, bool) {
	for ; ; n-- {
		value, rest, more := cutField(rec, comma)
		if n == 1 {
			return value, true
		}
		if !more {
			return "", false
		}
		rec = rest
	}
}

// cutField returns the first field of a record and what follows. A quote that is in no quoted field is a character as
// any other.
func cutField(rec []byte, comma byte) (value string, rest []byte, more bool) {
	if len(rec) == 0 || rec[0] != '"' {
		v, rest, more := bytes.Cut(rec, []byte{comma})
		return string(v), rest, more
	}
	var b strings.Builder
	quoted := true
	for i := 1; i < len(rec); i++ {
		switch c := rec[i]; {
		case c == '"' && quoted && i+1 < len(rec) && rec[i+1] == '"':
			b.WriteByte('"')
			i++
		case c == '"' && quoted:
			quoted = false
		case c == comma && !quoted:
			return b.String(), rec[i+1:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil, false
}

// columnOf returns the number of the column that a record of names calls name.
func columnOf(rec []byte, comma byte, name string) (int, error) {
	var names []string
	for n, more := 1, true; more; n++ {
		var v string
		v, rec, more = cutField(rec, comma)
		v = strings.TrimSpace(v)
		if v == name {
			return n, nil
		}
		names = append(names, v)
	}
	const most = 20
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return 0, fmt.Errorf("there is no column %q, expected one of: %s", name, shown(strings.Join(names, ", ")))
}

// separator returns what separates the fields of CSV, by its first line.
func separator(line []byte) byte {
	best := byte(',')
	for _, c := range []byte{';', '\t'} {
		if bytes.Count(line, []byte{c}) > bytes.Count(line, []byte{best}) {
			best = c
		}
	}
	return best
}
