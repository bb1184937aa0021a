package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// A whole is a file as it was read, or what must be asked for before it can be.
type whole struct {
	data []byte
	need int64 // bytes to reserve, where it is more than what was granted
}

// Open implements [Source]. A file that changes meanwhile is read again: it may still be on its way here. One that does
// not come within Timeout is left behind; its buffer is used again when it has come.
func (s *files) Open(ctx context.Context, item Item, t *Try) error {
	path, most := item.Source, t.c.opts.MaxBytes
	if head := item.Head; len(head) > 0 && int64(len(head)) == item.Size && item.Size <= min(smallFile, most) {
		// It was read when it was found, and is the file of that size and time.
		if err := t.grant(ctx, item.Size); err != nil {
			return err
		}
		buf := t.c.buffers.get(len(head))
		copy(buf, head)
		t.keep(buf)
		return nil
	}
	at := spot{item.device, path}
	need := min(max(item.Size, 0), most)
	for {
		if need > 0 {
			if err := t.grant(ctx, need); err != nil {
				return err
			}
		}
		limit, err := s.clock.limit(at, false)
		if err != nil {
			return fileError("read", path, err)
		}
		granted := need
		w, err := within(ctx, s.clock, at, limit,
			func() (whole, error) { return t.readFile(granted) },
			func(w whole) { t.c.buffers.put(w.data) })
		if errors.As(err, new(*hungError)) {
			return fileError("read", path, err)
		}
		if err == nil && w.need <= granted && int64(len(w.data)) < granted { // it has become shorter since it was found
			if err = t.grant(ctx, int64(len(w.data))); err != nil {
				t.c.buffers.put(w.data)
			}
		}
		if err != nil {
			return err
		}
		if w.need <= granted {
			t.keep(w.data)
			return nil
		}
		need = w.need
	}
}

// readFile reads the file, if it has no more bytes than what was granted.
func (t *Try) readFile(granted int64) (whole, error) {
	path := t.item.Source
	bad := func(kind string, again bool, err error) error {
		return &Error{Kind: kind, Doing: "read " + shown(path), Err: err, Again: again}
	}
	r, err := t.item.open()
	if err != nil {
		return whole{}, fileError("open", path, err)
	}
	defer r.close()
	before, err := r.stat()
	if err != nil {
		return whole{}, fileError("read", path, err)
	}
	if err := regular(before.mode); err != nil {
		return whole{}, bad(ClassRead, false, err)
	}
	size := before.size
	if size > t.c.opts.MaxBytes {
		return whole{}, bad(ClassTooBig, false, fmt.Errorf("the file has %d bytes, expected at most %d", size,
			t.c.opts.MaxBytes))
	}
	if size > granted {
		return whole{need: size}, nil
	}
	// There is room for one byte more, and one is asked for of an empty file, too: some that call themselves empty
	// are not.
	buf := t.c.buffers.get(int(size) + 1)
	n, err := r.fill(buf, max(int(size), 1))
	if err != nil {
		t.c.buffers.put(buf)
		return whole{}, fileError("read", path, err)
	}
	after, err := r.stat()
	if err != nil || int64(n) != size || after != before {
		t.c.buffers.put(buf)
		return whole{}, bad(ClassRead, true, errors.New("the file changed while it was being read"))
	}
	return whole{data: buf[:n]}, nil
}

// open opens the file of an item: what a walk found through no link, and what the user named as it is named.
func (i Item) open() (localFile, error) {
	if i.from != nil {
		return i.from.file(i.Source)
	}
	return openLocal(i.Source)
}

// A state is what differs if a file has changed.
type state struct {
	mode      os.FileMode // its type alone
	size      int64
	sec, nsec int64 // when it was last changed, since 1970
}

// fill reads into buf until it has least bytes, or the file ends.
func (f localFile) fill(buf []byte, least int) (n int, err error) {
	for n < least {
		m, err := f.read(buf[n:])
		if m == 0 || err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}

// smallFile is how long a file may be to be read to its end where its first bytes are wanted: that costs less than to
// open it again.
const smallFile = 4 << 10

// begin returns the state of a file and its first bytes, n at most, or all of a small file. Of what is no regular file
// it reads nothing, and of what cannot be read there are none: the error comes when all of it is read.
func (f localFile) begin(n int) (state, []byte, error) {
	st, err := f.stat()
	if err != nil || !st.mode.IsRegular() {
		return st, nil, err
	}
	if st.size <= smallFile {
		n = int(st.size) + 1 // one more, as a file may have grown
	}
	buf := make([]byte, n)
	if n, err = f.fill(buf, n); err != nil {
		return st, nil, nil
	}
	return st, buf[:n], nil
}

// head returns the first bytes of a file that was named, n at most, or all of a small file.
func head(path string, n int) []byte {
	f, err := openLocal(path)
	if err != nil {
		return nil
	}
	defer f.close()
	_, buf, _ := f.begin(n)
	return buf
}

// Head reads the first bytes of a file of this machine into buf, as many as there are, without waiting for a writer of
// what is no regular file: of that it reads nothing.
func Head(path string, buf []byte) (int, error) {
	f, err := openLocal(path)
	if err != nil {
		return 0, fileError("open", path, err)
	}
	defer f.close()
	if st, err := f.stat(); err != nil || !st.mode.IsRegular() {
		return 0, err
	}
	n, err := f.fill(buf, len(buf))
	if err != nil {
		return n, fileError("read", path, err)
	}
	return n, nil
}

// kindOf names what is not a regular file.
func kindOf(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&os.ModeSymlink != 0:
		return "a symbolic link now, and none is followed"
	case m&os.ModeNamedPipe != 0:
		return "a named pipe"
	case m&os.ModeDevice != 0:
		return "a device"
	case m&os.ModeSocket != 0:
		return "a socket"
	}
	return "of no known kind"
}
