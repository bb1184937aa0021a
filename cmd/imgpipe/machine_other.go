//go:build !linux

package main

// memoryLimit is not known here, and a fixed budget is used.
func memoryLimit() int64 { return 0 }
