//go:build !(linux || darwin || freebsd)

package fetch

import (
	"io"
	"os"
)

// A localFile is an open file of this machine.
type localFile struct{ file *os.File }

// openLocal opens a file to be read.
func openLocal(path string) (localFile, error) {
	file, err := os.Open(path)
	return localFile{file}, err
}

func (f localFile) close() { f.file.Close() }

func (f localFile) stat() (state, error) {
	st, err := f.file.Stat()
	if err != nil {
		return state{}, err
	}
	return stateOf(st), nil
}

func stateOf(info os.FileInfo) state {
	return state{info.Mode().Type(), info.Size(), info.ModTime().Unix(), int64(info.ModTime().Nanosecond())}
}

// read returns 0 at the end.
func (f localFile) read(buf []byte) (int, error) {
	n, err := f.file.Read(buf)
	if err == io.EOF {
		err = nil
	}
	return n, err
}
