package store

import (
	"os"
	"runtime/debug"
)

// A mapped is the beginning of a file, mapped into memory and shared: what is written there is the file's at once, also when this
// process is killed, and costs no call of the system. A nil one is too short for anything.
type mapped []byte

// writeAt writes b to a file, through its map as far as that reaches.
func (m mapped) writeAt(f *os.File, b []byte, at int64) error {
	if at+int64(len(b)) <= int64(len(m)) && m.copy(b, at) {
		return nil
	}
	_, err := f.WriteAt(b, at)
	return err
}

// copy tells whether it went well. The memory is not to be had where somebody has cut the file, or a file system that writes every block to
// a new place has none left; a write will tell why.
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
