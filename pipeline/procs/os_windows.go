package procs

import (
	"errors"
	"os"
	"os/exec"
)

// tieToParent has nothing to do here: the end of its input ends a worker, after the image that it has.
func tieToParent(*exec.Cmd) {}

// watchParent has nothing to do here: see tieToParent.
func watchParent() {}

// takeStdio takes standard input and output for frames, and puts standard error in the place of the latter, for the
// prints of Go code; other code could still write to the handle.
func takeStdio() (in, out *os.File, err error) {
	out = os.Stdout
	os.Stdout = os.Stderr
	return os.Stdin, out, nil
}

// isolate does nothing here.
func isolate() (said string, missing error) {
	return "none", errors.New("this system has no means to give up files and network: expected Linux")
}
