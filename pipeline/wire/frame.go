package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	headerSize = 16
	maxHead    = 1 << 20
	maxBody    = 1 << 30

	// maxTrusted is how much of a body is allocated because its header says so. What goes beyond it is allocated as
	// it arrives. It is above the size of nearly every image file, since growing means copying.
	maxTrusted = 32 << 20

	// maxKept is the largest body whose memory a Reader keeps for the next frame.
	maxKept = 32 << 20

	// firstWrite is how much of a frame is copied together so that it leaves in one write: a small frame wakes its
	// reader once. It is the size of a pipe where the pipe could not be enlarged.
	firstWrite = 64 << 10
)

// ErrFrame is wrapped by the error of every frame that breaks the rules of this format.
var ErrFrame = errors.New("not a frame of this protocol")

// A Tag names the kind of a frame.
type Tag [4]byte

// String returns the four letters.
func (t Tag) String() string { return string(t[:]) }

var (
	tagHello = Tag{'H', 'E', 'L', 'O'}
	tagSpec  = Tag{'S', 'P', 'E', 'C'}
	tagTask  = Tag{'T', 'A', 'S', 'K'}
	tagDone  = Tag{'D', 'O', 'N', 'E'}
)

// A Frame is one message as it was read. Its slices are the Reader's and hold until the next frame is read, but Body is
// the caller's unless Reader.Reuse is set.
type Frame struct {
	Tag  Tag
	Head []byte
	Body []byte
}

// Parse sets m from the frame's head, and nothing of what m held before is left. The error wraps ErrFrame.
func (f Frame) Parse(m Message) error {
	if f.Tag != m.tag() {
		return fmt.Errorf("%w: a %s frame where %s was expected", ErrFrame, f.Tag, m.tag())
	}
	c := codec{b: f.Head, reading: true}
	m.fields(&c)
	if c.short || len(c.b) > 0 {
		return fmt.Errorf("%w: a head of %d bytes that does not hold its fields", ErrFrame, len(f.Head))
	}
	return nil
}

// A Reader reads frames. It allocates at most 33 MiB and twice the bytes that have arrived. Set R before the first use;
// all else may be left out.
type Reader struct {
	// R is what frames are read from, a few bytes at a time: it should have a buffer.
	R io.Reader
	// Reuse has each body read into the memory of the last.
	Reuse bool
	// Before, unless nil, is called with a frame that has no body yet, and the length of that. Its error ends Next.
	Before func(f Frame, body uint64) error

	header [headerSize]byte
	head   []byte
	body   []byte
}

// Next reads a frame. The error is io.EOF at the end between two frames and io.ErrUnexpectedEOF within one. It wraps
// ErrFrame if the bytes are no frame.
func (r *Reader) Next() (Frame, error) {
	if cap(r.body) > maxKept {
		r.body = nil
	}
	if _, err := io.ReadFull(r.R, r.header[:]); err != nil {
		return Frame{}, err
	}
	f := Frame{Tag: Tag(r.header[:4])}
	headLen, bodyLen := binary.LittleEndian.Uint32(r.header[4:]), binary.LittleEndian.Uint64(r.header[8:])
	switch f.Tag {
	case tagHello, tagSpec, tagTask, tagDone:
	default:
		return Frame{}, fmt.Errorf("%w: it starts with %q", ErrFrame, r.header[:])
	}
	if headLen > maxHead || bodyLen > maxBody {
		return Frame{}, fmt.Errorf("%w: a %s frame with a head of %d and a body of %d bytes",
			ErrFrame, f.Tag, headLen, bodyLen)
	}
	var err error
	if r.head, err = fill(r.R, r.head[:0], int(headLen)); err != nil {
		return Frame{}, err
	}
	f.Head = r.head
	if r.Before != nil {
		if err := r.Before(f, bodyLen); err != nil {
			return f, err
		}
	}
	var into []byte
	if r.Reuse {
		into = r.body[:0]
	}
	if f.Body, err = fill(r.R, into, int(bodyLen)); err != nil {
		return Frame{}, err
	}
	if r.Reuse {
		r.body = f.Body
	}
	return f, nil
}

// fill reads exactly n bytes into the memory of buf, or into new memory.
func fill(r io.Reader, buf []byte, n int) ([]byte, error) {
	for len(buf) < n {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(n, max(maxTrusted, 2*len(buf))))
			copy(grown, buf)
			buf = grown
		}
		part := buf[len(buf):min(n, cap(buf))]
		got, err := io.ReadFull(r, part)
		buf = buf[:len(buf)+got]
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
	return buf, nil
}

// A Writer writes frames. Set W before the first Flush.
type Writer struct {
	// W is what frames are written to: a small frame in one call of Write, a large one in two or more.
	W io.Writer

	buf []byte
}

// Begin puts the head of a frame behind what is in the buffer, which may be another whole frame. The body, of bodyLen
// bytes, is for Flush. An error leaves the buffer as it was.
func (w *Writer) Begin(m Message, bodyLen int) error {
	start, tag := len(w.buf), m.tag()
	w.buf = append(w.buf, tag[:]...)
	w.buf = append(w.buf, make([]byte, headerSize-len(tag))...)
	c := codec{b: w.buf}
	m.fields(&c)
	w.buf = c.b
	headLen := len(w.buf) - start - headerSize
	if headLen > maxHead || bodyLen > maxBody {
		w.buf = w.buf[:start]
		return fmt.Errorf("a %s frame with a head of %d and a body of %d bytes is over the limit",
			tag, headLen, bodyLen)
	}
	binary.LittleEndian.PutUint32(w.buf[start+4:], uint32(headLen))
	binary.LittleEndian.PutUint64(w.buf[start+8:], uint64(bodyLen))
	return nil
}

// Buffered returns how many bytes Flush will write besides the body.
func (w *Writer) Buffered() int { return len(w.buf) }

// Flush writes what Begin has begun, and the body after it: copied as far as it fits in the first write, and straight
// from its own memory beyond.
func (w *Writer) Flush(body ...[]byte) error {
	for i, part := range body {
		n := min(len(part), max(0, firstWrite-len(w.buf)))
		w.buf = append(w.buf, part[:n]...)
		if n < len(part) {
			body = append([][]byte{part[n:]}, body[i+1:]...)
			return w.write(body)
		}
	}
	return w.write(nil)
}

func (w *Writer) write(rest [][]byte) error {
	_, err := w.W.Write(w.buf)
	w.buf = w.buf[:0]
	if cap(w.buf) > 4*firstWrite { // after a SPEC with large files
		w.buf = nil
	}
	for _, part := range rest {
		if err != nil {
			return err
		}
		if len(part) > 0 {
			_, err = w.W.Write(part)
		}
	}
	return err
}
