package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// A results writes to standard output. It notes the first error, so that a command that does not look at errors of
// writing cannot end as if all had been said.
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

// gone reports whether nobody reads the results any more, as behind `| head`.
func (r *results) gone() bool { return errors.Is(r.err, syscall.EPIPE) }

// unheard reports whether w are results that can no longer be written, so that to go on says nothing to anybody.
func unheard(w io.Writer) bool {
	r, ok := w.(*results)
	return ok && r.err != nil
}

// status is the exit status of what was written: that of a program that SIGPIPE ends where its reader has left, which
// is no error to tell of.
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
