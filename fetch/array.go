package fetch

import (
	"bytes"
	"errors"
)

// elements cuts a list that is one JSON array into its elements, for a bufio.Scanner, as a splitter cuts lines. What an
// element is made of is not looked at here but for its brackets and texts.
//
//	state    at [       at an element                      at ]       else
//	before   within     -                                  -          -
//	within   -          the record; the comma behind it    after      -
//	after    -          an error, once                     -          -
type elements struct {
	*splitter
	state int
	told  bool // that something follows the array

	// Of the element that data begins with, as far as it has been looked at:
	seen    int
	depth   int
	quoted  bool
	escaped bool
	tooLong bool // its record has been given; the rest is passed over
}

const (
	beforeArray = iota
	withinArray
	afterArray
)

// beginsArray reports whether the first character that is not blank is that of an array.
func beginsArray(r interface{ Peek(int) ([]byte, error) }) bool {
	for n := 1; n <= 4<<10; n++ {
		head, err := r.Peek(n)
		if err != nil {
			return false
		}
		switch head[n-1] {
		case ' ', '\t', '\r', '\n':
		default:
			return head[n-1] == '['
		}
	}
	return false
}

var errNoEnd = errors.New("the array has no end, expected ] behind its last element")

func (e *elements) split(data []byte, atEOF bool) (int, []byte, error) {
	e.err = nil
	if atEOF && e.broken() {
		return len(data), nil, nil // what has no end is no record
	}
	blank := 0
	if e.seen == 0 && !e.tooLong {
		blank = len(data) - len(bytes.TrimLeft(data, " \t\r\n"))
	}
	if blank > 0 {
		e.next += bytes.Count(data[:blank], []byte{'\n'})
		return blank, nil, nil
	}
	if len(data) == 0 {
		if atEOF && e.state != afterArray {
			return 0, nil, errNoEnd
		}
		return 0, nil, nil
	}
	switch {
	case e.state == beforeArray:
		e.state = withinArray
		return 1, nil, nil
	case e.state == withinArray && e.seen == 0 && !e.tooLong && data[0] == ']':
		e.state = afterArray
		return 1, nil, nil
	case e.state == afterArray && e.told:
		return len(data), nil, nil
	case e.state == afterArray:
		e.told = true
		e.start = e.next + 1
		e.err = errors.New("something follows the array, expected its ] to be the end")
		return len(data), data[:0], nil
	}
	return e.element(data, atEOF)
}

// element returns the element that data begins with, if it is all there.
func (e *elements) element(data []byte, atEOF bool) (int, []byte, error) {
	for ; e.seen < len(data); e.seen++ {
		c := data[e.seen]
		switch {
		case e.escaped:
			e.escaped = false
		case e.quoted:
			e.escaped = c == '\\'
			e.quoted = c != '"'
		case c == '"':
			e.quoted = true
		case c == '[' || c == '{':
			e.depth++
		case e.depth > 0 && (c == ']' || c == '}'):
			e.depth--
		case e.depth == 0 && (c == ',' || c == ']'):
			return e.ended(data)
		}
	}
	if len(data) > maxRecord {
		long := !e.tooLong
		e.tooLong = true
		e.seen = 0
		if long {
			e.start = e.next + 1
		}
		e.next += bytes.Count(data, []byte{'\n'})
		if !long {
			return len(data), nil, nil
		}
		e.err = errTooLong
		return len(data), data[:0], nil
	}
	if atEOF {
		return 0, nil, errNoEnd
	}
	return 0, nil, nil
}

// ended returns the element that goes to seen.
func (e *elements) ended(data []byte) (int, []byte, error) {
	i := e.seen
	n := i
	if data[i] == ',' {
		n++
	}
	e.seen = 0
	e.start = e.next + 1
	e.next += bytes.Count(data[:n], []byte{'\n'})
	switch {
	case e.tooLong:
		e.tooLong = false
		return n, nil, nil
	case i > maxRecord:
		e.err = errTooLong
		return n, data[:0], nil
	}
	return n, data[:len(bytes.TrimRight(data[:i], " \t\r\n"))], nil
}
