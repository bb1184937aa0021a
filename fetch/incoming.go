package fetch

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// An incoming is a body that is coming. It takes memory as bytes arrive, whatever length was announced: it holds at
// most four times what has come, or one window. Where the Room has no more, what is there goes into the spool, all
// memory is given back, and what follows goes there, too. So it never waits for memory while it holds some.
type incoming struct {
	t    *Try
	size int64 // what was announced; -1 where nothing was

	window *[windowSize]byte // its first bytes, and, once it is spooled, its last ones
	buf    []byte            // memory that the Room knows of; nil before
	n      int64             // how many bytes there are
	spool  spooled           // in is nil where it is not spooled
}

// windowSize is what every body may have without asking, as its connection has buffers, too.
const windowSize = 8 << 10

var windows = sync.Pool{New: func() any { return new([windowSize]byte) }}

// read reads all of body, at most MaxBytes.
func (in *incoming) read(body io.Reader) error {
	in.window = windows.Get().(*[windowSize]byte)
	limit := in.t.c.opts.MaxBytes
	to, at := in.window[:], 0 // where bytes go, and behind how many
	for {
		if in.n == in.size {
			return in.end(body)
		}
		if in.size >= 0 {
			to = to[:min(int64(len(to)), in.size-in.n+int64(at))]
		}
		m, err := body.Read(to[at:])
		at += m
		in.n += int64(m)
		switch {
		case in.n > limit:
			return &Error{Kind: ClassTooBig, Err: fmt.Errorf("the body goes on after %d bytes", limit)}
		case err == io.EOF && in.size < 0:
			if in.spool.in != nil {
				return in.put(to[:at])
			}
			return nil
		case (err == io.EOF || err == io.ErrUnexpectedEOF) && in.n != in.size:
			return truncated(in.n, in.size)
		case err != nil && err != io.EOF:
			return err
		case in.spool.in != nil && (at == len(to) || in.n == in.size):
			if err := in.put(to[:at]); err != nil {
				return err
			}
			at = 0
		case at == len(to) && in.n != in.size:
			if to, err = in.more(); err != nil {
				return err
			}
			if at = int(in.n); in.spool.in != nil {
				at = 0
			}
		}
	}
}

// end looks for the end of a body that has all of its bytes: it must be seen for the connection to be used again.
func (in *incoming) end(body io.Reader) error {
	if _, err := body.Read(in.window[windowSize-1:]); err != nil && err != io.EOF {
		return err
	}
	return nil
}

// more returns room for more bytes than there are: a larger buffer with them, or the window, empty, once they are
// spooled.
func (in *incoming) more() ([]byte, error) {
	want := 2 * in.n // of what is not announced, no more than twice as much is left in the end
	if in.size >= 0 {
		want = min(4*in.n, in.size)
	}
	limit := in.t.c.opts.MaxBytes
	// a byte more than the limit shows that it is passed
	if want = min(want, limit+1); in.t.room.Grow(min(want, limit)) {
		bigger := in.t.c.buffers.get(int(want))
		copy(bigger, in.bytes())
		in.forget()
		in.buf = bigger
		return bigger, nil
	}
	in.spool.in = &in.t.c.spool
	if err := in.put(in.bytes()); err != nil {
		return nil, err
	}
	in.forget()
	in.t.room.Drop()
	return in.window[:], nil
}

// bytes are those in memory.
func (in *incoming) bytes() []byte {
	if in.buf == nil {
		return in.window[:in.n]
	}
	return in.buf[:in.n]
}

// put appends b to what is spooled.
func (in *incoming) put(b []byte) error {
	if err := in.spool.write(b); err != nil {
		return &Error{Kind: ClassSpool, Again: true, Err: fmt.Errorf(
			"there is no memory for the body now, and the temporary file in its place cannot be written: %w; "+
				"expected room there (TMPDIR), or a larger budget of memory", err)}
	}
	return nil
}

// whole returns the body, for which it waits until there is memory where it has none.
func (in *incoming) whole(ctx context.Context) ([]byte, error) {
	if in.buf != nil {
		buf := in.buf[:in.n]
		in.buf = nil
		return buf, nil
	}
	spooled := in.spool.in != nil
	if spooled || !in.t.room.Grow(in.n) {
		if err := in.t.take(ctx, in.n); err != nil {
			return nil, err
		}
	}
	buf := in.t.c.buffers.get(int(in.n))
	if !spooled {
		copy(buf, in.window[:in.n])
		return buf, nil
	}
	if err := in.spool.read(buf); err != nil {
		in.t.c.buffers.put(buf)
		return nil, &Error{Kind: ClassSpool, Again: true, Err: fmt.Errorf("read back from the temporary file: %w", err)}
	}
	return buf, nil
}

// forget returns the buffer to the Client.
func (in *incoming) forget() {
	if in.buf != nil {
		in.t.c.buffers.put(in.buf)
		in.buf = nil
	}
}

func (in *incoming) close() {
	in.forget()
	if in.spool.in != nil {
		in.spool.drop()
	}
	if in.window != nil {
		windows.Put(in.window)
	}
}
