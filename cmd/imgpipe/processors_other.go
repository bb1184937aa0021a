//go:build !linux

package main

// yieldProcessors does nothing here.
func yieldProcessors() {}
