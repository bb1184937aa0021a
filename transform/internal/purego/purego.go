// Package purego stands in the place of github.com/ebitengine/purego, by a replace in go.mod. The codecs that import it
// would open the system's libavif or libheif with it, before main begins: other bytes on other machines, and C code
// outside the sandbox of a worker. Here no library can be opened, so that they use what they carry themselves.
package purego

import "errors"

// The flags of Dlopen, which have no effect.
const (
	RTLD_NOW    = 0
	RTLD_GLOBAL = 0
)

// Dlopen returns an error.
func Dlopen(string, int) (uintptr, error) {
	return 0, errors.New("shared libraries are left alone: they would change the bytes")
}

// RegisterLibFunc panics: there is no library.
func RegisterLibFunc(any, uintptr, string) { panic("there is no library") }

// NewCallback returns 0.
func NewCallback(any) uintptr { return 0 }
