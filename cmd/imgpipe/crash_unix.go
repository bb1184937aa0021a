//go:build unix

package main

import (
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// crashApart makes a crash of this process end it by SIGABRT, which a shell calls status 134. The runtime's own status
// is 2, that of wrong usage. No core file is written, unless GOTRACEBACK asks for one.
func crashApart() {
	if os.Getenv("GOTRACEBACK") == "" {
		var core unix.Rlimit
		if unix.Getrlimit(unix.RLIMIT_CORE, &core) == nil {
			core.Cur = 0
			_ = unix.Setrlimit(unix.RLIMIT_CORE, &core) // if it fails, there is a core file
		}
	}
	debug.SetTraceback("crash")
}
