//go:build !linux

package store

// bootID returns "": this system has no such text.
func bootID() string { return "" }
