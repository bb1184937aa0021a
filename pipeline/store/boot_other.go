//go:build !linux

package store

// bootID would be another one each time that the machine was started.
func bootID() string { return "" }
