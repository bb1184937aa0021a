//go:build !linux

package procs

// yieldProcessors does nothing here.
func yieldProcessors() (undo func()) { return func() {} }
