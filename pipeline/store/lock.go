package store

import (
	"errors"
	"fmt"
	"os"
)

// Lock makes a file and locks it, so that one process at a time has what the file stands for. unlock removes it. If the
// system cannot lock files, nothing keeps others out.
func Lock(path string) (unlock func(), err error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, err
		}
		if err := lockFile(f); errors.Is(err, errLocked) {
			f.Close()
			return nil, fmt.Errorf("another imgpipe is at work: it has locked %s", path)
		}
		mine, errMine := f.Stat()
		now, errNow := os.Lstat(path)
		if errMine == nil && errNow == nil && os.SameFile(mine, now) {
			return func() {
				removed := os.Remove(path)
				f.Close()
				if removed != nil { // Windows removes nothing that is open
					_ = os.Remove(path)
				}
			}, nil
		}
		f.Close() // who had it has removed it
	}
}
