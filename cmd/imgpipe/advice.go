package main

import (
	"errors"
	"fmt"
	"strings"

	"imgpipe/fetch"
	"imgpipe/transform"
)

// withFlag returns err with the flag that sets the limit which it names, or with advice. Libraries know no flags.
func withFlag(err error) error {
	if _, ok := errors.AsType[*transform.NeedError](err); ok {
		return fmt.Errorf("%w: raise --memory", err)
	}
	if e, ok := errors.AsType[*fetch.Error](err); ok && e.Class() == fetch.ClassTooBig {
		return fmt.Errorf("%w: raise --max-bytes", err)
	}
	if e, ok := errors.AsType[*transform.Error](err); ok && e.Refused {
		return adviceError{err, "--damaged keep takes what is there of a damaged image"}
	}
	if e, ok := errors.AsType[*transform.Error](err); ok && strings.Contains(e.Error(), transform.NotDeveloped) {
		return adviceError{err, "--raw-preview uses the JPEG in a camera raw file"}
	}
	if e, ok := errors.AsType[*transform.Error](err); ok && strings.Contains(e.Error(), transform.FirstAlone) {
		return adviceError{err, "--animate first takes the first frame"}
	}
	if e, ok := errors.AsType[*transform.Error](err); ok && e.Kind == transform.ClassTooLarge {
		return adviceError{err, "--max-pixels sets the largest image and output"}
	}
	if hint := storeHint(err); hint != "" {
		return adviceError{err, hint}
	}
	return err
}

// An adviceError is an error with advice for the user.
type adviceError struct {
	error
	advice string
}

func (e adviceError) Unwrap() error  { return e.error }
func (e adviceError) Advice() string { return e.advice }
