//go:build unix

package fetch

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// identify returns what the file or folder at path is, which is what info says.
func identify(_ string, info os.FileInfo) (identity, error) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, errors.ErrUnsupported
	}
	return identity{uint64(st.Dev), uint64(st.Ino)}, nil
}

// leadsNowhere reports whether the error is that of a link that leads to nothing.
func leadsNowhere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOTDIR)
}
