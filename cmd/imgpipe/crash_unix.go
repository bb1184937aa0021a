//go:build unix

package main

import (
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// crashApart has a crash of this process end it by SIGABRT, which a shell calls status 134: the runtime's own status is
// 2, that of wrong usage. It leaves no file of all its memory, unless GOTRACEBACK asks for one.
func crashApart() {
	if os.Getenv("GOTRACEBACK") == "" {
		var core unix.Rlimit
		if unix.Getrlimit(unix.RLIMIT_CORE, &core) == nil {
			core.Cur = 0
			_ = unix.Setrlimit(unix.RLIMIT_CORE, &core) // without it there is a file more
		}
	}
	debug.SetTraceback("crash")
}
