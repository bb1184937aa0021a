//go:build !linux

package usage_test

// hold does nothing: memory is measured on Linux alone.
func hold() {}
