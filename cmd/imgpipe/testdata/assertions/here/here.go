// Package here asserts types in every form.
package here

import (
	"os"

	"imgpipe/here/internal/part"
	"imgpipe/there"
	renamed "imgpipe/there"
)

type own struct{}

func look(v any) {
	_, _ = v.(*there.Struct) // wrong
	switch v := v.(type) {
	case there.Struct: // wrong
		_ = v
	case *own, *os.File, *part.Struct, there.Iface:
	}
	_ = func() any { return v.(*renamed.Struct) } // wrong
}
