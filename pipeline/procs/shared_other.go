//go:build !linux

package procs

import "os/exec"

// sharedMemory is always empty here: image files go through the pipe.
type sharedMemory struct{}

func newShared(int, int, int64) *sharedMemory { return nil }

func (*sharedMemory) inherit(*exec.Cmd)         {}
func (*sharedMemory) size() int                 { return 0 }
func (*sharedMemory) get(int) []byte            { return nil }
func (*sharedMemory) put([]byte, bool) []byte   { return nil }
func (*sharedMemory) offset([]byte) (int, bool) { return 0, false }
func (*sharedMemory) release([]byte) bool       { return false }
func (*sharedMemory) close()                    {}

func mapShared() []byte { return nil }
