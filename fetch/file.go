package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// file reads a local file. A file that changes meanwhile is read again: it may still be on its way here.
func (f *fetching) file(ctx context.Context) ([]byte, error) {
	path := f.item.Source
	bad := func(kind string, again bool, err error) error {
		return &Error{Kind: kind, Doing: "read " + shown(path), Err: err, again: again}
	}
	r, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, fileError("open", path, err)
	}
	defer r.Close()
	before, err := r.Stat()
	if err != nil {
		return nil, fileError("read", path, err)
	}
	if !before.Mode().IsRegular() {
		return nil, bad(ClassRead, false, fmt.Errorf("it is %s, expected a regular file", kindOf(before.Mode())))
	}
	size := before.Size()
	if size > f.opts.MaxBytes {
		return nil, bad(ClassTooBig, false, fmt.Errorf("the file has %d bytes, expected at most %d", size, f.opts.MaxBytes))
	}
	if err := f.grant(ctx, size); err != nil {
		return nil, err
	}
	// One byte more than the size finds the end of the file in the same call.
	buf := f.buffers.get(int(size) + 1)
	n, err := io.ReadFull(r, buf)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		f.buffers.put(buf)
		return nil, fileError("read", path, err)
	}
	after, err := r.Stat()
	if err != nil || int64(n) != size || after.Size() != size || !after.ModTime().Equal(before.ModTime()) {
		f.buffers.put(buf)
		return nil, bad(ClassRead, true, errors.New("the file changed while it was being read"))
	}
	return buf[:n], nil
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
