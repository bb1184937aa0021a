package wire

import (
	"encoding/binary"
	"time"
)

// A Message is the head of a frame: a [Hello], a [Done], or one that a TaskWriter writes.
type Message interface {
	tag() Tag
	fields(*codec)
}

// A codec carries the fields of a head, in either direction: one description of a message, its method fields, both
// writes and reads it. Reading takes the fields from the front of b and sets them. Writing appends them to b and
// changes none.
type codec struct {
	b       []byte
	reading bool
	short   bool // reading: b ended before the fields did, or held what no field may be
}

// take returns the next n bytes, or nil with short set.
func (c *codec) take(n uint64) []byte {
	if c.short || uint64(len(c.b)) < n {
		c.short = true
		return nil
	}
	taken := c.b[:n]
	c.b = c.b[n:]
	return taken
}

func (c *codec) u32(v *uint32) {
	if !c.reading {
		c.b = binary.LittleEndian.AppendUint32(c.b, *v)
	} else if b := c.take(4); b != nil {
		*v = binary.LittleEndian.Uint32(b)
	}
}

func (c *codec) u64(v *uint64) {
	if !c.reading {
		c.b = binary.LittleEndian.AppendUint64(c.b, *v)
	} else if b := c.take(8); b != nil {
		*v = binary.LittleEndian.Uint64(b)
	}
}

func (c *codec) i64(v *int64) {
	u := uint64(*v)
	c.u64(&u)
	if c.reading {
		*v = int64(u)
	}
}

func (c *codec) int(v *int) {
	i := int64(*v)
	c.i64(&i)
	if c.reading {
		*v = int(i)
		c.short = c.short || int64(*v) != i
	}
}

func (c *codec) time(v *time.Duration) { c.i64((*int64)(v)) }

func (c *codec) bool(v *bool) {
	if !c.reading {
		c.b = append(c.b, 0)
		if *v {
			c.b[len(c.b)-1] = 1
		}
	} else if b := c.take(1); b != nil {
		*v = b[0] == 1
		c.short = b[0] > 1
	}
}

func str[S ~string | ~[]byte](c *codec, v *S) {
	n := uint32(len(*v))
	c.u32(&n)
	if !c.reading {
		c.b = append(c.b, *v...)
	} else if b := c.take(uint64(n)); len(b) > 0 {
		*v = S(string(b)) // a copy, since b is the reader's
	}
}

// list carries a list whose elements take at least least bytes each, so that no list is allocated that cannot be
// there.
func list[E any](c *codec, v *[]E, least int, element func(*E)) {
	n := uint32(len(*v))
	c.u32(&n)
	if c.reading && !c.short {
		if uint64(n)*uint64(least) > uint64(len(c.b)) {
			c.short = true
			return
		}
		if n > 0 {
			*v = make([]E, n)
		}
	}
	for i := range *v {
		element(&(*v)[i])
	}
}
