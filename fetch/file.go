package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// file reads a local file. A file that changes meanwhile is read again: it may still be on its way here.
func (f *fetching) file(ctx context.Context) ([]byte, error) {
	path := f.item.Source
	bad := func(kind string, again bool, err error) error {
		return &Error{Kind: kind, Doing: "read " + shown(path), Err: err, again: again}
	}
	r, err := openLocal(path)
	if err != nil {
		return nil, fileError("open", path, err)
	}
	defer r.close()
	before, err := r.stat()
	if err != nil {
		return nil, fileError("read", path, err)
	}
	if !before.regular {
		var mode os.FileMode
		if st, err := os.Stat(path); err == nil {
			mode = st.Mode()
		}
		return nil, bad(ClassRead, false, fmt.Errorf("it is %s, expected a regular file", kindOf(mode)))
	}
	size := before.size
	if size > f.opts.MaxBytes {
		return nil, bad(ClassTooBig, false, fmt.Errorf("the file has %d bytes, expected at most %d", size, f.opts.MaxBytes))
	}
	if err := f.grant(ctx, size); err != nil {
		return nil, err
	}
	// There is room for one byte more, and one is asked for of an empty file, too: some that call themselves empty are not.
	buf := f.buffers.get(int(size) + 1)
	n, err := r.fill(buf, max(int(size), 1))
	if err != nil {
		f.buffers.put(buf)
		return nil, fileError("read", path, err)
	}
	after, err := r.stat()
	if err != nil || int64(n) != size || after != before {
		f.buffers.put(buf)
		return nil, bad(ClassRead, true, errors.New("the file changed while it was being read"))
	}
	return buf[:n], nil
}

// A state is what tells whether a file has changed.
type state struct {
	regular   bool
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

// Head reads the first bytes of a file of this machine into buf, as many as there are, without waiting for whatever is no regular file:
// of that it reads nothing.
func Head(path string, buf []byte) (int, error) {
	f, err := openLocal(path)
	if err != nil {
		return 0, fileError("open", path, err)
	}
	defer f.close()
	if st, err := f.stat(); err != nil || !st.regular {
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
	case m&os.ModeNamedPipe != 0:
		return "a named pipe"
	case m&os.ModeDevice != 0:
		return "a device"
	case m&os.ModeSocket != 0:
		return "a socket"
	}
	return "of no known kind"
}
