//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// identify returns what the file or folder is that path leads to.
func identify(path string) (fileID, error) {
	info, err := os.Stat(path)
	if err != nil {
		return fileID{}, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, errors.ErrUnsupported
	}
	return fileID{uint64(st.Dev), uint64(st.Ino)}, nil
}
