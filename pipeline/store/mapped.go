package store

import (
	"os"
	"runtime/debug"
)

// A mapped is the beginning of a file, mapped into memory and shared. What is written there is in the file at once,
// also when this process is killed, and costs no call of the system. Nil is valid and maps nothing.
type mapped []byte

// writeAt writes b to a file, through its map as far as that reaches.
func (m mapped) writeAt(f *os.File, b []byte, at int64) error {
	if at+int64(len(b)) <= int64(len(m)) && m.copy(b, at) {
		return nil
	}
	_, err := f.WriteAt(b, at)
	return err
}

// copy writes b to the map, and reports whether that succeeded. It fails if the file was truncated, or if the disk is
// full under a file system that writes every block to a new place. A write to the file then returns the reason.
func (m mapped) copy(b []byte, at int64) (ok bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			if _, fault := p.(interface{ Addr() uintptr }); !fault {
				panic(p)
			}
			ok = false
		}
	}()
	copy(m[at:], b)
	return true
}
