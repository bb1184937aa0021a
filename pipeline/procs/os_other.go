//go:build !linux

package procs

import "os"

// What this file has, workers do without on systems other than Linux.

// enlarge has nothing to do here: the size of a pipe is the system's affair. It returns what any pipe takes without
// blocking.
func enlarge(*os.File, int) int { return 4 << 10 }

// relaxTimers has nothing to do here.
func relaxTimers() {}

// giveUpPrivileges has nothing to do here.
func giveUpPrivileges() {}

func program() (string, error) { return os.Executable() }

// boundMemory does nothing here: the garbage collector alone minds the limit.
func boundMemory(int64) error { return nil }

// closeInherited has nothing to do here: Go opens all that is its own so that no child inherits it.
func closeInherited() {}

// dropCapabilities has nothing to do here: this system has none.
func dropCapabilities() error { return nil }

// nameProcess has nothing to do here.
func nameProcess(string) {}

// isStopped is not known here.
func isStopped(int) bool { return false }

// threads is not known here.
func threads(int) int { return 0 }

// memoryKills is not known here.
func memoryKills() int64 { return 0 }
