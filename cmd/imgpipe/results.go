package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// A results writes to standard output and keeps the first error, so that a command which ignores errors of writing does
// not end with success.
type results struct {
	io.Writer
	err error
}

func (r *results) Write(b []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	var n int
	n, r.err = r.Writer.Write(b)
	return n, r.err
}

// gone reports whether nobody reads the results any more, as after `| head`.
func (r *results) gone() bool { return errors.Is(r.err, syscall.EPIPE) }

// unheard reports whether w is a results that can no longer be written, so that nobody would see more of them.
func unheard(w io.Writer) bool {
	r, ok := w.(*results)
	return ok && r.err != nil
}

// status returns the exit status for what was written, and says what went wrong. A reader that has left is no error:
// the status is then that of a program that SIGPIPE ended.
func (r *results) status(stderr io.Writer) int {
	switch {
	case r.err == nil:
		return exitOK
	case r.gone():
		return exitUnread
	}
	err := r.err
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	fmt.Fprintf(stderr, "imgpipe: write standard output: %v\n", err)
	return exitCouldNotRun
}
