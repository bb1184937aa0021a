package fetch

import (
	"errors"
	"io/fs"
	"os"

	win "golang.org/x/sys/windows"
)

// identify returns what the file or folder is that path leads to.
func identify(path string, _ os.FileInfo) (identity, error) {
	name, err := win.UTF16PtrFromString(path)
	if err != nil {
		return identity{}, err
	}
	const share = win.FILE_SHARE_READ | win.FILE_SHARE_WRITE | win.FILE_SHARE_DELETE
	// FILE_FLAG_BACKUP_SEMANTICS opens folders, too.
	h, err := win.CreateFile(name, 0, share, nil, win.OPEN_EXISTING, win.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return identity{}, err
	}
	defer win.CloseHandle(h)
	var info win.ByHandleFileInformation
	if err := win.GetFileInformationByHandle(h, &info); err != nil {
		return identity{}, err
	}
	return identity{
		uint64(info.VolumeSerialNumber), uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow),
	}, nil
}

// leadsNowhere reports whether the error is that of a link that leads to nothing.
func leadsNowhere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, win.ERROR_CANT_RESOLVE_FILENAME)
}
