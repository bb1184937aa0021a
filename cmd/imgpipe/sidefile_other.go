//go:build !unix

package main

import (
	"errors"
	"io"
)

// openDescriptor fails: the names of descriptors are those of Unix.
func openDescriptor(int) (io.WriteCloser, error) {
	return nil, errors.New("this system has no such file")
}
