package procs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"imgpipe/transform"
)

// A codec carries the fields of a head, in either direction: one description of a message, its method fields, both
// writes and reads it. Reading takes the fields from the front of b and sets them; writing appends them to b and
// changes none.
type codec struct {
	b       []byte
	reading bool
	short   bool // reading: b ended before the fields did, or held what no field may be
}

// take gives the next n bytes, or nil and short.
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

// parse sets m from a head.
func parse(head []byte, m message) error {
	c := codec{b: head, reading: true}
	m.fields(&c)
	if c.short || len(c.b) > 0 {
		return fmt.Errorf("%w: a head of %d bytes that does not hold its fields", errFrame, len(head))
	}
	return nil
}

type hello struct {
	version, pid uint32
	// mapped is how much of the shared memory the worker can read; 0 where it has none.
	mapped uint64
	// isolation says what the worker has given up.
	isolation string
}

func (m *hello) fields(c *codec) {
	c.u32(&m.version)
	c.u32(&m.pid)
	c.u64(&m.mapped)
	str(c, &m.isolation)
}

// An asset is a named file that belongs to a spec; its bytes are in the body.
type asset struct {
	name   string
	length uint64
}

type specMessage struct {
	id     uint32
	text   string
	assets []asset
}

func (m *specMessage) fields(c *codec) {
	c.u32(&m.id)
	str(c, &m.text)
	list(c, &m.assets, 12, func(a *asset) { str(c, &a.name); c.u64(&a.length) })
}

type taskMessage struct {
	task   uint64
	spec   uint32
	limits transform.Limits
	grant  int64
	// at and mapped are the offset and the length of the image file where it is in shared memory; 0 where it is in
	// the body.
	at, mapped uint64
}

func (m *taskMessage) fields(c *codec) {
	c.u64(&m.task)
	c.u32(&m.spec)
	c.i64(&m.limits.MaxPixels)
	c.bool(&m.limits.RefuseDamaged)
	c.i64(&m.grant)
	c.u64(&m.at)
	c.u64(&m.mapped)
}

// A doneMessage is the answer to a task. The Data of its outputs are in the body; lengths are theirs.
type doneMessage struct {
	task uint64
	busy time.Duration
	// collected is the CPU time of garbage collection so far.
	collected time.Duration
	result    transform.Result
	lengths   []uint64
	failed    bool
	failure   wireError
}

func (m *doneMessage) fields(c *codec) {
	c.u64(&m.task)
	c.time(&m.busy)
	c.time(&m.collected)
	r := &m.result
	s := &r.Source
	str(c, &s.Format)
	c.int(&s.Width)
	c.int(&s.Height)
	c.int(&s.Orientation)
	c.bool(&s.Alpha)
	c.bool(&s.Progressive)
	list(c, &r.Outputs, 32, func(o *transform.Output) {
		str(c, &o.Label)
		str(c, &o.Format)
		c.int(&o.Width)
		c.int(&o.Height)
		length := uint64(len(o.Data))
		c.u64(&length)
		if c.reading {
			m.lengths = append(m.lengths, length)
		}
	})
	list(c, &r.Warnings, 4, func(w *string) { str(c, w) })
	c.bool(&r.Damaged)
	str(c, &r.Path)
	c.time(&r.Decode)
	c.time(&r.Operate)
	c.time(&r.Encode)
	c.bool(&m.failed)
	if m.failed {
		m.failure.fields(c)
	}
}

// unpack gives the outputs their part of body, which they share.
func (m *doneMessage) unpack(body []byte) error {
	parts, err := split(body, m.lengths)
	for i, part := range parts {
		m.result.Outputs[i].Data = part
	}
	return err
}

// split cuts body into parts of these lengths, which must use it up. An empty part is nil.
func split(body []byte, lengths []uint64) ([][]byte, error) {
	parts := make([][]byte, len(lengths))
	for i, n := range lengths {
		if n > uint64(len(body)) {
			return nil, fmt.Errorf("%w: a body shorter than its parts", errFrame)
		}
		if n > 0 {
			parts[i] = body[:n:n]
		}
		body = body[n:]
	}
	if len(body) > 0 {
		return nil, fmt.Errorf("%w: a body %d bytes longer than its parts", errFrame, len(body))
	}
	return parts, nil
}

// A wireError is an error as it travels: all that an image's ledger line wants of it, but not its chain.
type wireError struct {
	kind, doing, text string
	stack             []byte
	refused           bool
	need              int64 // of a transform.NeedError, which has nothing else; 0 of others
}

func (m *wireError) fields(c *codec) {
	str(c, &m.kind)
	str(c, &m.doing)
	str(c, &m.text)
	str(c, &m.stack)
	c.bool(&m.refused)
	c.i64(&m.need)
}

// maxErrorText bounds each string of an error, so that a head stays under its limit whatever a codec says.
const maxErrorText = 64 << 10

func toWire(err error) wireError {
	cut := func(s string) string { return s[:min(len(s), maxErrorText)] }
	if e, ok := errors.AsType[*transform.NeedError](err); ok {
		return wireError{need: e.Need}
	}
	if e, ok := errors.AsType[*transform.Error](err); ok && e.Err != nil {
		return wireError{
			kind: e.Kind, doing: e.Doing, text: cut(e.Err.Error()), stack: []byte(cut(string(e.Stack))), refused: e.Refused,
		}
	}
	return wireError{text: cut(err.Error())}
}

// err is the error that a DONE has for a task with this grant, nil where it has none.
func (m *doneMessage) err(grant int64) error {
	e := m.failure
	switch {
	case !m.failed:
		return nil
	case e.need > 0:
		return &transform.NeedError{Source: m.result.Source, Need: e.need, Grant: grant}
	case e.kind == "":
		return errors.New(e.text)
	}
	return &transform.Error{Kind: e.kind, Doing: e.doing, Err: errors.New(e.text), Stack: e.stack, Refused: e.refused}
}
