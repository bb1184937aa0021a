//go:build linux && !amd64 && !arm64

package procs

import (
	"fmt"
	"runtime"
)

// filterCalls has no list of calls for this processor.
func filterCalls() error {
	return fmt.Errorf("filter system calls with seccomp: there is no filter for %s", runtime.GOARCH)
}
