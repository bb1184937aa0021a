//go:build !unix

package main

import (
	"errors"
	"io"
)

// openDescriptor fails: only Unix has names for descriptors.
func openDescriptor(int) (io.WriteCloser, error) {
	return nil, errors.New("this system has no such file")
}
