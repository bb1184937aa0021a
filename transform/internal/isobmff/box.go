package isobmff

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"imgpipe/transform/internal/codec"
)

// A box is a part of a file (ISO/IEC 14496-12, section 4.2). Its body is a view of the file.
type box struct {
	kind string
	body []byte
	cut  bool // the file ends in it
}

// errorf returns an error in a sentence about the file.
func errorf(form string, args ...any) error { return fmt.Errorf(form, args...) }

// quoted returns four letters of a stranger's file for a sentence.
func quoted(kind string) string { return strconv.QuoteToASCII(kind) }

// next takes the first box off b. At the end of b it returns a box without a kind. The last box of a file may be cut;
// no other may be larger than what holds it.
func next(b []byte, top bool) (x box, rest []byte, err error) {
	if len(b) == 0 {
		return box{}, nil, nil
	}
	if len(b) < 8 {
		return box{}, nil, short(top)
	}
	size, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
	x.kind = string(b[4:8])
	switch size {
	case 0: // it reaches to the end
		size = uint64(len(b))
	case 1:
		if len(b) < 16 {
			return box{}, nil, short(top)
		}
		size, head = binary.BigEndian.Uint64(b[8:]), 16
	}
	if size < head {
		return box{}, nil, errorf("its box %s says that it has %d bytes", quoted(x.kind), size)
	}
	if size > uint64(len(b)) {
		if !top {
			return box{}, nil, errorf("its box %s is larger than what holds it", quoted(x.kind))
		}
		x.cut, size = true, uint64(len(b))
	}
	x.body = b[head:size]
	return x, b[size:], nil
}

// short returns the error of a file, or of a box, that ends in the head of a box.
func short(top bool) error {
	if top {
		return codec.ErrHeader
	}
	return errorf("it has a box that ends in the head of another")
}

// each calls f for each box in b.
func each(b []byte, f func(x box) error) error {
	for range maxItems {
		x, rest, err := next(b, false)
		if err != nil || x.kind == "" {
			return err
		}
		if err := f(x); err != nil {
			return err
		}
		b = rest
	}
	return errMany
}

var errMany = errorf("it has over %d parts in one box", maxItems)

// A cursor takes numbers off the front of some bytes. Once they are too short, bad is set and all numbers are 0.
type cursor struct {
	b   []byte
	bad bool
}

// take returns the next n bytes.
func (c *cursor) take(n int) []byte {
	if c.bad || n < 0 || n > len(c.b) {
		c.bad = true
		return nil
	}
	b := c.b[:n]
	c.b = c.b[n:]
	return b
}

// number returns the next number of n bytes, at most 8.
func (c *cursor) number(n int) uint64 {
	v := uint64(0)
	for _, b := range c.take(n) {
		v = v<<8 | uint64(b)
	}
	return v
}

// full takes the version and flags of a full box.
func (c *cursor) full() (version int, flags uint32) {
	v := uint32(c.number(4))
	return int(v >> 24), v & 0xffffff
}

// text takes a text that ends with a zero byte, or at the end.
func (c *cursor) text() string {
	for i, b := range c.b {
		if b == 0 {
			s := string(c.b[:i])
			c.b = c.b[i+1:]
			return s
		}
	}
	s := string(c.b)
	c.b = nil
	return s
}
